/* SPDX-License-Identifier: MIT
 *
 * foldrates.h: sensitivity and specificity over the folds of a cross-validation: the test bags of all folds together, and
 * 95 % intervals (cohort/proportion.h) of as many bags as one repetition has.
 */
#ifndef HOPSACK_FOLDRATES_H
#define HOPSACK_FOLDRATES_H

#include "model/target.h"

#include <jansson.h>
#include <stdbool.h>

extern const char *const foldrates_operating[]; /* "operating_sensitivity" "operating_specificity"; ends with NULL */

/* The test scores of a task in a fold's summary.json; NULL: there are none. */
const json_t *foldrates_test(const json_t *fold, const char *task);

/* Is there an operating point in one of the folds? fold [n_job]. */
bool foldrates_has_operating(json_t *const *fold, int n_job, const char *task);

/* Adds NAME_pooled and NAME_ci95 of NAME sensitivity, specificity, and of both at the operating points. fold [n_job] of
 * n_repeat repetitions. Folds of older versions may lack what it needs; they do not count. */
void foldrates_add(json_t *out, json_t *const *fold, int n_job, int n_repeat, const Target *target);

/* Adds to the scores of one fold the intervals and the operating point that its summary.json has. */
void foldrates_copy(json_t *out, const json_t *fold, const char *task);

#endif
