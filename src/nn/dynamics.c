/* SPDX-License-Identifier: MIT */
#include "nn/dynamics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static double dot(const double *a, const double *b, int d)
{
    double sum = 0;
    for (int f = 0; f < d; f++) sum += a[f] * b[f];
    return sum;
}

static const double *pattern(const Patterns *s, int i)
{
    return s->x + i * s->d;
}

/* ---- the system ---- */

/* p becomes exp(β x_i·ξ - max), max the largest exponent; returns log of the sum with max in it. */
static double exponentials(double *p, const Patterns *s, const double *xi)
{
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < s->n; i++) {
        p[i] = s->beta * dot(pattern(s, i), xi, s->d);
        max = fmax(max, p[i]);
    }
    for (int i = 0; i < s->n; i++) sum += p[i] = exp(p[i] - max);
    for (int i = 0; i < s->n; i++) p[i] /= sum;
    return max + log(sum);
}

void dynamics_softmax(double *p, const Patterns *s, const double *xi)
{
    exponentials(p, s, xi);
}

void dynamics_update(double *next, double *p, const Patterns *s, const double *xi)
{
    exponentials(p, s, xi);
    memset(next, 0, s->d * sizeof *next);
    for (int i = 0; i < s->n; i++)
        for (int f = 0; f < s->d; f++) next[f] += p[i] * pattern(s, i)[f];
}

double dynamics_energy(const Patterns *s, const double *xi, double largest)
{
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < s->n; i++) max = fmax(max, dot(pattern(s, i), xi, s->d));
    for (int i = 0; i < s->n; i++) sum += exp(s->beta * (dot(pattern(s, i), xi, s->d) - max));
    const double lse = max + log(sum) / s->beta;
    return -lse + dot(xi, xi, s->d) / 2 + log(s->n) / s->beta + largest * largest / 2;
}

int dynamics_retrieve(double *xi, const Patterns *s, double eps, int max, double *scratch)
{
    for (int t = 1; t <= max; t++) {
        double square = 0;
        dynamics_update(scratch, scratch + s->d, s, xi);
        for (int f = 0; f < s->d; f++) square += (scratch[f] - xi[f]) * (scratch[f] - xi[f]);
        memcpy(xi, scratch, s->d * sizeof *xi);
        if (sqrt(square) <= eps) return t;
    }
    return max;
}

void dynamics_jacobian(double *j, const Patterns *s, const double *p, const double *f)
{
    const Index d = s->d;
    memset(j, 0, d * d * sizeof *j);
    for (int i = 0; i < s->n; i++) /* the covariance about its mean, not as a difference of two large matrices */
        for (Index r = 0; r < d; r++) {
            const double scaled = s->beta * p[i] * (pattern(s, i)[r] - f[r]);
            for (Index k = 0; k < d; k++) j[r * d + k] += scaled * (pattern(s, i)[k] - f[k]);
        }
}

/* Jacobi's rotation that makes a[p][q] zero (Golub and Van Loan, section 8.5). */
static void rotate(double *a, Index d, int p, int q)
{
    const double off = a[p * d + q];
    if (off == 0) return;
    const double tau = (a[q * d + q] - a[p * d + p]) / (2 * off);
    const double t = copysign(1, tau) / (fabs(tau) + hypot(1, tau)), c = 1 / hypot(1, t), sine = t * c;
    for (int k = 0; k < d; k++) {
        const double left = a[k * d + p], right = a[k * d + q];
        a[k * d + p] = c * left - sine * right;
        a[k * d + q] = sine * left + c * right;
    }
    for (int k = 0; k < d; k++) {
        const double upper = a[p * d + k], lower = a[q * d + k];
        a[p * d + k] = c * upper - sine * lower;
        a[q * d + k] = sine * upper + c * lower;
    }
}

double dynamics_spectral_norm(double *j, Index d)
{
    enum { SWEEPS = 30 }; /* it converges quadratically: about 8 are enough */
    double largest = 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0, all = 0;
        for (int k = 0; k < d * d; k++) {
            all += j[k] * j[k];
            if (k / d != k % d) off += j[k] * j[k];
        }
        if (off <= 1e-30 * all) break;
        for (int p = 0; p < d; p++)
            for (int q = p + 1; q < d; q++) rotate(j, d, p, q);
    }
    for (int k = 0; k < d; k++) largest = fmax(largest, fabs(j[k * d + k]));
    return largest;
}

