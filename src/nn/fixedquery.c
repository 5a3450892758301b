/* SPDX-License-Identifier: MIT */
#include "nn/fixedquery.h"
#include "core/blas.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES              8 /* partial sums: a fixed order that the compiler can vectorise */
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static const Association *core_of(const FixedQuery *f)
{
    return &f->l->hopfield.core;
}

static bool is_normed(const FixedQuery *f)
{
    return f->l->hopfield.o.norm_stored || f->l->hopfield.o.norm_projection;
}

/* The norm of x̂, whose weights are in u and in value. */
static LayerNorm bare_norm(const FixedQuery *f)
{
    return (LayerNorm){.n = f->n_in};
}

bool fixedquery_fits(const HopfieldPooling *l)
{
    const AssociationOptions *o = &l->hopfield.core.o;
    for (int h = 0; h < o->n_head; h++)
        if (o->steps[h] != 0) return false;
    return !o->stored_static && !o->projection_static && !o->connected && !o->norm && !o->zero &&
           l->hopfield.core.n_y == l->hopfield.core.n_v;
}

/* ---- memory ---- */

void fixedquery_plan(FixedQuery *f, const HopfieldPooling *l, Arena *arena)
{
    const Association *core = &l->hopfield.core;
    const size_t quantity = (size_t)l->quantity, n_state = quantity * (size_t)core->n_r;
    const size_t n_q = quantity * (size_t)core->retrieval.q.row;
    f->l = l;
    f->n_in = core->n_y;
    f->n_column = l->quantity * core->o.n_head;
    const size_t n_key = (size_t)f->n_column * (size_t)f->n_in;
    assert(fixedquery_fits(l));
    f->state = ARENA_TAKE(arena, real, n_state);
    f->dstate = ARENA_TAKE(arena, real, n_state);
    f->q = ARENA_TAKE(arena, real, n_q);
    f->dq = ARENA_TAKE(arena, real, n_q);
    f->key = ARENA_TAKE(arena, real, n_key);
    f->dkey = ARENA_TAKE(arena, real, n_key);
    f->u = ARENA_TAKE(arena, real, n_key);
    f->c = ARENA_TAKE(arena, real, (size_t)f->n_column);
    layernorm_plan(&f->norm, l->quantity, arena);
}

void fixedquery_plan_cache(FixedQueryCache *c, const FixedQuery *f, int n_most, int n_bag_most, Arena *arena)
{
    const Association *core = core_of(f);
    const size_t rows = (size_t)n_bag_most * (size_t)f->l->quantity, n_head = (size_t)core->o.n_head;
    const size_t n_x = is_normed(f) ? (size_t)n_most * (size_t)f->n_in : 0;
    const size_t n_a = (size_t)n_most * (size_t)f->n_column, n_m = n_head * rows * (size_t)f->n_in;
    real **const of_a[] = {&c->a, &c->p, &c->g, &c->da, &c->dg}, **const of_m[] = {&c->m, &c->value, &c->dm};
    for (int j = 0; j < 5; j++) *of_a[j] = ARENA_TAKE(arena, real, n_a);
    for (int j = 0; j < 3; j++) *of_m[j] = ARENA_TAKE(arena, real, n_m);
    c->xh = ARENA_TAKE(arena, real, n_x);
    c->dxh = ARENA_TAKE(arena, real, n_x);
    layernorm_plan(&c->norm, is_normed(f) ? n_most : 0, arena);
    c->s = ARENA_TAKE(arena, real, n_head * rows);
    c->ds = ARENA_TAKE(arena, real, n_head * rows);
    c->o = ARENA_TAKE(arena, real, rows * (size_t)core->n_read);
    c->d_o = ARENA_TAKE(arena, real, rows * (size_t)core->n_read);
    c->part = ARENA_TAKE(arena, real, rows * (size_t)core->retrieval.pattern_size);
    c->dlogit = ARENA_TAKE(arena, real, rows * (size_t)core->n_out);
    c->turn = ARENA_TAKE(arena, real, (size_t)f->n_column * (size_t)f->n_in);
}

