/* SPDX-License-Identifier: MIT
 *
 * Bags differ in size and share nothing per instance, so those products go bag by bag through nn/kernel.h, whose sums do
 * not depend on where a block begins; large minibatches share their bags out. What is left, one row a bag and head, is
 * done for all bags at once by BLAS.
 */
#include "nn/fixedquery.h"
#include "core/blas.h"
#include "core/parallel.h"
#include "nn/kernel.h"
#include "nn/softmax.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES              8     /* partial sums: a fixed order that the compiler can vectorise */
#define SHARED             16384 /* entries of p from which bags are worth sharing out */
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static const Association *core_of(const FixedQuery *f)
{
    return &f->l->hopfield.core;
}

static bool is_normed(const FixedQuery *f)
{
    return f->l->hopfield.o.norm_stored || f->l->hopfield.o.norm_projection;
}

bool fixedquery_scores(const HopfieldPooling *l)
{
    return !l->hopfield.core.o.stored_static && !l->hopfield.core.o.norm;
}

bool fixedquery_fits(const HopfieldPooling *l)
{
    const AssociationOptions *o = &l->hopfield.core.o;
    for (int h = 0; h < o->n_head; h++)
        if (o->steps[h] != 0) return false;
    return fixedquery_scores(l) && !o->projection_static && !o->connected && !o->zero &&
           l->hopfield.core.n_y == l->hopfield.core.n_v;
}

/* ---- memory ---- */

void fixedquery_plan(FixedQuery *f, const HopfieldPooling *l, int width, Arena *arena)
{
    const Association *core = &l->hopfield.core;
    const size_t quantity = (size_t)l->quantity, n_state = quantity * (size_t)core->n_r;
    const size_t n_q = quantity * (size_t)core->retrieval.q.row;
    f->l = l;
    f->n_in = core->n_y;
    f->width = width;
    f->n_column = l->quantity * core->o.n_head;
    f->lanes = KERNEL_WIDTH(f->n_column);
    const size_t n_key = (size_t)f->n_column * (size_t)f->n_in;
    assert(fixedquery_scores(l) && width >= f->n_in && width % KERNEL_LANES == 0);
    f->state = ARENA_TAKE(arena, real, n_state);
    f->dstate = ARENA_TAKE(arena, real, n_state);
    f->q = ARENA_TAKE(arena, real, n_q);
    f->dq = ARENA_TAKE(arena, real, n_q);
    f->key = ARENA_TAKE(arena, real, n_key);
    f->dkey = ARENA_TAKE(arena, real, n_key);
    f->u = ARENA_TAKE(arena, real, (size_t)f->n_column * (size_t)width);
    f->ut = ARENA_TAKE(arena, real, (size_t)f->n_in * (size_t)f->lanes);
    f->c = ARENA_TAKE(arena, real, (size_t)f->n_column);
    f->zero = ARENA_TAKE(arena, real, (size_t)f->lanes);
    layernorm_plan(&f->norm, l->quantity, arena);
}

void fixedquery_plan_cache(FixedQueryCache *c, const FixedQuery *f, int n_most, int n_bag_most, Arena *arena)
{
    const Association *core = core_of(f);
    const size_t bags = (size_t)n_bag_most, rows = bags * (size_t)f->l->quantity, n_head = (size_t)core->o.n_head;
    const size_t n_m = bags * (size_t)f->n_column * (size_t)f->width, n_value = n_head * rows * (size_t)f->n_in;
    layernorm_plan(&c->norm, is_normed(f) ? n_most : 0, arena);
    c->wide = ARENA_TAKE(arena, real, (size_t)n_most * (size_t)f->lanes);
    c->pull = ARENA_TAKE(arena, real, (size_t)n_most);
    c->m = ARENA_TAKE(arena, real, n_m);
    c->dm = ARENA_TAKE(arena, real, n_m);
    c->value = ARENA_TAKE(arena, real, n_value);
    c->dvalue = ARENA_TAKE(arena, real, n_value);
    c->s = ARENA_TAKE(arena, real, n_head * rows);
    c->ds = ARENA_TAKE(arena, real, n_head * rows);
    c->along = ARENA_TAKE(arena, real, n_head * rows);
    c->o = ARENA_TAKE(arena, real, rows * (size_t)core->n_read);
    c->d_o = ARENA_TAKE(arena, real, rows * (size_t)core->n_read);
    c->part = ARENA_TAKE(arena, real, rows * (size_t)core->retrieval.pattern_size);
    c->dlogit = ARENA_TAKE(arena, real, rows * (size_t)core->n_out);
    c->dmt = ARENA_TAKE(arena, real, bags * (size_t)f->n_in * (size_t)f->lanes);
    c->sum = ARENA_TAKE(arena, double, bags *(size_t)f->n_column);
}

