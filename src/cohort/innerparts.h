/* SPDX-License-Identifier: MIT
 *
 * innerparts.h: the parts of an inner training. The bags that an outer fold trains on and validates on are divided into inner
 * folds (innerfolds.h). One of them is the test part; the outer test part is left out. Where the outer fold has a validation
 * part, the inner training gets one of its own: the share that splits.validation names, else the inner fold before the test
 * part (a quarter of the rest where there are two folds only), or none where the rest would lack a class.
 */
#ifndef HOPSACK_INNERPARTS_H
#define HOPSACK_INNERPARTS_H

#include "cohort/innerfolds.h"

typedef struct {
    int fold, n; /* inner fold, and the number of them that is wanted; n 0: no inner training */
} InnerPlace;

/* "2/5"; NULL: none. False: it is no such text. */
bool innerparts_parse(InnerPlace *out, const char *text);

/* Inner folds of a repetition's fold, of the number wanted: those that innerfolds_draw makes of the classes that outer folds are
 * drawn by (folds_strata); bags that only other tasks have labels for are added to them. inner [cohort->n] may be NULL. */
Status innerparts_draw(int *inner, int *n_inner, Folds *folds, const InnerPlace *place, int repeat, int fold);

/* The parts of the training that `options` name by repeat, fold and inner: those of partition_make without `inner`, else of an
 * inner training. ERR_FORMAT also where there are fewer inner folds. */
Status innerparts_make(Partition *out, Folds *folds, const SplitOptions *options);

#endif
