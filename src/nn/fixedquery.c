/* SPDX-License-Identifier: MIT */
#include "nn/fixedquery.h"
#include "core/blas.h"
#include "nn/fixedquery_parts.h"
#include "nn/kernel.h"

#include <assert.h>
#include <string.h>

bool fixedquery_scores(const HopfieldPooling *l)
{
    const AssociationOptions *o = &l->hopfield.core.o;
    return !o->stored_static && !o->norm && o->similarity == SIMILARITY_DOT;
}

bool fixedquery_fits(const HopfieldPooling *l)
{
    const AssociationOptions *o = &l->hopfield.core.o;
    for (int h = 0; h < o->n_head; h++)
        if (o->steps[h] != 0) return false;
    return fixedquery_scores(l) && o->normalizer == NORMALIZER_SOFTMAX && !o->projection_static && !o->connected &&
           !o->zero && l->hopfield.core.n_y == l->hopfield.core.n_v;
}

/* ---- memory ---- */

void fixedquery_plan(FixedQuery *f, const HopfieldPooling *l, Index width, Arena *arena)
{
    const Association *core = &l->hopfield.core;
    const Index quantity = l->quantity, n_state = quantity * core->n_r;
    const Index n_q = quantity * core->retrieval.q.row;
    f->l = l;
    f->n_in = core->n_y;
    f->width = width;
    f->n_column = quantity * core->o.n_head;
    f->lanes = KERNEL_WIDTH(f->n_column);
    const Index n_key = f->n_column * f->n_in;
    assert(fixedquery_scores(l) && width >= f->n_in && width % KERNEL_LANES == 0);
    f->state = ARENA_TAKE(arena, real, n_state);
    f->dstate = ARENA_TAKE(arena, real, n_state);
    f->q = ARENA_TAKE(arena, real, n_q);
    f->dq = ARENA_TAKE(arena, real, n_q);
    f->key = ARENA_TAKE(arena, real, n_key);
    f->dkey = ARENA_TAKE(arena, real, n_key);
    f->u = ARENA_TAKE(arena, real, f->n_column * width);
    f->ut = ARENA_TAKE(arena, real, f->n_in * f->lanes);
    f->c = ARENA_TAKE(arena, real, f->n_column);
    f->zero = ARENA_TAKE(arena, real, f->lanes);
    layernorm_plan(&f->norm, l->quantity, arena);
}

void fixedquery_plan_cache(FixedQueryCache *c, const FixedQuery *f, int n_max, int n_bag_max, Arena *arena)
{
    const Association *core = core_of(f);
    const Index bags = n_bag_max, rows = bags * f->l->quantity, n_head = core->o.n_head;
    const Index n_m = bags * f->n_column * f->width, n_value = n_head * rows * f->n_in;
    layernorm_plan(&c->norm, is_normed(f) ? n_max : 0, arena);
    c->wide = ARENA_TAKE(arena, real, n_max * f->lanes);
    c->pull = ARENA_TAKE(arena, real, n_max);
    c->m = ARENA_TAKE(arena, real, n_m);
    c->dm = ARENA_TAKE(arena, real, n_m);
    c->value = ARENA_TAKE(arena, real, n_value);
    c->dvalue = ARENA_TAKE(arena, real, n_value);
    c->s = ARENA_TAKE(arena, real, n_head * rows);
    c->ds = ARENA_TAKE(arena, real, n_head * rows);
    c->along = ARENA_TAKE(arena, real, n_head * rows);
    c->o = ARENA_TAKE(arena, real, rows * core->n_read);
    c->d_o = ARENA_TAKE(arena, real, rows * core->n_read);
    c->part = ARENA_TAKE(arena, real, rows * core->retrieval.pattern_size);
    c->dlogit = ARENA_TAKE(arena, real, rows * core->n_out);
    c->dmt = ARENA_TAKE(arena, real, bags * f->n_in * f->lanes);
    c->sum = ARENA_TAKE(arena, double, bags * f->n_column);
}

/* ---- what an update does once ---- */

/* One query under one head. */
typedef struct {
    int column, head, size;
    Index q;         /* of its first number in q */
    size_t w_k, b_k; /* of this head's rows of W_k and b_k in a slab */
    real beta;
} Column;

static Column column_of(const FixedQuery *f, const real *theta, int column)
{
    const Association *core = core_of(f);
    const int query = column / core->o.n_head, h = column % core->o.n_head;
    const Index size = core->o.head_size;
    return (Column){.column = column,
                    .head = h,
                    .size = size,
                    .q = query * core->retrieval.q.row + h * core->retrieval.q.head,
                    .w_k = core->k.w_at + h * size * f->n_in,
                    .b_k = core->k.b_at + h * size,
                    .beta = association_beta(core, theta)[h]};
}

static void prepare_state(FixedQuery *f, const real *theta)
{
    const Hopfield *l = &f->l->hopfield;
    const real *query = theta + f->l->query_at;
    const Index n = f->l->quantity * l->core.n_r;
    if (l->o.norm_state)
        layernorm_forward(f->state, &f->norm, &l->state, theta, query, f->l->quantity);
    else
        memcpy(f->state, query, n * sizeof *query);
    if (l->core.q.n_out)
        projection_forward(f->q, &l->core.q, theta, f->state, f->l->quantity);
    else
        memcpy(f->q, f->state, n * sizeof *query);
}

