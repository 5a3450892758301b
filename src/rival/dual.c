/* SPDX-License-Identifier: MIT */
#include "rival/dual.h"
#include "core/blas.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STEPS    100 /* of Newton; a dozen are usual */
#define HALVINGS 40
#define ROUNDING 1e-13 /* of the objective: what two sums of the same may differ by */
#define STALLS   2     /* steps that only rounding speaks for */

Status dual_new(Dual *d, int n_max)
{
    const size_t n = (size_t)n_max + 1, bytes = n * sizeof(double);
    *d = (Dual){.n_max = n_max,
                .a = calloc(n, sizeof(double)),
                .f = malloc(bytes),
                .system = malloc(n * bytes),
                .w = malloc(bytes),
                .root = malloc(bytes),
                .g = malloc(bytes),
                .rhs = malloc(bytes),
                .step = malloc(bytes),
                .product = malloc(bytes),
                .pair = malloc(2 * bytes)};
    const bool good =
        d->a && d->f && d->system && d->w && d->root && d->g && d->rhs && d->step && d->product && d->pair;
    return good ? OK : fail(ERR_MEMORY, "no memory for the inner products of %d bags", n_max);
}

void dual_free(Dual *d)
{
    free(d->a), free(d->f), free(d->system), free(d->w), free(d->root);
    free(d->g), free(d->rhs), free(d->step), free(d->product), free(d->pair);
    *d = (Dual){0};
}

void dual_reset(Dual *d)
{
    memset(d->a, 0, (size_t)d->n_max * sizeof *d->a);
    d->b = 0;
}

/* ---- sums in order ---- */

