/* SPDX-License-Identifier: MIT
 *
 * pooling_attention.c: DeepRC's attention. A small network f gives every instance a logit per query, and the bag vector
 * is the mean of embeddings weighted by their softmax:
 *
 *     a = f(h) = u W_qᵀ + b_q      u = SELU(… SELU(h W_1ᵀ + b_1) …)
 *     w_i = softmax_i(a)           z = Σ_i w_i h_i      one z a query, query 0 first
 *
 * The rows of W_q are the learned static queries, u the keys; there is no 1/√d.
 */
#include "model/pooling.h"
#include "core/parallel.h"
#include "nn/kernel.h"
#include "nn/linear.h"
#include "nn/softmax.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define LAYERS_MOST        8
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    int n_layer, n_unit, n_query;
} AttentionOptions;

/* One hidden layer in the shapes that the kernels want; rows and columns beyond the layer's own are 0. */
typedef struct {
    Linear l;
    int in, out; /* widths: n_in and n_out rounded up */
    real *w;     /* [n_out, in] */
    real *wt;    /* [n_in, out] */
    real *b;     /* [out] */
    real *u;     /* [n_keep, out] activations that backward needs */
} Hidden;

typedef struct {
    Pooling base;
    int n_h, width, n_layer, n_slot;
    Hidden hidden[LAYERS_MOST];
    Linear query;
    int key_width;  /* of what the queries see */
    real *query_w;  /* [n_query, key_width] */
    real *query_b;  /* [n_query] */
    real **scratch; /* [n_thread] two blocks of the widest layer */
    real **grad;    /* [n_slot] hidden wt and b of every layer, then query w and b */
    size_t grad_size;
    int widest;
} Attention;

static const Option options[] = {
    {"n_layer", OPTION_INT, offsetof(AttentionOptions, n_layer), "2", 0, LAYERS_MOST, NULL, "",
     "hidden layers of the attention network"},
    {"n_unit", OPTION_INT, offsetof(AttentionOptions, n_unit), "32", 1, 4096, NULL, "", "units of a hidden layer"},
    {"n_query", OPTION_INT, offsetof(AttentionOptions, n_query), "1", 1, 64, NULL, "", "learned queries"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    Attention *p = self;
    const AttentionOptions *o = blob;
    char name[64];
    int n_in = n_h, in = width;
    *p = (Attention){.base = {.n_query = o->n_query, .n_head = 1, .n_z = o->n_query * n_h},
                     .n_h = n_h,
                     .width = width,
                     .n_layer = o->n_layer,
                     .widest = width};
    for (int j = 0; j < o->n_layer; j++) {
        Hidden *h = &p->hidden[j];
        snprintf(name, sizeof name, "attention_nn.attention_nn.%d", 2 * j);
        linear_init(&h->l, list, name, n_in, o->n_unit);
        h->in = in;
        h->out = KERNEL_WIDTH(o->n_unit);
        if (h->out > p->widest) p->widest = h->out;
        p->grad_size += (size_t)(n_in + 1) * (size_t)h->out;
        n_in = o->n_unit;
        in = h->out;
    }
    snprintf(name, sizeof name, "attention_nn.attention_nn.%d", 2 * o->n_layer);
    linear_init(&p->query, list, name, n_in, o->n_query);
    p->key_width = in;
    p->grad_size += (size_t)o->n_query * (size_t)(in + 1);
    return OK;
}

static void plan(void *self, Arena *arena, const ModelRoom *room)
{
    Attention *p = self;
    const size_t n_query = (size_t)p->base.n_query;
    for (int j = 0; j < p->n_layer; j++) {
        Hidden *h = &p->hidden[j];
        h->w = ARENA_TAKE(arena, real, (size_t)h->l.n_out * (size_t)h->in);
        h->wt = ARENA_TAKE(arena, real, (size_t)h->l.n_in * (size_t)h->out);
        h->b = ARENA_TAKE(arena, real, (size_t)h->out);
        h->u = ARENA_TAKE(arena, real, (size_t)room->n_keep * (size_t)h->out);
    }
    p->query_w = ARENA_TAKE(arena, real, n_query * (size_t)p->key_width);
    p->query_b = ARENA_TAKE(arena, real, n_query);
    p->scratch = ARENA_TAKE(arena, real *, (size_t)room->n_thread);
    for (int t = 0; t < room->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, 2 * KERNEL_BLOCK * (size_t)p->widest);
        if (p->scratch) p->scratch[t] = piece;
    }
    p->grad = ARENA_TAKE(arena, real *, (size_t)room->n_slot);
    for (int s = 0; s < room->n_slot; s++) {
        real *piece = ARENA_TAKE(arena, real, p->grad_size);
        if (p->grad) p->grad[s] = piece;
    }
}

