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
