/* SPDX-License-Identifier: MIT
 *
 * optimizer.h: how a gradient becomes a step. Kinds are descriptors in the table of optimizer.c.
 *
 *     g ← g + l1 · sign(p) / (numel(P) · n_tensors) + l2 · p              coupled penalties, as DeepRC
 *     adam: m ← β₁m + (1-β₁)g,  v ← β₂v + (1-β₂)g²,
 *           p ← p - lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)                    Kingma and Ba, ICLR 2015
 *
 * m, v, gradient and parameters are flat and share the offsets of one ParamList.
 */
#ifndef HOPSACK_OPTIMIZER_H
#define HOPSACK_OPTIMIZER_H

#include "core/param.h"
#include "core/real.h"

#include <stdint.h>

typedef struct {
    double lr, beta1, beta2, eps;
    double l1, l2;
} OptimizerOptions;

typedef struct {
    real *m, *v;   /* [n_params] zero at the start */
    uint64_t step; /* steps done */
} OptimizerState;

typedef struct {
    const char *name;
    /* One step with gradient grad [n], penalties included; `s->step` already counts it. */
    void (*step)(real *theta, OptimizerState *s, const OptimizerOptions *o, const real *grad, size_t n);
} OptimizerType;

extern const OptimizerType *const optimizer_types[];   /* ends with NULL */
const OptimizerType *optimizer_type(const char *name); /* NULL if there is none */

/* l1 · mean over tensors of the mean absolute value; its gradient is added to grad. */
double optimizer_l1(real *grad, const real *theta, const ParamList *params, double l1);

/* Adds the L2 gradient to grad and makes one step. */
void optimizer_step(const OptimizerType *type, real *theta, OptimizerState *s, const OptimizerOptions *o, real *grad,
                    size_t n);

#endif
