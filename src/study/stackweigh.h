/* SPDX-License-Identifier: MIT
 *
 * stackweigh.h: weights ≥ 0 of several columns of outputs. With outputs x [n, n_out, n_column] of n bags,
 *
 *     s_io = Σ_c w_c x_ioc + b_o
 *     minimum over w ≥ 0 and b of   ½ Σ_c w_c² + C Σ_i loss(s_i, label_i)
 *
 * The loss is the logistic one (two classes, n_out 1), the multinomial one (n_out classes), or ½ (s - label)² of numbers.
 * Classes are not balanced, so that s are logits of probabilities.
 */
#ifndef HOPSACK_STACKWEIGH_H
#define HOPSACK_STACKWEIGH_H

#include "core/status.h"

typedef struct {
    int n, n_out, n_column;
    int n_class;         /* 0: labels are numbers */
    const double *x;     /* [n, n_out, n_column] */
    const double *label; /* [n] class, or number */
    double cost;         /* C > 0 */
} StackWeigh;

/* weight [n_column], bias [n_out]. Newton's method with bounds, until no derivative that counts is above 1e-9 of their scale. */
Status stackweigh_fit(double *weight, double *bias, const StackWeigh *in);

/* s [n_out] of one bag x [n_out, n_column]. */
void stackweigh_apply(double *s, const double *x, const double *weight, const double *bias, int n_out, int n_column);

/* Mean loss of the bags; NaN: there are none. */
double stackweigh_loss(const double *weight, const double *bias, const StackWeigh *in);

#endif
