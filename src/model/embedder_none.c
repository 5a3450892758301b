/* SPDX-License-Identifier: MIT
 *
 * embedder_none.c: the feature vectors themselves, scaled (nn/vectorinput.h). Sparse ones become dense here.
 */
#include "model/embedder.h"
#include "nn/dropout.h"
#include "nn/kernel.h"
#include "nn/vectorinput.h"

typedef struct {
    Embedder base;
    VectorInput input;
    const real *theta;
    double *dy; /* [n_feat] scratch */
    double drop;
    bool drops; /* this is an update, with dropout */
    Dropout dropout;
} None;

static const Option no_options[] = {{0}};

static Status init(void *self, ParamList *list, const void *blob, const BagSpec *spec)
{
    None *m = self;
    (void)blob;
    *m = (None){.base = {.n_h = spec->n_feat, .width = KERNEL_WIDTH(spec->n_feat)}};
    m->drop = spec->drop;
    vectorinput_init(&m->input, list, "instance_embedding", spec->n_feat, spec->clip);
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    None *m = self;
    m->dy = ARENA_TAKE(arena, double, sizes->n_slot > 0 ? m->input.n_feat : 0);
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    None *m = self;
    (void)present;
    m->theta = theta;
    m->drops = pass && m->drop > 0;
    if (m->drops) m->dropout = dropout_of(m->drop, rng_stream(pass->seed, "input dropout", pass->update), 0);
}

static void forward(void *self, real *h, const Rows *r)
{
    const None *m = self;
    if (r->bag->sparse)
        vectorinput_sparse(h, m->base.width, &m->input, m->theta, r->bag->sparse + r->from, r->n);
    else
        vectorinput_dense(h, m->base.width, &m->input, m->theta, r->bag->x + r->from * m->input.n_feat, r->n);
    if (m->drops && r->cached >= 0) dropout_apply(h, &m->dropout, r->cached, r->n, m->base.width);
}

static void zero(void *self, int grad_slot)
{
    (void)self;
    (void)grad_slot;
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *r)
{
    (void)self;
    (void)grad_slot;
    (void)h;
    (void)dh;
    (void)r;
}

static void input(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh, const Rows *r)
{
    const None *m = self;
    (void)grad_slot;
    (void)h;
    for (int i = 0; i < r->n; i++, dx += stride, dh += m->base.width) {
        for (int k = 0; k < m->input.n_feat; k++) m->dy[k] = (double)dh[k];
        if (r->bag->sparse)
            vectorinput_sparse_backward(dx, stride, &m->input, m->theta, m->dy, r->bag->sparse + r->from + i, 1);
        else
            vectorinput_backward(dx, stride, &m->input, m->theta, m->dy, r->bag->x + (r->from + i) * m->input.n_feat,
                                 1);
    }
}

static const real *origin(const void *self)
{
    const None *m = self;
    return m->theta + m->input.shift_at;
}

static void finish(void *self, real *grad, int n_slot)
{
    (void)self;
    (void)grad;
    (void)n_slot;
}

static int min_pad(const void *self)
{
    (void)self;
    return 1;
}

const EmbedderType embedder_none = {
    .name = "none",
    .bag_kind = BAG_VECTORS,
    .options = no_options,
    .options_size = 0,
    .size = sizeof(None),
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
