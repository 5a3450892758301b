/* SPDX-License-Identifier: MIT
 *
 * pooling_gated.c: gated attention. The bag vector is the mean of embeddings weighted by the softmax of a, or
 * sparsely (nn/attend.h):
 *
 *     a = w · (v ∘ s) + b_w      v = tanh(h Vᵀ + b_V)      s = sigmoid(h Uᵀ + b_U)
 *
 * Ilse, Tomczak, Welling, "Attention-based Deep Multiple Instance Learning", ICML 2018.
 */
#include "model/pooling_attend.h"
#include "nn/dense.h"
#include "nn/kernel.h"
#include "nn/logits.h"

#include <assert.h>
#include <string.h>

typedef struct {
    int n_unit;
    int normalizer;
    bool mean;
} GatedOptions;

typedef struct {
    AttendPooling top;
    Dense v_layer, s_layer;
    Logits logits;
    real *v, *s;    /* [n_keep, out] */
    real **scratch; /* [n_thread] three blocks [KERNEL_BLOCK, out] */
} Gated;

static const Option options[] = {
    {"n_unit", OPTION_INT, offsetof(GatedOptions, n_unit), "64", 1, 4096, NULL, "units",
     "width of the attention network and of its gate"},
    POOLING_NORMALIZER_ROW(GatedOptions, normalizer),
    POOLING_MEAN_ROW(GatedOptions, mean),
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    Gated *p = self;
    const GatedOptions *o = blob;
    Linear l;
    *p = (Gated){.top = pooling_attend_init(1, n_h, width, o->normalizer, o->mean)};
    linear_init_uniform(&l, list, "pooling.attention_V", n_h, o->n_unit);
    dense_init(&p->v_layer, &l, width, ACTIVATION_TANH);
    linear_init_uniform(&l, list, "pooling.attention_U", n_h, o->n_unit);
    dense_init(&p->s_layer, &l, width, ACTIVATION_SIGMOID);
    linear_init_uniform(&l, list, "pooling.attention_w", o->n_unit, 1);
    logits_init(&p->logits, &l, p->v_layer.out);
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    Gated *p = self;
    const Index out = p->v_layer.out, n_keep = sizes->n_keep;
    attend_plan(&p->top.attend, sizes->n_row, arena);
    dense_plan(&p->v_layer, arena, sizes->n_slot, 0);
    dense_plan(&p->s_layer, arena, sizes->n_slot, 0);
    logits_plan(&p->logits, arena, sizes->n_slot);
    p->v = ARENA_TAKE(arena, real, n_keep * out);
    p->s = ARENA_TAKE(arena, real, n_keep * out);
    p->scratch = ARENA_TAKE(arena, real *, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, 3 * KERNEL_BLOCK * out);
        if (p->scratch) p->scratch[t] = piece;
    }
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    Gated *p = self;
    (void)pass;
    dense_prepare(&p->v_layer, theta);
    dense_prepare(&p->s_layer, theta);
    logits_prepare(&p->logits, theta);
}

/* g = v ∘ s [n, out] in the thread's first block, v and s in the cache or the other two. */
static real *gate(const Gated *p, real **v, real **s, const Rows *rows)
{
    const Index block = KERNEL_BLOCK * p->v_layer.out, at = rows->cached * p->v_layer.out;
    real *g = p->scratch[rows->thread];
    *v = rows->cached >= 0 ? p->v + at : g + block;
    *s = rows->cached >= 0 ? p->s + at : g + 2 * block;
    return g;
}

static void multiply(real *g, const real *v, const real *s, Index n)
{
    for (Index i = 0; i < n; i++) g[i] = v[i] * s[i];
}

static void score(void *self, real *a, const real *h, const Rows *rows)
{
    Gated *p = self;
    real *v, *s, *g = gate(p, &v, &s, rows);
    assert(rows->n <= KERNEL_BLOCK);
    dense_forward(v, &p->v_layer, h, rows->n);
    dense_forward(s, &p->s_layer, h, rows->n);
    multiply(g, v, s, rows->n * p->v_layer.out);
    logits_forward(a, &p->logits, g, rows->n);
}

static void zero(void *self, int grad_slot)
{
    Gated *p = self;
    dense_zero(&p->v_layer, grad_slot);
    dense_zero(&p->s_layer, grad_slot);
    logits_zero(&p->logits, grad_slot);
}

/* forward was  a = w · g + b  with  g = v ∘ s, so  dv = dg ∘ s  and  ds = dg ∘ v */
static void score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows)
{
    Gated *p = self;
    const Index size = rows->n * p->v_layer.out, block = KERNEL_BLOCK * p->v_layer.out;
    real *v, *s, *g = gate(p, &v, &s, rows), *dg = g + block, *dv = g + 2 * block, *ds = g;
    multiply(g, v, s, size);
    memset(dg, 0, size * sizeof *dg);
    logits_backward(dg, &p->logits, grad_slot, g, da, rows->n);
    multiply(dv, dg, s, size);
    multiply(ds, dg, v, size);
    dense_backward(dh, &p->v_layer, grad_slot, h, v, dv, rows->n);
    dense_backward(dh, &p->s_layer, grad_slot, h, s, ds, rows->n);
}

static void finish(void *self, real *grad, int n_slot)
{
    Gated *p = self;
    dense_finish(grad, &p->v_layer, n_slot);
    dense_finish(grad, &p->s_layer, n_slot);
    logits_finish(grad, &p->logits, n_slot);
}

/* Number j of h goes through unit j alone, whose gate starts open. */
static void start(void *self, real *theta, int n, int *z_at)
{
    const Gated *p = self;
    const Linear *v = &p->v_layer.l, *s = &p->s_layer.l;
    for (int j = 0; j < n; j++) {
        z_at[j] = j < v->n_out ? j : -1;
        if (j >= v->n_out) continue;
        real *of_v = theta + v->w_at + j * v->n_in, *of_s = theta + s->w_at + j * s->n_in;
        memset(of_v, 0, v->n_in * sizeof *of_v);
        memset(of_s, 0, s->n_in * sizeof *of_s);
        of_v[j] = 1;
        theta[v->b_at + j] = 0;
        theta[s->b_at + j] = 2;
        theta[p->logits.l.w_at + j] = 2;
    }
}

const PoolingType pooling_gated = {
    .name = "gated",
    .options = options,
    .options_size = sizeof(GatedOptions),
    .size = sizeof(Gated),
    .ranks = true,
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .score = score,
    .pool = pooling_attend,
    .pool_backward = pooling_attend_backward,
    .read = pooling_attend_read,
    .zero = zero,
    .score_backward = score_backward,
    .finish = finish,
    .start = start,
    .share = &share_of_attend,
};
_Static_assert(sizeof(GatedOptions) <= OPTION_BLOB, "options fit");
_Static_assert(sizeof(Gated) <= POOLING_ROOM, "a pooling fits");
