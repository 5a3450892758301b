/* SPDX-License-Identifier: MIT
 *
 * Hopfield pooling in full: keys and values are formed, and whatever a setting asks for is done to them. Instances
 * are scored one at a time by their first association, for ranking and export; pooling starts anew from the
 * embeddings.
 */
#include "model/pooling_hopfield.h"
#include "nn/kernel.h"

#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static const Association *core_of(const HopfieldPool *p)
{
    return &p->layer.hopfield.core;
}

/* Room for n_row instances in n_bag bags, wherever the bounds are. */
static RetrievalSizes size_of(const HopfieldPool *p, const ModelSizes *sizes)
{
    const Index quantity = p->layer.quantity;
    return (RetrievalSizes){.n_bag = sizes->n_bag,
                            .n_state = quantity,
                            .n_stored = sizes->n_row,
                            .n_out = sizes->n_bag * quantity,
                            .n_state_max = quantity,
                            .n_pair_max = quantity * (sizes->n_row + 1),
                            .n_pair = quantity * (sizes->n_row + sizes->n_bag)};
}

static void plan_scratch(HopfieldPool *p, Arena *arena, int n_thread)
{
    const Association *core = core_of(p);
    const Index n_k = KERNEL_BLOCK * core->retrieval.k.row;
    struct ScoreScratch *scratch = p->general.scratch = ARENA_TAKE(arena, struct ScoreScratch, n_thread);
    for (int t = 0; t < n_thread; t++) {
        struct ScoreScratch one;
        one.x = ARENA_TAKE(arena, real, KERNEL_BLOCK * p->n_h);
        one.k = ARENA_TAKE(arena, real, n_k);
        one.k_raw = ARENA_TAKE(arena, real, n_k);
        layernorm_plan(&one.norm, KERNEL_BLOCK * core->o.n_head, arena);
        if (scratch) scratch[t] = one;
    }
}

void pooling_hopfield_general_plan(HopfieldPool *p, Arena *arena, const ModelSizes *sizes)
{
    GeneralPath *g = &p->general;
    const Association *core = core_of(p);
    const RetrievalSizes layer_sizes = size_of(p, sizes);
    const Index quantity = p->layer.quantity, n_q = quantity * core->retrieval.q.row;
    hopfield_plan(&g->cache, &p->layer.hopfield, &layer_sizes, arena);
    g->x = ARENA_TAKE(arena, real, sizes->n_row * p->n_h);
    g->dx = ARENA_TAKE(arena, real, sizes->n_keep * p->n_h);
    g->dz = ARENA_TAKE(arena, real, sizes->n_bag * p->base.n_z);
    g->keep = ARENA_TAKE(arena, uint8_t, p->dropout > 0 ? core->o.n_head * layer_sizes.n_pair : 0);
    g->state = ARENA_TAKE(arena, real, quantity * core->n_r);
    g->q_raw = ARENA_TAKE(arena, real, n_q);
    g->q = ARENA_TAKE(arena, real, n_q);
    layernorm_plan(&g->norm, p->layer.quantity * core->o.n_head, arena);
    if (!p->folds) plan_scratch(p, arena, sizes->n_thread);
}

/* ---- scores ---- */

/* Patterns x [n, ·], normed into `normed` by l unless that is NULL, as retrieval wants them; returns where they are. */
static const real *to_space(const HopfieldPool *p, const AssociationSide *side, real *normed, const LayerNorm *l,
                            const real *x, int n)
{
    const Association *core = core_of(p);
    if (l) layernorm_forward(normed, side->norm, l, p->theta, x, n), x = normed;
    if (!side->projection->n_out && !core->o.norm) return x;
    association_to_space(side, core, p->theta, x, n);
    return side->at;
}

void pooling_hopfield_general_prepare(HopfieldPool *p)
{
    GeneralPath *g = &p->general;
    const Hopfield *l = &p->layer.hopfield;
    const AssociationSide side = {
        .projection = &l->core.q, .step = &l->core.retrieval.q, .at = g->q, .raw = g->q_raw, .norm = &g->norm};
    const real *q = to_space(p, &side, g->state, l->o.norm_state ? &l->state : NULL, p->theta + p->layer.query_at,
                             p->layer.quantity);
    if (q != g->q) memcpy(g->q, q, p->layer.quantity * l->core.retrieval.q.row * sizeof *q);
}

static real dot(const real *a, const real *b, int n)
{
    real sum = 0;
    for (int j = 0; j < n; j++) sum += a[j] * b[j];
    return sum;
}

static real similarity(const Retrieval *r, const real *q, const real *k)
{
    const int n = (int)r->head_size;
    const real product = dot(q, k, n);
    if (r->similarity == SIMILARITY_DOT) return product;
    return similarity_of(r->similarity, product, dot(q, q, n), dot(k, k, n));
}

