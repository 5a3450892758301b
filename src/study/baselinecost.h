/* SPDX-License-Identifier: MIT
 *
 * baselinecost.h: what methods will take (core/cost.h), by the constants of their rows (RivalCost).
 */
#ifndef HOPSACK_BASELINECOST_H
#define HOPSACK_BASELINECOST_H

#include "core/cost.h"
#include "rival/rival.h"

/* How large a run is. */
typedef struct {
    int n_bag;
    double n_instance; /* of all bags; of vectors the numbers in them */
    double n_fit;      /* of one method: rounds, folds, tasks and the inner folds of each */
    int train;         /* bags of a fit */
} BaselineSize;

/* Of the bags alone: opened, decoded and checked, before any method. */
Cost baselinecost_open(const BaselineSize *size);
Cost baselinecost_method(const Rival *rival, const BaselineSize *size);

#endif
