/* SPDX-License-Identifier: MIT */
#include "nn/attend.h"
#include "core/parallel.h"
#include "nn/softmax.h"

#include <stddef.h>
#include <string.h>

void attend_plan(Attend *l, int n_row, Arena *arena)
{
    l->sorted = ARENA_TAKE(arena, double, l->normalizer == NORMALIZER_SOFTMAX ? 0 : n_row);
}

static void weigh(real *w, const Attend *l, const real *a, int n, double *sorted)
{
    if (l->normalizer == NORMALIZER_SOFTMAX)
        softmax_forward(w, a, n, l->n_query);
    else
        normalizer_sparse(w, a, l->normalizer, n, l->n_query, sorted);
}

static void bag_forward(real *z, real *w, const Attend *l, const real *a, const real *h, int n, double *sorted)
{
    memset(z, 0, (l->n_query * l->n_h) * sizeof *z);
    if (n == 0) return;
    for (int q = 0; q < l->n_query; q++, z += l->n_h) {
        weigh(w + q, l, a + q, n, sorted);
        for (int i = 0; i < n; i++) {
            const real w_i = w[i * l->n_query + q];
            const real *h_i = h + i * l->width;
            for (int f = 0; f < l->n_h; f++) z[f] += w_i * h_i[f];
        }
    }
}

static real dot(const real *a, const real *b, Index n)
{
    real sum = 0;
    for (Index f = 0; f < n; f++) sum += a[f] * b[f];
    return sum;
}

/* One query of a bag, columns q of w and da. forward was  z[f] = Σ_i w_i h[i, f], so  dw_i = dz · h_i  and
 * dh[i, f] += w_i dz[f]; the normalizer follows:  da_i += g_i (dw_i - Σ_j g_j dw_j / Σ_j g_j),  of softmax g = w. In two
 * passes, so that no memory is needed for dw. */
static void query_backward(real *da, real *dh, const Attend *l, const real *dz, const real *w, const real *h, int n)
{
    double mean = 0, sum = 0;
    for (int i = 0; i < n; i++) {
        const real w_i = w[i * l->n_query];
        const double gain = (double)normalizer_gain(l->normalizer, w_i);
        real *dh_i = dh + i * l->width;
        mean += gain * (double)dot(dz, h + i * l->width, l->n_h);
        sum += gain;
        for (int f = 0; f < l->n_h; f++) dh_i[f] += w_i * dz[f];
    }
    if (l->normalizer != NORMALIZER_SOFTMAX && sum > 0) mean /= sum;
    for (int i = 0; i < n; i++)
        da[i * l->n_query] +=
            normalizer_gain(l->normalizer, w[i * l->n_query]) * (dot(dz, h + i * l->width, l->n_h) - (real)mean);
}

static void bag_backward(real *da, real *dh, const Attend *l, const real *dz, const real *w, const real *h, int n)
{
    for (int q = 0; q < l->n_query; q++) query_backward(da + q, dh, l, dz + q * l->n_h, w + q, h, n);
}

/* What the bags of one call share. */
typedef struct {
    const Attend *l;
    const real *a, *h, *w_seen, *dz;
    real *z, *w, *da, *dh;
    const int *bounds;
} Bags;

static void one_forward(void *context, int b, int thread)
{
    const Bags *c = context;
    const Index row = c->bounds[b], at = row * c->l->n_query;
    (void)thread;
    double *sorted = c->l->normalizer == NORMALIZER_SOFTMAX ? NULL : c->l->sorted + row;
    bag_forward(c->z + b * (c->l->n_query * c->l->n_h), c->w + at, c->l, c->a + at, c->h + row * c->l->width,
                c->bounds[b + 1] - c->bounds[b], sorted);
}

static void one_backward(void *context, int b, int thread)
{
    const Bags *c = context;
    const Index row = c->bounds[b], at = row * c->l->n_query, row_at = row * c->l->width;
    (void)thread;
    bag_backward(c->da + at, c->dh + row_at, c->l, c->dz + b * (c->l->n_query * c->l->n_h), c->w_seen + at,
                 c->h + row_at, c->bounds[b + 1] - c->bounds[b]);
}

/* Loops over single numbers are several times as slow as a matrix product. */
static double work(const Attend *l, const int *bounds, int n_bag)
{
    return 10. * bounds[n_bag] * l->n_query * l->n_h;
}

void attend_forward(real *z, real *w, const Attend *l, const real *a, const real *h, const int *bounds, int n_bag)
{
    Bags bags = {.l = l, .z = z, .w = w, .a = a, .h = h, .bounds = bounds};
    parallel_for_work(work(l, bounds, n_bag), n_bag, one_forward, &bags);
}

void attend_backward(real *da, real *dh, const Attend *l, const real *dz, const real *w, const real *h,
                     const int *bounds, int n_bag)
{
    Bags bags = {.l = l, .da = da, .dh = dh, .dz = dz, .w_seen = w, .h = h, .bounds = bounds};
    parallel_for_work(2 * work(l, bounds, n_bag), n_bag, one_backward, &bags);
}
