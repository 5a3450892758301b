/* SPDX-License-Identifier: MIT
 *
 * logits.h: the last layer of an attention network. Each logit has one row of weights, a learned query.
 *
 *   a = x wᵀ + b     x [n, in] with 0 beyond n_in     w [n_query, n_in]     b [n_query]     a [n, n_query]
 */
#ifndef HOPSACK_LOGITS_H
#define HOPSACK_LOGITS_H

#include "core/arena.h"
#include "nn/linear.h"

typedef struct {
    Linear l;
    Index in;    /* width of x */
    real *w;     /* [n_query, in] */
    real *b;     /* [n_query] */
    real **slot; /* [n_slot] gradients of w and b [n_query, in + 1] */
} Logits;

void logits_init(Logits *q, const Linear *l, Index in);
void logits_plan(Logits *q, Arena *arena, int n_slot);
void logits_prepare(Logits *q, const real *theta);
void logits_forward(real *a, const Logits *q, const real *x, int n);

void logits_zero(Logits *q, int slot);
void logits_backward(real *dx, Logits *q, int slot, const real *x, const real *da, int n); /* dx [n, in] added to */
void logits_finish(real *grad, Logits *q, int n_slot);                                     /* as dense_finish */

#endif
