/* SPDX-License-Identifier: MIT
 *
 * fixedquery_pool.c: whole bags from their scores, and back.
 *
 * Products over instances are computed bag by bag with nn/kernel.h, because bags differ in size and the kernels' sums
 * do not depend on where a block begins. Large minibatches distribute their bags among threads. Products over bags,
 * one row per bag and head, are computed for all bags at once by BLAS.
 */
#include "core/blas.h"
#include "core/parallel.h"
#include "nn/fixedquery_parts.h"
#include "nn/kernel.h"
#include "nn/softmax.h"

#include <math.h>

#define SHARED 16384 /* entries of p from which bags are worth sharing out */

/* What the bags of one call share. */
typedef struct {
    FixedQueryCache *c;
    const FixedQuery *f;
    const FixedQueryBags *in;
    real *p, *da, *dx;
    int group; /* bags of a chunk */
} Pooled;

/* One of them: its first rows. */
typedef struct {
    int b, from, n;
    const real *a, *x;
    real *p, *wide;
    const uint8_t *keep; /* or NULL */
} OneBag;

static OneBag bag_of(const Pooled *s, int b)
{
    const Index from = s->in->bounds[b], at = from * s->f->n_column;
    return (OneBag){.b = b,
                    .from = (int)from,
                    .n = s->in->bounds[b + 1] - (int)from,
                    .a = s->in->a + at,
                    .x = s->in->x + from * s->f->width,
                    .p = s->p + at,
                    .wide = s->c->wide + from * s->f->lanes,
                    .keep = s->in->keep ? s->in->keep + at : NULL};
}

static void each_bag(Pooled *s, void (*body)(void *, int, int))
{
    const bool large = s->in->bounds[s->in->n_bag] * s->f->n_column >= SHARED;
    s->group = large ? 1 : s->in->n_bag;
    parallel_for(large ? s->in->n_bag : s->in->n_bag > 0, body, s);
}

/* Row of value for a column of bag b: heads lie apart, so that each is one matrix. */
static Index row_of(const FixedQuery *f, Index n_bag, int b, int column)
{
    const int n_head = core_of(f)->o.n_head, query = column / n_head, h = column % n_head;
    const Index quantity = f->l->quantity;
    return (h * n_bag + b) * quantity + query;
}

/* A row of p, and what dropout and the norm of projections make of it. */
typedef struct {
    Index n; /* columns */
    const real *p;
    const uint8_t *keep; /* 0 drops an entry, others are multiplied by keep_scale; NULL: no dropout */
    real keep_scale;
    real r; /* of the instance's norm; 1: projections are not normed */
} RowOfP;

static inline RowOfP row_at(const Pooled *s, const OneBag *o, int i)
{
    const Index n = s->f->n_column;
    return (RowOfP){.n = n,
                    .p = o->p + i * n,
                    .keep = o->keep ? o->keep + i * n : NULL,
                    .keep_scale = s->in->keep_scale,
                    .r = s->f->l->hopfield.o.norm_projection ? s->c->norm.rstd[o->from + i] : 1};
}

/* What dropout makes of entry k of a row of p. */
static inline real kept(const uint8_t *keep, real keep_scale, Index k)
{
    return !keep ? 1 : keep[k] ? keep_scale : 0;
}

/* One row of g, times r, and what it adds to s. */
static inline void row_of_g(real *restrict wide, real *restrict s, RowOfP row)
{
    const real *restrict p = row.p;
    const uint8_t *restrict keep = row.keep;
    for (Index k = 0; k < row.n; k++) {
        const real g = kept(keep, row.keep_scale, k) * p[k];
        wide[k] = g * row.r;
        s[k] += g;
    }
}

/* p and s of a bag, and g, times r if the projections are normed, in wide. */
static void associate(const Pooled *s, const OneBag *o)
{
    const FixedQuery *f = s->f;
    const Index n_column = f->n_column;
    real *s_b = s->c->s + o->b * n_column;
    double *sum = s->c->sum + o->b * n_column;
    (f->quick ? softmax_columns_quick : softmax_columns)(o->p, o->a, o->n, n_column, s_b, sum);
    ZERO(s_b, n_column);
    for (int i = 0; i < o->n; i++) row_of_g(o->wide + i * f->lanes, s_b, row_at(s, o, i));
}

