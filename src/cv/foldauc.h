/* SPDX-License-Identifier: MIT
 *
 * foldauc.h: the area under the ROC curve over the test folds of a cross-validation, and its interval.
 *
 *     mean     over the folds that have both classes, then over repetitions
 *     pooled   one area over all bags of a repetition, then the mean over repetitions
 *     interval 95 % of FOLDAUC_RESAMPLES means after drawing bags with replacement within the test folds
 *
 * Repetitions test the same bags again, so they must not narrow the interval as fresh bags would: each sample draws within
 * the folds of one repetition, in turn, and a bag then counts as often in all others too.
 */
#ifndef HOPSACK_FOLDAUC_H
#define HOPSACK_FOLDAUC_H

#include "core/rng.h"
#include "core/status.h"

#define FOLDAUC_RESAMPLES 2000

typedef struct {
    double value; /* what is ranked */
    int label;    /* 0 or 1 */
    int member;   /* which bag, 0 … n_member-1 */
} FoldRow;

typedef struct {
    int n_repeat, n_fold, n_member;
    FoldRow *row; /* fold after fold, repetition after repetition, each fold by value */
    int n, room;
    int *end;  /* [n_repeat · n_fold] one past the rows of each fold */
    int n_end; /* folds ended */
} FoldAuc;

Status foldauc_new(FoldAuc *out, int n_repeat, int n_fold, int n_member);
void foldauc_free(FoldAuc *a); /* accepts {0} */
Status foldauc_add(FoldAuc *a, FoldRow row);
void foldauc_end_fold(FoldAuc *a);
int foldauc_start(const FoldAuc *a, int fold); /* its first row */

/* Of repetitions from … to-1. NaN where no fold has both classes. */
double foldauc_mean(const FoldAuc *a, int from, int to);
Status foldauc_pooled(double *out, const FoldAuc *a, int from, int to);
Status foldauc_interval(double interval[2], const FoldAuc *a, int from, int to, Rng *rng);

/* 95 % of the mean of `a` minus that of `b`, over the same samples of bags: a paired comparison. Both are about the same bags in
 * the same folds. NaN where either mean is. */
Status foldauc_difference(double interval[2], const FoldAuc *a, const FoldAuc *b, Rng *rng);

/* The 95 % in the middle of figures of n samples, which are sorted; NaN: there are none. */
void foldauc_limits(double interval[2], double *sample, int n);

/* One sample: count [n_member] is how often each bag of repetition `repeat` counts. */
void foldauc_draw(int *count, const FoldAuc *a, int repeat, Rng *rng);

#endif
