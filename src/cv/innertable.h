/* SPDX-License-Identifier: MIT
 *
 * innertable.h: what the inner trainings of a cross-validation predict for bags that they have not seen: inner.tsv, which has
 * the columns of predictions.tsv and `inner`, the number of the inner fold. Its part is "inner"; repeat and fold are those of
 * the outer fold.
 */
#ifndef HOPSACK_INNERTABLE_H
#define HOPSACK_INNERTABLE_H

#include "cv/tally.h"

/* Reads the files of all inner folds, and writes inner.tsv into the run's folder. fold [n_repeat · n_fold]: summaries of the
 * folds; the test scores of each task get "inner_SCORE", the mean of the main score over its inner folds, or null. */
Status innertable_make(json_t *const *fold, const TallySetup *setup);

#endif
