/* SPDX-License-Identifier: MIT
 *
 * foldlist.h: the jobs of a cross-validation in their order: those of the outer folds, then the inner ones. In a
 * search each inner fold has a job for each trial; with halving, rung after rung, a job for each place among the trials of
 * the rung. Which trial has that place is the search's to say (search_job).
 */
#ifndef HOPSACK_FOLDLIST_H
#define HOPSACK_FOLDLIST_H

#include "cv/foldjob.h"
#include "cv/rungs.h"
#include "run/dataset.h"

typedef struct {
    int n_repeat, n_fold, n_model; /* n_model: of a fold, or inner fold without trials */
    Rungs rungs;                   /* of a search; n 0: none */
    bool throughout;
    int rung_at[RUNGS_MOST + 1]; /* [rungs.n + 1] its first job */
    int n, n_outer;              /* jobs; of them, those of outer folds, which come first */
    FoldJob *job;                /* [n] the models of a fold, or trials of an inner fold, follow one another */
    int *n_inner;                /* [n_repeat · n_fold] inner folds; 0: none, or too few bags */
} FoldList;

/* Of the dataset's config and folds. ERR_CONFIG: too many; errors of partition_make, with the fold. */
/* throughout: a job for each trial in each outer fold, behind the others. */
Status foldlist_new(FoldList *out, Dataset *dataset, const Rungs *rungs, bool throughout);
void foldlist_free(FoldList *list); /* accepts {0} and half-built ones */

/* Jobs from `number`, the first of them, that are of the same fold or inner fold. */
int foldlist_each(const FoldList *list, int number);
Status foldlist_at(Status status, FoldJob job); /* a failure, with where it was */

#endif
