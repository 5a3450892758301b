/* SPDX-License-Identifier: MIT
 *
 * keep.h: what an evaluation of the validation part is worth when a training chooses the model it keeps, and when
 * patience decides that it has ended. Less is better.
 *
 * The plain loss prefers a state that says nothing (ln 2 for every bag) to one that ranks bags well but is too sure of
 * itself, as networks are that have seen few bags. So outputs are calibrated first (Platt 1999):
 *
 *     binary       min over a ≥ 0, b of the mean log loss of sigmoid(a y + b), targets (n₊+1)/(n₊+2) and 1/(n₋+2)
 *     multiclass   min over a ≥ 0 of the mean log loss of softmax(a y), plus a small penalty on a
 *     regression   mean square of the residuals of the best a y + b, a ≥ 0
 *
 * A flat state has the loss of a constant, and every state that ranks better than chance a lower one.
 */
#ifndef HOPSACK_KEEP_H
#define HOPSACK_KEEP_H

#include "model/mil.h"
#include "cohort/metric.h"
#include "train/train_options.h"

typedef enum { KEEP_BY_LOSS, KEEP_BY_CALIBRATED_LOSS, KEEP_BY_SCORE } KeepRule;

/* Without model.norm, DeepRC's network, it is the plain loss, as published and as in hopsack 0.1.0. */
KeepRule keep_rule(Keep keep, const ModelOptions *model);

/* `score` [metric_of(t)->n] are the part's scores; `in` its outputs and labels, of which only those of the first target
 * are looked at. By score it is 1 - score, with a millionth of the loss to tell equals apart. NaN without labelled bags. */
double keep_value(KeepRule rule, const Target *t, const MetricInput *in, const double *score);

/* What no state can be better than: of a binary target, calibrated, the entropy of Platt's targets; otherwise 0. */
double keep_floor(KeepRule rule, const Target *t, const MetricInput *in);

#endif
