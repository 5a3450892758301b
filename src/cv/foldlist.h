/* SPDX-License-Identifier: MIT
 *
 * foldlist.h: the jobs of a cross-validation in their order: those of the outer folds, then the inner ones.
 */
#ifndef HOPSACK_FOLDLIST_H
#define HOPSACK_FOLDLIST_H

#include "cv/foldjob.h"
#include "run/dataset.h"

typedef struct {
    int n_repeat, n_fold, n_model; /* n_model: of a fold, or inner fold */
    int n, n_outer;                /* jobs; of them, those of outer folds, which come first */
    FoldJob *job;                  /* [n] the models of a fold follow one another */
    int *n_inner;                  /* [n_repeat · n_fold] inner folds; 0: none, or too few bags */
} FoldList;

/* Of the dataset's config and folds. ERR_CONFIG: too many; errors of partition_make, with the fold. */
Status foldlist_new(FoldList *out, Dataset *dataset);
void foldlist_free(FoldList *list); /* accepts {0} and half-built ones */

Status foldlist_at(Status status, FoldJob job); /* a failure, with where it was */

#endif