/* ---- rows of n_in numbers ---- */

static void centre(real *x, int n)
{
    double part[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) part[k] += (double)x[i + k];
    for (; i < n; i++) sum += (double)x[i];
    for (int k = 0; k < LANES; k++) sum += part[k];
    const real mean = (real)(sum / n);
    for (int j = 0; j < n; j++) x[j] -= mean;
}

/* to [n_in, lanes] from [n_column, width]; surplus columns are 0. */
static void turn(real *restrict to, const FixedQuery *f, const real *restrict from)
{
    const size_t lanes = (size_t)f->lanes, n_in = (size_t)f->n_in;
    ZERO(to, n_in * lanes);
    for (int k = 0; k < f->n_column; k++, to++, from += f->width)
        for (size_t j = 0; j < n_in; j++) to[j * lanes] = from[j];
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
    ZERO(f->zero, (size_t)f->lanes);
    ZERO(f->u, (size_t)f->n_column * (size_t)f->width);
    for (int column = 0; column < f->n_column; column++) {
        const Column k = column_of(f, theta, column);
        real *key = f->key + k.column * f->n_in, *u = f->u + k.column * f->width, c = 0;
        blas_nn(key, f->q + k.q, theta + k.w_k, 1, f->n_in, k.size, false);
        for (int j = 0; l->core.k.bias && j < k.size; j++) c += theta[k.b_k + (size_t)j] * f->q[k.q + (size_t)j];
        for (int j = 0; j < f->n_in; j++) {
            u[j] = k.beta * key[j] * (affine ? theta[l->stored.w_at + (size_t)j] : 1);
            if (affine) c += theta[l->stored.b_at + (size_t)j] * key[j];
        }
        f->c[k.column] = k.beta * c;
        if (l->o.norm_stored) centre(u, f->n_in);
    }
    turn(f->ut, f, f->u);
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

void fixedquery_finish(real *grad, real *du, FixedQuery *f, const real *theta)
{
    const Hopfield *l = &f->l->hopfield;
    const size_t quantity = (size_t)f->l->quantity, n_state = quantity * (size_t)l->core.n_r;
    real *dquery = f->l->fixed ? NULL : grad + f->l->query_at;
    ZERO(f->dq, quantity * (size_t)l->core.retrieval.q.row);
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
        for (size_t j = 0; dquery && j < n_state; j++) dquery[j] += dstate[j];
}

/* ---- scores ---- */

void fixedquery_score(real *a, real *wide, const FixedQuery *f, const real *x, int n)
{
    const bool normed = f->l->hopfield.o.norm_stored;
    kernels()->dense_forward(wide, x, f->width, f->ut, f->zero, n, f->n_in, f->lanes, ACTIVATION_NONE);
    for (int i = 0; i < n; i++, x += f->width, wide += f->lanes, a += f->n_column) {
        real mean, r = 1;
        if (normed) layernorm_moments(&mean, &r, x, f->n_in);
        for (int k = 0; k < f->n_column; k++) a[k] = r * wide[k] + f->c[k];
    }
}

/* forward was  a = r (x · ū) + c,  so  dx̂ += da u,  du += daᵀ x̂ */
void fixedquery_score_backward(real *dx, real *du, real *wide, const FixedQueryCache *c, const FixedQuery *f,
                               const real *x, const real *da, int from, int n)
{
    const Kernels *kernel = kernels();
    const bool normed = f->l->hopfield.o.norm_stored;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < f->n_column; k++)
            wide[i * f->lanes + k] = da[i * f->n_column + k] * (normed ? c->norm.rstd[from + i] : 1);
    kernel->dense_dweight(du, NULL, wide, f->lanes, x, n, f->n_column, f->width);
    if (!dx) return;
    kernel->dense_dinput(dx, wide, f->lanes, f->u, n, f->n_column, f->width);
    if (!is_normed(f)) return;
    for (int i = 0; i < n; i++, x += f->width, dx += f->width) {
        const real mean = c->norm.mean[from + i], r = c->norm.rstd[from + i], pull = c->pull[from + i] * r * r;
        for (int j = 0; j < f->n_in; j++) dx[j] -= pull * (x[j] - mean);
    }
}

