/* SPDX-License-Identifier: MIT
 *
 * pooling_additive.c: additive pooling. Attention says how much of each instance there is, and a layer that every
 * instance passes on its own says what it is worth; the bag vector is their sum:
 *
 *     w = softmax(f(h))      z = Σ_i ψ(w_i h_i) = Σ_i w_i ψ(h_i)      ψ(h) = ReLU(h Vᵀ)
 *
 * f is the network of pooling_attention.c. Without a bias ψ is positively homogeneous, so that both sums are the same,
 * and an instance without weight adds nothing. With a linear output (model.output.n_hidden: 0) an output is
 *
 *     y = b + Σ_i c_i      c_i = W ψ(w_i h_i)
 *
 * where c_i, the contribution of instance i, depends on the others by its weight alone; explanations report it.
 *
 * Javed, Juyal, Padigela, Taylor-Weiner, Yu, Prakash, "Additive MIL: Intrinsically Interpretable Multiple Instance
 * Learning for Pathology", NeurIPS 2022.
 */
#include "model/pooling_attention.h"
#include "nn/projection.h"

#include <math.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    AttentionOptions attention;
    int n_value;
} AdditiveOptions;

typedef struct {
    AttentionScorer scorer;
    Projection v;
    Index width; /* of h */
    const real *theta;
    real *x, *dx; /* [n_row, n_h] */
    real *u, *du; /* [n_row, n_value] ψ(h) */
} Additive;

static const Option options[] = {
    POOLING_ATTENTION_ROWS(AdditiveOptions, attention),
    {"n_value", OPTION_INT, offsetof(AdditiveOptions, n_value), "32", 1, 4096, NULL, "units",
     "width of the layer that every instance passes on its own before the sum"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, int n_h, int width)
{
    Additive *p = self;
    const AdditiveOptions *o = blob;
    ZERO(p, 1);
    pooling_attention_init(&p->scorer, list, &o->attention, n_h, width);
    pooling_attention_values(&p->scorer, o->n_value, o->n_value);
    p->scorer.top.base.weighs = o->attention.normalizer == NORMALIZER_SOFTMAX;
    p->width = width;
    p->v = (Projection){.n_in = n_h, .n_out = o->n_value};
    p->v.w_at = param_add(list, "pooling.value.weight", PARAM_UNIFORM, 1 / sqrt(n_h), PARAM_SHAPE(o->n_value, n_h));
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    Additive *p = self;
    const Index n_row = sizes->n_row, n_keep = sizes->n_keep;
    pooling_attention_plan(self, arena, sizes);
    p->x = ARENA_TAKE(arena, real, n_row * p->v.n_in);
    p->u = ARENA_TAKE(arena, real, n_row * p->v.n_out);
    p->dx = ARENA_TAKE(arena, real, n_keep * p->v.n_in);
    p->du = ARENA_TAKE(arena, real, n_keep * p->v.n_out);
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    ((Additive *)self)->theta = theta;
    pooling_attention_prepare(self, theta, pass);
}

static void pool(void *self, real *z, real *w, const PoolingBags *in, bool learn)
{
    Additive *p = self;
    const int n = in->bounds[in->n_bag];
    PoolingBags of_values = *in;
    for (Index i = 0; i < n; i++) memcpy(p->x + i * p->v.n_in, in->h + i * p->width, p->v.n_in * sizeof *p->x);
    projection_forward(p->u, &p->v, p->theta, p->x, n);
    for (Index i = 0; i < n * p->v.n_out; i++)
        if (p->u[i] < 0) p->u[i] = 0; /* not NaN */
    of_values.h = p->u;
    pooling_attend(self, z, w, &of_values, learn);
}

/* forward was  z = Σ_i w_i u_i  with  u = ReLU(x Vᵀ) */
static void pool_backward(void *self, real *da, real *dh, real *grad, const real *dz, const real *z, const real *w,
                          const PoolingBags *in)
{
    Additive *p = self;
    const int n = in->bounds[in->n_bag];
    const Index n_in = p->v.n_in, n_out = p->v.n_out;
    PoolingBags of_values = *in;
    of_values.h = p->u;
    ZERO(p->du, n * n_out);
    ZERO(p->dx, n * n_in);
    pooling_attend_backward(self, da, p->du, grad, dz, z, w, &of_values);
    for (Index i = 0; i < n * n_out; i++)
        if (!(p->u[i] > 0)) p->du[i] = 0;
    projection_backward(p->dx, grad, &p->v, p->theta, p->x, p->du, n);
    for (Index i = 0; i < n; i++)
        for (Index j = 0; j < n_in; j++) dh[i * p->width + j] += p->dx[i * n_in + j];
}

/* Number j of h passes alone to unit j. */
static void start(void *self, real *theta, int n, int *z_at)
{
    const Additive *p = self;
    pooling_attention_start(self, theta, n, z_at);
    for (int j = 0; j < n; j++) {
        real *row = theta + p->v.w_at + j * p->v.n_in;
        if (j >= p->v.n_out) z_at[j] = -1;
        if (z_at[j] < 0) continue;
        ZERO(row, p->v.n_in);
        row[j] = 1;
    }
}

static bool never(const void *self)
{
    (void)self;
    return false;
}

/* Instance i adds w_i u_i, of the last pool. */
static void divide(const void *self, double *part, double *through, const double *g, const real *h, int n)
{
    (void)h;
    share_of_attend.divide(self, part, through, g, ((const Additive *)self)->u, n);
}

static const PoolingShare share_of_values = {.of_means = never, .divide = divide};

const PoolingType pooling_additive = {
    .name = "additive",
    .options = options,
    .options_size = sizeof(AdditiveOptions),
    .size = sizeof(Additive),
    .ranks = true,
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .score = pooling_attention_score,
    .pool = pool,
    .pool_backward = pool_backward,
    .zero = pooling_attention_zero,
    .score_backward = pooling_attention_score_backward,
    .finish = pooling_attention_finish,
    .start = start,
    .share = &share_of_values,
};
_Static_assert(sizeof(AdditiveOptions) <= OPTION_BLOB, "options fit");
_Static_assert(sizeof(Additive) <= POOLING_ROOM, "a pooling fits");
