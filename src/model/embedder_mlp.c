/* SPDX-License-Identifier: MIT
 *
 * embedder_mlp.c: layers over feature vectors, dense or sparse (nn/vectorinput.h).
 *
 *     u_0 = x̃      u_j = dropout( f(u_{j-1} W_jᵀ + b_j) )      h = u_{n_layer}
 *
 * Bags of vectors are small and their layers wide, so gradients of weights are not gathered in slots: backward keeps
 * the gradients of the sums of every row, and `finish` turns those of all rows into the weights' in one product a
 * layer. Features that scaling has set to 0 take part in no product (Tiger: 106 of 230); to the bit, sums are the
 * same with them.
 */
#include "model/embedder.h"
#include "nn/dense.h"
#include "nn/dropout.h"
#include "nn/kernel.h"
#include "nn/vectorinput.h"

#include <stdio.h>
#include <string.h>

#define MAX_LAYERS         8
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    int n_layer, n_unit, activation;
    double dropout;
} MlpOptions;

typedef struct {
    Embedder base;
    MlpOptions o;
    bool sparse;
    VectorInput input;
    VectorPick pick;         /* dense: what the first layer reads */
    Dense layer[MAX_LAYERS]; /* sparse: of the first its sizes alone */
    const real *theta;
    bool drops; /* this is an update, with dropout */
    Dropout dropout[MAX_LAYERS];
    double input_drop;
    bool drops_input; /* likewise */
    Dropout input_dropout;

    /* what backward needs, by row of the cache */
    real *x;              /* dense: x̃ [n_keep, in of the first layer] */
    SparseRow *row;       /* sparse: [n_keep] */
    real *u[MAX_LAYERS];  /* [n_keep, out] before dropout; the last layer's only with dropout, else it is h */
    real *v[MAX_LAYERS];  /* [n_keep, out] after dropout; u without */
    real *du[MAX_LAYERS]; /* [n_keep, out] gradients, in the end of the sums before f */
    double *dy;           /* [n_feat] scratch of `input` */
    int *reached;         /* [n_slot] rows of the cache that backward of a slot has filled */
    real **scratch;       /* [n_thread] a block of x̃ and two of the widest layer */
} Mlp;

