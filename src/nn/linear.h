/* SPDX-License-Identifier: MIT
 *
 * linear.h: y = x wᵀ + b, row by row.
 *
 *   x [n, n_in]     w [n_out, n_in]     b [n_out]     y [n, n_out]
 */
#ifndef HOPSACK_LINEAR_H
#define HOPSACK_LINEAR_H

#include "core/param.h"

typedef struct {
    Index n_in, n_out;
    size_t w_at, b_at;
} Linear; /* sizes, and where w and b lie in any slab */

/* Declares NAME.weight, normal with standard deviation 1/√(n_out · n_in), and NAME.bias, uniform in ± 1/√n_in, which
 * is how DeepRC starts. */
void linear_init(Linear *l, ParamList *list, const char *name, int n_in, int n_out);
/* The same declared with both uniform in ± 1/√n_in, as PyTorch's layers start and the published MIL experiments did. */
void linear_init_uniform(Linear *l, ParamList *list, const char *name, int n_in, int n_out);
void linear_forward(real *y, const Linear *l, const real *theta, const real *x, int n);
/* dx [n, n_in] (may be NULL) and the slab `grad` are added to. */
void linear_backward(real *dx, real *grad, const Linear *l, const real *theta, const real *x, const real *dy, int n);

#endif
