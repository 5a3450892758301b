/* SPDX-License-Identifier: MIT
 *
 * pooling_hopfield.c: learned queries retrieve from a bag's instances (Ramsauer et al., "Hopfield Networks is All You
 * Need", ICLR 2021; hopfield.h has the formula). A column of scores is one query under one head:
 *
 *     a_i = β q · k_i      w = softmax(a), and again after each extra update      z = activation(W_o [Σ_i w_i v_i] + b_o)
 *
 * Scores are those of the first association: that of the last is only known when the whole bag is.
 */
#include "model/pooling_hopfield.h"
#include "core/rng.h"
#include "nn/kernel.h"

#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    HopfieldPool *p = self;
    const HopfieldPoolingSettings *s = blob;
    *p = (HopfieldPool){.n_h = n_h, .width = width, .dropout = s->dropout};
    TRY(pooling_hopfield_build(&p->layer, list, s, n_h));
    p->base = (Pooling){.n_column = s->n_query * s->n_head,
                        .n_head = s->n_head,
                        .n_z = s->n_query * p->layer.hopfield.core.n_out,
                        .mean = s->mean};
    p->folds = fixedquery_scores(&p->layer);
    p->fast = fixedquery_fits(&p->layer);
    p->base.streams = fixedquery_reads(&p->layer) && s->dropout == 0;
    p->base.weighs = p->fast;
    p->keep_scale = (real)(1 / (1 - s->dropout));
    return OK;
}

static real **pieces(Arena *arena, int n, Index size)
{
    real **piece = ARENA_TAKE(arena, real *, n);
    for (int i = 0; i < n; i++) {
        real *one = ARENA_TAKE(arena, real, size);
        if (piece) piece[i] = one;
    }
    return piece;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    HopfieldPool *p = self;
    const Index n_read = p->layer.hopfield.core.n_read;
    p->share = ARENA_TAKE(arena, double, n_read > p->n_h ? n_read : p->n_h);
    p->keep = ARENA_TAKE(arena, uint8_t, p->dropout > 0 ? sizes->n_keep * p->base.n_column : 0);
    if (p->folds) {
        fixedquery_plan(&p->query, &p->layer, p->width, arena);
        p->query.quick = p->base.mean;
        p->wide = pieces(arena, sizes->n_thread, KERNEL_BLOCK * p->query.lanes);
    }
    if (!p->fast) {
        pooling_hopfield_general_plan(p, arena, sizes);
        return;
    }
    fixedquery_plan_cache(&p->cache, &p->query, sizes->n_row, sizes->n_bag, arena);
    p->du = pieces(arena, sizes->n_slot, p->base.n_column * p->width);
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    HopfieldPool *p = self;
    p->theta = theta;
    p->drops = pass && p->dropout > 0;
    if (pass) p->pass = *pass;
    if (p->folds)
        fixedquery_prepare(&p->query, theta);
    else
        pooling_hopfield_general_prepare(p);
}

static void score(void *self, real *a, const real *h, const Rows *rows)
{
    HopfieldPool *p = self;
    if (p->folds)
        fixedquery_score(a, p->wide[rows->thread], &p->query, h, rows->n);
    else
        pooling_hopfield_general_score(p, a, h, rows);
}

/* An entry of the stream for each instance and column, in this order. */
static void draw_keep(HopfieldPool *p, int n)
{
    Rng rng = rng_stream(p->pass.seed, "association", p->pass.update);
    for (Index at = 0; at < n * p->base.n_column; at++) p->keep[at] = rng_uniform(&rng) >= p->dropout;
}

static FixedQueryBags query_bags(const HopfieldPool *p, const PoolingBags *in)
{
    return (FixedQueryBags){.a = in->a,
                            .x = in->h,
                            .more = in->log_weight,
                            .bounds = in->bounds,
                            .n_bag = in->n_bag,
                            .keep = p->drops ? p->keep : NULL,
                            .keep_scale = p->keep_scale};
}