static void gather(void *context, int chunk, int thread)
{
    const Pooled *s = context;
    const FixedQuery *f = s->f;
    const Index size = f->n_column * f->width;
    (void)thread;
    for (int b = chunk * s->group; b < (chunk + 1) * s->group; b++) {
        const OneBag o = bag_of(s, b);
        real *m = s->c->m + b * size;
        for (int i = 0; is_normed(f) && i < o.n; i++)
            layernorm_moments(&s->c->norm.mean[o.from + i], &s->c->norm.rstd[o.from + i], o.x + i * f->width,
                              f->n_in);
        associate(s, &o);
        ZERO(m, size);
        kernel_active()->dense_dweight(m, NULL, o.wide, f->lanes, o.x, o.n, f->n_column, f->width);
        for (int k = 0; f->l->hopfield.o.norm_projection && k < f->n_column; k++) centre(m + k * f->width, f->n_in);
    }
}

/* Head h of o: one product for all bags. */
static void read_head(FixedQueryCache *c, const FixedQuery *f, const real *theta, int h, Index rows)
{
    const Hopfield *l = &f->l->hopfield;
    const Index size = l->core.retrieval.pattern_size, n_head = l->core.o.n_head;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const Index n_in = f->n_in, at = h * rows;
    const real *w = theta + l->projection.w_at, *bias = theta + l->projection.b_at;
    const real *b_v = theta + l->core.v.b_at + h * size;
    for (int i = 0; i < rows; i++) {
        const real *m = c->m + (i * n_head + h) * f->width, s = c->s[i * n_head + h];
        real *value = c->value + (at + i) * n_in;
        if (!affine) memcpy(value, m, n_in * sizeof *m);
        for (Index j = 0; affine && j < n_in; j++) value[j] = w[j] * m[j] + s * bias[j];
    }
    blas_nt(c->part, c->value + at * n_in, theta + l->core.v.w_at + h * size * n_in, rows, size, f->n_in, false);
    for (int i = 0; i < rows; i++) {
        const real s = c->s[i * n_head + h];
        real *o = c->o + i * l->core.n_read + h * size;
        memcpy(o, c->part + i * size, size * sizeof *o);
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
        memcpy(z, c->o, rows * core->n_out * sizeof *z);
}

void fixedquery_pool(real *z, real *p, FixedQueryCache *c, const FixedQuery *f, const real *theta,
                     const FixedQueryBags *in)
{
    const Association *core = core_of(f);
    const int n_z = f->l->quantity * core->n_out, *bounds = in->bounds;
    Pooled s = {.c = c, .f = f, .in = in, .p = p};
    each_bag(&s, gather);
    read_heads(z, c, f, theta, in->n_bag * f->l->quantity);
    for (int b = 0; b < in->n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            z[j] = bounds[b] == bounds[b + 1] ? 0 : association_activate(z[j], core->o.activation);
}

/* ---- backward ---- */

static real dot(const real *restrict a, const real *restrict b, Index n)
{
    real part[LANES] = {0}, sum = 0;
    Index j = 0;
    for (; j + LANES <= n; j += LANES)
        for (int k = 0; k < LANES; k++) part[k] += a[j + k] * b[j + k];
    for (; j < n; j++) sum += a[j] * b[j];
    for (int k = 0; k < LANES; k++) sum += part[k];
    return sum;
}

static void add_scaled(real *restrict y, real scale, const real *restrict x, Index n)
{
    for (Index j = 0; j < n; j++) y[j] += scale * x[j];
}

/* forward was  value = w_v m + s b_v  for one head of one query; dm comes as that of value. Returns ds. */
static real value_backward(real *restrict dw, real *restrict db, real *restrict dm, const real *restrict m, real s,
                           const real *restrict w, const real *restrict b, Index n_in)
{
    const real ds = dot(dm, b, n_in);
    for (Index j = 0; j < n_in; j++) {
        dw[j] += dm[j] * m[j];
        db[j] += dm[j] * s;
        dm[j] *= w[j];
    }
    return ds;
}

/* forward was  o = value W_vᵀ + s b */
static void read_head_backward(real *grad, FixedQueryCache *c, const FixedQuery *f, const real *theta, int h,
                               Index rows)
{
    const Hopfield *l = &f->l->hopfield;
    const Index size = l->core.retrieval.pattern_size, n_head = l->core.o.n_head;
    const bool affine = l->o.norm_projection && l->projection.affine;
    const Index n_in = f->n_in, at = h * rows;
    const Index w_v = l->core.v.w_at + h * size * n_in, b_v = l->core.v.b_at + h * size;
    for (int i = 0; i < rows; i++) {
        const real *d_o = c->d_o + i * l->core.n_read + h * size;
        memcpy(c->part + i * size, d_o, size * sizeof *d_o);
        c->ds[i * n_head + h] = l->core.v.bias ? dot(d_o, theta + b_v, size) : 0;
        if (l->core.v.bias) add_scaled(grad + b_v, c->s[i * n_head + h], d_o, size);
    }
    blas_tn(grad + w_v, c->part, c->value + at * n_in, size, f->n_in, rows, true);
    blas_nn(c->dvalue + at * n_in, c->part, theta + w_v, rows, f->n_in, size, false);
    for (int i = 0; affine && i < rows; i++)
        c->ds[i * n_head + h] +=
            value_backward(grad + l->projection.w_at, grad + l->projection.b_at, c->dvalue + (at + i) * n_in,
                           c->m + (i * n_head + h) * f->width, c->s[i * n_head + h], theta + l->projection.w_at,
                           theta + l->projection.b_at, f->n_in);
}

/* dm of a bag, in the order of columns and less its mean as far as it belongs to x̂, and its transpose. */
static void spread(const Pooled *s, int b)
{
    const FixedQuery *f = s->f;
    real *dm = s->c->dm + b * f->n_column * f->width;
    for (int k = 0; k < f->n_column; k++) {
        real *to = dm + k * f->width;
        memcpy(to, s->c->dvalue + row_of(f, s->in->n_bag, b, k) * f->n_in, f->n_in * sizeof *to);
        ZERO(to + f->n_in, f->width - f->n_in);
        if (f->l->hopfield.o.norm_projection) centre(to, f->n_in);
    }
    transpose(s->c->dmt + b * f->n_in * f->lanes, f, dm);
}

/* One row: e, of which r was left out, and what it adds to mean [n_column], Σ p dp. */
static inline void row_of_e(double *restrict mean, real *restrict e, const real *restrict ds, RowOfP row)
{
    const real *restrict p = row.p;
    const uint8_t *restrict keep = row.keep;
    for (Index k = 0; k < row.n; k++) {
        e[k] *= row.r;
        mean[k] += (double)p[k] * (double)(kept(keep, row.keep_scale, k) * (e[k] + ds[k]));
    }
}

/* da += p (dp - mean);  e becomes g r, and along [n_column] g e. */
static inline void row_of_da(real *restrict da, real *restrict e, real *restrict along, const real *restrict ds,
                             const double *restrict mean, RowOfP row)
{
    const real *restrict p = row.p;
    const uint8_t *restrict keep = row.keep;
    for (Index k = 0; k < row.n; k++) {
        const real scale = kept(keep, row.keep_scale, k), g = scale * p[k];
        da[k] += p[k] * (scale * (e[k] + ds[k]) - (real)mean[k]);
        along[k] = g * e[k];
        e[k] = g * row.r;
    }
}

/* forward was  m = gᵀ x̂,  s = Σ g,  so with e = x̂ dmᵀ, which is in wide,  dg = e + ds;  p is a softmax. Leaves g r
 * in wide, and in pull what of dx̂ lies along x̂: Σ_k g e, and Σ_k da (a - c) for the scores. */
static void associate_backward(const Pooled *s, const OneBag *o)
{
    const FixedQuery *f = s->f;
    const bool of_a = f->l->hopfield.o.norm_stored, of_g = f->l->hopfield.o.norm_projection;
    const Index n_column = f->n_column, columns = o->b * n_column;
    const real *ds = s->c->ds + columns;
    real *along = s->c->along + columns;
    double *mean = s->c->sum + columns;
    ZERO(mean, n_column);
    for (int i = 0; i < o->n; i++) row_of_e(mean, o->wide + i * f->lanes, ds, row_at(s, o, i));
    for (int i = 0; i < o->n; i++) {
        real *da = s->da + (o->from + i) * n_column, pull = 0;
        const real more = s->in->more ? s->in->more[o->from + i] : 0;
        row_of_da(da, o->wide + i * f->lanes, along, ds, mean, row_at(s, o, i));
        for (int k = 0; k < n_column; k++) {
            if (of_g) pull += along[k];
            if (of_a) pull += da[k] * (o->a[i * n_column + k] - more - f->c[k]);
        }
        s->c->pull[o->from + i] = pull / (real)f->n_in;
    }
}

static void gather_backward(void *context, int chunk, int thread)
{
    const Pooled *s = context;
    const FixedQuery *f = s->f;
    const Kernels *kernel = kernel_active();
    (void)thread;
    for (int b = chunk * s->group; b < (chunk + 1) * s->group; b++) {
        const OneBag o = bag_of(s, b);
        const KernelLayer by_dm = {.wt = s->c->dmt + b * f->n_in * f->lanes,
                                   .b = f->zero,
                                   .n_in = f->n_in,
                                   .n_out = f->lanes,
                                   .stride = f->width};
        spread(s, b);
        kernel->dense_forward(o.wide, &by_dm, o.x, o.n);
        associate_backward(s, &o);
        if (s->dx)
            kernel->dense_dinput(s->dx + o.from * f->width, o.wide, f->lanes, s->c->dm + b * f->n_column * f->width,
                                 o.n, f->n_column, f->width);
    }
}

/* dlogit: the gradient of what stands before the activation. */
static void output_backward(FixedQueryCache *c, const FixedQuery *f, const FixedQueryBags *in,
                            const FixedQueryOutput *out)
{
    const Association *core = core_of(f);
    const int n_z = f->l->quantity * core->n_out, *bounds = in->bounds;
    for (int b = 0; b < in->n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            c->dlogit[j] =
                bounds[b] == bounds[b + 1] ? 0 : out->dz[j] * association_slope(out->z[j], core->o.activation);
}

void fixedquery_pool_backward(real *da, real *dx, real *grad, FixedQueryCache *c, const FixedQuery *f,
                              const real *theta, const FixedQueryBags *in, const FixedQueryOutput *out)
{
    const Association *core = core_of(f);
    const int rows = in->n_bag * f->l->quantity;
    Pooled s = {.c = c, .f = f, .in = in, .p = (real *)(uintptr_t)out->p, .da = da, .dx = dx};
    output_backward(c, f, in, out);
    ZERO(c->d_o, rows * core->n_read);
    if (core->out.n_out)
        projection_backward(c->d_o, grad, &core->out, theta, c->o, c->dlogit, rows);
    else
        memcpy(c->d_o, c->dlogit, rows * core->n_out * sizeof *c->d_o);
    for (int h = 0; h < core->o.n_head; h++) read_head_backward(grad, c, f, theta, h, rows);
    each_bag(&s, gather_backward);
}

/* ---- from means alone ---- */

bool fixedquery_reads(const HopfieldPooling *l)
{
    return fixedquery_fits(l) && !l->hopfield.o.norm_stored && !l->hopfield.o.norm_projection;
}

void fixedquery_read(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *m, Index stride,
                     const bool *is_empty, int n_bag)
{
    const Index size = f->n_column * f->width;
    const int n_z = f->l->quantity * core_of(f)->n_out;
    for (Index b = 0; b < n_bag; b++) memcpy(c->m + b * size, m + b * stride, size * sizeof *m);
    for (int k = 0; k < n_bag * f->n_column; k++) c->s[k] = 1;
    read_heads(z, c, f, theta, n_bag * f->l->quantity);
    for (int b = 0; b < n_bag; b++)
        for (int j = b * n_z; j < (b + 1) * n_z; j++)
            z[j] = is_empty[b] ? 0 : association_activate(z[j], core_of(f)->o.activation);
}
