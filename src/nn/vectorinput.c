/* SPDX-License-Identifier: MIT */
#include "nn/vectorinput.h"
#include "core/parallel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNITS 16 /* rows of w that sparse rows are held against at a time, so that they stay in the cache */

void vectorinput_init(VectorInput *f, ParamList *list, const char *name, int n_feat, double clip)
{
    char full[88];
    *f = (VectorInput){.n_feat = n_feat, .clip = clip > 0 ? (real)clip : (real)INFINITY};
    snprintf(full, sizeof full, "%s.shift", name);
    f->shift_at = param_add(list, full, PARAM_CONSTANT, 0, PARAM_SHAPE(n_feat));
    param_freeze(list, f->shift_at);
    snprintf(full, sizeof full, "%s.scale", name);
    f->scale_at = param_add(list, full, PARAM_CONSTANT, 1, PARAM_SHAPE(n_feat));
    param_freeze(list, f->scale_at);
}

static inline real clipped(real x, real clip)
{
    const real low = x < -clip ? -clip : x;
    return low > clip ? clip : low;
}

void vectorinput_dense(real *y, Index width, const VectorInput *f, const real *theta, const float *x, int n)
{
    const real *shift = theta + f->shift_at, *scale = theta + f->scale_at, clip = f->clip;
    const int n_feat = f->n_feat;
    for (int i = 0; i < n; i++, x += n_feat, y += width) {
        for (int k = 0; k < n_feat; k++) y[k] = clipped(((real)x[k] - shift[k]) * scale[k], clip);
        for (int k = n_feat; k < width; k++) y[k] = 0;
    }
}

/* forward was  x̃ = clip((x - shift) scale) */
static double through(const VectorInput *f, real x, real scale, double dy)
{
    return x * scale < -f->clip || x * scale > f->clip ? 0 : dy * (double)scale;
}

void vectorinput_backward(double *dx, Index stride, const VectorInput *f, const real *theta, const double *dy,
                          const float *x, int n)
{
    const real *shift = theta + f->shift_at, *scale = theta + f->scale_at;
    for (int i = 0; i < n; i++, x += f->n_feat, dx += stride, dy += f->n_feat)
        for (int k = 0; k < f->n_feat; k++) dx[k] = through(f, (real)x[k] - shift[k], scale[k], dy[k]);
}

void vectorinput_sparse_backward(double *dx, Index stride, const VectorInput *f, const real *theta, const double *dy,
                                 const SparseRow *row, int n)
{
    const real *scale = theta + f->scale_at;
    for (int i = 0; i < n; i++, dx += stride, dy += f->n_feat) {
        memset(dx, 0, f->n_feat * sizeof *dx);
        for (int j = 0; j < row[i].n; j++) {
            const int k = row[i].feature[j];
            dx[k] = through(f, (real)row[i].value[j], scale[k], dy[k]);
        }
    }
}

void vectorinput_plan(VectorPick *pick, const VectorInput *f, Arena *arena)
{
    const Index max = f->n_feat;
    pick->feature = ARENA_TAKE(arena, int, max);
    pick->shift = ARENA_TAKE(arena, real, max);
    pick->scale = ARENA_TAKE(arena, real, max);
}

void vectorinput_pick(VectorPick *pick, const VectorInput *f, const real *theta)
{
    const real *shift = theta + f->shift_at, *scale = theta + f->scale_at;
    int n = 0;
    for (int k = 0; k < f->n_feat; k++) {
        if (scale[k] == 0) continue;
        pick->feature[n] = k;
        pick->shift[n] = shift[k];
        pick->scale[n++] = scale[k];
    }
    pick->n = n;
}

void vectorinput_picked(real *restrict y, Index width, const VectorInput *f, const VectorPick *pick,
                        const float *restrict x, int n)
{
    const int n_pick = pick->n, *restrict feature = pick->feature;
    const real *restrict shift = pick->shift, *restrict scale = pick->scale, clip = f->clip;
    for (int i = 0; i < n; i++, x += f->n_feat, y += width) {
        for (int k = 0; k < n_pick; k++) y[k] = clipped(((real)x[feature[k]] - shift[k]) * scale[k], clip);
        for (int k = n_pick; k < width; k++) y[k] = 0;
    }
}

void vectorinput_sparse(real *y, Index width, const VectorInput *f, const real *theta, const SparseRow *row, int n)
{
    const real *scale = theta + f->scale_at;
    memset(y, 0, n * width * sizeof *y);
    for (int i = 0; i < n; i++, y += width)
        for (int j = 0; j < row[i].n; j++) {
            const int k = row[i].feature[j];
            y[k] = clipped((real)row[i].value[j] * scale[k], f->clip);
        }
}

/* Units from `from` on: sums [units] = b + Σ x̃ w of one row. */
static void row_product(real *sum, int units, const VectorInput *f, const real *w, const real *scale,
                        const SparseRow *row)
{
    for (int j = 0; j < row->n; j++) {
        const Index k = row->feature[j];
        const real x = clipped((real)row->value[j] * scale[k], f->clip);
        for (int o = 0; o < units; o++) sum[o] += x * w[o * f->n_feat + k];
    }
}

void vectorinput_product(real *y, Index out, const VectorInput *f, const Linear *l, const real *theta,
                         const SparseRow *row, int n)
{
    const real *b = theta + l->b_at;
    for (int i = 0; i < n; i++) {
        memcpy(y + i * out, b, l->n_out * sizeof *y);
        memset(y + i * out + l->n_out, 0, (out - l->n_out) * sizeof *y);
    }
    for (int o = 0; o < l->n_out; o += UNITS) {
        const int units = l->n_out - o < UNITS ? l->n_out - o : UNITS;
        const real *w = theta + l->w_at + o * l->n_in;
        for (int i = 0; i < n; i++) row_product(y + i * out + o, units, f, w, theta + f->scale_at, &row[i]);
    }
}

typedef struct {
    real *grad;
    const VectorInput *f;
    const Linear *l;
    const real *scale, *dy;
    const SparseRow *row;
    Index out;
    int n;
} InputWeights;

/* forward was  y[i, o] = b[o] + Σ_k x̃[i, k] w[o, k] */
static void weights_of_units(void *context, int chunk, int thread)
{
    const InputWeights *c = context;
    const Index n_in = c->l->n_in;
    const int from = chunk * UNITS, units = c->l->n_out - from < UNITS ? c->l->n_out - from : UNITS;
    real *dw = c->grad + c->l->w_at + from * n_in, *db = c->grad + c->l->b_at + from;
    (void)thread;
    for (int i = 0; i < c->n; i++) {
        const SparseRow *row = &c->row[i];
        const real *dy = c->dy + i * c->out + from;
        for (int o = 0; o < units; o++) db[o] += dy[o];
        for (int j = 0; j < row->n; j++) {
            const Index k = row->feature[j];
            const real x = clipped((real)row->value[j] * c->scale[k], c->f->clip);
            for (int o = 0; o < units; o++) dw[o * n_in + k] += x * dy[o];
        }
    }
}

void vectorinput_weights(real *grad, const VectorInput *f, const Linear *l, const real *theta, const SparseRow *row,
                         const real *dy, Index out, int n)
{
    InputWeights all = {
        .grad = grad, .f = f, .l = l, .scale = theta + f->scale_at, .dy = dy, .row = row, .out = out, .n = n};
    double work = 0; /* most of it waits for memory */
    for (int i = 0; i < n; i++) work += 20. * row[i].n * l->n_out;
    parallel_for_work(work, (l->n_out + UNITS - 1) / UNITS, weights_of_units, &all);
}
