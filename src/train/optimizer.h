/* SPDX-License-Identifier: MIT
 *
 * optimizer.h: how a gradient becomes a step. Kinds are descriptors in the table of optimizer.c.
 *
 *     g ← g + l1 · sign(p) / (numel(P) · n_tensors)                       penalty of the loss, as DeepRC
 *     g ← g · min(1, clip_norm / (‖g‖ + 1e-6))                            Pascanu et al., ICML 2013
 *     adam: g ← g + l2 · p,  m ← β₁m + (1-β₁)g,  v ← β₂v + (1-β₂)g²,
 *           p ← p - lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)                    Kingma and Ba, ICLR 2015
 *     adamw: p ← p - lr · weight_decay · p,  then adam's step without l2  Loshchilov and Hutter, ICLR 2019
 *     sgd:  g ← g + l2 · p,  m ← momentum · m + g,  p ← p - lr · m;       Sutskever et al., ICML 2013
 *           with nesterov  p ← p - lr · (g + momentum · m)
 *
 * m, v, gradient and parameters are flat and share the offsets of one ParamList; frozen tensors are passed over. Where
 * PyTorch has the formula, the order of operations is PyTorch's; but Adam's fraction is taken times √(1-β₂ᵗ) above and below.
 */
#ifndef HOPSACK_OPTIMIZER_H
#define HOPSACK_OPTIMIZER_H

#include "core/option.h"
#include "core/param.h"
#include "core/real.h"

#include <stdbool.h>
#include <stdint.h>

/* Settings of all kinds; those that the chosen kind does not have stay 0. */
typedef struct {
    double lr; /* of the step at hand, see schedule.h */
    double l1;
    double clip_norm;         /* maximum norm of the gradient; 0: none */
    double l2;                /* adam, sgd */
    double beta1, beta2, eps; /* adam, adamw */
    double weight_decay;      /* adamw */
    double momentum;          /* sgd */
    bool nesterov;            /* sgd */
} OptimizerOptions;

typedef struct {
    real *m, *v;   /* [n_params] zero at the start; m: momentum, v: mean of squares (sgd: unused) */
    uint64_t step; /* steps done */
} OptimizerState;

/* A run of learned elements. */
typedef struct {
    real *p, *m, *v; /* [n] */
    real *g;         /* [n] becomes 0 */
    size_t n;
} OptimizerRun;

typedef struct {
    const char *name;
    const Option *options; /* rows that fill OptimizerOptions */
    /* Step number t, from 1, of one run. */
    void (*step)(const OptimizerRun *run, const OptimizerOptions *o, uint64_t t);
} OptimizerType;

extern const OptimizerType *const optimizer_types[];   /* ends with NULL */
const OptimizerType *optimizer_type(const char *name); /* NULL if there is none */

/* l1 · mean over learned tensors of the mean absolute value; its gradient is added to grad. */
double optimizer_l1(real *grad, const real *theta, const ParamList *params, double l1);

/* Scales the gradient of all learned tensors to a norm of at most `most`; returns the norm it had. */
double optimizer_clip(real *grad, const ParamList *params, double max_norm);

/* Adds the L2 gradient to grad and makes one step, within the range of nonnegative tensors. The gradient of what is learned is used up: 0 for the next. */
void optimizer_step(const OptimizerType *type, real *theta, OptimizerState *s, const OptimizerOptions *o, real *grad,
                    const ParamList *params);

#endif
