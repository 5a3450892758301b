/* SPDX-License-Identifier: MIT */
#include "nn/softmax.h"
#include "nn/kernel.h"

#include <math.h>
#include <string.h>

void softmax_forward(real *w, const real *a, int n, int stride)
{
    real most = a[0];
    for (int i = 1; i < n; i++)
        if (a[i * stride] > most) most = a[i * stride];
    double sum = 0; /* in double: 10^6 terms of one size */
    for (int i = 0; i < n; i++) {
        w[i * stride] = (real)exp((double)(a[i * stride] - most));
        sum += (double)w[i * stride];
    }
    const real scale = (real)(1 / sum);
    for (int i = 0; i < n; i++) w[i * stride] *= scale;
}

/* most [n_column] of every column, NaN where there is one. Row by row, so that the columns run side by side. */
static void largest(real *restrict most, const real *restrict a, size_t size, size_t step)
{
    for (size_t k = 0; k < step; k++) most[k] = -(real)INFINITY;
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) most[k] = a[at + k] > most[k] || isnan(a[at + k]) ? a[at + k] : most[k];
}

static void scale(real *restrict p, const real *restrict factor, size_t size, size_t step)
{
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) p[at + k] *= factor[k];
}

void softmax_columns(real *restrict p, const real *restrict a, int n, int n_column, real *restrict most,
                     double *restrict sum)
{
    const size_t size = (size_t)n * (size_t)n_column, step = (size_t)n_column;
    memset(sum, 0, step * sizeof *sum);
    largest(most, a, size, step);
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) {
            p[at + k] = most[k] == -(real)INFINITY ? 0 : (real)exp((double)(a[at + k] - most[k]));
            sum[k] += (double)p[at + k];
        }
    for (int k = 0; k < n_column; k++) most[k] = isnan(most[k]) ? (real)NAN : sum[k] > 0 ? (real)(1 / sum[k]) : 1;
    scale(p, most, size, step);
}

/* y [n] = e^y, of any n. */
static void exponentials(real *y, size_t n)
{
    real tail[KERNEL_LANES] = {0};
    const size_t whole = n / KERNEL_LANES * KERNEL_LANES, rest = n - whole;
    kernel_active()->exp_forward(y, whole);
    if (rest == 0) return;
    memcpy(tail, y + whole, rest * sizeof *y);
    kernel_active()->exp_forward(tail, KERNEL_LANES);
    memcpy(y + whole, tail, rest * sizeof *y);
}

void softmax_columns_quick(real *restrict p, const real *restrict a, int n, int n_column, real *restrict most,
                           double *restrict sum)
{
    const size_t size = (size_t)n * (size_t)n_column, step = (size_t)n_column;
    memset(sum, 0, step * sizeof *sum);
    largest(most, a, size, step);
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) p[at + k] = a[at + k] - most[k];
    exponentials(p, size);
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) sum[k] += (double)p[at + k];
    for (int k = 0; k < n_column; k++) most[k] = (real)(1 / sum[k]);
    scale(p, most, size, step);
}
