/* SPDX-License-Identifier: MIT
 *
 * pooling_several.c: every entry works on arrays of its own, as if it were alone; what the network sees is copied
 * together from them. The copies are small beside what poolings compute, and each entry keeps its fast path.
 *
 * The entries lie within the struct, so that a copy of it counts memory without touching the original.
 */
#include "model/pooling_several.h"
#include "core/rng.h"
#include "nn/kernel.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    const PoolingType *type;
    Index n_column, n_z;
    bool weighs;           /* by counts */
    Index column_at, z_at; /* its first column and number among all */
    int query_at;          /* its first query among all */
    real *a, *w, *da;      /* [n_row, n_column] */
    real *z, *dz;          /* [n_bag, n_z] */
    _Alignas(max_align_t) unsigned char self[POOLING_ROOM];
} SidePart;

typedef struct {
    Pooling base;
    int n;
    Index n_h, widest; /* most columns of an entry */
    real **scratch;    /* [n_thread] [KERNEL_BLOCK, widest] */
    int *place;        /* [n_h] */
    SidePart part[POOLING_MOST];
} Several;

/* to [n, width] from [n, width], rows at strides of their own. */
static void copy_rows(real *to, Index to_stride, const real *from, Index from_stride, Index n, Index width)
{
    for (Index i = 0; i < n; i++, to += to_stride, from += from_stride)
        for (Index j = 0; j < width; j++) to[j] = from[j];
}

static void add_rows(real *to, Index to_stride, const real *from, Index from_stride, Index n, Index width)
{
    for (Index i = 0; i < n; i++, to += to_stride, from += from_stride)
        for (Index j = 0; j < width; j++) to[j] += from[j];
}

/* ---- putting together ---- */

static Status init_part(SidePart *part, ParamList *list, const PoolingChoice *chosen, int k, const Several *p,
                        int width)
{
    char prefix[32];
    part->type = pooling_types[chosen->kind];
    snprintf(prefix, sizeof prefix, "pooling.%d.", k);
    list->prefix = k > 0 ? prefix : NULL;
    Status status = part->type->init(part->self, list, chosen->options, (int)p->n_h, width);
    list->prefix = NULL;
    part->weighs = chosen->count_weight != 0;
    if (status == OK && part->weighs)
        status = pooling_check_weights(part->type, (const Pooling *)(const void *)part->self);
    return status == OK ? OK : fail_at(status, "entry %d of model.pooling", k);
}

/* What all have together grows by one entry. */
static void add_part(Several *p, SidePart *part)
{
    const Pooling *one = (const Pooling *)(const void *)part->self;
    part->n_column = one->n_column;
    part->n_z = one->n_z;
    part->column_at = p->base.n_column;
    part->z_at = p->base.n_z;
    p->base.n_z += one->n_z;
    p->base.mean |= one->mean;
    p->base.streams &= one->streams && part->type->ranks;
    if (one->n_column > p->widest) p->widest = one->n_column;
    if (part->type->ranks) p->base.n_column += one->n_column;
}

static Status init(void *self, ParamList *list, const void *options, int n_h, int width)
{
    Several *p = self;
    const PoolingsChosen *chosen = options;
    int query = 0;
    memset(p, 0, sizeof *p);
    p->base.streams = true;
    p->base.n_head = 1;
    p->n = chosen->n;
    p->n_h = n_h;
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        TRY(init_part(part, list, &chosen->entry[k], k, p, width));
        add_part(p, part);
        part->query_at = query;
        if (part->type->ranks) query += (int)part->n_column / ((const Pooling *)(const void *)part->self)->n_head;
    }
    if (p->base.n_column == 0) p->base.n_column = 1; /* of zeros, as a pooling without attention has */
    return OK;
}

MilColumn pooling_several_column(const Pooling *self, int column)
{
    const Several *p = (const Several *)(const void *)self;
    int k = p->n - 1;
    while (k > 0 && (!p->part[k].type->ranks || p->part[k].column_at > column)) k--;
    const int at = column - (int)p->part[k].column_at,
              n_head = ((const Pooling *)(const void *)p->part[k].self)->n_head;
    return (MilColumn){.pooling = k, .query = p->part[k].query_at + at / n_head, .head = at % n_head};
}

PoolingEntry pooling_several_entry(Pooling *self, int k)
{
    SidePart *part = &((Several *)(void *)self)->part[k];
    return (PoolingEntry){part->type, part->self, part->type->ranks ? part->column_at : -1, part->z_at, part->weighs};
}

static void plan_part(SidePart *part, Arena *arena, const ModelSizes *sizes)
{
    const Index n_row = sizes->n_row, n_bag = sizes->n_bag;
    part->type->plan(part->self, arena, sizes);
    part->a = ARENA_TAKE(arena, real, n_row * part->n_column);
    part->w = ARENA_TAKE(arena, real, n_row * part->n_column);
    part->da = ARENA_TAKE(arena, real, sizes->n_keep * part->n_column);
    part->z = ARENA_TAKE(arena, real, n_bag * part->n_z);
    part->dz = ARENA_TAKE(arena, real, sizes->n_slot > 0 ? n_bag * part->n_z : 0);
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    Several *p = self;
    for (int k = 0; k < p->n; k++) plan_part(&p->part[k], arena, sizes);
    p->place = ARENA_TAKE(arena, int, p->n_h);
    p->scratch = ARENA_TAKE(arena, real *, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, KERNEL_BLOCK * p->widest);
        if (p->scratch) p->scratch[t] = piece;
    }
}

