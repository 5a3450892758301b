/* SPDX-License-Identifier: MIT */
#include "nn/softmax.h"
#include "nn/kernel.h"

#include <math.h>
#include <string.h>

void softmax_forward(real *w, const real *a, int n, Index stride)
{
    real max = a[0];
    for (int i = 1; i < n; i++)
        if (a[i * stride] > max) max = a[i * stride];
    double sum = 0; /* in double: 10^6 terms of one size */
    for (int i = 0; i < n; i++) {
        w[i * stride] = (real)exp((double)(a[i * stride] - max));
        sum += (double)w[i * stride];
    }
    const real scale = (real)(1 / sum);
    for (int i = 0; i < n; i++) w[i * stride] *= scale;
}

/* max [n_column]: the largest of every column, NaN where there is one. Row by row, so that the columns run side by
 * side. */
static void largest(real *restrict max, const real *restrict a, Index size, Index step)
{
    for (Index k = 0; k < step; k++) max[k] = -(real)INFINITY;
    for (Index at = 0; at < size; at += step)
        for (Index k = 0; k < step; k++) max[k] = a[at + k] > max[k] || isnan(a[at + k]) ? a[at + k] : max[k];
}

static void scale(real *restrict p, const real *restrict factor, Index size, Index step)
{
    for (Index at = 0; at < size; at += step)
        for (Index k = 0; k < step; k++) p[at + k] *= factor[k];
}

void softmax_columns(real *restrict p, const real *restrict a, int n, Index n_column, real *restrict max,
                     double *restrict sum)
{
    const Index size = n * n_column, step = n_column;
    memset(sum, 0, step * sizeof *sum);
    largest(max, a, size, step);
    for (Index at = 0; at < size; at += step)
        for (Index k = 0; k < step; k++) {
            p[at + k] = max[k] == -(real)INFINITY ? 0 : (real)exp((double)(a[at + k] - max[k]));
            sum[k] += (double)p[at + k];
        }
    for (int k = 0; k < n_column; k++) max[k] = isnan(max[k]) ? (real)NAN : sum[k] > 0 ? (real)(1 / sum[k]) : 1;
    scale(p, max, size, step);
}

/* y [n] = e^y, of any n. */
static void exponentials(real *y, Index n)
{
    real tail[KERNEL_LANES] = {0};
    const Index whole = n / KERNEL_LANES * KERNEL_LANES, rest = n - whole;
    kernel_active()->exp_forward(y, whole);
    if (rest == 0) return;
    memcpy(tail, y + whole, rest * sizeof *y);
    kernel_active()->exp_forward(tail, KERNEL_LANES);
    memcpy(y + whole, tail, rest * sizeof *y);
}

void softmax_columns_quick(real *restrict p, const real *restrict a, int n, Index n_column, real *restrict max,
                           double *restrict sum)
{
    const Index size = n * n_column, step = n_column;
    memset(sum, 0, step * sizeof *sum);
    largest(max, a, size, step);
    for (Index at = 0; at < size; at += step)
        for (Index k = 0; k < step; k++) p[at + k] = a[at + k] - max[k];
    exponentials(p, size);
    for (Index at = 0; at < size; at += step)
        for (Index k = 0; k < step; k++) sum[k] += (double)p[at + k];
    for (int k = 0; k < n_column; k++) max[k] = (real)(1 / sum[k]);
    scale(p, max, size, step);
}