static void pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    HopfieldPool *p = self;
    (void)learn;
    if (p->drops) draw_keep(p, in->bounds[in->n_bag]);
    const FixedQueryBags bags = query_bags(p, in);
    if (p->fast)
        fixedquery_pool(z, w, &p->cache, &p->query, p->theta, &bags);
    else
        pooling_hopfield_general_pool(p, z, w, in);
}

static void pool_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in)
{
    HopfieldPool *p = self;
    const FixedQueryBags bags = query_bags(p, in);
    if (p->fast)
        fixedquery_pool_backward(da, dh, grad, &p->cache, &p->query, p->theta, &bags, &(FixedQueryOutput){z, w, dz});
    else
        pooling_hopfield_general_backward(p, dh, grad, dz, z, in);
}

static void read(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag)
{
    HopfieldPool *p = self;
    fixedquery_read(z, &p->cache, &p->query, p->theta, m, stride, is_empty, n_bag);
}

static void zero(void *self, int grad_slot)
{
    HopfieldPool *p = self;
    if (p->fast) ZERO(p->du[grad_slot], p->base.n_column * p->width);
}

static void score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows)
{
    HopfieldPool *p = self;
    if (p->fast)
        fixedquery_score_backward(dh, p->du[grad_slot], p->wide[rows->thread], &p->cache, &p->query, da,
                                  &(FixedQueryRows){h, rows->cached, rows->n});
}

static void finish(void *self, real *grad, int n_slot)
{
    HopfieldPool *p = self;
    const Index size = p->base.n_column * p->width;
    if (!p->fast || n_slot == 0) return;
    for (int s = 1; s < n_slot; s++)
        for (Index i = 0; i < size; i++) p->du[0][i] += p->du[s][i];
    fixedquery_finish(grad, p->du[0], &p->query, p->theta);
}

#define START_GAIN 1. /* what one more in number j of an instance adds to its logit */

/* Head j mod n_head of the first query attends to number j of h: its keys take up a direction along the query it has,
 * W_k += gain q e_jᵀ / (β q·q), and the next free number it reads out becomes number j itself. */
static void start(void *self, real *theta, int n, int *z_at)
{
    HopfieldPool *p = self;
    const Association *core = &p->layer.hopfield.core;
    const int n_head = core->o.n_head, pattern = core->retrieval.pattern_size, size = core->o.head_size;
    for (int j = 0; j < n; j++) z_at[j] = -1;
    if (!p->fast) return;
    p->theta = theta;
    fixedquery_prepare(&p->query, theta);
    const real *beta = association_beta(core, theta);
    for (int j = 0; j < n; j++) {
        const int head = j % n_head, place = head * pattern + j / n_head;
        const real *q = p->query.q + head * core->retrieval.q.head;
        double square = 0;
        for (int r = 0; r < size; r++) square += (double)q[r] * (double)q[r];
        for (int r = 0; r < size; r++)
            theta[core->k.w_at + (head * size + r) * core->k.n_in + j] +=
                (real)(START_GAIN * (double)q[r] / ((double)beta[head] * square));
        if (j / n_head >= pattern) continue;
        real *v = theta + core->v.w_at + place * core->v.n_in;
        ZERO(v, core->v.n_in);
        v[j] = 1;
        if (core->o.no_output) z_at[j] = place;
    }
}

const PoolingType pooling_hopfield = {
    .name = "hopfield",
    .options = pooling_hopfield_rows,
    .options_size = sizeof(HopfieldPoolingSettings),
    .size = sizeof(HopfieldPool),
    .ranks = true,
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .score = score,
    .pool = pool,
    .pool_backward = pool_backward,
    .read = read,
    .zero = zero,
    .score_backward = score_backward,
    .finish = finish,
    .start = start,
    .share = &share_of_retrieval,
};
_Static_assert(sizeof(HopfieldPoolingSettings) <= OPTION_BLOB, "options fit");
_Static_assert(sizeof(HopfieldPool) <= POOLING_ROOM, "a pooling fits");