/* Entries drop associations of their own: each but the first has a seed of its own. */
static void prepare(void *self, const real *theta, const Pass *pass)
{
    Several *p = self;
    for (int k = 0; k < p->n; k++) {
        Pass own = pass ? *pass : (Pass){0};
        Rng rng = rng_stream(own.seed, "pooling", (uint64_t)k);
        if (k > 0) own.seed = rng_u64(&rng);
        p->part[k].type->prepare(p->part[k].self, theta, pass ? &own : NULL);
    }
}

/* ---- forward ---- */

/* Logits of a block, and what its instances weigh by their counts. */
static void add_weights(real *a, const SidePart *part, Index n_column, const Rows *rows)
{
    const real *more = rows->bag->log_weight;
    if (!part->weighs || !more) return;
    more += rows->from;
    a += part->column_at;
    for (int i = 0; i < rows->n; i++, a += n_column)
        for (int k = 0; k < part->n_column; k++) a[k] += more[i];
}

static void score(void *self, real *a, const real *h, const Rows *rows)
{
    Several *p = self;
    const Index n_column = p->base.n_column;
    real *own = p->scratch[rows->thread];
    if (!p->part[0].type->ranks) ZERO(a, rows->n * n_column);
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        if (!part->type->ranks) continue;
        part->type->score(part->self, own, h, rows);
        copy_rows(a + part->column_at, n_column, own, part->n_column, rows->n, part->n_column);
        add_weights(a, part, n_column, rows);
    }
}

static PoolingBags bags_of(const SidePart *part, const PoolingBags *in)
{
    return (PoolingBags){part->a, in->h, in->bounds, in->n_bag, part->weighs ? in->log_weight : NULL};
}

/* An entry without attention has a column of zeros, and of what instances weigh by their counts. */
static void pool_part(SidePart *part, const PoolingBags *in, Index n_column, bool learn)
{
    const Index n = in->bounds[in->n_bag];
    const PoolingBags own = bags_of(part, in);
    if (part->type->ranks)
        copy_rows(part->a, part->n_column, in->a + part->column_at, n_column, n, part->n_column);
    else if (own.log_weight)
        copy_rows(part->a, 1, own.log_weight, 1, n, 1);
    else
        ZERO(part->a, n * part->n_column);
    part->type->pool(part->self, part->z, part->w, &own, learn);
}

static void pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    Several *p = self;
    const Index n = in->bounds[in->n_bag], n_column = p->base.n_column;
    ZERO(w, n * n_column);
    p->base.n_capped = 0;
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        pool_part(part, in, n_column, learn);
        copy_rows(z + part->z_at, p->base.n_z, part->z, part->n_z, in->n_bag, part->n_z);
        p->base.n_capped += ((const Pooling *)(const void *)part->self)->n_capped;
        if (part->type->ranks) copy_rows(w + part->column_at, n_column, part->w, part->n_column, n, part->n_column);
    }
}

static void read(void *self, real *z, const real *m, Index stride, const bool *is_empty, int n_bag)
{
    Several *p = self;
    const Index width = stride / (p->base.n_column + p->base.mean);
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        part->type->read(part->self, part->z, m + part->column_at * width, stride, is_empty, n_bag);
        copy_rows(z + part->z_at, p->base.n_z, part->z, part->n_z, n_bag, part->n_z);
    }
}

/* ---- backward ---- */

static void pool_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in)
{
    Several *p = self;
    const Index n = in->bounds[in->n_bag], n_column = p->base.n_column;
    (void)z; /* the entries' own are at hand */
    (void)w;
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        const PoolingBags own = bags_of(part, in);
        copy_rows(part->dz, part->n_z, dz + part->z_at, p->base.n_z, in->n_bag, part->n_z);
        ZERO(part->da, n * part->n_column);
        part->type->pool_backward(part->self, part->da, dh, grad, part->dz, part->z, part->w, &own);
        if (part->type->ranks) add_rows(da + part->column_at, n_column, part->da, part->n_column, n, part->n_column);
    }
}

static void zero(void *self, int grad_slot)
{
    Several *p = self;
    for (int k = 0; k < p->n; k++) p->part[k].type->zero(p->part[k].self, grad_slot);
}

static void score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h, const Rows *rows)
{
    Several *p = self;
    real *own = p->scratch[rows->thread];
    for (int k = 0; k < p->n; k++) {
        SidePart *part = &p->part[k];
        if (!part->type->ranks) continue;
        copy_rows(own, part->n_column, da + part->column_at, p->base.n_column, rows->n, part->n_column);
        part->type->score_backward(part->self, grad_slot, dh, own, h, rows);
    }
}

static void finish(void *self, real *grad, int n_slot)
{
    Several *p = self;
    for (int k = 0; k < p->n; k++) p->part[k].type->finish(p->part[k].self, grad, n_slot);
}

/* Each entry attends to what the kernels find; the output follows the first entry in which a number stands alone. */
static void start(void *self, real *theta, int n, int *z_at)
{
    Several *p = self;
    for (int j = 0; j < n; j++) z_at[j] = -1;
    for (int k = 0; k < p->n; k++) {
        const SidePart *part = &p->part[k];
        if (!part->type->start) continue;
        for (int j = 0; j < n; j++) p->place[j] = -1;
        part->type->start(p->part[k].self, theta, n, p->place);
        for (int j = 0; j < n; j++)
            if (z_at[j] < 0 && p->place[j] >= 0) z_at[j] = (int)part->z_at + p->place[j];
    }
}

const PoolingType pooling_several = {
    .name = "several",
    .size = sizeof(Several),
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
};
