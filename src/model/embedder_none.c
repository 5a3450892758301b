/* SPDX-License-Identifier: MIT
 *
 * embedder_none.c: the feature vectors themselves, scaled (nn/vectorinput.h). Sparse ones become dense here.
 */
#include "model/embedder.h"
#include "nn/kernel.h"
#include "nn/vectorinput.h"

typedef struct {
    Embedder base;
    VectorInput input;
    const real *theta;
} None;

static const Option no_options[] = {{0}};

static Status init(void *self, ParamList *list, const void *blob, const BagSpec *spec)
{
    None *m = self;
    (void)blob;
    *m = (None){.base = {.n_h = spec->n_feat, .width = KERNEL_WIDTH(spec->n_feat)}};
    vectorinput_init(&m->input, list, "instance_embedding", spec->n_feat, spec->clip);
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    (void)self;
    (void)arena;
    (void)sizes;
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    (void)present;
    (void)pass;
    ((None *)self)->theta = theta;
}

static void forward(void *self, real *h, const Rows *r)
{
    const None *m = self;
    if (r->bag->sparse)
        vectorinput_sparse(h, m->base.width, &m->input, m->theta, r->bag->sparse + r->from, r->n);
    else
        vectorinput_dense(h, m->base.width, &m->input, m->theta, r->bag->x + r->from * m->input.n_feat, r->n);
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
    .finish = finish,
    .min_pad = min_pad,
};