/* ---- bags ---- */

/* What the bags of one call share. */
typedef struct {
    FixedQueryCache *c;
    const FixedQuery *f;
    const real *a, *x;
    real *p, *da, *dx;
    const int *bounds;
    int n_bag, group; /* bags of a chunk */
    const uint8_t *keep;
    real keep_scale;
} Bags;

/* One of them: its first rows. */
typedef struct {
    int b, from, n;
    const real *a, *x;
    real *p, *wide;
    const uint8_t *keep; /* or NULL */
} OneBag;

static OneBag bag_of(const Bags *s, int b)
{
    const size_t from = (size_t)s->bounds[b], at = from * (size_t)s->f->n_column;
    return (OneBag){.b = b,
                    .from = (int)from,
                    .n = s->bounds[b + 1] - (int)from,
                    .a = s->a + at,
                    .x = s->x + from * (size_t)s->f->width,
                    .p = s->p + at,
                    .wide = s->c->wide + from * (size_t)s->f->lanes,
                    .keep = s->keep ? s->keep + at : NULL};
}

static void each_bag(Bags *s, void (*body)(void *, int, int))
{
    const bool large = (size_t)s->bounds[s->n_bag] * (size_t)s->f->n_column >= SHARED;
    s->group = large ? 1 : s->n_bag;
    parallel_for(large ? s->n_bag : s->n_bag > 0, body, s);
}

/* Row of value for a column of bag b: heads lie apart, so that each is one matrix. */
static size_t row_of(const FixedQuery *f, int n_bag, int b, int column)
{
    const int n_head = core_of(f)->o.n_head, query = column / n_head, h = column % n_head;
    return (size_t)h * (size_t)(n_bag * f->l->quantity) + (size_t)(b * f->l->quantity + query);
}

/* What dropout makes of entry k of a row of p. */
static inline real kept(const uint8_t *keep, real keep_scale, int k)
{
    return !keep ? 1 : keep[k] ? keep_scale : 0;
}

/* One row of g, times r, and what it adds to s. */
static void row_of_g(real *restrict wide, real *restrict s, const real *restrict p, const uint8_t *restrict keep,
                     real keep_scale, real r, int n_column)
{
    for (int k = 0; k < n_column; k++) {
        const real g = kept(keep, keep_scale, k) * p[k];
        wide[k] = g * r;
        s[k] += g;
    }
}

/* p and s of a bag, and g, times r if the projections are normed, in wide. */
static void associate(const Bags *s, const OneBag *o)
{
    const FixedQuery *f = s->f;
    const int n_column = f->n_column;
    const bool normed = f->l->hopfield.o.norm_projection;
    real *s_b = s->c->s + (size_t)o->b * (size_t)n_column;
    (f->quick ? softmax_columns_quick : softmax_columns)(o->p, o->a, o->n, n_column, s_b,
                                                         s->c->sum + (size_t)o->b * (size_t)n_column);
    ZERO(s_b, (size_t)n_column);
    for (int i = 0; i < o->n; i++)
        row_of_g(o->wide + i * f->lanes, s_b, o->p + i * n_column, o->keep ? o->keep + i * n_column : NULL,
                 s->keep_scale, normed ? s->c->norm.rstd[o->from + i] : 1, n_column);
}

static void gather(void *context, int chunk, int thread)
{
    const Bags *s = context;
    const FixedQuery *f = s->f;
    const size_t size = (size_t)f->n_column * (size_t)f->width;
    (void)thread;
    for (int b = chunk * s->group; b < (chunk + 1) * s->group; b++) {
        const OneBag o = bag_of(s, b);
        real *m = s->c->m + (size_t)b * size;
        for (int i = 0; is_normed(f) && i < o.n; i++)
            layernorm_moments(&s->c->norm.mean[o.from + i], &s->c->norm.rstd[o.from + i],
                              o.x + (size_t)i * (size_t)f->width, f->n_in);
        associate(s, &o);
        ZERO(m, size);
        kernels()->dense_dweight(m, NULL, o.wide, f->lanes, o.x, o.n, f->n_column, f->width);
        for (int k = 0; f->l->hopfield.o.norm_projection && k < f->n_column; k++) centre(m + k * f->width, f->n_in);
    }
}

