/* SPDX-License-Identifier: MIT */
#include "nn/logits.h"
#include "nn/dense.h"
#include "nn/kernel.h"

#include <assert.h>
#include <string.h>

void logits_init(Logits *q, const Linear *l, Index in)
{
    assert(in >= l->n_in && in % KERNEL_LANES == 0);
    *q = (Logits){.l = *l, .in = in};
}

static Index slot_size(const Logits *q)
{
    return q->l.n_out * (q->in + 1);
}

void logits_plan(Logits *q, Arena *arena, int n_slot)
{
    q->w = ARENA_TAKE(arena, real, q->l.n_out * q->in);
    q->b = ARENA_TAKE(arena, real, q->l.n_out);
    q->slot = ARENA_TAKE(arena, real *, n_slot);
    for (int s = 0; s < n_slot; s++) {
        real *piece = ARENA_TAKE(arena, real, slot_size(q));
        if (q->slot) q->slot[s] = piece;
    }
}

void logits_prepare(Logits *q, const real *theta)
{
    dense_widen(q->w, q->in, theta + q->l.w_at, q->l.n_out, q->l.n_in);
    memcpy(q->b, theta + q->l.b_at, q->l.n_out * sizeof *q->b);
}

void logits_forward(real *a, const Logits *q, const real *x, int n)
{
    kernel_active()->dense_logit(a, x, q->w, q->b, n, q->in, q->l.n_out);
}

void logits_zero(Logits *q, int slot)
{
    memset(q->slot[slot], 0, slot_size(q) * sizeof(real));
}

/* forward was  a[i, j] = b_j + Σ_k x[i, k] w[j, k] */
void logits_backward(real *dx, Logits *q, int slot, const real *x, const real *da, int n)
{
    const Index n_query = q->l.n_out, in = q->in;
    real *dw = q->slot[slot], *db = dw + n_query * in;
    for (int i = 0; i < n; i++, x += in, dx += in)
        for (int j = 0; j < n_query; j++) {
            const real da_ij = da[i * n_query + j], *w = q->w + j * in;
            real *dw_j = dw + j * in;
            for (int k = 0; k < in; k++) {
                dw_j[k] += da_ij * x[k];
                dx[k] += da_ij * w[k];
            }
            db[j] += da_ij;
        }
}

void logits_finish(real *grad, Logits *q, int n_slot)
{
    if (n_slot == 0) return;
    real *sum = q->slot[0];
    for (int s = 1; s < n_slot; s++)
        for (Index i = 0; i < slot_size(q); i++) sum[i] += q->slot[s][i];
    const real *db = sum + q->l.n_out * q->in;
    for (int j = 0; j < q->l.n_out; j++) {
        for (int k = 0; k < q->l.n_in; k++) grad[q->l.w_at + j * q->l.n_in + k] += sum[j * q->in + k];
        grad[q->l.b_at + j] += db[j];
    }
}