/* to [rows, width] from a dense [rows, n], the rest 0. */
static void widen(real *to, int width, const real *from, int rows, int n)
{
    ZERO(to, (size_t)rows * (size_t)width);
    for (int i = 0; i < rows; i++) memcpy(to + i * width, from + i * n, (size_t)n * sizeof *to);
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    Attention *p = self;
    (void)pass;
    for (int j = 0; j < p->n_layer; j++) {
        Hidden *h = &p->hidden[j];
        const real *w = theta + h->l.w_at;
        widen(h->w, h->in, w, h->l.n_out, h->l.n_in);
        widen(h->b, h->out, theta + h->l.b_at, 1, h->l.n_out);
        ZERO(h->wt, (size_t)h->l.n_in * (size_t)h->out);
        for (int o = 0; o < h->l.n_out; o++)
            for (int i = 0; i < h->l.n_in; i++) h->wt[i * h->out + o] = w[o * h->l.n_in + i];
    }
    widen(p->query_w, p->key_width, theta + p->query.w_at, p->base.n_query, p->query.n_in);
    memcpy(p->query_b, theta + p->query.b_at, (size_t)p->base.n_query * sizeof *p->query_b);
}

static void score(void *self, real *a, const real *h, const Rows *rows)
{
    Attention *p = self;
    const Kernels *k = kernels();
    const real *x = h;
    int stride = p->width;
    assert(rows->n <= KERNEL_BLOCK);
    for (int j = 0; j < p->n_layer; j++) {
        Hidden *layer = &p->hidden[j];
        real *u = rows->cached >= 0 ? layer->u + (size_t)rows->cached * (size_t)layer->out
                                    : p->scratch[rows->thread] + (j & 1) * KERNEL_BLOCK * p->widest;
        k->dense_forward(u, x, stride, layer->wt, layer->b, rows->n, layer->l.n_in, layer->out, true);
        x = u;
        stride = layer->out;
    }
    k->dense_logit(a, x, p->query_w, p->query_b, rows->n, p->key_width, p->base.n_query);
}

static void pool_bag(const Attention *p, real *z, real *w, const real *a, const real *h, int n)
{
    const int n_query = p->base.n_query;
    ZERO(z, (size_t)p->base.n_z);
    if (n == 0) return;
    for (int q = 0; q < n_query; q++, z += p->n_h) {
        softmax_forward(w + q, a + q, n, n_query);
        for (int i = 0; i < n; i++) {
            const real w_i = w[i * n_query + q];
            const real *h_i = h + (size_t)i * (size_t)p->width;
            for (int f = 0; f < p->n_h; f++) z[f] += w_i * h_i[f];
        }
    }
}

/* forward was  z[f] = Σ_i w_i h[i, f], so  dw_i = dz · h_i  and  dh[i, f] += w_i dz[f]; the softmax follows:
 * da_i += w_i (dw_i - Σ_j w_j dw_j), in two passes so that no memory is needed for dw. */
static void pool_bag_backward(const Attention *p, real *da, real *dh, const real *dz, const real *w, const real *h,
                              int n)
{
    const int n_query = p->base.n_query;
    for (int q = 0; q < n_query; q++, dz += p->n_h) {
        double mean = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int i = 0; i < n; i++) {
                const real w_i = w[i * n_query + q];
                const real *h_i = h + (size_t)i * (size_t)p->width;
                real *dh_i = dh + (size_t)i * (size_t)p->width, dw = 0;
                for (int f = 0; f < p->n_h; f++) dw += dz[f] * h_i[f];
                if (pass == 0) {
                    mean += (double)w_i * (double)dw;
                    for (int f = 0; f < p->n_h; f++) dh_i[f] += w_i * dz[f];
                } else
                    da[i * n_query + q] += w_i * (dw - (real)mean);
            }
    }
}

/* What the bags of one call share. */
typedef struct {
    const Attention *p;
    const real *a, *h, *dz;
    real *z, *w, *da, *dh;
    const int *bounds;
} Bags;

static void one_forward(void *context, int b, int thread)
{
    const Bags *c = context;
    const size_t row = (size_t)c->bounds[b], at = row * (size_t)c->p->base.n_query;
    (void)thread;
    pool_bag(c->p, c->z + (size_t)b * (size_t)c->p->base.n_z, c->w + at, c->a + at, c->h + row * (size_t)c->p->width,
             c->bounds[b + 1] - c->bounds[b]);
}

static void one_backward(void *context, int b, int thread)
{
    const Bags *c = context;
    const size_t row = (size_t)c->bounds[b], at = row * (size_t)c->p->base.n_query,
                 row_at = row * (size_t)c->p->width;
    (void)thread;
    pool_bag_backward(c->p, c->da + at, c->dh + row_at, c->dz + (size_t)b * (size_t)c->p->base.n_z, c->w + at,
                      c->h + row_at, c->bounds[b + 1] - c->bounds[b]);
}

