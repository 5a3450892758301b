/* SPDX-License-Identifier: MIT
 *
 * metric.h: scores of a part, per target, over the bags whose label is known. A score that is not defined (no bags, one
 * class only) is NaN, which files write as null.
 *
 *     loss      mean of the per-bag loss, without the task's weight
 *     auc       area under the ROC curve: P(positive ranks above negative) + ½ P(equal)
 *     bacc      mean recall of the classes that occur        accuracy   both at probability > 0.5
 *     f1        2 tp / (2 tp + fp + fn) of the positive class; of several classes the mean over those that occur
 *     r2, mae, mse   of a regression, in the column's unit
 */
#ifndef HOPSACK_METRIC_H
#define HOPSACK_METRIC_H

#include "core/real.h"
#include "core/rng.h"
#include "model/target.h"

#define METRIC_MOST 8

typedef struct {
    double value; /* what is ranked */
    int label;    /* 0 or 1 */
} MetricRank;

/* What is scored: outputs and labels of n_bag bags. */
typedef struct {
    int n_bag, n_out, n_target;
    const real *output; /* [n_bag, n_out] */
    const real *target; /* [n_bag, n_out] */
    const real *mask;   /* [n_bag, n_target] */
    MetricRank *rank;   /* [n_bag] scratch */
} MetricInput;

typedef struct {
    const char *target; /* kind of target */
    int n;
    const char *name[METRIC_MOST];                                                 /* [n], "loss" first */
    void (*score)(double *out, const Target *t, int index, const MetricInput *in); /* out [n] */
} MetricType;

extern const MetricType *const metric_types[]; /* ends with NULL */
const MetricType *metric_of(const Target *t);  /* asserts that the kind has scores */

/* out [metric_of(t)->n]; `index` is the target's number. Returns the bags counted. */
int metric_scores(double *out, const Target *t, int index, const MetricInput *in);

/* The area under the ROC curve; sorts `rank` [n]. */
double metric_auc(MetricRank *rank, int n);

/* interval [2]: 95 % of the areas of METRIC_RESAMPLES samples of n bags drawn with replacement (percentiles; samples of
 * one class do not count). NaN where the area itself is. Sorts `rank` [n]; scratch: `count` [n], `areas` [METRIC_RESAMPLES]. */
#define METRIC_RESAMPLES 2000
void metric_auc_interval(double interval[2], MetricRank *rank, int n, Rng *rng, int *count, MetricRank *areas);

#endif