void fixedquery_prepare(FixedQuery *f, const real *theta)
{
    const Hopfield *l = &f->l->hopfield;
    const bool affine = l->o.norm_stored && l->stored.affine;
    prepare_state(f, theta);
    ZERO(f->zero, f->lanes);
    ZERO(f->u, f->n_column * f->width);
    for (int column = 0; column < f->n_column; column++) {
        const Column k = column_of(f, theta, column);
        real *key = f->key + k.column * f->n_in, *u = f->u + k.column * f->width, c = 0;
        blas_nn(key, f->q + k.q, theta + k.w_k, 1, f->n_in, k.size, false);
        for (int j = 0; l->core.k.bias && j < k.size; j++) c += theta[k.b_k + j] * f->q[k.q + j];
        for (int j = 0; j < f->n_in; j++) {
            u[j] = k.beta * key[j] * (affine ? theta[l->stored.w_at + j] : 1);
            if (affine) c += theta[l->stored.b_at + j] * key[j];
        }
        f->c[k.column] = k.beta * c;
        if (l->o.norm_stored) centre(u, f->n_in);
    }
    transpose(f->ut, f, f->u);
}

/* forward was  key = W_kᵀ q,  u = β key w_y;  c has no gradient */
static void column_backward(real *grad, FixedQuery *f, const real *theta, const real *du, Column k)
{
    const Hopfield *l = &f->l->hopfield;
    const bool affine = l->o.norm_stored && l->stored.affine;
    const real *key = f->key + k.column * f->n_in;
    real *dkey = f->dkey + k.column * f->n_in, dbeta = 0;
    for (int j = 0; j < f->n_in; j++) {
        const real w = affine ? theta[l->stored.w_at + j] : 1;
        dkey[j] = k.beta * du[j] * w;
        dbeta += du[j] * key[j] * w;
        if (affine) grad[l->stored.w_at + j] += k.beta * du[j] * key[j];
    }
    if (l->core.o.beta_learned) grad[l->core.beta_at + k.head] += dbeta;
    blas_nt(f->dq + k.q, dkey, theta + k.w_k, 1, k.size, f->n_in, true);
    blas_tn(grad + k.w_k, f->q + k.q, dkey, k.size, f->n_in, 1, true);
}

void fixedquery_finish(real *grad, real *du, FixedQuery *f, const real *theta)
{
    const Hopfield *l = &f->l->hopfield;
    const Index quantity = f->l->quantity, n_state = quantity * l->core.n_r;
    real *dquery = f->l->fixed ? NULL : grad + f->l->query_at;
    ZERO(f->dq, quantity * l->core.retrieval.q.row);
    ZERO(f->dstate, n_state);
    for (int column = 0; column < f->n_column; column++) {
        if (l->o.norm_stored) centre(du + column * f->width, f->n_in);
        column_backward(grad, f, theta, du + column * f->width, column_of(f, theta, column));
    }
    real *dstate = f->dstate;
    if (l->core.q.n_out)
        projection_backward(dstate, grad, &l->core.q, theta, f->state, f->dq, f->l->quantity);
    else
        dstate = f->dq;
    if (l->o.norm_state)
        layernorm_backward(dquery, grad, &f->norm, &l->state, theta, theta + f->l->query_at, dstate, f->l->quantity);
    else
        for (Index j = 0; dquery && j < n_state; j++) dquery[j] += dstate[j];
}

/* ---- scores ---- */

void fixedquery_score(real *a, real *wide, const FixedQuery *f, const real *x, int n)
{
    const bool normed = f->l->hopfield.o.norm_stored;
    const KernelLayer scores = {.wt = f->ut, .b = f->zero, .n_in = f->n_in, .n_out = f->lanes, .stride = f->width};
    kernel_active()->dense_forward(wide, &scores, x, n);
    for (int i = 0; i < n; i++, x += f->width, wide += f->lanes, a += f->n_column) {
        real mean, r = 1;
        if (normed) layernorm_moments(&mean, &r, x, f->n_in);
        for (int k = 0; k < f->n_column; k++) a[k] = r * wide[k] + f->c[k];
    }
}

/* forward was  a = r (x · ū) + c,  so  dx̂ += da u,  du += daᵀ x̂ */
void fixedquery_score_backward(real *dx, real *du, real *wide, const FixedQueryCache *c, const FixedQuery *f,
                               const real *da, const FixedQueryRows *rows)
{
    const Kernels *kernel = kernel_active();
    const bool normed = f->l->hopfield.o.norm_stored;
    const real *x = rows->x, *mean = c->norm.mean + rows->from, *rstd = c->norm.rstd + rows->from;
    const int n = rows->n;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < f->n_column; k++)
            wide[i * f->lanes + k] = da[i * f->n_column + k] * (normed ? rstd[i] : 1);
    kernel->dense_dweight(du, NULL, wide, f->lanes, x, n, f->n_column, f->width);
    if (!dx) return;
    kernel->dense_dinput(dx, wide, f->lanes, f->u, n, f->n_column, f->width);
    if (!is_normed(f)) return;
    for (int i = 0; i < n; i++, x += f->width, dx += f->width) {
        const real pull = c->pull[rows->from + i] * rstd[i] * rstd[i];
        for (int j = 0; j < f->n_in; j++) dx[j] -= pull * (x[j] - mean[i]);
    }
}
