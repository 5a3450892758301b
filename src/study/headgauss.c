/* SPDX-License-Identifier: MIT
 *
 * Distances are in units of n_key: u = (j - at_i) / n_key, and g_ij ∝ exp(α u + β u²), β = -1/2σ² < 0, α = μ/σ².
 */
#include "study/headgauss.h"

#include <math.h>
#include <stdbool.h>

#define STEPS_MOST 80
#define ENOUGH     1e-14 /* gain in likelihood that is none */
#define BORDER     1e-9  /* so near to it β is at the border */

typedef struct {
    double alpha, beta;
} Natural;

/* Of one parameter, or over queries. */
typedef struct {
    double value; /* mean log likelihood of a query */
    double g[2];  /* gradient in α, β */
    double h[3];  /* minus the Hessian: covariance of u and u² under g: αα, αβ, ββ */
    double l1;
} GaussFit;

static double distance(const HeadMean *m, int64_t i, int64_t j)
{
    return ((double)j - m->at[i]) / (double)m->n_key;
}

/* g [n_key] of query i; returns the logarithm of its sum. */
static double gauss_row(double *g, const HeadMean *m, int64_t i, Natural p)
{
    const uint8_t *seen = m->seen + i * m->n_key;
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < m->n_key; j++) {
        const double u = distance(m, i, j);
        g[j] = seen[j] ? (p.alpha + p.beta * u) * u : -INFINITY;
        max = fmax(max, g[j]);
    }
    for (int64_t j = 0; j < m->n_key; j++) sum += g[j] = exp(g[j] - max);
    for (int64_t j = 0; j < m->n_key; j++) g[j] /= sum;
    return max + log(sum);
}

static bool is_used(const HeadMean *m, int64_t i)
{
    const double *a = m->a + i * m->n_key;
    for (int64_t j = 0; j < m->n_key; j++)
        if (a[j] > 0) return true;
    return false;
}

static void add_row(GaussFit *f, const HeadMean *m, int64_t i, Natural p, double *g)
{
    const double log_sum = gauss_row(g, m, i, p), *a = m->a + i * m->n_key;
    double own[2] = {0}, under[4] = {0}; /* Σ a u, a u²; Σ g u … u⁴ */
    for (int64_t j = 0; j < m->n_key; j++) {
        const double u = distance(m, i, j), square = u * u;
        own[0] += a[j] * u, own[1] += a[j] * square;
        under[0] += g[j] * u, under[1] += g[j] * square;
        under[2] += g[j] * square * u, under[3] += g[j] * square * square;
        f->l1 += fabs(a[j] - g[j]);
    }
    f->value += p.alpha * own[0] + p.beta * own[1] - log_sum;
    f->g[0] += own[0] - under[0];
    f->g[1] += own[1] - under[1];
    f->h[0] += under[1] - under[0] * under[0];
    f->h[1] += under[2] - under[0] * under[1];
    f->h[2] += under[3] - under[1] * under[1];
}

static GaussFit measure(const HeadMean *m, Natural p, double *scratch)
{
    GaussFit f = {0};
    double n = 0;
    for (int64_t i = 0; i < m->n_query; i++) {
        if (!is_used(m, i)) continue;
        add_row(&f, m, i, p, scratch);
        n++;
    }
    if (n == 0) return f;
    f.value /= n, f.l1 /= n;
    for (int k = 0; k < 2; k++) f.g[k] /= n;
    for (int k = 0; k < 3; k++) f.h[k] /= n;
    return f;
}

static double beta_of(double sd) /* in units of n_key */
{
    return -0.5 / (sd * sd);
}

/* The direction of Newton, or along α alone where β is at a border and would leave it, or both say the same. */
static Natural direction(const GaussFit *f, Natural p, double low, double high)
{
    const Natural alone = {f->h[0] > 0 ? f->g[0] / f->h[0] : 0, 0};
    const double det = f->h[0] * f->h[2] - f->h[1] * f->h[1];
    if (det <= 1e-12 * f->h[0] * f->h[2]) return alone;
    const Natural both = {(f->h[2] * f->g[0] - f->h[1] * f->g[1]) / det,
                          (f->h[0] * f->g[1] - f->h[1] * f->g[0]) / det};
    const bool leaves = (p.beta >= high * (1 + BORDER) && both.beta > 0) ||
                        (p.beta <= low * (1 - BORDER) && both.beta < 0); /* β < 0 */
    return leaves ? alone : both;
}

/* Moves p and f uphill; false: nowhere to go. */
static bool climb(Natural *p, GaussFit *f, const HeadMean *m, double low, double high, double *scratch)
{
    const Natural d = direction(f, *p, low, high);
    double length = 1;
    if (d.beta > 0 && p->beta + d.beta > high) length = (high - p->beta) / d.beta;
    if (d.beta < 0 && p->beta + d.beta < low) length = (low - p->beta) / d.beta;
    for (int half = 0; half < 40; half++, length /= 2) {
        Natural next = {p->alpha + length * d.alpha, p->beta + length * d.beta};
        next.beta = fmin(fmax(next.beta, low), high);
        const GaussFit there = measure(m, next, scratch);
        if (!(there.value >= f->value)) continue;
        const bool moved = there.value > f->value + ENOUGH;
        *p = next, *f = there;
        return moved;
    }
    return false;
}

/* Mean and variance of u under the head itself. */
static Natural start(const HeadMean *m, double low, double high)
{
    double n = 0, sum = 0, square = 0;
    for (int64_t i = 0; i < m->n_query; i++)
        for (int64_t j = 0; j < m->n_key; j++) {
            const double u = distance(m, i, j), a = m->a[i * m->n_key + j];
            n += a, sum += a * u, square += a * u * u;
        }
    if (n == 0) return (Natural){0, high};
    const double mean = sum / n, variance = fmax(square / n - mean * mean, 0);
    const double beta = variance > 0 ? fmin(fmax(-0.5 / variance, low), high) : low;
    return (Natural){-2 * beta * mean, beta};
}

HeadGauss headgauss_fit(const HeadMean *m, double *scratch)
{
    const double n = (double)m->n_key, low = beta_of(HEADGAUSS_SD_MIN / n), high = beta_of(HEADGAUSS_SD_RANGE);
    Natural p = start(m, low, high);
    GaussFit f = measure(m, p, scratch);
    for (int step = 0; step < STEPS_MOST; step++)
        if (!climb(&p, &f, m, low, high, scratch)) break;
    return (HeadGauss){.mean = -p.alpha / (2 * p.beta) * n, .sd = sqrt(-0.5 / p.beta) * n, .l1 = f.l1};
}
