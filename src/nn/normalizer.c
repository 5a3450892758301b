/* SPDX-License-Identifier: MIT
 *
 * Scores are taken from a heap, largest first, until the next one lies below τ: only those with a weight are sorted.
 */
#include "nn/normalizer.h"

#include <stdbool.h>

/* ---- a heap of numbers v [n], the largest first ---- */

static void sift_down(double *v, int n, int at)
{
    for (int child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && v[child + 1] > v[child]) child++;
        if (v[at] >= v[child]) return;
        const double up = v[child];
        v[child] = v[at];
        v[at] = up;
    }
}

static void heap_make(double *v, int n)
{
    for (int at = n / 2 - 1; at >= 0; at--) sift_down(v, n, at);
}

static double heap_pop(double *v, int *n)
{
    const double top = v[0];
    v[0] = v[--*n];
    sift_down(v, *n, 0);
    return top;
}

/* ---- the threshold ---- */

/* Both of a heap v [n] ≥ 1 of numbers above -1, the largest 0. With the k largest the τ of sparsemax is
 * (Σ v - 1) / k. */
static double sparsemax_threshold(double *v, int n)
{
    double sum = 0, tau = -1;
    for (int k = 1; n > 0 && v[0] > tau; k++) {
        sum += heap_pop(v, &n);
        tau = (sum - 1) / k;
    }
    return tau;
}

/* That of entmax15 solves Σ (v - τ)² = 1: mean - √((1 - Σ (v - mean)²) / k). */
static double entmax15_threshold(double *v, int n)
{
    double mean = 0, square = 0, tau = -1;
    for (int k = 1; n > 0 && v[0] > tau; k++) {
        const double next = heap_pop(v, &n), off = next - mean;
        mean += off / k;
        square += off * (next - mean);
        tau = mean - sqrt(fmax(1 - square, 0) / k);
    }
    return tau;
}

/* ---- weights ---- */

static void fill(real *p, real value, int n, Index stride)
{
    for (int i = 0; i < n; i++) p[i * stride] = value;
}

/* The largest of z, NaN if one is. */
static real largest(const real *z, int n, Index stride)
{
    real max = -(real)INFINITY;
    for (int i = 0; i < n; i++)
        if (z[i * stride] > max || isnan(z[i * stride])) max = z[i * stride];
    return max;
}

void normalizer_sparse(real *p, const real *z, Normalizer kind, int n, Index stride, double *scratch)
{
    const bool squares = kind == NORMALIZER_ENTMAX15;
    const double scale = squares ? 0.5 : 1, max = (double)largest(z, n, stride);
    int n_near = 0;
    if (!isfinite(max)) {
        fill(p, max < 0 ? 0 : (real)NAN, n, stride);
        return;
    }
    for (int i = 0; i < n; i++) {
        const double v = scale * ((double)z[i * stride] - max);
        if (v > -1) scratch[n_near++] = v;
    }
    heap_make(scratch, n_near);
    const double tau = squares ? entmax15_threshold(scratch, n_near) : sparsemax_threshold(scratch, n_near);
    for (int i = 0; i < n; i++) {
        const double above = fmax(scale * ((double)z[i * stride] - max) - tau, 0);
        p[i * stride] = (real)(squares ? above * above : above);
    }
}
