/* SPDX-License-Identifier: MIT
 *
 * baginputs.h: numbers that describe a bag as a whole, standardised, for the output network.
 *
 *     x = clip((u - mean) scale, ± clip)      scale 1 / standard deviation over the training bags (divisor n), 0 where u
 *                                             does not vary
 *     v = relu(x wᵀ + b)                      with a layer of units; v = x without
 *
 * A missing u, NaN, has x = 0, as the mean has. mean and scale are frozen tensors of the model; baginputs_fit computes them
 * over the training bags. In training each x is dropped with a probability.
 *
 *     u, x [n_input], v [n_out] a bag
 */
#ifndef HOPSACK_BAGINPUTS_H
#define HOPSACK_BAGINPUTS_H

#include "nn/linear.h"

typedef struct {
    int n_input;
    int n_unit;               /* 0: no layer */
    Index n_out;              /* n_unit, or n_input without a layer */
    double clip;              /* infinite: none */
    Linear layer;             /* if n_unit > 0 */
    size_t mean_at, scale_at; /* [n_input] */
} BagInputs;

#define BAGINPUTS_MEAN  "bag_inputs.mean"
#define BAGINPUTS_SCALE "bag_inputs.scale"
#define BAGINPUTS_LAYER "bag_inputs.network.0"

/* n_unit 0: no layer. clip 0: none. */
void baginputs_init(BagInputs *l, ParamList *list, int n_input, int n_unit, double clip);
void baginputs_fit(real *theta, const BagInputs *l, const real *const *u, int n_bag);
real baginputs_value(const BagInputs *l, const real *theta, const real *u, int k);     /* x of number k */
void baginputs_forward(real *x, const BagInputs *l, const real *theta, const real *u); /* u NULL: all missing */
/* x [n_bag, n_input] in place: 0 with probability p, else x / (1 - p); stream (seed, "bag_inputs", update). */
void baginputs_drop(real *x, const BagInputs *l, double p, uint64_t seed, uint64_t update, int n_bag);

/* The layer: v [n_bag, n_unit] of x [n_bag, n_input]; dv becomes the gradient of the sums before relu, and `grad` is
 * added to. x has no gradient. */
void baginputs_layer(real *v, const BagInputs *l, const real *theta, const real *x, int n_bag);
void baginputs_layer_backward(real *grad, const BagInputs *l, const real *theta, const real *x, const real *v,
                              real *dv, int n_bag);

#endif