/* Head h of o: one product for all bags. */
static void read_head(FixedQueryCache *c, const FixedQuery *f, const real *theta, int h, int rows)
{
    const Hopfield *l = &f->l->hopfield;
    const int size = l->core.retrieval.pattern_size, n_head = l->core.o.n_head;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const size_t n_in = (size_t)f->n_in, at = (size_t)h * (size_t)rows;
    const real *w = theta + l->projection.w_at, *bias = theta + l->projection.b_at;
    const real *b_v = theta + l->core.v.b_at + h * size;
    for (int i = 0; i < rows; i++) {
        const real *m = c->m + (size_t)(i * n_head + h) * (size_t)f->width, s = c->s[i * n_head + h];
        real *value = c->value + (at + (size_t)i) * n_in;
        if (!affine) memcpy(value, m, n_in * sizeof *m);
        for (size_t j = 0; affine && j < n_in; j++) value[j] = w[j] * m[j] + s * bias[j];
    }
    blas_nt(c->part, c->value + at * n_in, theta + l->core.v.w_at + (size_t)(h * size) * n_in, rows, size, f->n_in,
            false);
    for (int i = 0; i < rows; i++) {
        const real s = c->s[i * n_head + h];
        real *o = c->o + i * l->core.n_read + h * size;
        memcpy(o, c->part + i * size, (size_t)size * sizeof *o);
        for (int j = 0; l->core.v.bias && j < size; j++) o[j] += s * b_v[j];
    }
}

/* What stands before the activation, from m and s. */
static void read_heads(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, int rows)
{
    const Association *core = core_of(f);
    for (int h = 0; h < core->o.n_head; h++) read_head(c, f, theta, h, rows);
    if (core->out.n_out)
        projection_forward(z, &core->out, theta, c->o, rows);
    else
        memcpy(z, c->o, (size_t)rows * (size_t)core->n_out * sizeof *z);
}

void fixedquery_pool(real *z, real *p, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *a,
                     const real *x, const int *bounds, int n_bag, const uint8_t *keep, real keep_scale)
{
    const Association *core = core_of(f);
    const int rows = n_bag * f->l->quantity, n_z = f->l->quantity * core->n_out;
    Bags s = {.c = c,
              .f = f,
              .a = a,
              .x = x,
              .p = p,
              .bounds = bounds,
              .n_bag = n_bag,
              .keep = keep,
              .keep_scale = keep_scale};
    each_bag(&s, gather);
    read_heads(z, c, f, theta, rows);
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            z[j] = bounds[b] == bounds[b + 1] ? 0 : association_activate(z[j], core->o.activation);
}

/* ---- backward ---- */

static real dot(const real *restrict a, const real *restrict b, int n)
{
    real part[LANES] = {0}, sum = 0;
    int j = 0;
    for (; j + LANES <= n; j += LANES)
        for (int k = 0; k < LANES; k++) part[k] += a[j + k] * b[j + k];
    for (; j < n; j++) sum += a[j] * b[j];
    for (int k = 0; k < LANES; k++) sum += part[k];
    return sum;
}

static void add_scaled(real *restrict y, real scale, const real *restrict x, int n)
{
    for (int j = 0; j < n; j++) y[j] += scale * x[j];
}

/* forward was  value = w_v m + s b_v  for one head of one query; dm comes as that of value. Returns ds. */
static real value_backward(real *restrict dw, real *restrict db, real *restrict dm, const real *restrict m, real s,
                           const real *restrict w, const real *restrict b, int n_in)
{
    const real ds = dot(dm, b, n_in);
    for (int j = 0; j < n_in; j++) {
        dw[j] += dm[j] * m[j];
        db[j] += dm[j] * s;
        dm[j] *= w[j];
    }
    return ds;
}