static void pool(void *self, real *z, real *w, const real *a, const real *h, const int *bounds, int n_bag, bool learn)
{
    Bags bags = {.p = self, .z = z, .w = w, .a = a, .h = h, .bounds = bounds};
    (void)learn;
    parallel_for(n_bag, one_forward, &bags);
}

static void pool_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const real *a, const real *h, const int *bounds, int n_bag)
{
    Bags bags = {.p = self, .da = da, .dh = dh, .dz = dz, .w = (real *)(uintptr_t)w, .h = h, .bounds = bounds};
    (void)grad;
    (void)z;
    (void)a;
    parallel_for(n_bag, one_backward, &bags);
}

static void zero(void *self, int grad_slot)
{
    Attention *p = self;
    ZERO(p->grad[grad_slot], p->grad_size);
}

/* forward was  a[i, q] = b_q + Σ_k u[i, k] w[q, k] */
static void query_backward(const Attention *p, real *dw, real *du, const real *da, const real *u, int n)
{
    real *db = dw + p->base.n_query * p->key_width;
    for (int i = 0; i < n; i++, u += p->key_width, du += p->key_width)
        for (int q = 0; q < p->base.n_query; q++) {
            const real da_iq = da[i * p->base.n_query + q], *w = p->query_w + q * p->key_width;
            real *dw_q = dw + q * p->key_width;
            for (int k = 0; k < p->key_width; k++) {
                dw_q[k] += da_iq * u[k];
                du[k] += da_iq * w[k];
            }
            db[q] += da_iq;
        }
}

static void score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows)
{
    Attention *p = self;
    const Kernels *k = kernels();
    real *at[LAYERS_MOST + 1], *grad = p->grad[grad_slot];
    for (int j = 0; j < p->n_layer; j++) {
        at[j] = grad;
        grad += (p->hidden[j].l.n_in + 1) * p->hidden[j].out;
    }
    at[p->n_layer] = grad;
    if (p->n_layer == 0) {
        query_backward(p, grad, dh, da, h, rows->n);
        return;
    }
    const Hidden *last = &p->hidden[p->n_layer - 1];
    const real *u = last->u + (size_t)rows->cached * (size_t)last->out;
    real *du = p->scratch[rows->thread], *next = du + KERNEL_BLOCK * p->widest;
    ZERO(du, (size_t)rows->n * (size_t)last->out);
    query_backward(p, grad, du, da, u, rows->n);
    for (int j = p->n_layer - 1; j >= 0; j--) {
        const Hidden *layer = &p->hidden[j];
        const real *x = j ? p->hidden[j - 1].u + (size_t)rows->cached * (size_t)layer->in : h;
        u = layer->u + (size_t)rows->cached * (size_t)layer->out;
        k->selu_backward(du, u, (size_t)rows->n * (size_t)layer->out);
        k->dense_dweight(at[j], at[j] + layer->l.n_in * layer->out, x, layer->in, du, rows->n, layer->l.n_in,
                         layer->out);
        real *dx = j ? next : dh;
        if (j) ZERO(dx, (size_t)rows->n * (size_t)layer->in);
        k->dense_dinput(dx, du, layer->out, layer->w, rows->n, layer->l.n_out, layer->in);
        next = du;
        du = dx;
    }
}

static void finish(void *self, real *grad, int n_slot)
{
    Attention *p = self;
    if (n_slot == 0) return;
    for (int s = 1; s < n_slot; s++)
        for (size_t i = 0; i < p->grad_size; i++) p->grad[0][i] += p->grad[s][i];
    const real *d = p->grad[0];
    for (int j = 0; j < p->n_layer; j++) {
        const Hidden *h = &p->hidden[j];
        for (int i = 0; i < h->l.n_in; i++, d += h->out)
            for (int o = 0; o < h->l.n_out; o++) grad[h->l.w_at + (size_t)(o * h->l.n_in + i)] += d[o];
        for (int o = 0; o < h->l.n_out; o++) grad[h->l.b_at + (size_t)o] += d[o];
        d += h->out;
    }
    for (int q = 0; q < p->base.n_query; q++, d += p->key_width)
        for (int k = 0; k < p->query.n_in; k++) grad[p->query.w_at + (size_t)(q * p->query.n_in + k)] += d[k];
    for (int q = 0; q < p->base.n_query; q++) grad[p->query.b_at + (size_t)q] += d[q];
}

const PoolingType pooling_attention = {
    .name = "attention",
    .options = options,
    .options_size = sizeof(AttentionOptions),
    .size = sizeof(Attention),
    .ranks = true,
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .score = score,
    .pool = pool,
    .pool_backward = pool_backward,
    .zero = zero,
    .score_backward = score_backward,
    .finish = finish,
};
_Static_assert(sizeof(AttentionOptions) <= OPTION_BLOB, "options fit");
