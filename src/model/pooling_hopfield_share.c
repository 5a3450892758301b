/* SPDX-License-Identifier: MIT
 *
 * pooling_hopfield_share.c: how what the queries retrieve divides among instances (pooling_share.h). On the fast path a
 * column is one query under one head, with x̂ the normed instance and the same symbols as nn/fixedquery.h:
 *
 *     m = Σ_i w_i x̂_i      o = (w_v ∘ m + b_v) W_vᵀ + b      p = o W_oᵀ + b_o
 *
 * On the general path p_i follows from the patterns v_i that were retrieved with the weights of the last association.
 */
#include "model/pooling_hopfield.h"

#include <math.h>

static const Hopfield *layer_of(const HopfieldPool *p)
{
    return &p->layer.hopfield;
}

static bool of_means(const void *self)
{
    return ((const HopfieldPool *)self)->fast;
}

static ShareActivation activation(const void *self)
{
    static const ShareActivation of[] = {
        [ASSOCIATION_LINEAR] = SHARE_LINEAR, [ASSOCIATION_RELU] = SHARE_RELU, [ASSOCIATION_TANH] = SHARE_TANH};
    return of[layer_of(self)->core.o.activation];
}

/* ---- norm of an instance ---- */

static void moments(double *mean, double *rstd, const real *h, Index n)
{
    double sum = 0, square = 0;
    for (Index j = 0; j < n; j++) sum += (double)h[j];
    *mean = sum / (double)n;
    for (Index j = 0; j < n; j++) square += ((double)h[j] - *mean) * ((double)h[j] - *mean);
    *rstd = 1 / sqrt(square / (double)n + 1e-5);
}

static void norm(double *x, const real *h, Index n, bool is_on)
{
    double mean = 0, rstd = 1;
    if (is_on) moments(&mean, &rstd, h, n);
    for (Index j = 0; j < n; j++) x[j] = ((double)h[j] - mean) * rstd;
}

/* forward was  x̂ = (h - mean) rstd,  so  dh = rstd (dx̂ - mean(dx̂) - x̂ mean(x̂ dx̂)) */
static void norm_backward(double *dh, const double *dx, const real *h, Index n, bool is_on)
{
    double mean = 0, rstd = 1, sum = 0, along = 0;
    if (is_on) moments(&mean, &rstd, h, n);
    for (Index j = 0; is_on && j < n; j++) {
        sum += dx[j] / (double)n;
        along += dx[j] * ((double)h[j] - mean) * rstd / (double)n;
    }
    for (Index j = 0; j < n; j++) dh[j] += rstd * (dx[j] - sum - ((double)h[j] - mean) * rstd * along);
}

static void value(const void *self, double *x, const real *h)
{
    const HopfieldPool *p = self;
    norm(x, h, p->n_h, layer_of(p)->o.norm_projection);
}

static void value_backward(const void *self, double *dh, const double *dx, const real *h)
{
    const HopfieldPool *p = self;
    norm_backward(dh, dx, h, p->n_h, layer_of(p)->o.norm_projection);
}

/* forward was  a_k = u_k · x̂ + c_k */
static void score_backward(const void *self, double *dh, const double *da, const real *h)
{
    const HopfieldPool *p = self;
    const Index n_h = p->n_h;
    double *dx = p->share;
    for (Index j = 0; j < n_h; j++) {
        dx[j] = 0;
        for (Index k = 0; k < p->base.n_column; k++) dx[j] += da[k] * (double)p->query.u[k * p->width + j];
    }
    norm_backward(dh, dx, h, n_h, layer_of(p)->o.norm_stored);
}

/* ---- output projection ---- */

/* p [n_out] of one query from o [n_read]; NULL: of nothing retrieved. */
static void project(double *p, const Association *core, const real *theta, const double *o)
{
    const Projection *out = &core->out;
    for (Index j = 0; j < core->n_out; j++) {
        p[j] = out->n_out ? out->bias ? (double)theta[out->b_at + j] : 0 : o ? o[j] : 0;
        for (Index r = 0; o && out->n_out && r < out->n_in; r++)
            p[j] += (double)theta[out->w_at + j * out->n_in + r] * o[r];
    }
}

/* d_o [n_read] from g [n_out] of one query. */
static void project_backward(double *d_o, const Association *core, const real *theta, const double *g)
{
    const Projection *out = &core->out;
    for (Index r = 0; r < core->n_read; r++) {
        d_o[r] = out->n_out ? 0 : g[r];
        for (Index j = 0; j < out->n_out; j++) d_o[r] += g[j] * (double)theta[out->w_at + j * out->n_in + r];
    }
}

/* ---- the fast path ---- */

/* Number j of w_v ∘ m + b_v. */
static double affine(const HopfieldPool *p, double m, Index j)
{
    const Hopfield *l = layer_of(p);
    if (!l->o.norm_projection || !l->projection.affine) return m;
    return (double)p->theta[l->projection.w_at + j] * m + (double)p->theta[l->projection.b_at + j];
}

