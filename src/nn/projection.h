/* SPDX-License-Identifier: MIT
 *
 * projection.h: y = x wᵀ + b, row by row, by BLAS.
 *
 *     x [n, n_in]     w [n_out, n_in]     b [n_out]     y [n, n_out]
 */
#ifndef HOPSACK_PROJECTION_H
#define HOPSACK_PROJECTION_H

#include "core/real.h"

#include <stdbool.h>
#include <stddef.h>

/* A linear layer with an optional bias, whose tensors may be parts of stacked ones. n_out = 0: there is none. */
typedef struct {
    Index n_in, n_out;
    bool bias;
    size_t w_at, b_at;
} Projection;

void projection_forward(real *y, const Projection *l, const real *theta, const real *x, int n);
/* dx [n, n_in] (may be NULL) and the slab `grad` are added to. */
void projection_backward(real *dx, real *grad, const Projection *l, const real *theta, const real *x, const real *dy,
                         int n);

#endif