/* forward was  o = value W_vᵀ + s b */
static void read_head_backward(real *grad, FixedQueryCache *c, const FixedQuery *f, const real *theta, int h,
                               int rows)
{
    const Hopfield *l = &f->l->hopfield;
    const int size = l->core.retrieval.pattern_size, n_head = l->core.o.n_head;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const size_t n_in = (size_t)f->n_in, at = (size_t)h * (size_t)rows;
    const size_t w_v = l->core.v.w_at + (size_t)(h * size) * n_in, b_v = l->core.v.b_at + (size_t)(h * size);
    for (int i = 0; i < rows; i++) {
        const real *d_o = c->d_o + i * l->core.n_read + h * size;
        memcpy(c->part + i * size, d_o, (size_t)size * sizeof *d_o);
        c->ds[i * n_head + h] = l->core.v.bias ? dot(d_o, theta + b_v, size) : 0;
        if (l->core.v.bias) add_scaled(grad + b_v, c->s[i * n_head + h], d_o, size);
    }
    blas_tn(grad + w_v, c->part, c->value + at * n_in, size, f->n_in, rows, true);
    blas_nn(c->dvalue + at * n_in, c->part, theta + w_v, rows, f->n_in, size, false);
    for (int i = 0; affine && i < rows; i++)
        c->ds[i * n_head + h] +=
            value_backward(grad + l->projection.w_at, grad + l->projection.b_at, c->dvalue + (at + (size_t)i) * n_in,
                           c->m + (size_t)(i * n_head + h) * (size_t)f->width, c->s[i * n_head + h],
                           theta + l->projection.w_at, theta + l->projection.b_at, f->n_in);
}

/* dm of a bag, in the order of columns and less its mean as far as it belongs to x̂, and its transpose. */
static void spread(const Bags *s, int b)
{
    const FixedQuery *f = s->f;
    real *dm = s->c->dm + (size_t)b * (size_t)f->n_column * (size_t)f->width;
    for (int k = 0; k < f->n_column; k++) {
        real *to = dm + k * f->width;
        memcpy(to, s->c->dvalue + row_of(f, s->n_bag, b, k) * (size_t)f->n_in, (size_t)f->n_in * sizeof *to);
        ZERO(to + f->n_in, (size_t)(f->width - f->n_in));
        if (f->l->hopfield.o.norm_projection) centre(to, f->n_in);
    }
    turn(s->c->dmt + (size_t)b * (size_t)f->n_in * (size_t)f->lanes, f, dm);
}

/* One row: e, of which r was left out, and what it adds to mean [n_column], Σ p dp. */
static void row_of_e(double *restrict mean, real *restrict e, const real *restrict ds, const real *restrict p,
                     const uint8_t *restrict keep, real keep_scale, real r, int n_column)
{
    for (int k = 0; k < n_column; k++) {
        e[k] *= r;
        mean[k] += (double)p[k] * (double)(kept(keep, keep_scale, k) * (e[k] + ds[k]));
    }
}

/* da += p (dp - mean);  e becomes g r, and along [n_column] g e. */
static void row_of_da(real *restrict da, real *restrict e, real *restrict along, const real *restrict ds,
                      const double *restrict mean, const real *restrict p, const uint8_t *restrict keep,
                      real keep_scale, real r, int n_column)
{
    for (int k = 0; k < n_column; k++) {
        const real scale = kept(keep, keep_scale, k), g = scale * p[k];
        da[k] += p[k] * (scale * (e[k] + ds[k]) - (real)mean[k]);
        along[k] = g * e[k];
        e[k] = g * r;
    }
}

/* forward was  m = gᵀ x̂,  s = Σ g,  so with e = x̂ dmᵀ, which is in wide,  dg = e + ds;  p is a softmax. Leaves g r in wide,
 * and in pull what of dx̂ lies along x̂: Σ_k g e, and Σ_k da (a - c) for the scores. */
