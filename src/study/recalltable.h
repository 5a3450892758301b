/* SPDX-License-Identifier: MIT
 * recalltable.h: what an associative memory makes of cues: a table with a row each, and a picture of the first.
 */
#ifndef HOPSACK_RECALLTABLE_H
#define HOPSACK_RECALLTABLE_H

#include "study/associative.h"

#include <jansson.h>

#define RECALL_NEAR 0.01 /* of a pattern's norm: a state as near as that has recalled it */

typedef struct {
    const char *patterns, *cues; /* files; see patternset.h */
    const char *const *skip;     /* [n_skip] */
    int n_skip;
    AssociativeOptions memory;
    const char *table;   /* to write; the columns are those of recalltable.c */
    const char *picture; /* PNG to write, or NULL: cue, after one update, at the end, side by side */
    int height, width;   /* entries of a pattern as a picture */
    int n_shown;         /* cues in the picture, at most */
    bool force, dry_run; /* dry_run: reads and checks; the counts after n_cues are 0, and what cost_tell adds */
} RecallSetup;

/* *out: {"n_patterns", "n_entries", "n_cues", "n_recalled", "n_own" (cues named as a pattern), "n_own_recalled", "n_converged"}.
 * Same bits with any number of threads. */
Status recalltable_write(json_t **out, const RecallSetup *setup);

#endif
