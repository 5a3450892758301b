/* SPDX-License-Identifier: MIT
 *
 * foldremarks.h: remarks (run/remarks.h) on all folds of a cross-validation together.
 */
#ifndef HOPSACK_FOLDREMARKS_H
#define HOPSACK_FOLDREMARKS_H

#include "cohort/folds.h"
#include "run/config.h"

#include <jansson.h>

/* fold [n]: as their summary.json; tasks: as tally.h has them. NULL: no memory. */
json_t *foldremarks_make(json_t *const *fold, int n, const json_t *tasks);

/* Labelled test bags of each class in the folds fold [n]; NULL: the kind has none. */
json_t *foldremarks_classes(json_t *const *fold, int n, const char *task);

/* Of folds that mix batches: how it is seen what that does. */
void foldremarks_offer_batches(json_t *remarks, const Config *config, const Folds *folds);

#endif