/* ---- what an update does once ---- */

/* One query under one head. */
typedef struct {
    int column, head, size;
    size_t q;        /* of its first number in q */
    size_t w_k, b_k; /* of this head's rows of W_k and b_k in a slab */
    real beta;
} Column;

static Column column_of(const FixedQuery *f, const real *theta, int column)
{
    const Association *core = core_of(f);
    const int size = core->o.head_size, query = column / core->o.n_head, h = column % core->o.n_head;
    return (Column){.column = column,
                    .head = h,
                    .size = size,
                    .q = (size_t)(query * core->retrieval.q.row + h * core->retrieval.q.head),
                    .w_k = core->k.w_at + (size_t)h * (size_t)size * (size_t)f->n_in,
                    .b_k = core->k.b_at + (size_t)(h * size),
                    .beta = association_beta(core, theta)[h]};
}

static void prepare_state(FixedQuery *f, const real *theta)
{
    const Hopfield *l = &f->l->hopfield;
    const real *query = theta + f->l->query_at;
    const size_t n = (size_t)f->l->quantity * (size_t)l->core.n_r;
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
    for (int column = 0; column < f->n_column; column++) {
        const Column k = column_of(f, theta, column);
        real *key = f->key + k.column * f->n_in, *u = f->u + k.column * f->n_in, c = 0;
        blas_nn(key, f->q + k.q, theta + k.w_k, 1, f->n_in, k.size, false);
        for (int j = 0; l->core.k.bias && j < k.size; j++) c += theta[k.b_k + (size_t)j] * f->q[k.q + (size_t)j];
        for (int j = 0; j < f->n_in; j++) {
            u[j] = k.beta * key[j] * (affine ? theta[l->stored.w_at + (size_t)j] : 1);
            if (affine) c += theta[l->stored.b_at + (size_t)j] * key[j];
        }
        f->c[k.column] = k.beta * c;
    }
}

/* forward was  key = W_kᵀ q,  u = β key w_y;  c has no gradient */
static void column_backward(real *grad, FixedQuery *f, const real *theta, const real *du, Column k)
{
    const Hopfield *l = &f->l->hopfield;
    const bool affine = l->o.norm_stored && l->stored.affine;
    const real *key = f->key + k.column * f->n_in;
    real *dkey = f->dkey + k.column * f->n_in, dbeta = 0;
    for (int j = 0; j < f->n_in; j++) {
        const real w = affine ? theta[l->stored.w_at + (size_t)j] : 1;
        dkey[j] = k.beta * du[j] * w;
        dbeta += du[j] * key[j] * w;
        if (affine) grad[l->stored.w_at + (size_t)j] += k.beta * du[j] * key[j];
    }
    if (l->core.o.beta_learned) grad[l->core.beta_at + (size_t)k.head] += dbeta;
    blas_nt(f->dq + k.q, dkey, theta + k.w_k, 1, k.size, f->n_in, true);
    blas_tn(grad + k.w_k, f->q + k.q, dkey, k.size, f->n_in, 1, true);
}

void fixedquery_finish(real *grad, FixedQuery *f, const real *theta, const real *du)
{
    const Hopfield *l = &f->l->hopfield;
    const size_t quantity = (size_t)f->l->quantity, n_state = quantity * (size_t)l->core.n_r;
    real *dquery = f->l->fixed ? NULL : grad + f->l->query_at;
    ZERO(f->dq, quantity * (size_t)l->core.retrieval.q.row);
    ZERO(f->dstate, n_state);
    for (int column = 0; column < f->n_column; column++)
        column_backward(grad, f, theta, du + column * f->n_in, column_of(f, theta, column));
    real *dstate = f->dstate;
    if (l->core.q.n_out)
        projection_backward(dstate, grad, &l->core.q, theta, f->state, f->dq, f->l->quantity);
    else
        dstate = f->dq;
    if (l->o.norm_state)
        layernorm_backward(dquery, grad, &f->norm, &l->state, theta, theta + f->l->query_at, dstate, f->l->quantity);
    else
        for (size_t j = 0; dquery && j < n_state; j++) dquery[j] += dstate[j];
}