static const Option options[] = {
    {"n_layer", OPTION_INT, offsetof(MlpOptions, n_layer), "2", 1, MAX_LAYERS, NULL, "layers", "number of layers"},
    {"n_unit", OPTION_INT, offsetof(MlpOptions, n_unit), "64", 1, 4096, NULL, "units", "width of each layer"},
    {"activation", OPTION_CHOICE, offsetof(MlpOptions, activation), "relu", 0, 0, "relu selu", "",
     "activation function of each layer"},
    {"dropout", OPTION_NUMBER, offsetof(MlpOptions, dropout), "0", 0, 0.99, NULL, "",
     "dropout: fraction of the units of each layer that an update leaves out"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, const BagSpec *spec)
{
    static const Activation activations[] = {ACTIVATION_RELU, ACTIVATION_SELU};
    Mlp *m = self;
    *m = (Mlp){.o = *(const MlpOptions *)blob, .sparse = spec->sparse, .input_drop = spec->drop};
    if (m->sparse && m->input_drop > 0)
        return fail(ERR_CONFIG,
                    "model.embedder.input_dropout: kind mlp reads sparse vectors without making them dense; "
                    "leave it out, or import the vectors with --sparse=no");
    vectorinput_init(&m->input, list, "instance_embedding", spec->n_feat, spec->clip);
    int n_in = spec->n_feat;
    for (int j = 0; j < m->o.n_layer; j++) {
        char name[64];
        Linear l;
        snprintf(name, sizeof name, "instance_embedding.network.%d", 2 * j);
        linear_init_uniform(&l, list, name, n_in, m->o.n_unit);
        dense_init(&m->layer[j], &l, KERNEL_WIDTH(n_in), activations[m->o.activation]);
        n_in = m->o.n_unit;
    }
    m->base = (Embedder){.n_h = n_in, .width = KERNEL_WIDTH(n_in)};
    return OK;
}

/* At most, of rows of x̃. */
static Index first_width(const Mlp *m)
{
    return m->sparse ? 0 : KERNEL_WIDTH(m->input.n_feat);
}

static void plan_cache(Mlp *m, Arena *arena, const ModelSizes *sizes)
{
    const Index n_keep = sizes->n_keep, out = m->base.width;
    const bool drops = m->o.dropout > 0;
    m->x = ARENA_TAKE(arena, real, n_keep * first_width(m));
    m->row = ARENA_TAKE(arena, SparseRow, m->sparse ? n_keep : 0);
    for (int j = 0; j < m->o.n_layer; j++) {
        const bool last = j == m->o.n_layer - 1;
        m->u[j] = ARENA_TAKE(arena, real, last && !drops ? 0 : n_keep * out);
        m->v[j] = drops && !last ? ARENA_TAKE(arena, real, n_keep * out) : m->u[j];
        m->du[j] = ARENA_TAKE(arena, real, n_keep * out);
    }
    m->reached = ARENA_TAKE(arena, int, sizes->n_slot);
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    Mlp *m = self;
    const Index block = KERNEL_BLOCK * (first_width(m) + 2 * m->base.width);
    if (!m->sparse) vectorinput_plan(&m->pick, &m->input, arena);
    for (int j = m->sparse; j < m->o.n_layer; j++)
        dense_plan(&m->layer[j], arena, 0, sizes->n_slot ? sizes->n_thread : 0);
    plan_cache(m, arena, sizes);
    m->dy = ARENA_TAKE(arena, double, sizes->n_slot > 0 ? m->input.n_feat : 0);
    m->scratch = ARENA_TAKE(arena, real *, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, block);
        if (m->scratch) m->scratch[t] = piece;
    }
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    Mlp *m = self;
    (void)present;
    m->theta = theta;
    m->drops = pass && m->o.dropout > 0;
    if (!m->sparse) {
        vectorinput_pick(&m->pick, &m->input, theta);
        dense_use(&m->layer[0], m->pick.feature, m->pick.n);
    }
    for (int j = m->sparse; j < m->o.n_layer; j++) dense_prepare(&m->layer[j], theta);
    m->drops_input = pass && m->input_drop > 0;
    if (m->drops_input)
        m->input_dropout = dropout_of(m->input_drop, rng_stream(pass->seed, "input dropout", pass->update), 0);
    for (int j = 0; m->drops && j < m->o.n_layer; j++)
        m->dropout[j] = dropout_of(m->o.dropout, rng_stream(pass->seed, "dropout", pass->update), j);
}

/* ---- forward ---- */

/* A block of rows: n instances of the bag from `from` on, and where they lie in the cache. */
typedef struct {
    const Bag *bag;
    int from, n, cached, thread;
} Block;

/* Row `cached` of what a layer keeps. */
static real *kept(const Mlp *m, real *array, int cached)
{
    return array + cached * m->base.width;
}

/* y [n, out] = f(x̃ W_1ᵀ + b_1) */
static void first_layer(Mlp *m, real *y, const Block *b)
{
    const Dense *d = &m->layer[0];
    const bool cached = b->cached >= 0;
    if (m->sparse) {
        const SparseRow *row = b->bag->sparse + b->from;
        vectorinput_product(y, d->out, &m->input, &d->l, m->theta, row, b->n);
        activation_forward(y, b->n * d->out, d->activation);
        if (cached) memcpy(m->row + b->cached, row, b->n * sizeof *row);
        return;
    }
    real *x = cached ? m->x + b->cached * d->in : m->scratch[b->thread];
    vectorinput_picked(x, d->in, &m->input, &m->pick, b->bag->x + b->from * d->l.n_in, b->n);
    if (m->drops_input && cached) dropout_apply(x, &m->input_dropout, b->cached, b->n, d->in);
    dense_forward(y, d, x, b->n);
}

static void embed(Mlp *m, real *h, const Block *b)
{
    const Index width = m->base.width, size = b->n * width;
    const bool cached = b->cached >= 0, drops = cached && m->drops;
    real *rest = m->scratch[b->thread] + KERNEL_BLOCK * first_width(m);
    const real *x = NULL;
    for (int j = 0; j < m->o.n_layer; j++) {
        const bool last = j == m->o.n_layer - 1;
        real *v = last ? h : cached ? kept(m, m->v[j], b->cached) : rest + (j & 1) * KERNEL_BLOCK * width;
        real *u = drops ? kept(m, m->u[j], b->cached) : v;
        if (j == 0)
            first_layer(m, u, b);
        else
            dense_forward(u, &m->layer[j], x, b->n);
        if (drops) {
            memcpy(v, u, size * sizeof *v);
            dropout_apply(v, &m->dropout[j], b->cached, b->n, m->base.width);
        }
        x = v;
    }
}

