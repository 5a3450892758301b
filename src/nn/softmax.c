/* SPDX-License-Identifier: MIT */
#include "nn/softmax.h"

#include <math.h>

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

/* Row by row, so that the columns' sums run side by side. */
void softmax_columns(real *restrict p, const real *restrict a, int n, int n_column, real *restrict most,
                     double *restrict sum)
{
    const size_t size = (size_t)n * (size_t)n_column, step = (size_t)n_column;
    for (int k = 0; k < n_column; k++) most[k] = -(real)INFINITY, sum[k] = 0;
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) most[k] = a[at + k] > most[k] || isnan(a[at + k]) ? a[at + k] : most[k];
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) {
            p[at + k] = most[k] == -(real)INFINITY ? 0 : (real)exp((double)(a[at + k] - most[k]));
            sum[k] += (double)p[at + k];
        }
    for (int k = 0; k < n_column; k++) most[k] = isnan(most[k]) ? (real)NAN : sum[k] > 0 ? (real)(1 / sum[k]) : 1;
    for (size_t at = 0; at < size; at += step)
        for (size_t k = 0; k < step; k++) p[at + k] *= most[k];
}