/* ---- scores ---- */

void fixedquery_score(real *a, real *xh, LayerNormCache *norm, const FixedQuery *f, const real *x, int n)
{
    const LayerNorm bare = bare_norm(f);
    const size_t n_column = (size_t)f->n_column;
    if (is_normed(f)) layernorm_forward(xh, norm, &bare, NULL, x, n);
    for (size_t i = 0; i < (size_t)n; i++) memcpy(a + i * n_column, f->c, n_column * sizeof *a);
    blas_nt(a, f->l->hopfield.o.norm_stored ? xh : x, f->u, n, f->n_column, f->n_in, true);
}

/* forward was  a = x̂ uᵀ + c,  so  dx̂ += da u,  du += daᵀ x̂ */
void fixedquery_score_backward(real *dx, real *dxh, real *du, const LayerNormCache *norm, const FixedQuery *f,
                               const real *x, const real *xh, const real *da, int n)
{
    const LayerNorm bare = bare_norm(f);
    const bool normed = f->l->hopfield.o.norm_stored;
    real *dxs = normed ? dxh : dx;
    blas_tn(du, da, normed ? xh : x, f->n_column, f->n_in, n, true);
    if (dxs && dx) blas_nn(dxs, da, f->u, n, f->n_in, f->n_column, true);
    if (dx && is_normed(f)) layernorm_backward(dx, NULL, norm, &bare, NULL, x, dxh, n);
}

/* ---- pooling ---- */

/* Row of m, s and value for a column of bag b: heads lie apart, so that each is one matrix. */
static size_t row_of(const FixedQuery *f, int n_bag, int b, int column)
{
    const int n_head = core_of(f)->o.n_head, query = column / n_head, h = column % n_head;
    return (size_t)h * (size_t)(n_bag * f->l->quantity) + (size_t)(b * f->l->quantity + query);
}

/* p, g, m and s of one bag. */
static void gather(FixedQueryCache *c, const FixedQuery *f, const real *a, const real *xv, int from, int n, int n_bag,
                   int b, const uint8_t *keep, real keep_scale)
{
    const int n_column = f->n_column;
    const size_t at = (size_t)from * (size_t)n_column, n_in = (size_t)f->n_in;
    real *p = c->p + at, *g = c->g + at;
    memcpy(p, a + at, (size_t)n * (size_t)n_column * sizeof *p);
    for (int k = 0; k < n_column; k++) {
        const size_t row = row_of(f, n_bag, b, k);
        softmax_or_zero(p + k, n, n_column);
        c->s[row] = 0;
        for (int i = k; i < n * n_column; i += n_column) {
            g[i] = !keep ? p[i] : keep[at + (size_t)i] ? keep_scale * p[i] : 0;
            c->s[row] += g[i];
        }
    }
    blas_tn(c->turn, g, xv + (size_t)from * n_in, n_column, f->n_in, n, false);
    for (int k = 0; k < n_column; k++)
        memcpy(c->m + row_of(f, n_bag, b, k) * n_in, c->turn + (size_t)k * n_in, n_in * sizeof *c->m);
}

/* Head h of o: one product for all bags. */
static void read_head(FixedQueryCache *c, const FixedQuery *f, const real *theta, int h, int rows)
{
    const Hopfield *l = &f->l->hopfield;
    const int size = l->core.retrieval.pattern_size;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const size_t n_in = (size_t)f->n_in, at = (size_t)h * (size_t)rows;
    const real *w = theta + l->projection.w_at, *bias = theta + l->projection.b_at;
    const real *b_v = theta + l->core.v.b_at + h * size;
    for (size_t i = at; i < at + (size_t)rows; i++)
        for (size_t j = 0; j < n_in; j++)
            c->value[i * n_in + j] = affine ? w[j] * c->m[i * n_in + j] + c->s[i] * bias[j] : c->m[i * n_in + j];
    blas_nt(c->part, c->value + at * n_in, theta + l->core.v.w_at + (size_t)(h * size) * n_in, rows, size, f->n_in,
            false);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < size; j++)
            c->o[i * l->core.n_read + h * size + j] =
                c->part[i * size + j] + (l->core.v.bias ? c->s[at + (size_t)i] * b_v[j] : 0);
}