static void forward(void *self, real *h, const Rows *r)
{
    Mlp *m = self;
    for (int at = 0; at < r->n; at += KERNEL_BLOCK) {
        const Block b = {.bag = r->bag,
                         .from = r->from + at,
                         .n = r->n - at < KERNEL_BLOCK ? r->n - at : KERNEL_BLOCK,
                         .cached = r->cached < 0 ? -1 : r->cached + at,
                         .thread = r->thread};
        embed(m, h + at * m->base.width, &b);
    }
}

/* ---- backward ---- */

static void zero(void *self, int grad_slot)
{
    ((Mlp *)self)->reached[grad_slot] = 0;
}

/* forward was  v = dropout(f(…)): from the gradient of v to that of the sums. */
static void sums_backward(Mlp *m, int j, real *du, const real *u, const Rows *r)
{
    if (m->drops) dropout_apply(du, &m->dropout[j], r->cached, r->n, m->base.width);
    dense_slope(du, &m->layer[j], u, r->n);
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *r)
{
    Mlp *m = self;
    const Index size = r->n * m->base.width;
    const int last = m->o.n_layer - 1;
    real *du = kept(m, m->du[last], r->cached);
    memcpy(du, dh, size * sizeof *du);
    sums_backward(m, last, du, m->drops ? kept(m, m->u[last], r->cached) : h, r);
    for (int j = last; j > 0; j--) {
        real *dx = kept(m, m->du[j - 1], r->cached);
        ZERO(dx, size);
        dense_input(dx, &m->layer[j], du, r->n);
        sums_backward(m, j - 1, dx, kept(m, m->u[j - 1], r->cached), r);
        du = dx;
    }
    if (m->reached[grad_slot] < r->cached + r->n) m->reached[grad_slot] = r->cached + r->n;
}

/* forward was  u_0 = x̃ W_1ᵀ + b_1,  and backward leaves the gradient of u_0 in du[0] */
static void first_layer_input(double *dy, const Mlp *m, const real *du)
{
    const Linear *l = &m->layer[0].l;
    for (int k = 0; k < l->n_in; k++) dy[k] = 0;
    for (Index o = 0; o < l->n_out; o++) {
        const real *w = m->theta + l->w_at + o * l->n_in;
        for (Index k = 0; du[o] != 0 && k < l->n_in; k++) dy[k] += (double)du[o] * (double)w[k];
    }
}

static void input(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh, const Rows *r)
{
    Mlp *m = self;
    backward(self, grad_slot, h, dh, r);
    for (int i = 0; i < r->n; i++, dx += stride) {
        first_layer_input(m->dy, m, kept(m, m->du[0], r->cached + i));
        if (m->sparse)
            vectorinput_sparse_backward(dx, stride, &m->input, m->theta, m->dy, r->bag->sparse + r->from + i, 1);
        else
            vectorinput_backward(dx, stride, &m->input, m->theta, m->dy, r->bag->x + (r->from + i) * m->input.n_feat,
                                 1);
    }
}

static const real *origin(const void *self)
{
    const Mlp *m = self;
    return m->sparse ? NULL : m->theta + m->input.shift_at;
}

static void finish(void *self, real *grad, int n_slot)
{
    Mlp *m = self;
    int n = 0;
    for (int s = 0; s < n_slot; s++)
        if (m->reached[s] > n) n = m->reached[s];
    if (m->sparse)
        vectorinput_weights(grad, &m->input, &m->layer[0].l, m->theta, m->row, m->du[0], m->base.width, n);
    else
        dense_weights(grad, &m->layer[0], m->x, m->du[0], n);
    for (int j = 1; j < m->o.n_layer; j++) dense_weights(grad, &m->layer[j], m->v[j - 1], m->du[j], n);
}

static int min_pad(const void *self)
{
    (void)self;
    return 1;
}

const EmbedderType embedder_mlp = {
    .name = "mlp",
    .bag_kind = BAG_VECTORS,
    .options = options,
    .options_size = sizeof(MlpOptions),
    .size = sizeof(Mlp),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .zero = zero,
    .backward = backward,
    .input = input,
    .origin = origin,
    .finish = finish,
    .min_pad = min_pad,
};
_Static_assert(sizeof(MlpOptions) <= OPTION_BLOB, "options fit");
