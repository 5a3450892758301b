/* SPDX-License-Identifier: MIT
 *
 * platt.h: probabilities from outputs of bags that took no part in training (Platt 1999):
 *
 *     p = 1 / (1 + exp(-(a y + b)))      a, b minimise the mean of  ln(1 + exp s) - t s,  s = a y + b
 *                                        t = (n₊ + 1) / (n₊ + 2) of positive bags, 1 / (n₋ + 2) of negative ones
 *
 * and of several classes, p = softmax(a y), where the target of a bag of class k is (n_k + 1) / (n_k + K) for its class and
 * 1 / (n_k + K) for each other. With K = 2 both have the same targets.
 */
#ifndef HOPSACK_PLATT_H
#define HOPSACK_PLATT_H

#include "cohort/metric.h"

#include <stdbool.h>

/* output [n], of which NaN does not count; label [n]: 1 positive, 0 negative, -1 unknown, which does not count. a > 0, so that
 * the order of bags stays: outputs that rank worse than chance get a small one. False, with a 1 and b 0: a class is missing. */
bool platt_fit(double *a, double *b, const double *output, const int *label, int n);
double platt_probability(double a, double b, double output);

/* Several classes: output [n, n_class], label [n] 0 … n_class - 1, or -1. a from 1e-3 to 1e3; false, with 1: fewer than two
 * classes occur. */
bool platt_fit_classes(double *a, const double *output, const int *label, int n, int n_class);

/* Mean loss after calibration with a ≥ 0, by which a state of a training is chosen, and the least that it can be: 0 and NaN
 * where n is 0. */
double platt_loss(const MetricRank *bag, int n);
double platt_loss_min(const MetricRank *bag, int n);

#endif
