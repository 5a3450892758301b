/* SPDX-License-Identifier: MIT
 *
 * baginputs.h: numbers that describe a bag as a whole, standardised, for the output network.
 *
 *     x = (u - mean) scale      scale 1 / standard deviation over the training bags (divisor n), 0 where u does not vary
 *
 * A missing u, NaN, has x = 0, as the mean has. mean and scale are frozen tensors of the model; baginputs_fit computes them
 * over the training bags. In training each x is dropped with a probability.
 *
 *     u, x [n_input] a bag
 */
#ifndef HOPSACK_BAGINPUTS_H
#define HOPSACK_BAGINPUTS_H

#include "core/param.h"

typedef struct {
    int n_input;
    size_t mean_at, scale_at; /* [n_input] */
} BagInputs;

#define BAGINPUTS_MEAN  "bag_inputs.mean"
#define BAGINPUTS_SCALE "bag_inputs.scale"

void baginputs_init(BagInputs *l, ParamList *list, int n_input);
void baginputs_fit(real *theta, const BagInputs *l, const real *const *u, int n_bag);
void baginputs_forward(real *x, const BagInputs *l, const real *theta, const real *u); /* u NULL: all missing */
/* x [n_bag, n_input] in place: 0 with probability p, else x / (1 - p); stream (seed, "bag_inputs", update). */
void baginputs_drop(real *x, const BagInputs *l, double p, uint64_t seed, uint64_t update, int n_bag);

#endif
