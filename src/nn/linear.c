/* SPDX-License-Identifier: MIT */
#include "nn/linear.h"
#include "core/blas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void declare(Linear *l, ParamList *list, const char *name, int n_in, int n_out, ParamInit init, double scale)
{
    char full[88];
    *l = (Linear){.n_in = n_in, .n_out = n_out};
    snprintf(full, sizeof full, "%s.weight", name);
    l->w_at = param_add(list, full, init, scale, PARAM_SHAPE(n_out, n_in));
    snprintf(full, sizeof full, "%s.bias", name);
    l->b_at = param_add(list, full, PARAM_UNIFORM, 1 / sqrt(n_in), PARAM_SHAPE(n_out));
}

void linear_init(Linear *l, ParamList *list, const char *name, int n_in, int n_out)
{
    declare(l, list, name, n_in, n_out, PARAM_NORMAL, 1 / sqrt((double)n_in * n_out));
}

void linear_init_uniform(Linear *l, ParamList *list, const char *name, int n_in, int n_out)
{
    declare(l, list, name, n_in, n_out, PARAM_UNIFORM, 1 / sqrt(n_in));
}

void linear_forward(real *y, const Linear *l, const real *theta, const real *x, int n)
{
    for (int i = 0; i < n; i++) memcpy(y + i * l->n_out, theta + l->b_at, l->n_out * sizeof *y);
    blas_nt(y, x, theta + l->w_at, n, l->n_out, l->n_in, true);
}

void linear_backward(real *dx, real *grad, const Linear *l, const real *theta, const real *x, const real *dy, int n)
{
    if (dx) blas_nn(dx, dy, theta + l->w_at, n, l->n_in, l->n_out, true);
    blas_tn(grad + l->w_at, dy, x, l->n_out, l->n_in, n, true);
    for (int i = 0; i < n; i++)
        for (int o = 0; o < l->n_out; o++) grad[l->b_at + o] += dy[i * l->n_out + o];
}
