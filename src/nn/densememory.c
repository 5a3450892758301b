/* SPDX-License-Identifier: MIT */
#include "nn/densememory.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

/* The sign of a field; 0 keeps the old value. */
static int8_t resolve(double field, int8_t old)
{
    return field > 0 ? 1 : field < 0 ? -1 : old;
}

static int overlap(const DenseMemory *m, const int8_t *s, int mu)
{
    int sum = 0;
    for (int k = 0; k < m->d; k++) sum += m->x[mu * m->d + k] * s[k];
    return sum;
}

static double interaction(const DenseMemory *m, int x)
{
    double y = 1;
    if (m->kind == DENSE_RECTIFIED && x < 0) return 0;
    for (int k = 0; k < m->power; k++) y *= x;
    return y;
}

static int largest_overlap(const DenseMemory *m, const int8_t *s)
{
    int max = -m->d;
    for (int mu = 0; mu < m->n; mu++) {
        const int x = overlap(m, s, mu);
        if (x > max) max = x;
    }
    return max;
}

double densememory_log_energy(const DenseMemory *m, const int8_t *s)
{
    const int max = largest_overlap(m, s);
    double sum = 0;
    assert(m->kind == DENSE_EXP);
    for (int mu = 0; mu < m->n; mu++) sum += exp(overlap(m, s, mu) - max);
    return max + log(sum);
}

double densememory_energy(const DenseMemory *m, const int8_t *s)
{
    double e = 0;
    for (int mu = 0; mu < m->n; mu++) {
        const int x = overlap(m, s, mu);
        e -= m->kind == DENSE_EXP ? exp(x) : interaction(m, x);
    }
    return e;
}

static int largest(const int *x, int n)
{
    int max = x[0];
    for (int mu = 1; mu < n; mu++)
        if (x[mu] > max) max = x[mu];
    return max;
}

/* Σ_μ F(x_μj + rest_μ) - F(-x_μj + rest_μ), the fall of energy from s_j = -1 to 1; exponentials with the largest of
 * all factored out, which changes no sign. overlap [n]: x_μ·s. */
static double advantage(const DenseMemory *m, const int *overlap, int8_t old, int j)
{
    const int max = m->kind == DENSE_EXP ? largest(overlap, m->n) + 2 : 0;
    double sum = 0;
    for (int mu = 0; mu < m->n; mu++) {
        const int x = m->x[mu * m->d + j], rest = overlap[mu] - x * old;
        if (m->kind == DENSE_EXP)
            sum += exp(rest + x - max) - exp(rest - x - max);
        else
            sum += interaction(m, rest + x) - interaction(m, rest - x);
    }
    return sum;
}

int densememory_sweep(int8_t *s, const DenseMemory *m, const int32_t *order, int n_order, int *scratch)
{
    int changed = 0;
    for (int mu = 0; mu < m->n; mu++) scratch[mu] = overlap(m, s, mu);
    for (int t = 0; t < n_order; t++) {
        const int j = order[t];
        const int8_t now = resolve(advantage(m, scratch, s[j], j), s[j]);
        if (now == s[j]) continue;
        for (int mu = 0; mu < m->n; mu++) scratch[mu] += 2 * now * m->x[mu * m->d + j];
        changed++;
        s[j] = now;
    }
    return changed;
}