static void merge(const void *self, double *to, const double *m)
{
    const HopfieldPool *p = self;
    const Association *core = &layer_of(p)->core;
    const Index size = core->retrieval.pattern_size, n_in = p->n_h;
    double *o = p->share;
    for (Index query = 0; query < p->layer.quantity; query++, to += core->n_out) {
        for (Index r = 0; m && r < core->n_read; r++) {
            const double *from = m + (query * core->o.n_head + r / size) * n_in;
            o[r] = core->v.bias ? (double)p->theta[core->v.b_at + r] : 0;
            for (Index j = 0; j < n_in; j++)
                o[r] += (double)p->theta[core->v.w_at + r * n_in + j] * affine(p, from[j], j);
        }
        project(to, core, p->theta, m ? o : NULL);
    }
}

/* u and c of one query under one head from the gradient of its part of o. */
static double spread_head(const HopfieldPool *p, double *u, const double *d_o, Index head)
{
    const Hopfield *l = layer_of(p);
    const Projection *v = &l->core.v;
    const Index size = l->core.retrieval.pattern_size, n_in = p->n_h;
    const bool is_affine = l->o.norm_projection && l->projection.affine;
    double c = 0;
    for (Index j = 0; j < n_in; j++) u[j] = 0;
    for (Index r = head * size; r < (head + 1) * size; r++) {
        if (v->bias) c += d_o[r] * (double)p->theta[v->b_at + r];
        for (Index j = 0; j < n_in; j++) u[j] += d_o[r] * (double)p->theta[v->w_at + r * n_in + j];
    }
    for (Index j = 0; is_affine && j < n_in; j++) {
        c += u[j] * (double)p->theta[l->projection.b_at + j];
        u[j] *= (double)p->theta[l->projection.w_at + j];
    }
    return c;
}

static void spread(const void *self, double *u, double *c, const double *g)
{
    const HopfieldPool *p = self;
    const Association *core = &layer_of(p)->core;
    double *d_o = p->share;
    for (Index query = 0; query < p->layer.quantity; query++, g += core->n_out) {
        project_backward(d_o, core, p->theta, g);
        for (Index head = 0; head < core->o.n_head; head++, u += p->n_h) *c++ = spread_head(p, u, d_o, head);
    }
}

/* ---- the general path ---- */

static void pooled(const void *self, double *to, double *p_0)
{
    const HopfieldPool *p = self;
    const Association *core = &layer_of(p)->core;
    const real *from = p->general.cache.core.o;
    double *o = p->share;
    for (Index query = 0; query < p->layer.quantity; query++, to += core->n_out, p_0 += core->n_out) {
        for (Index r = 0; r < core->n_read; r++) o[r] = (double)*from++;
        project(to, core, p->theta, o);
        project(p_0, core, p->theta, NULL);
    }
}

/* Row i of the patterns that are retrieved, those of head 0. */
static const real *pattern_of(const HopfieldPool *p, Index i)
{
    const Hopfield *l = layer_of(p);
    const HopfieldCache *c = &p->general.cache;
    const Index row = l->core.retrieval.v.row;
    if (l->core.v.n_out) return c->core.v + i * row;
    return (l->o.norm_projection ? c->projection : p->general.x) + i * row;
}

/* What instance i adds through a head of a query, with weight w. */
static double term_of(const HopfieldPool *p, Index i, Index head, double w, const double *d_o)
{
    const Retrieval *r = &layer_of(p)->core.retrieval;
    const real *v = pattern_of(p, i) + head * r->v.head;
    double sum = 0;
    for (Index j = 0; j < r->pattern_size; j++) sum += (double)v[j] * d_o[head * r->pattern_size + j];
    return w * sum;
}

static void divide(const void *self, double *part, double *through, const double *g, const real *h, int n)
{
    const HopfieldPool *p = self;
    const Association *core = &layer_of(p)->core;
    const Retrieval *r = &core->retrieval;
    const Index n_pair = n + r->zero, quantity = p->layer.quantity;
    double *d_o = p->share;
    (void)h;
    for (int i = 0; i < n; i++) part[i] = 0;
    for (Index query = 0; query < quantity; query++, g += core->n_out) {
        project_backward(d_o, core, p->theta, g);
        for (Index head = 0; head < core->o.n_head; head++, through++)
            for (Index i = 0; i < n; i++) {
                const double w = (double)p->general.cache.core.retrieval.p[(head * quantity + query) * n_pair + i];
                const double term = term_of(p, i, head, w, d_o);
                part[i] += term;
                *through += fabs(term);
            }
    }
}

const PoolingShare share_of_retrieval = {
    .of_means = of_means,
    .value = value,
    .value_backward = value_backward,
    .merge = merge,
    .spread = spread,
    .score_backward = score_backward,
    .pooled = pooled,
    .divide = divide,
    .activation = activation,
};