void fixedquery_pool(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *a,
                     const real *x, const real *xh, const int *bounds, int n_bag, const uint8_t *keep,
                     real keep_scale)
{
    const Association *core = core_of(f);
    const int rows = n_bag * f->l->quantity, n_z = f->l->quantity * core->n_out;
    const real *xv = f->l->hopfield.o.norm_projection ? xh : x;
    for (int b = 0; b < n_bag; b++)
        gather(c, f, a, xv, bounds[b], bounds[b + 1] - bounds[b], n_bag, b, keep, keep_scale);
    for (int h = 0; h < core->o.n_head; h++) read_head(c, f, theta, h, rows);
    if (core->out.n_out)
        projection_forward(z, &core->out, theta, c->o, rows);
    else
        memcpy(z, c->o, (size_t)rows * (size_t)core->n_out * sizeof *z);
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            z[j] = bounds[b] == bounds[b + 1] ? 0 : association_activate(z[j], core->o.activation);
}

/* forward was  value = w_v m + s b_v  for one head of one query; dm comes as that of value. Returns ds. */
static real value_backward(real *restrict dw, real *restrict db, real *restrict dm, const real *restrict m, real s,
                           const real *restrict w, const real *restrict b, int n_in)
{
    real part[LANES] = {0}, ds = 0;
    for (int j = 0; j < n_in; j++) part[j % LANES] += dm[j] * b[j];
    for (int j = 0; j < n_in; j++) {
        dw[j] += dm[j] * m[j];
        db[j] += dm[j] * s;
        dm[j] *= w[j];
    }
    for (int j = 0; j < LANES; j++) ds += part[j];
    return ds;
}

/* forward was  o = value W_vᵀ + s b */
static void read_head_backward(real *grad, FixedQueryCache *c, const FixedQuery *f, const real *theta, int h,
                               int rows)
{
    const Hopfield *l = &f->l->hopfield;
    const int size = l->core.retrieval.pattern_size;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const size_t n_in = (size_t)f->n_in, at = (size_t)h * (size_t)rows;
    const size_t w_v = l->core.v.w_at + (size_t)(h * size) * n_in, b_v = l->core.v.b_at + (size_t)(h * size);
    for (int i = 0; i < rows; i++) {
        const real *d_o = c->d_o + i * l->core.n_read + h * size;
        memcpy(c->part + i * size, d_o, (size_t)size * sizeof *d_o);
        c->ds[at + (size_t)i] = 0;
        for (int j = 0; l->core.v.bias && j < size; j++) {
            grad[b_v + (size_t)j] += c->s[at + (size_t)i] * d_o[j];
            c->ds[at + (size_t)i] += d_o[j] * theta[b_v + (size_t)j];
        }
    }
    blas_tn(grad + w_v, c->part, c->value + at * n_in, size, f->n_in, rows, true);
    blas_nn(c->dm + at * n_in, c->part, theta + w_v, rows, f->n_in, size, false);
    for (size_t i = at; affine && i < at + (size_t)rows; i++)
        c->ds[i] +=
            value_backward(grad + l->projection.w_at, grad + l->projection.b_at, c->dm + i * n_in, c->m + i * n_in,
                           c->s[i], theta + l->projection.w_at, theta + l->projection.b_at, f->n_in);
}

