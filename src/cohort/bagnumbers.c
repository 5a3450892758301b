/* SPDX-License-Identifier: MIT */
#include "cohort/bagnumbers.h"

#include <math.h>

/* ---- counts ---- */

void bagnumbers_counts(BagCounts *out, const int64_t *count, int n)
{
    double depth = 0, entropy = 0, largest = 0, smallest = INFINITY;
    int ones = 0;
    for (int i = 0; i < n; i++) {
        const double c = count[i] > 1 ? (double)count[i] : 1;
        depth += c;
        largest = fmax(largest, c);
        smallest = fmin(smallest, c);
        ones += count[i] <= 1;
    }
    for (int i = 0; i < n; i++) {
        const double p = (count[i] > 1 ? (double)count[i] : 1) / depth;
        entropy -= p * log(p);
    }
    /* Equal counts have no clonality, but sums of logarithms miss that by rounding, which ranks would then compare. */
    *out = (BagCounts){.depth = depth,
                       .clonality = n > 1 ? round(1e9 * (1 - entropy / log(n))) / 1e9 : 1,
                       .largest = largest / depth,
                       .singletons = (double)ones / n,
                       .smallest = smallest};
}

/* ---- values of vectors ---- */

typedef struct {
    double sum, square, min, max;
    double n, n_zero;
} ValueSums;

static void add_value(ValueSums *s, double x)
{
    s->sum += x;
    s->square += x * x;
    s->min = fmin(s->min, x);
    s->max = fmax(s->max, x);
    s->n_zero += x == 0;
}

/* Numbers that a sparse row does not list are 0. */
static void sum_values(ValueSums *s, const Bag *bag, int n_feat)
{
    *s = (ValueSums){.min = INFINITY, .max = -INFINITY, .n = (double)bag->n * n_feat};
    for (int i = 0; i < bag->n; i++)
        if (bag->x)
            for (int f = 0; f < n_feat; f++) add_value(s, (double)bag->x[(size_t)i * (size_t)n_feat + (size_t)f]);
        else {
            for (int k = 0; k < bag->sparse[i].n; k++) add_value(s, (double)bag->sparse[i].value[k]);
            s->n_zero += n_feat - bag->sparse[i].n;
        }
    if (bag->x || s->n_zero == 0) return;
    s->min = fmin(s->min, 0);
    s->max = fmax(s->max, 0);
}

void bagnumbers_values(BagValues *out, const Bag *bag, int n_feat)
{
    ValueSums s;
    sum_values(&s, bag, n_feat);
    const double mean = s.sum / s.n, variance = s.square / s.n - mean * mean;
    *out =
        (BagValues){.mean = mean, .sd = sqrt(fmax(variance, 0)), .min = s.min, .max = s.max, .zeros = s.n_zero / s.n};
}
