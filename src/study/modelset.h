/* SPDX-License-Identifier: MIT
 *
 * modelset.h: the model files that a word stands for (study/predictor.h), known by content, so that results can be told to be of
 * the same models wherever these lie now.
 */
#ifndef HOPSACK_MODELSET_H
#define HOPSACK_MODELSET_H

#include "core/status.h"

#include <stdbool.h>

typedef struct {
    char sha256[65];
} ModelDigest;

typedef struct {
    ModelDigest *file; /* [n] */
    int n;
} ModelSet;

/* Adds the files of a word: of a model file, a run, a method or a stack. ERR_MODEL: it has not ended, or holds none. */
Status modelset_add(ModelSet *set, const char *word);
bool modelset_holds(const ModelSet *set, const char *sha256);
void modelset_free(ModelSet *set); /* accepts {0} and half-built ones */

/* "stack", "method", "crossval", "run" or "model". */
const char *modelset_kind(const char *word);

#endif
