/* SPDX-License-Identifier: MIT
 *
 * metric.h: scores of a part, per target, over the bags whose label is known. A score that is not defined (no bags,
 * one class only) is NaN, which files write as null.
 *
 *     loss      mean of the per-bag loss, without the task's weight
 *     auc       area under the ROC curve: P(positive ranks above negative) + ½ P(equal)
 *     bacc      mean recall of the classes that occur        accuracy   both at probability > 0.5
 *     f1        2 tp / (2 tp + fp + fn) of the positive class; of several classes the mean over those that occur
 *     sensitivity, specificity   shares of positive and of negative bags that are predicted as such, at probability > 0.5
 *     ap        average precision: the area under the precision-recall curve, Σ_k (R_k - R_k-1) P_k over the outputs from
 *               the largest; equal outputs are one step
 *     r2, mae, mse   of a regression, in the column's unit
 */
#ifndef HOPSACK_METRIC_H
#define HOPSACK_METRIC_H

#include "core/real.h"
#include "core/rng.h"
#include "model/target.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define METRIC_MOST 12

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

static inline bool metric_known(const MetricInput *in, int index, int b)
{
    return in->mask[(size_t)b * (size_t)in->n_target + (size_t)index] != 0;
}
static inline const real *metric_output(const MetricInput *in, const Target *t, int b)
{
    return in->output + (size_t)b * (size_t)in->n_out + (size_t)t->at;
}
static inline const real *metric_label(const MetricInput *in, const Target *t, int b)
{
    return in->target + (size_t)b * (size_t)in->n_out + (size_t)t->at;
}

/* The scores of a kind of target. */
typedef struct {
    int n;
    const char *name[METRIC_MOST]; /* [n] "loss", then the main score, of which more is better */
    void (*score)(double *out, const Target *t, int index, const MetricInput *in); /* out [n] */
} MetricType;

const MetricType *metric_of(const Target *t);

/* The main score of a kind, from its name; of a task's scores as JSON, from the names that are there. NULL:
 * unknown. */
const char *metric_main_of(const char *kind);
const char *metric_main(const json_t *scores);
const char *metric_title(const char *score); /* "AUC" */

/* out [metric_of(t)->n]; `index` is the target's number. Returns the bags counted. */
int metric_scores(double *out, const Target *t, int index, const MetricInput *in);

/* Ascending, in place; without NaN. */
void metric_sort(MetricRank *rank, int n);

/* The area under the ROC curve; sorts `rank` [n]. */
double metric_auc(MetricRank *rank, int n);

/* Average precision; sorts `rank` [n]. NaN where a class is missing. */
double metric_ap(MetricRank *rank, int n);

/* interval [2]: 95 % of the areas of METRIC_RESAMPLES samples of n bags drawn with replacement (percentiles;
 * samples of one class do not count). NaN where the area itself is. Sorts `rank` [n]; scratch: `count` [n],
 * `areas` [METRIC_RESAMPLES]. */
#define METRIC_RESAMPLES 2000
void metric_auc_interval(double interval[2], MetricRank *rank, int n, Rng *rng, int *count, MetricRank *areas);

#endif
