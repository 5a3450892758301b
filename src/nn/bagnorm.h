/* SPDX-License-Identifier: MIT
 *
 * bagnorm.h: standardises every feature of the bag vectors over bags, so that the output network sees differences
 * between bags and not what all bags share.
 *
 *     x[b, f] = (z[b, f] - mean[f]) / sqrt(var[f] + ε)      ε = BAGNORM_EPS, var with divisor n
 *
 * Training takes mean and var over the minibatch and differentiates through both; there is no learned scale or shift.
 * Prediction takes them from two frozen tensors of the model, which bagnorm_fit computes over the training bags. A
 * prediction thus depends on its bag and the model alone.
 *
 *     z, x [n_bag, n_z]     mean, var [n_z]
 */
#ifndef HOPSACK_BAGNORM_H
#define HOPSACK_BAGNORM_H

#include "core/param.h"

#define BAGNORM_EPS 1e-7

typedef struct {
    Index n_z;
    size_t mean_at, var_at; /* in any slab; frozen */
} BagNorm;

/* Declares bag_norm.mean (starts at 0) and bag_norm.var (starts at 1). */
void bagnorm_init(BagNorm *l, ParamList *list, int n_z);

/* A minibatch of n_bag ≥ 2; inv_std [n_z] is kept for backward. */
void bagnorm_forward(real *x, real *inv_std, const BagNorm *l, const real *z, int n_bag);
/* dz is added to. */
void bagnorm_backward(real *dz, const BagNorm *l, const real *x, const real *inv_std, const real *dx, int n_bag);

void bagnorm_predict(real *x, const BagNorm *l, const real *theta, const real *z, int n_bag);

/* Sets both tensors to those of z [n_bag, n_z], in the order of the bags. n_bag ≥ 1. */
void bagnorm_fit(real *theta, const BagNorm *l, const real *z, Index stride, int n_bag);

#endif