void pooling_hopfield_general_score(HopfieldPool *p, real *a, const real *h, const Rows *rows)
{
    const Hopfield *l = &p->layer.hopfield;
    const Retrieval *r = &l->core.retrieval;
    const real *beta = association_beta(&l->core, p->theta);
    struct ScoreScratch *s = &p->general.scratch[rows->thread];
    const Index n_h = p->n_h;
    for (int i = 0; i < rows->n; i++) memcpy(s->x + i * n_h, h + i * p->width, n_h * sizeof *h);
    const AssociationSide side = {
        .projection = &l->core.k, .step = &r->k, .at = s->k, .raw = s->k_raw, .norm = &s->norm};
    const real *k = to_space(p, &side, s->x, l->o.norm_stored ? &l->stored : NULL, s->x, rows->n);
    for (int i = 0; i < rows->n; i++, k += r->k.row)
        for (int column = 0; column < p->base.n_column; column++) {
            const int query = column / r->n_head, head = column % r->n_head;
            const real *q = p->general.q + query * r->q.row + head * r->q.head;
            *a++ = beta[head] * similarity(r, q, k + head * r->k.head);
        }
}

/* ---- pooling ---- */

/* The mask in the order of retrieval.h: bag, head, query, instance, and the zero pattern, whose entry counts for
 * nothing. */
static void transpose_keep(HopfieldPool *p, const int *bounds, int n_bag)
{
    const Retrieval *r = &core_of(p)->retrieval;
    uint8_t *to = p->general.keep;
    for (int b = 0; b < n_bag; b++)
        for (int head = 0; head < r->n_head; head++)
            for (int query = 0; query < p->layer.quantity; query++) {
                for (int i = bounds[b]; i < bounds[b + 1]; i++)
                    *to++ = p->keep[i * p->base.n_column + query * r->n_head + head];
                if (r->zero) *to++ = 1;
            }
}

/* The last association, of a row an instance. */
static void copy_weights(const HopfieldPool *p, real *w, const int *bounds, int n_bag)
{
    const Retrieval *r = &core_of(p)->retrieval;
    const real *from = p->general.cache.core.retrieval.p;
    for (int b = 0; b < n_bag; b++)
        for (int head = 0; head < r->n_head; head++)
            for (int query = 0; query < p->layer.quantity; query++) {
                for (int i = bounds[b]; i < bounds[b + 1]; i++)
                    w[i * p->base.n_column + query * r->n_head + head] = *from++;
                if (r->zero) from++;
            }
}

void pooling_hopfield_general_pool(HopfieldPool *p, real *z, real *w, const PoolingBags *in)
{
    GeneralPath *g = &p->general;
    const int *bounds = in->bounds, n_bag = in->n_bag;
    const Index n = bounds[n_bag], n_h = p->n_h, n_z = p->base.n_z;
    for (Index i = 0; i < n; i++) memcpy(g->x + i * n_h, in->h + i * p->width, n_h * sizeof *in->h);
    if (p->drops) transpose_keep(p, bounds, n_bag);
    g->bags = hopfield_pooling_pairs(&p->layer, bounds, n_bag);
    g->masks = (RetrievalMasks){.keep = p->drops ? g->keep : NULL, .keep_scale = p->keep_scale};
    const AssociationInput input = {.stored = g->x, .bags = &g->bags, .masks = &g->masks};
    hopfield_pooling_forward(z, &g->cache, &p->layer, p->theta, &input);
    p->base.n_capped += g->cache.core.retrieval.n_capped;
    copy_weights(p, w, bounds, n_bag);
    for (int b = 0; b < n_bag; b++) /* also where the zero pattern is all there is to retrieve */
        if (bounds[b] == bounds[b + 1]) ZERO(z + b * n_z, n_z);
}

void pooling_hopfield_general_backward(HopfieldPool *p, real *dh, real *grad, const real *dz, const real *z,
                                       const PoolingBags *in)
{
    GeneralPath *g = &p->general;
    const int *bounds = in->bounds, n_bag = in->n_bag;
    const Index n = bounds[n_bag], n_h = p->n_h, n_z = p->base.n_z;
    memcpy(g->dz, dz, n_bag * n_z * sizeof *dz);
    for (int b = 0; b < n_bag; b++)
        if (bounds[b] == bounds[b + 1]) ZERO(g->dz + b * n_z, n_z);
    ZERO(g->dx, n * n_h);
    const AssociationInput input = {.stored = g->x, .bags = &g->bags, .masks = &g->masks};
    hopfield_pooling_backward(&(AssociationGrad){.stored = g->dx}, grad, &g->cache, &p->layer, p->theta, &input, z,
                              g->dz);
    for (Index i = 0; i < n; i++)
        for (Index j = 0; j < n_h; j++) dh[i * p->width + j] += g->dx[i * n_h + j];
}
