/* SPDX-License-Identifier: MIT
 *
 * foldkmers.h: the k-mers that the jobs of a cross-validation start from, for all of them before the first begins: together,
 * since folds share bags, and by all threads (run/kmershare.h).
 */
#ifndef HOPSACK_FOLDKMERS_H
#define HOPSACK_FOLDKMERS_H

#include "core/stop.h"
#include "cv/foldlist.h"

/* For the jobs open [n_open], ascending, of `list`; those with a checkpoint read their k-mers from their folders. */
Status foldkmers_choose(Dataset *dataset, const FoldList *list, const int *open, int n_open, const char *run,
                        const StopFlag *stop);

#endif
