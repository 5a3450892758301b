/* SPDX-License-Identifier: MIT
 *
 * pooling_plain.c: poolings without parameters, to compare with.
 *
 *     mean   z = (1/n) Σ_i h_i          max   z[f] = max_i h_i[f]          none   z = h, of bags of one instance
 *
 * Where instances have weights (model.pooling.count_weight) the mean is Σ_i c_i h_i / Σ_i c_i.
 * They have no attention: every logit is 0, so `selection: top` would keep the first rows; use `all` or `random`.
 * The weight of an instance is its part in z: 1/n, or the share of features in which it is the (first) maximum.
 */
#include "model/pooling_plain.h"
#include "nn/attend.h"

#include <math.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    Pooling base;
    Attend attend; /* mean: by weights */
    Index n_h, width;
} Plain;

static const Option no_options[] = {{0}};

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    (void)list;
    (void)blob;
    *(Plain *)self = (Plain){.base = {.n_column = 1, .n_head = 1, .n_z = n_h}, .n_h = n_h, .width = width};
    return OK;
}

static Status init_mean(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    Plain *p = self;
    TRY(init(p, list, blob, n_h, width));
    p->base.weighs = true;
    p->attend = (Attend){.n_query = 1, .n_h = n_h, .width = width};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    (void)self;
    (void)arena;
    (void)sizes;
}

void pooling_plain_prepare(void *self, const real *theta, const Pass *pass)
{
    (void)self;
    (void)theta;
    (void)pass;
}

void pooling_plain_score(void *self, real *a, const real *h, const Rows *rows)
{
    (void)self;
    (void)h;
    ZERO(a, rows->n);
}

void pooling_plain_zero(void *self, int grad_slot)
{
    (void)self;
    (void)grad_slot;
}

void pooling_plain_score_backward(void *self, int grad_slot, real *dh, const real *da, const real *h,
                                  const Rows *rows)
{
    (void)self;
    (void)grad_slot;
    (void)dh;
    (void)da;
    (void)h;
    (void)rows;
}

void pooling_plain_finish(void *self, real *grad, int n_slot)
{
    (void)self;
    (void)grad;
    (void)n_slot;
}

/* ---- mean ---- */

static void mean_bag(const Plain *p, real *z, real *w, const real *h, int n)
{
    ZERO(z, p->n_h);
    for (int i = 0; i < n; i++, h += p->width) {
        w[i] = 1 / (real)n;
        for (int f = 0; f < p->n_h; f++) z[f] += w[i] * h[f];
    }
}

static void mean_bag_backward(const Plain *p, real *dh, const real *dz, const real *w, const real *h, int n)
{
    (void)h;
    for (int i = 0; i < n; i++, dh += p->width)
        for (int f = 0; f < p->n_h; f++) dh[f] += w[i] * dz[f];
}

/* ---- max ---- */

static int first_largest(const Plain *p, const real *h, int f, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (h[i * p->width + f] > h[best * p->width + f]) best = i;
    return best;
}

static void max_bag(const Plain *p, real *z, real *w, const real *h, int n)
{
    ZERO(z, p->n_h);
    ZERO(w, n);
    for (int f = 0; n > 0 && f < p->n_h; f++) {
        const int best = first_largest(p, h, f, n);
        z[f] = h[best * p->width + f];
        w[best] += 1 / (real)p->n_h;
    }
}

static void max_bag_backward(const Plain *p, real *dh, const real *dz, const real *w, const real *h, int n)
{
    (void)w;
    for (int f = 0; n > 0 && f < p->n_h; f++) dh[first_largest(p, h, f, n) * p->width + f] += dz[f];
}

/* Every number is one instance's. */
static void max_divide(const void *self, double *part, double *through, const double *g, const real *h, int n)
{
    const Plain *p = self;
    for (int i = 0; i < n; i++) part[i] = 0;
    for (int f = 0; n > 0 && f < p->n_h; f++) {
        const int best = first_largest(p, h, f, n);
        part[best] += g[f] * (double)h[best * p->width + f];
    }
    for (int i = 0; i < n; i++) *through += fabs(part[i]);
}

static bool max_is_from(const void *self, Index j, const real *h, int i, int n)
{
    const Plain *p = self;
    for (Index k = 0; k < n; k++)
        if (h[k * p->width + j] > h[i * p->width + j] || (k < i && h[k * p->width + j] == h[i * p->width + j]))
            return false;
    return true;
}

static bool never(const void *self)
{
    (void)self;
    return false;
}

static const PoolingShare share_of_maxima = {.of_means = never, .divide = max_divide, .is_from = max_is_from};

/* ---- whole minibatches ---- */

typedef void BagForward(const Plain *p, real *z, real *w, const real *h, int n);
typedef void BagBackward(const Plain *p, real *dh, const real *dz, const real *w, const real *h, int n);

static void each_bag(const Plain *p, real *z, real *w, const PoolingBags *in, BagForward *forward)
{
    for (int b = 0; b < in->n_bag; b++) {
        const int from = in->bounds[b];
        forward(p, z + b * p->n_h, w + from, in->h + from * p->width, in->bounds[b + 1] - from);
    }
}

static void each_bag_backward(const Plain *p, real *dh, const real *dz, const real *w, const PoolingBags *in,
                              BagBackward *backward)
{
    for (int b = 0; b < in->n_bag; b++) {
        const int from = in->bounds[b];
        const Index at = from * p->width;
        backward(p, dh + at, dz + b * p->n_h, w + from, in->h + at, in->bounds[b + 1] - from);
    }
}

static void mean_pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    const Plain *p = self;
    (void)learn;
    if (in->log_weight)
        attend_forward(z, w, &p->attend, in->a, in->h, in->bounds, in->n_bag);
    else
        each_bag(p, z, w, in, mean_bag);
}

/* What da gets goes nowhere: no score has a parameter. */
static void mean_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in)
{
    const Plain *p = self;
    (void)grad;
    (void)z;
    if (in->log_weight)
        attend_backward(da, dh, &p->attend, dz, w, in->h, in->bounds, in->n_bag);
    else
        each_bag_backward(p, dh, dz, w, in, mean_bag_backward);
}

static void max_pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    (void)learn;
    each_bag(self, z, w, in, max_bag);
}

static void max_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                         const PoolingBags *in)
{
    (void)da;
    (void)grad;
    (void)z;
    each_bag_backward(self, dh, dz, w, in, max_bag_backward);
}

#define PLAIN(word, one, start, parts, single)                                                                       \
    {                                                                                                                \
        .name = word, .options = no_options, .options_size = 0, .size = sizeof(Plain), .init = start, .plan = plan,  \
        .prepare = pooling_plain_prepare, .score = pooling_plain_score, .pool = one##_pool,                          \
        .pool_backward = one##_backward, .zero = pooling_plain_zero, .score_backward = pooling_plain_score_backward, \
        .finish = pooling_plain_finish, .share = parts, .of_one = single                                             \
    }

const PoolingType pooling_mean = PLAIN("mean", mean, init_mean, &share_of_means, false);
const PoolingType pooling_max = PLAIN("max", max, init, &share_of_maxima, false);
const PoolingType pooling_none = PLAIN("none", mean, init_mean, &share_of_means, true); /* the mean of one */