static void associate_backward(const Bags *s, const OneBag *o)
{
    const FixedQuery *f = s->f;
    const bool of_a = f->l->hopfield.o.norm_stored, of_g = f->l->hopfield.o.norm_projection;
    const int n_column = f->n_column;
    const size_t columns = (size_t)o->b * (size_t)n_column;
    const real *ds = s->c->ds + columns;
    real *along = s->c->along + columns;
    double *mean = s->c->sum + columns;
    ZERO(mean, (size_t)n_column);
    for (int i = 0; i < o->n; i++)
        row_of_e(mean, o->wide + i * f->lanes, ds, o->p + i * n_column, o->keep ? o->keep + i * n_column : NULL,
                 s->keep_scale, of_g ? s->c->norm.rstd[o->from + i] : 1, n_column);
    for (int i = 0; i < o->n; i++) {
        real *da = s->da + (size_t)(o->from + i) * (size_t)n_column, pull = 0;
        row_of_da(da, o->wide + i * f->lanes, along, ds, mean, o->p + i * n_column,
                  o->keep ? o->keep + i * n_column : NULL, s->keep_scale, of_g ? s->c->norm.rstd[o->from + i] : 1,
                  n_column);
        for (int k = 0; k < n_column; k++) {
            if (of_g) pull += along[k];
            if (of_a) pull += da[k] * (o->a[i * n_column + k] - f->c[k]);
        }
        s->c->pull[o->from + i] = pull / (real)f->n_in;
    }
}

static void gather_backward(void *context, int chunk, int thread)
{
    const Bags *s = context;
    const FixedQuery *f = s->f;
    const Kernels *kernel = kernels();
    (void)thread;
    for (int b = chunk * s->group; b < (chunk + 1) * s->group; b++) {
        const OneBag o = bag_of(s, b);
        spread(s, b);
        kernel->dense_forward(o.wide, o.x, f->width, s->c->dmt + (size_t)b * (size_t)f->n_in * (size_t)f->lanes,
                              f->zero, o.n, f->n_in, f->lanes, ACTIVATION_NONE);
        associate_backward(s, &o);
        if (s->dx)
            kernel->dense_dinput(s->dx + (size_t)o.from * (size_t)f->width, o.wide, f->lanes,
                                 s->c->dm + (size_t)b * (size_t)f->n_column * (size_t)f->width, o.n, f->n_column,
                                 f->width);
    }
}

void fixedquery_pool_backward(real *da, real *dx, real *grad, FixedQueryCache *c, const FixedQuery *f,
                              const real *theta, const real *a, const real *x, const real *z, const real *p,
                              const real *dz, const int *bounds, int n_bag, const uint8_t *keep, real keep_scale)
{
    const Association *core = core_of(f);
    const int rows = n_bag * f->l->quantity, n_z = f->l->quantity * core->n_out;
    Bags s = {.c = c,
              .f = f,
              .a = a,
              .x = x,
              .p = (real *)(uintptr_t)p,
              .da = da,
              .dx = dx,
              .bounds = bounds,
              .n_bag = n_bag,
              .keep = keep,
              .keep_scale = keep_scale};
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            c->dlogit[j] = bounds[b] == bounds[b + 1] ? 0 : dz[j] * association_slope(z[j], core->o.activation);
    ZERO(c->d_o, (size_t)rows * (size_t)core->n_read);
    if (core->out.n_out)
        projection_backward(c->d_o, grad, &core->out, theta, c->o, c->dlogit, rows);
    else
        memcpy(c->d_o, c->dlogit, (size_t)rows * (size_t)core->n_out * sizeof *c->d_o);
    for (int h = 0; h < core->o.n_head; h++) read_head_backward(grad, c, f, theta, h, rows);
    each_bag(&s, gather_backward);
}

/* ---- from means alone ---- */

bool fixedquery_reads(const HopfieldPooling *l)
{
    return fixedquery_fits(l) && !l->hopfield.o.norm_stored && !l->hopfield.o.norm_projection;
}

void fixedquery_read(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *m,
                     size_t stride, const bool *is_empty, int n_bag)
{
    const size_t size = (size_t)f->n_column * (size_t)f->width;
    const int n_z = f->l->quantity * core_of(f)->n_out;
    for (size_t b = 0; b < (size_t)n_bag; b++) memcpy(c->m + b * size, m + b * stride, size * sizeof *m);
    for (int k = 0; k < n_bag * f->n_column; k++) c->s[k] = 1;
    read_heads(z, c, f, theta, n_bag * f->l->quantity);
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            z[j] = is_empty[b] ? 0 : association_activate(z[j], core_of(f)->o.activation);
}
