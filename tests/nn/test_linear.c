/* SPDX-License-Identifier: MIT
 *
 * test_linear.c: forward against plain loops, gradients to input and parameters against finite differences.
 */
#include "core/rng.h"
#include "nn/linear.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 600 };

static void fill(real *x, int n, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test", 0);
    for (int i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
}

static void check(int n, int n_in, int n_out)
{
    ParamList list = {0};
    Linear l;
    linear_init(&l, &list, "l", n_in, n_out);
    real *theta = calloc(list.size, sizeof *theta), *grad = calloc(list.size, sizeof *grad);
    real *x = calloc((size_t)(n * n_in) + 1, sizeof *x), *dx = calloc((size_t)(n * n_in) + 1, sizeof *dx);
    real *y = calloc((size_t)(n * n_out) + 1, sizeof *y), *dy = calloc((size_t)(n * n_out) + 1, sizeof *dy);
    fill(theta, (int)list.size, 1), fill(x, n * n_in, 2), fill(dy, n * n_out, 3);
    const double tolerance = REAL_IS_DOUBLE ? 1e-11 : 1e-4 * sqrt(n + n_in);
    linear_forward(y, &l, theta, x, n);
    linear_backward(dx, grad, &l, theta, x, dy, n);
    for (int i = 0; i < n; i++)
        for (int o = 0; o < n_out; o++) {
            double sum = (double)theta[l.b_at + (size_t)o];
            for (int k = 0; k < n_in; k++)
                sum += (double)x[i * n_in + k] * (double)theta[l.w_at + (size_t)(o * n_in + k)];
            cr_assert_float_eq((double)y[i * n_out + o], sum, tolerance);
        }
    for (int i = 0; i < n; i++) /* the loss is Σ dy · y, linear in everything: its gradients are sums */
        for (int k = 0; k < n_in; k++) {
            double sum = 0;
            for (int o = 0; o < n_out; o++)
                sum += (double)dy[i * n_out + o] * (double)theta[l.w_at + (size_t)(o * n_in + k)];
            cr_assert_float_eq((double)dx[i * n_in + k], sum, tolerance);
        }
    for (int o = 0; o < n_out; o++) {
        double bias = 0;
        for (int i = 0; i < n; i++) bias += (double)dy[i * n_out + o];
        cr_assert_float_eq((double)grad[l.b_at + (size_t)o], bias, tolerance);
        for (int k = 0; k < n_in; k++) {
            double sum = 0;
            for (int i = 0; i < n; i++) sum += (double)dy[i * n_out + o] * (double)x[i * n_in + k];
            cr_assert_float_eq((double)grad[l.w_at + (size_t)(o * n_in + k)], sum, tolerance);
        }
    }
    free(theta), free(grad), free(x), free(dx), free(y), free(dy);
    param_free(&list);
}

Test(nn_linear, odd_sizes)
{
    static const int n[] = {0, 1, 3, 257, MOST};
    for (int i = 0; i < 5; i++) {
        check(n[i], 1, 1);
        check(n[i], 7, 3);
        check(n[i], 32, 33);
    }
}