/* ---- fixed points ---- */

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

int dynamics_k(const double *p, int n, double share, double *scratch)
{
    double sum = 0;
    memcpy(scratch, p, n * sizeof *p);
    qsort(scratch, n, sizeof *scratch, descending);
    for (int k = 0; k < n; k++) {
        sum += scratch[k];
        if (sum >= share) return k + 1;
    }
    return n;
}

DynamicsClass dynamics_class(double k, int n)
{
    return k > n / 2.0 ? DYNAMICS_I : k > n / 8.0 ? DYNAMICS_II : k > n / 32.0 ? DYNAMICS_III : DYNAMICS_IV;
}

double dynamics_entropy(const double *p, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        if (p[i] > 0) sum -= p[i] * log(p[i]);
    return sum;
}

/* ---- storage and retrieval ---- */

double dynamics_largest_norm(const Patterns *s)
{
    double max = 0;
    for (int i = 0; i < s->n; i++) max = fmax(max, dot(pattern(s, i), pattern(s, i), s->d));
    return sqrt(max);
}

double dynamics_largest_spread(const Patterns *s, double *scratch)
{
    double max = 0;
    memset(scratch, 0, s->d * sizeof *scratch);
    for (int i = 0; i < s->n; i++)
        for (int f = 0; f < s->d; f++) scratch[f] += pattern(s, i)[f] / s->n;
    for (int i = 0; i < s->n; i++) {
        double square = 0;
        for (int f = 0; f < s->d; f++) square += (pattern(s, i)[f] - scratch[f]) * (pattern(s, i)[f] - scratch[f]);
        max = fmax(max, square);
    }
    return sqrt(max);
}

double dynamics_separation(const Patterns *s, int i)
{
    double max = -INFINITY;
    for (int j = 0; j < s->n; j++)
        if (j != i) max = fmax(max, dot(pattern(s, i), pattern(s, j), s->d));
    return dot(pattern(s, i), pattern(s, i), s->d) - max;
}

double dynamics_stored_threshold(const Patterns *s, double largest)
{
    const double n = s->n;
    return 2 / (s->beta * n) + log(2 * (n - 1) * n * s->beta * largest * largest) / s->beta;
}

double dynamics_sphere(const Patterns *s, double largest)
{
    return 1 / (s->beta * s->n * largest);
}

double dynamics_retrieval_bound(const Patterns *s, double largest, double separation, double r)
{
    return 2 * (s->n - 1) * exp(-s->beta * (separation - 2 * r * largest)) * largest;
}

/* ‖J_m‖ ≤ 2 β n M² (n - 1) exp(-β (Δ_i - 2 r M)) */
double dynamics_update_bound(const Patterns *s, double largest, double separation, double r, double distance)
{
    return s->beta * s->n * largest * dynamics_retrieval_bound(s, largest, separation, r) * distance;
}

double dynamics_margin_bound(const Patterns *s, double largest, double margin)
{
    return 2 * (s->n - 1) * exp(-s->beta * margin) * largest;
}

double dynamics_lambert(double x)
{
    const double e = exp(1);
    if (isnan(x) || x < -1 / e - 1e-15) return NAN;
    const double branch = fmax(0, 2 * (e * x + 1)); /* 0 at the branch point */
    double w = x < 1 ? -1 + sqrt(branch) / (1 + sqrt(branch) / 3) : log1p(x) * (1 - log1p(log1p(x)) / (2 + log1p(x)));
    for (int step = 0; step < 50; step++) { /* Halley */
        const double ew = exp(w), apart = w * ew - x;
        const double slope = ew * (w + 1) - (w + 2) * apart / (2 * w + 2);
        if (apart == 0 || slope == 0 || w == -1) break;
        const double next = w - apart / slope;
        if (!isfinite(next)) break;
        const bool done = fabs(next - w) <= 1e-16 * fabs(next);
        w = next;
        if (done) break;
    }
    return w;
}

Capacity dynamics_capacity(double beta, double k, int d, double p)
{
    Capacity c;
    c.a = 2.0 / (d - 1) * (1 + log(2 * beta * k * k * p * (d - 1)));
    c.b = 2 * k * k * beta / 5;
    c.c = c.b / dynamics_lambert(exp(c.a + log(c.b)));
    c.required = pow(2 / sqrt(p), 4.0 / (d - 1));
    c.n = sqrt(p) * pow(c.c, (d - 1) / 4.0);
    return c;
}
