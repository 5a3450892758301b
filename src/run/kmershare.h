/* SPDX-License-Identifier: MIT
 *
 * kmershare.h: the k-mers that the trainings of a cross-validation start from, chosen for its folds together.
 *
 * Most bags train in several folds. A group of kmers.h is the bags of one fold, as the test part it is wholly in or out of
 * a training part; where a share of the training bags drawn at random is the validation part, groups are cut and each fold
 * counts its own. The inner trainings of a fold are counted together by inner folds. A training alone counts by the same groups, so it chooses the same k-mers to the bit.
 */
#ifndef HOPSACK_KMERSHARE_H
#define HOPSACK_KMERSHARE_H

#include "run/dataset.h"

#include <signal.h>

/* Chooses for n trainings, which differ in splits.fold or in splits.inner alone, and keeps the choices in the dataset, until
 * it is closed. Before threads part. Errors of kmers_choose and of innerparts_make. */
Status kmershare_fill(Dataset *dataset, const SplitOptions *where, int n, const volatile sig_atomic_t *stop);

/* The choice for splits.repeat, splits.fold and splits.inner: the one kept, or else made now. `config` is the dataset's but
 * for these. Threads may ask at the same time where the dataset allows that. */
Status kmershare_choose(KmerChoice *out, Dataset *dataset, const Config *config, const volatile sig_atomic_t *stop);

#endif
