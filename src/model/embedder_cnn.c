/* SPDX-License-Identifier: MIT
 *
 * embedder_cnn.c: DeepRC's convolution over the sequence (nn/seqconv.h).
 */
#include "model/embedder.h"
#include "nn/seqconv.h"

typedef struct {
    int kernel, n_kernel, n_layer;
    bool position;
} CnnOptions;

typedef struct {
    Embedder base;
    SeqConv conv;
} Cnn;

static const Option options[] = {
    {"kernel", OPTION_INT, offsetof(CnnOptions, kernel), "9", 1, 64, NULL, "residues",
     "length of a convolution kernel"},
    {"n_kernel", OPTION_INT, offsetof(CnnOptions, n_kernel), "32", 1, 4096, NULL, "",
     "kernels, the width of an embedding"},
    {"n_layer", OPTION_INT, offsetof(CnnOptions, n_layer), "1", 1, SEQCONV_LAYERS, NULL, "", "convolution layers"},
    {"position", OPTION_BOOL, offsetof(CnnOptions, position), "true", 0, 0, NULL, "",
     "three position features beside the residue"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, const BagSpec *spec)
{
    Cnn *l = self;
    const CnnOptions *o = blob;
    if (spec->n_feat != SEQINPUT_LETTERS)
        return fail(ERR_MODEL, "embedder cnn reads an alphabet of %d letters, the data have %d ('%s')",
                    SEQINPUT_LETTERS, spec->n_feat, spec->alphabet);
    seqconv_init(&l->conv, list, "sequence_embedding.network", o->n_kernel, o->kernel, o->n_layer, o->position,
                 spec->max_len);
    l->base = (Embedder){.n_h = o->n_kernel, .width = l->conv.width};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelRoom *room)
{
    seqconv_plan(&((Cnn *)self)->conv, arena, room->n_bag, room->n_keep, room->n_slot, room->n_thread);
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    (void)pass;
    seqconv_prepare(&((Cnn *)self)->conv, theta, present);
}

static void open(void *self, Bag *bag, int slot)
{
    seqconv_open(&((Cnn *)self)->conv, bag, slot);
}

static void forward(void *self, real *h, const Rows *r)
{
    seqconv_forward(&((Cnn *)self)->conv, h, r->bag, r->slot, r->from, r->n, r->cached, r->thread);
}

static void zero(void *self, int grad_slot)
{
    seqconv_zero(&((Cnn *)self)->conv, grad_slot);
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *r)
{
    seqconv_backward(&((Cnn *)self)->conv, grad_slot, h, dh, r->bag, r->slot, r->from, r->n, r->cached, r->thread);
}

static void finish(void *self, real *grad, int n_slot)
{
    seqconv_finish(&((Cnn *)self)->conv, grad, n_slot);
}

static int least_pad(const void *self)
{
    return seqconv_least_pad(&((const Cnn *)self)->conv);
}

const EmbedderType embedder_cnn = {
    .name = "cnn",
    .takes = BAG_SEQUENCES,
    .options = options,
    .options_size = sizeof(CnnOptions),
    .size = sizeof(Cnn),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .open = open,
    .forward = forward,
    .zero = zero,
    .backward = backward,
    .finish = finish,
    .least_pad = least_pad,
};
_Static_assert(sizeof(CnnOptions) <= OPTION_BLOB, "options fit");