/* forward was  m = gᵀ x̂,  s = Σ g,  so  dg_i = x̂_i · dm + ds  and  dx̂_i += g_i dm;  g is p after dropout, p a softmax */
static void gather_backward(real *da, real *dxv, FixedQueryCache *c, const FixedQuery *f, const real *xv, int from,
                            int n, int n_bag, int b, const uint8_t *keep, real keep_scale)
{
    const int n_column = f->n_column;
    const size_t at = (size_t)from * (size_t)n_column, n_in = (size_t)f->n_in, x_at = (size_t)from * n_in;
    real *dg = c->dg + at;
    for (int k = 0; k < n_column; k++) {
        const size_t row = row_of(f, n_bag, b, k);
        memcpy(c->turn + (size_t)k * n_in, c->dm + row * n_in, n_in * sizeof *c->dm);
        for (int i = k; i < n * n_column; i += n_column) dg[i] = c->ds[row];
    }
    blas_nt(dg, xv + x_at, c->turn, n, n_column, f->n_in, true);
    if (dxv) blas_nn(dxv + x_at, c->g + at, c->turn, n, f->n_in, n_column, true);
    for (int k = 0; k < n_column; k++) {
        const real *p = c->p + at;
        double mean = 0;
        for (int i = k; i < n * n_column; i += n_column) {
            if (keep) dg[i] *= keep[at + (size_t)i] ? keep_scale : 0;
            mean += (double)p[i] * (double)dg[i];
        }
        for (int i = k; i < n * n_column; i += n_column) da[at + (size_t)i] += p[i] * (dg[i] - (real)mean);
    }
}

void fixedquery_pool_backward(real *da, real *dx, real *dxh, real *grad, FixedQueryCache *c, const FixedQuery *f,
                              const real *theta, const real *x, const real *xh, const real *z, const real *dz,
                              const int *bounds, int n_bag, const uint8_t *keep, real keep_scale)
{
    const Association *core = core_of(f);
    const bool normed = f->l->hopfield.o.norm_projection;
    const int rows = n_bag * f->l->quantity, n_z = f->l->quantity * core->n_out;
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            c->dlogit[j] = bounds[b] == bounds[b + 1] ? 0 : dz[j] * association_slope(z[j], core->o.activation);
    ZERO(c->d_o, (size_t)rows * (size_t)core->n_read);
    if (core->out.n_out)
        projection_backward(c->d_o, grad, &core->out, theta, c->o, c->dlogit, rows);
    else
        memcpy(c->d_o, c->dlogit, (size_t)rows * (size_t)core->n_out * sizeof *c->d_o);
    for (int h = 0; h < core->o.n_head; h++) read_head_backward(grad, c, f, theta, h, rows);
    for (int b = 0; b < n_bag; b++)
        gather_backward(da, normed ? dxh : dx, c, f, normed ? xh : x, bounds[b], bounds[b + 1] - bounds[b], n_bag, b,
                        keep, keep_scale);
}

/* ---- both together ---- */

void fixedquery_forward(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *x,
                        const int *bounds, int n_bag, const uint8_t *keep, real keep_scale)
{
    fixedquery_score(c->a, c->xh, &c->norm, f, x, bounds[n_bag]);
    fixedquery_pool(z, c, f, theta, c->a, x, c->xh, bounds, n_bag, keep, keep_scale);
}

void fixedquery_backward(real *dx, real *du, real *grad, FixedQueryCache *c, const FixedQuery *f, const real *theta,
                         const real *x, const real *z, const real *dz, const int *bounds, int n_bag,
                         const uint8_t *keep, real keep_scale)
{
    const int n = bounds[n_bag];
    ZERO(c->da, (size_t)n * (size_t)f->n_column);
    if (is_normed(f)) ZERO(c->dxh, (size_t)n * (size_t)f->n_in);
    fixedquery_pool_backward(c->da, dx, c->dxh, grad, c, f, theta, x, c->xh, z, dz, bounds, n_bag, keep, keep_scale);
    fixedquery_score_backward(dx, c->dxh, du, &c->norm, f, x, c->xh, c->da, n);
}
