/* SPDX-License-Identifier: MIT */
#include "model/bagmean.h"

#include <stddef.h>
#include <string.h>

static void add_rows(real *restrict sum, const real *restrict h, const real *restrict c, int n, Index width)
{
    for (int i = 0; i < n; i++, h += width) {
        const real weight = c ? c[i] : 1;
        for (int f = 0; f < width; f++) sum[f] += weight * h[f];
    }
}

static double total(const real *c, int n)
{
    double sum = 0;
    for (int i = 0; c && i < n; i++) sum += (double)c[i];
    return c ? sum : n;
}

void bagmean_forward(real *mean, real *piece, const real *h, const real *c, int n, int n_h, Index width)
{
    const double all = total(c, n);
    memset(mean, 0, n_h * sizeof *mean);
    for (int from = 0; from < n; from += BAGMEAN_ROWS) {
        memset(piece, 0, width * sizeof *piece);
        add_rows(piece, h + from * width, c ? c + from : NULL, n - from < BAGMEAN_ROWS ? n - from : BAGMEAN_ROWS,
                 width);
        for (int f = 0; f < n_h; f++) mean[f] += (real)((double)piece[f] / all);
    }
}

void bagmean_backward(real *dh, const real *dmean, const real *c, int n, int n_h, Index width)
{
    const double all = total(c, n);
    for (int i = 0; i < n; i++, dh += width) {
        const real scale = (real)((c ? (double)c[i] : 1) / all);
        for (int f = 0; f < n_h; f++) dh[f] += scale * dmean[f];
    }
}
