/* SPDX-License-Identifier: MIT */
#include "nn/dense.h"
#include "core/parallel.h"
#include "nn/kernel.h"

#include <assert.h>
#include <string.h>

#define ROWS               256 /* of x that stay in the cache while all units meet them */
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

void dense_init(Dense *d, const Linear *l, Index in, Activation activation)
{
    assert(in >= KERNEL_WIDTH(l->n_in) && in % KERNEL_LANES == 0);
    *d = (Dense){.l = *l, .in = in, .out = KERNEL_WIDTH(l->n_out), .activation = activation, .n_use = l->n_in};
}

/* [n] pieces of `size` numbers each. */
static real **pieces(Arena *arena, int n, Index size)
{
    real **list = ARENA_TAKE(arena, real *, n);
    for (int i = 0; i < n; i++) {
        real *piece = ARENA_TAKE(arena, real, size);
        if (list) list[i] = piece;
    }
    return list;
}

static Index slot_size(const Dense *d)
{
    return (d->l.n_in + 1) * d->out;
}

void dense_plan(Dense *d, Arena *arena, int n_slot, int n_thread)
{
    d->w = ARENA_TAKE(arena, real, d->l.n_out * d->in);
    d->wt = ARENA_TAKE(arena, real, d->l.n_in * d->out);
    d->b = ARENA_TAKE(arena, real, d->out);
    d->slot = pieces(arena, n_slot, slot_size(d));
    d->tile = pieces(arena, n_thread, DENSE_TILE * d->in);
}

void dense_widen(real *to, Index width, const real *from, int rows, int n)
{
    for (int i = 0; i < rows; i++, to += width, from += n) {
        memcpy(to, from, n * sizeof *to);
        ZERO(to + n, width - n);
    }
}

void dense_use(Dense *d, const int *use, int n_use)
{
    d->use = use;
    d->n_use = n_use;
    d->in = KERNEL_WIDTH(n_use);
}

static int column(const Dense *d, int k)
{
    return d->use ? d->use[k] : k;
}

/* n ≤ KERNEL_LANES units of wt, a cache line of every row. */
static inline void transpose_strip(real *restrict wt, const Dense *d, const real *restrict w, Index n)
{
    const Index n_in = d->l.n_in, out = d->out;
    for (int i = 0; i < d->n_use; i++, wt += out) {
        const real *from = w + column(d, i);
        for (Index j = 0; j < n; j++) wt[j] = from[j * n_in];
    }
}

static void transpose(const Dense *d, const real *w)
{
    const Index n_in = d->l.n_in, out = d->out, n_out = d->l.n_out;
    for (int i = 0; i < d->n_use; i++) ZERO(d->wt + i * out + n_out, out - n_out);
    Index o = 0;
    for (; o + KERNEL_LANES <= n_out; o += KERNEL_LANES) transpose_strip(d->wt + o, d, w + o * n_in, KERNEL_LANES);
    transpose_strip(d->wt + o, d, w + o * n_in, n_out - o);
}

void dense_prepare(Dense *d, const real *theta)
{
    const real *w = theta + d->l.w_at;
    if (!d->use) dense_widen(d->w, d->in, w, d->l.n_out, d->l.n_in);
    dense_widen(d->b, d->out, theta + d->l.b_at, 1, d->l.n_out);
    transpose(d, w);
}

void dense_forward(real *y, const Dense *d, const real *x, int n)
{
    const bool fused = d->activation <= ACTIVATION_RELU;
    const KernelLayer layer = {.wt = d->wt,
                               .b = d->b,
                               .n_in = d->n_use,
                               .n_out = d->out,
                               .stride = d->in,
                               .activation = fused ? d->activation : ACTIVATION_NONE};
    kernel_active()->dense_forward(y, &layer, x, n);
    if (!fused) activation_forward(y, n * d->out, d->activation);
}

void dense_slope(real *dy, const Dense *d, const real *y, int n)
{
    activation_backward(dy, y, n * d->out, d->activation);
}

void dense_input(real *dx, const Dense *d, const real *dy, int n)
{
    assert(!d->use);
    kernel_active()->dense_dinput(dx, dy, d->out, d->w, n, d->l.n_out, d->in);
}

void dense_zero(Dense *d, int slot)
{
    ZERO(d->slot[slot], slot_size(d));
}

void dense_backward(real *dx, Dense *d, int slot, const real *x, const real *y, real *dy, int n)
{
    real *dwt = d->slot[slot];
    assert(!d->use);
    dense_slope(dy, d, y, n);
    kernel_active()->dense_dweight(dwt, dwt + d->l.n_in * d->out, x, d->in, dy, n, d->l.n_in, d->out);
    if (dx) dense_input(dx, d, dy, n);
}

void dense_finish(real *grad, Dense *d, int n_slot)
{
    const Index n_in = d->l.n_in, n_out = d->l.n_out, out = d->out;
    if (n_slot == 0) return;
    real *sum = d->slot[0];
    for (int s = 1; s < n_slot; s++)
        for (Index i = 0; i < slot_size(d); i++) sum[i] += d->slot[s][i];
    for (Index o = 0; o < n_out; o++) {
        for (Index i = 0; i < n_in; i++) grad[d->l.w_at + o * n_in + i] += sum[i * out + o];
        grad[d->l.b_at + o] += sum[n_in * out + o];
    }
}

/* ---- all rows at once ---- */

typedef struct {
    real *grad;
    const Dense *d;
    const real *x, *dy;
    int n;
} DenseWeights;

/* Units from chunk · DENSE_TILE on: dw [units, in] = dyᵀ x, the kernel's product with the two in each other's place. */
static void weights_of_units(void *context, int chunk, int thread)
{
    const DenseWeights *c = context;
    const Dense *d = c->d;
    const int from = chunk * DENSE_TILE, units = d->l.n_out - from < DENSE_TILE ? d->l.n_out - from : DENSE_TILE;
    real *tile = d->tile[thread], *dw = c->grad + d->l.w_at + from * d->l.n_in, *db = c->grad + d->l.b_at + from;
    ZERO(tile, units * d->in);
    for (int i = 0; i < c->n; i += ROWS)
        kernel_active()->dense_dweight(tile, NULL, c->dy + i * d->out + from, d->out, c->x + i * d->in,
                                       c->n - i < ROWS ? c->n - i : ROWS, units, d->in);
    for (int o = 0; o < units; o++, dw += d->l.n_in, tile += d->in)
        if (d->use)
            for (int i = 0; i < d->n_use; i++) dw[d->use[i]] += tile[i];
        else
            for (int i = 0; i < d->l.n_in; i++) dw[i] += tile[i];
    for (int i = 0; i < c->n; i++)
        for (int o = 0; o < units; o++) db[o] += c->dy[i * d->out + from + o];
}

void dense_weights(real *grad, const Dense *d, const real *x, const real *dy, int n)
{
    DenseWeights all = {.grad = grad, .d = d, .x = x, .dy = dy, .n = n};
    parallel_for_work((double)n * d->n_use * d->l.n_out, (d->l.n_out + DENSE_TILE - 1) / DENSE_TILE, weights_of_units,
                      &all);
}
