/* SPDX-License-Identifier: MIT
 *
 * pooling_attention.c: DeepRC's attention. A small network f gives every instance a logit per query, and the bag
 * vector is the mean of embeddings weighted by their softmax, or sparsely (nn/attend.h):
 *
 *     a = f(h) = u W_qᵀ + b_q      u = SELU(… SELU(h W_1ᵀ + b_1) …)
 *
 * The rows of W_q are the learned static queries, u the keys.
 */
#include "model/pooling_attention.h"
#include "nn/kernel.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    AttentionOptions attention;
} Options;

static const Option options[] = {
    POOLING_ATTENTION_ROWS(Options, attention),
    {0},
};

void pooling_attention_init(AttentionScorer *p, ParamList *list, const AttentionOptions *o, int n_h, int width)
{
    Linear l;
    char name[64];
    Index n_in = n_h, in = width;
    *p = (AttentionScorer){.top = pooling_attend_init(o->n_query, n_h, width, o->normalizer, o->mean),
                           .n_layer = o->n_layer,
                           .widest = width};
    for (int j = 0; j < o->n_layer; j++) {
        snprintf(name, sizeof name, "attention_nn.attention_nn.%d", 2 * j);
        linear_init(&l, list, name, n_in, o->n_unit);
        dense_init(&p->hidden[j], &l, in, ACTIVATION_SELU);
        n_in = o->n_unit;
        in = p->hidden[j].out;
        if (in > p->widest) p->widest = in;
    }
    snprintf(name, sizeof name, "attention_nn.attention_nn.%d", 2 * o->n_layer);
    linear_init(&l, list, name, n_in, o->n_query);
    logits_init(&p->query, &l, in);
}

void pooling_attention_values(AttentionScorer *p, int n_value, int value_width)
{
    p->top.attend.n_h = n_value;
    p->top.attend.width = value_width;
    p->top.base.n_z = p->top.attend.n_query * n_value;
    p->top.base.streams = false; /* z is no mean of embeddings */
}

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    pooling_attention_init(self, list, &((const Options *)blob)->attention, n_h, width);
    return OK;
}

void pooling_attention_plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    AttentionScorer *p = self;
    attend_plan(&p->top.attend, sizes->n_row, arena);
    for (int j = 0; j < p->n_layer; j++) {
        dense_plan(&p->hidden[j], arena, sizes->n_slot, 0);
        p->u[j] = ARENA_TAKE(arena, real, sizes->n_keep * p->hidden[j].out);
    }
    logits_plan(&p->query, arena, sizes->n_slot);
    p->scratch = ARENA_TAKE(arena, real *, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, 2 * KERNEL_BLOCK * p->widest);
        if (p->scratch) p->scratch[t] = piece;
    }
}

void pooling_attention_prepare(void *self, const real *theta, const Pass *pass)
{
    AttentionScorer *p = self;
    (void)pass;
    for (int j = 0; j < p->n_layer; j++) dense_prepare(&p->hidden[j], theta);
    logits_prepare(&p->query, theta);
}

/* Row `cached` of a layer's cache. */
static real *cache(const AttentionScorer *p, int j, int cached)
{
    return p->u[j] + cached * p->hidden[j].out;
}

void pooling_attention_score(void *self, real *a, const real *h, const Rows *rows)
{
    AttentionScorer *p = self;
    const real *x = h;
    assert(rows->n <= KERNEL_BLOCK);
    for (int j = 0; j < p->n_layer; j++) {
        real *u = rows->cached >= 0 ? cache(p, j, rows->cached)
                                    : p->scratch[rows->thread] + (j & 1) * KERNEL_BLOCK * p->widest;
        dense_forward(u, &p->hidden[j], x, rows->n);
        x = u;
    }
    logits_forward(a, &p->query, x, rows->n);
}

void pooling_attention_zero(void *self, int grad_slot)
{
    AttentionScorer *p = self;
    for (int j = 0; j < p->n_layer; j++) dense_zero(&p->hidden[j], grad_slot);
    logits_zero(&p->query, grad_slot);
}

void pooling_attention_score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h,
                                      const Rows *rows)
{
    AttentionScorer *p = self;
    const int n = rows->n, cached = rows->cached;
    if (p->n_layer == 0) {
        logits_backward(dh, &p->query, grad_slot, h, da, n);
        return;
    }
    real *du = p->scratch[rows->thread], *next = du + KERNEL_BLOCK * p->widest;
    ZERO(du, n * p->query.in);
    logits_backward(du, &p->query, grad_slot, cache(p, p->n_layer - 1, cached), da, n);
    for (int j = p->n_layer - 1; j >= 0; j--) {
        Dense *layer = &p->hidden[j];
        real *dx = j ? next : dh;
        if (j) ZERO(dx, n * layer->in);
        dense_backward(dx, layer, grad_slot, j ? cache(p, j - 1, cached) : h, cache(p, j, cached), du, n);
        next = du;
        du = dx;
    }
}

void pooling_attention_finish(void *self, real *grad, int n_slot)
{
    AttentionScorer *p = self;
    for (int j = 0; j < p->n_layer; j++) dense_finish(grad, &p->hidden[j], n_slot);
    logits_finish(grad, &p->query, n_slot);
}

/* Number j of h goes through unit j of every layer, alone, to the query j mod n_query. Where a layer has too few
 * units the last numbers go unattended. */
void pooling_attention_start(void *self, real *theta, int n, int *z_at)
{
    const AttentionScorer *p = self;
    for (int j = 0; j < n; j++) {
        const int q = j % p->top.base.n_column;
        bool fits = true;
        for (int layer = 0; layer < p->n_layer; layer++) fits &= j < p->hidden[layer].l.n_out;
        z_at[j] = fits ? q * p->top.attend.n_h + j : -1;
        if (!fits) continue;
        for (int layer = 0; layer < p->n_layer; layer++) {
            const Linear *l = &p->hidden[layer].l;
            real *row = theta + l->w_at + j * l->n_in;
            ZERO(row, l->n_in);
            row[j] = 1;
            theta[l->b_at + j] = 0;
        }
        theta[p->query.l.w_at + q * p->query.l.n_in + j] = 1;
    }
}

const PoolingType pooling_attention = {
    .name = "attention",
    .options = options,
    .options_size = sizeof(Options),
    .size = sizeof(AttentionScorer),
    .ranks = true,
    .init = init,
    .plan = pooling_attention_plan,
    .prepare = pooling_attention_prepare,
    .score = pooling_attention_score,
    .pool = pooling_attend,
    .pool_backward = pooling_attend_backward,
    .read = pooling_attend_read,
    .zero = pooling_attention_zero,
    .score_backward = pooling_attention_score_backward,
    .finish = pooling_attention_finish,
    .start = pooling_attention_start,
    .share = &share_of_attend,
};
_Static_assert(sizeof(Options) <= OPTION_BLOB, "options fit");
_Static_assert(sizeof(AttentionScorer) <= POOLING_ROOM, "a pooling fits");