static double dot(const double *x, const double *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

static double total(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum;
}

/* out = K x */
static void times(double *out, const double *k, const double *x, int n)
{
    for (int i = 0; i < n; i++) out[i] = dot(k + (size_t)i * (size_t)n, x, n);
}

/* ---- logistic ---- */

/* log(1 + exp(-m)) */
static double loss(double m)
{
    return m > 0 ? log1p(exp(-m)) : -m + log1p(exp(m));
}

static double objective(const Dual *d, const double *y, const double *c, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += 0.5 * d->a[i] * (d->f[i] - d->b) + c[i] * loss(y[i] * d->f[i]);
    return sum;
}

/* g_i = -∂loss/∂f_i, w_i = ∂²loss/∂f_i²; returns how far a is from g. */
static double residuals(Dual *d, const double *y, const double *c, int n)
{
    double far = 0;
    for (int i = 0; i < n; i++) {
        const double p = 1 / (1 + exp(y[i] * d->f[i])); /* of the other class */
        d->g[i] = c[i] * y[i] * p;
        d->w[i] = c[i] * p * (1 - p);
        far = fmax(far, fabs(d->a[i] - d->g[i]));
    }
    return far;
}

/* system = Cholesky factor of I + W½ K W½ */
static bool factor(Dual *d, const double *k, int n)
{
    for (int i = 0; i < n; i++) d->root[i] = sqrt(d->w[i]);
    for (int i = 0; i < n; i++) {
        double *row = d->system + (size_t)i * (size_t)n;
        const double *from = k + (size_t)i * (size_t)n;
        for (int j = 0; j <= i; j++) row[j] = d->root[i] * from[j] * d->root[j];
        row[i] += 1;
    }
    return blas_cholesky(d->system, n);
}

/* v → (I + W K)⁻¹ v = v - W½ (I + W½ K W½)⁻¹ W½ K v, of two v at once */
static void solve_pair(Dual *d, const double *k, double *first, double *second, int n)
{
    double *v[2] = {first, second};
    for (int q = 0; q < 2; q++) {
        times(d->product, k, v[q], n);
        for (int i = 0; i < n; i++) d->pair[q * n + i] = d->root[i] * d->product[i];
    }
    blas_cholesky_solve(d->pair, d->system, n, 2);
    for (int q = 0; q < 2; q++)
        for (int i = 0; i < n; i++) v[q][i] -= d->root[i] * d->pair[q * n + i];
}

/* The Newton step from (a, b): where to go is a' = M (W f + g) - b' M w with Σ a' = 0. step [n] = a' - a; returns b' - b. */
static double newton_step(Dual *d, const double *k, int n)
{
    for (int i = 0; i < n; i++) d->rhs[i] = d->w[i] * d->f[i] + d->g[i];
    memcpy(d->step, d->w, (size_t)n * sizeof *d->step);
    solve_pair(d, k, d->rhs, d->step, n);
    const double below = total(d->step, n), b = below > 0 ? total(d->rhs, n) / below : d->b;
    for (int i = 0; i < n; i++) d->step[i] = d->rhs[i] - b * d->step[i] - d->a[i];
    return b - d->b;
}

typedef enum { NOWHERE, LEVEL, BETTER } Walk;

/* Goes along the step as far as it does not make the objective larger. */
static Walk walk(Dual *d, const double *k, const double *y, const double *c, int n, double db)
{
    const double before = objective(d, y, c, n), b = d->b;
    double *from = d->rhs, *f = d->pair;
    memcpy(from, d->a, (size_t)n * sizeof *from);
    memcpy(f, d->f, (size_t)n * sizeof *f);
    times(d->product, k, d->step, n);
    double t = 1;
    for (int try = 0; try < HALVINGS; try++, t /= 2) {
        for (int i = 0; i < n; i++) d->a[i] = from[i] + t * d->step[i];
        for (int i = 0; i < n; i++) d->f[i] = f[i] + t * (d->product[i] + db);
        d->b = b + t * db;
        const double after = objective(d, y, c, n);
        if (after < before) return BETTER;
        if (after <= before + ROUNDING * fabs(before)) return LEVEL;
    }
    memcpy(d->a, from, (size_t)n * sizeof *from);
    memcpy(d->f, f, (size_t)n * sizeof *f);
    d->b = b;
    return NOWHERE;
}

static void outputs(Dual *d, const double *k, int n)
{
    times(d->f, k, d->a, n);
    for (int i = 0; i < n; i++) d->f[i] += d->b;
}

Status dual_logistic(Dual *d, const double *k, const double *y, const double *c, int n)
{
    double most = 0;
    bool anew = false; /* begun again at 0 */
    for (int i = 0; i < n; i++) most = fmax(most, c[i]);
    outputs(d, k, n);
    for (int step = 0, stalls = 0; step < STEPS && stalls < STALLS; step++) {
        if (residuals(d, y, c, n) <= DUAL_PRECISION * most) break;
        if (!factor(d, k, n)) return fail(ERR_BUG, "inner products of %d bags are not positive semidefinite", n);
        const double db = newton_step(d, k, n);
        const Walk way = walk(d, k, y, c, n, db);
        if (way == NOWHERE && anew) break;
        if (way == NOWHERE) { /* where outputs are large the curvature vanishes, and with it the step */
            anew = true;
            dual_reset(d);
            outputs(d, k, n);
        }
        stalls = way == LEVEL ? stalls + 1 : 0;
    }
    outputs(d, k, n);
    return OK;
}

/* ---- ridge ---- */

Status dual_ridge(Dual *d, const double *k, const double *y, double cost, int n)
{
    memcpy(d->system, k, (size_t)n * (size_t)n * sizeof *d->system);
    for (int i = 0; i < n; i++) d->system[(size_t)i * (size_t)n + (size_t)i] += 1 / cost;
    if (!blas_cholesky(d->system, n))
        return fail(ERR_BUG, "inner products of %d bags are not positive semidefinite", n);
    for (int i = 0; i < n; i++) d->pair[i] = y[i], d->pair[n + i] = 1;
    blas_cholesky_solve(d->pair, d->system, n, 2);
    d->b = total(d->pair, n) / total(d->pair + n, n);
    for (int i = 0; i < n; i++) d->a[i] = d->pair[i] - d->b * d->pair[n + i];
    outputs(d, k, n);
    return OK;
}
