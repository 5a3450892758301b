/* SPDX-License-Identifier: MIT */
#include "nn/softmax.h"

#include <criterion/criterion.h>
#include <math.h>

Test(nn_softmax, sums_to_one_and_ignores_a_constant)
{
    enum { N = 100 };
    real a[N], w[N], shifted[N];
    double sum = 0;
    for (int i = 0; i < N; i++) a[i] = (real)sin(i * 1.7) * 5;
    softmax_forward(w, a, N, 1);
    for (int i = 0; i < N; i++) sum += (double)w[i], a[i] += 64;
    softmax_forward(shifted, a, N, 1);
    cr_expect_float_eq(sum, 1, 1e-5);
    for (int i = 0; i < N; i++) cr_expect_float_eq((double)w[i], (double)shifted[i], 1e-5);
}

Test(nn_softmax, column_of_a_matrix_and_huge_logits)
{
    const real a[] = {1000, 0, 999, 0, -1e30f, 0};
    real w[6] = {7, 7, 7, 7, 7, 7};
    softmax_forward(w, a, 3, 2);
    cr_expect_float_eq((double)w[0], 1 / (1 + exp(-1)), 1e-6);
    cr_expect_float_eq((double)w[2], 1 / (1 + exp(1)), 1e-6);
    cr_expect_eq(w[4], 0);
    cr_expect_eq(w[1], 7, "other columns stay");
}

Test(nn_softmax, one_instance_has_weight_one)
{
    const real a = -3;
    real w;
    softmax_forward(&w, &a, 1, 1);
    cr_expect_eq(w, 1);
}

/* Columns at once are columns one by one; no rows, -∞ alone and NaN are what the header says. */
Test(nn_softmax, columns)
{
    enum { N = 9, COLUMNS = 5 };
    real a[N * COLUMNS], p[N * COLUMNS], w[N * COLUMNS], most[COLUMNS];
    double sum[COLUMNS];
    for (int i = 0; i < N * COLUMNS; i++) a[i] = (real)sin(i * 1.7) * 5;
    softmax_columns(p, a, N, COLUMNS, most, sum);
    for (int k = 0; k < COLUMNS; k++) softmax_forward(w + k, a + k, N, COLUMNS);
    for (int i = 0; i < N * COLUMNS; i++) cr_expect_eq(p[i], w[i]);
    for (int i = 0; i < N; i++) a[i * COLUMNS] = -(real)INFINITY;
    a[3 * COLUMNS + 1] = (real)NAN;
    softmax_columns(p, a, N, COLUMNS, most, sum);
    for (int i = 0; i < N; i++)
        cr_expect(p[i * COLUMNS] == 0 && isnan(p[i * COLUMNS + 1]) && p[i * COLUMNS + 2] == w[i * COLUMNS + 2]);
    softmax_columns(p, a, 0, COLUMNS, most, sum);
}
