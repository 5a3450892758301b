/* SPDX-License-Identifier: MIT */
#include "nn/projection.h"
#include "core/blas.h"

#include <string.h>

void projection_forward(real *y, const Projection *l, const real *theta, const real *x, int n)
{
    for (Index i = 0; l->bias && i < n; i++) memcpy(y + i * l->n_out, theta + l->b_at, l->n_out * sizeof *y);
    blas_nt(y, x, theta + l->w_at, n, l->n_out, l->n_in, l->bias);
}

/* forward was  y = x wᵀ + b,  so  dx += dy w,  dw += dyᵀ x,  db += Σ dy */
void projection_backward(real *dx, real *grad, const Projection *l, const real *theta, const real *x, const real *dy,
                         int n)
{
    if (dx) blas_nn(dx, dy, theta + l->w_at, n, l->n_in, l->n_out, true);
    blas_tn(grad + l->w_at, dy, x, l->n_out, l->n_in, n, true);
    for (Index i = 0; l->bias && i < n; i++)
        for (Index o = 0; o < l->n_out; o++) grad[l->b_at + o] += dy[i * l->n_out + o];
}
