/* SPDX-License-Identifier: MIT
 *
 * innerfolds.h: inner folds of the training part of an outer fold, the same for every method: an inner fit learns from all
 * inner folds but one and predicts that one, so that choices need no test bag.
 *
 * The outer validation part, which chooses the length of a network's training, takes part like the training part. Groups of
 * splits.group stay in one inner fold; classes are spread evenly. Where the outer folds are batches, whole batches are held
 * out inside too, if there are enough of them: what is chosen is then good for a batch that was not seen. The draw depends
 * on the bags that take part, their classes, groups and batches, and on (seed, repeat, fold) of the splits; no test bag enters.
 */
#ifndef HOPSACK_INNERFOLDS_H
#define HOPSACK_INNERFOLDS_H

#include "cohort/partition.h"

typedef struct {
    const Folds *folds;
    const Partition *partition; /* of the outer fold */
    const int
        *class;  /* [n_row] of the task, -1: unknown, which leaves the bag out; NULL: all labelled bags, no classes */
    int n_inner; /* inner folds wanted, 2 … */
    int repeat, fold; /* the outer fold */
} InnerFolds;

/* inner [partition->n]: inner fold of each bag that takes part, else -1. *n_inner: their number, which is at most that of
 * the groups (without groups: bags) of the smallest class, and small enough that each class lies in two folds or more; 0
 * where two are too many: then all of `inner` is -1. */
Status innerfolds_draw(int *inner, int *n_inner, const InnerFolds *in);

#endif
