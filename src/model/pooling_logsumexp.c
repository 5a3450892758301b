/* SPDX-License-Identifier: MIT
 *
 * pooling_logsumexp.c: a smooth maximum of every number of the embeddings, without parameters:
 *
 *     z[f] = (1/r) ln( Σ_i c_i exp(r h_i[f]) )      Σ_i c_i = 1
 *
 * r → 0 gives the mean, r → ∞ the maximum. c_i is 1/n, or in proportion to the count of instance i
 * (model.pooling.count_weight). With p_i = c_i exp(r (h_i[f] - z[f])), which sum to 1, the gradient by h_i[f] is p_i, and
 *
 *     z[f] = Σ_i p_i (h_i[f] - D)      D = (1/r) Σ_i p_i ln(p_i / c_i) ≥ 0
 *
 * divides z among instances: as the mean does for r → 0, as the maximum for r → ∞. The weight of an instance is its
 * mean p_i over the numbers. It has no attention: use `selection: all` or `random`.
 *
 * Ramon, De Raedt, "Multi Instance Neural Networks", ICML workshop 2000; Pinheiro, Collobert, CVPR 2015.
 */
#include "core/parallel.h"
#include "model/pooling_plain.h"
#include "nn/softmax.h"

#include <math.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    double r;
} LogSumExpOptions;

typedef struct {
    Pooling base;
    double r;
    Index n_h, width;
    real *c; /* [n_row] of the last pool */
} LogSumExp;

static const Option options[] = {
    {"r", OPTION_NUMBER, offsetof(LogSumExpOptions, r), "5", 0.001, 1000, NULL, "",
     "sharpness of the smooth maximum: towards 0 it is the mean, for a large r the maximum"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    const Pooling base = {.n_column = 1, .n_head = 1, .n_z = n_h, .weighs = true};
    (void)list;
    *(LogSumExp *)self =
        (LogSumExp){.base = base, .r = ((const LogSumExpOptions *)blob)->r, .n_h = n_h, .width = width};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    LogSumExp *p = self;
    p->c = ARENA_TAKE(arena, real, sizes->n_row);
}

/* ---- one bag of n ≥ 1 rows ---- */

static void shares(real *c, const real *log_weight, int n)
{
    if (log_weight)
        softmax_forward(c, log_weight, n, 1);
    else
        for (int i = 0; i < n; i++) c[i] = 1 / (real)n;
}

/* Number f of z. */
static double smooth_max(const LogSumExp *p, const real *c, const real *h, Index f, int n)
{
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) {
        const double x = (double)h[i * p->width + f];
        if (x > max || isnan(x)) max = x;
    }
    for (int i = 0; i < n; i++) sum += (double)c[i] * exp(p->r * ((double)h[i * p->width + f] - max));
    return max + log(sum) / p->r;
}

static double share_of_row(const LogSumExp *p, const real *c, const real *h, Index f, double z, Index i)
{
    return (double)c[i] * exp(p->r * ((double)h[i * p->width + f] - z));
}

static void bag_forward(const LogSumExp *p, real *z, real *w, const real *c, const real *h, int n)
{
    ZERO(z, p->n_h);
    ZERO(w, n);
    for (Index f = 0; n > 0 && f < p->n_h; f++) {
        const double smooth = smooth_max(p, c, h, f, n);
        z[f] = (real)smooth;
        for (int i = 0; i < n; i++) w[i] += (real)(share_of_row(p, c, h, f, smooth, i) / (double)p->n_h);
    }
}

/* forward was  z = (1/r) ln Σ_i c_i exp(r h_i),  so  dh_i += p_i dz */
static void bag_backward(const LogSumExp *p, real *dh, const real *dz, const real *z, const real *c, const real *h,
                         int n)
{
    for (int i = 0; i < n; i++)
        for (Index f = 0; f < p->n_h; f++)
            dh[i * p->width + f] += (real)share_of_row(p, c, h, f, (double)z[f], i) * dz[f];
}

/* ---- bags side by side ---- */

typedef struct {
    const LogSumExp *p;
    const PoolingBags *in;
    real *z, *w, *dh;
    const real *z_seen, *dz;
} SmoothBags;

static void one_forward(void *context, int b, int thread)
{
    const SmoothBags *bags = context;
    const LogSumExp *p = bags->p;
    const PoolingBags *in = bags->in;
    const Index from = in->bounds[b];
    const int n = in->bounds[b + 1] - in->bounds[b];
    (void)thread;
    if (n > 0) shares(p->c + from, in->log_weight ? in->a + from : NULL, n);
    bag_forward(p, bags->z + b * p->n_h, bags->w + from, p->c + from, in->h + from * p->width, n);
}

static void one_backward(void *context, int b, int thread)
{
    const SmoothBags *bags = context;
    const LogSumExp *p = bags->p;
    const Index from = bags->in->bounds[b], at = from * p->width;
    (void)thread;
    bag_backward(p, bags->dh + at, bags->dz + b * p->n_h, bags->z_seen + b * p->n_h, p->c + from, bags->in->h + at,
                 bags->in->bounds[b + 1] - bags->in->bounds[b]);
}

/* An exponential is as long as some hundred multiply-adds of a matrix product. */
static double work(const LogSumExp *p, const PoolingBags *in)
{
    return 200. * in->bounds[in->n_bag] * (double)p->n_h;
}

static void pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    SmoothBags bags = {.p = self, .in = in, .z = z, .w = w};
    (void)learn;
    parallel_for_work(work(self, in), in->n_bag, one_forward, &bags);
}

/* What da gets goes nowhere: no score has a parameter. */
static void pool_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in)
{
    SmoothBags bags = {.p = self, .in = in, .dh = dh, .z_seen = z, .dz = dz};
    (void)da;
    (void)grad;
    (void)w;
    parallel_for_work(work(self, in), in->n_bag, one_backward, &bags);
}

/* ---- explanations ---- */

static bool never(const void *self)
{
    (void)self;
    return false;
}

static void divide(const void *self, double *part, double *through, const double *g, const real *h, int n)
{
    const LogSumExp *p = self;
    for (int i = 0; i < n; i++) part[i] = 0;
    for (Index f = 0; n > 0 && f < p->n_h; f++) {
        const double z = smooth_max(p, p->c, h, f, n);
        double mean = 0, sum = 0; /* the p_i sum to 1 but for rounding */
        for (int i = 0; i < n; i++) {
            const double share = share_of_row(p, p->c, h, f, z, i);
            mean += share * (double)h[i * p->width + f];
            sum += share;
        }
        for (int i = 0; i < n; i++)
            part[i] += g[f] * share_of_row(p, p->c, h, f, z, i) * ((double)h[i * p->width + f] + (z - mean) / sum);
    }
    for (int i = 0; i < n; i++) *through += fabs(part[i]);
}

static const PoolingShare share_of_smooth_max = {.of_means = never, .divide = divide};

const PoolingType pooling_logsumexp = {
    .name = "logsumexp",
    .options = options,
    .options_size = sizeof(LogSumExpOptions),
    .size = sizeof(LogSumExp),
    .init = init,
    .plan = plan,
    .prepare = pooling_plain_prepare,
    .score = pooling_plain_score,
    .pool = pool,
    .pool_backward = pool_backward,
    .zero = pooling_plain_zero,
    .score_backward = pooling_plain_score_backward,
    .finish = pooling_plain_finish,
    .share = &share_of_smooth_max,
};
_Static_assert(sizeof(LogSumExpOptions) <= OPTION_BLOB, "options fit");
