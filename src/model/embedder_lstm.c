/* SPDX-License-Identifier: MIT
 *
 * embedder_lstm.c: DeepRC's other embedder, the last state of an LSTM over the sequence (nn/lstm.h).
 */
#include "model/embedder.h"
#include "nn/lstm.h"

typedef struct {
    int n_unit;
    bool position;
} LstmOptions;

typedef struct {
    Embedder base;
    Lstm lstm;
} LstmEmbedder;

static const Option options[] = {
    {"n_unit", OPTION_INT, offsetof(LstmOptions, n_unit), "32", 1, 1024, NULL, "units",
     "number of LSTM blocks, which is the size of an embedding"},
    {"position", OPTION_BOOL, offsetof(LstmOptions, position), "true", 0, 0, NULL, "",
     "three position features in addition to the residue"},
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, const BagSpec *spec)
{
    LstmEmbedder *l = self;
    const LstmOptions *o = blob;
    if (spec->n_feat != SEQINPUT_LETTERS)
        return fail(ERR_MODEL, "embedder lstm reads an alphabet of %d letters, the data have %d ('%s')",
                    SEQINPUT_LETTERS, spec->n_feat, spec->alphabet);
    lstm_init(&l->lstm, list, "sequence_embedding.network", o->n_unit, o->position, spec->max_len);
    l->base = (Embedder){.n_h = o->n_unit, .width = l->lstm.width};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    lstm_plan(&((LstmEmbedder *)self)->lstm, arena, sizes->n_bag, sizes->n_slot, sizes->n_thread);
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    (void)pass;
    lstm_prepare(&((LstmEmbedder *)self)->lstm, theta, present);
}

static void open(void *self, Bag *bag, int slot)
{
    lstm_open(&((LstmEmbedder *)self)->lstm, bag, slot);
}

static void forward(void *self, real *h, const Rows *r)
{
    lstm_forward(&((LstmEmbedder *)self)->lstm, h, r->bag, r->slot, r->from, r->n, r->thread);
}

static void zero(void *self, int grad_slot)
{
    lstm_zero(&((LstmEmbedder *)self)->lstm, grad_slot);
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *r)
{
    (void)h;
    lstm_backward(&((LstmEmbedder *)self)->lstm, grad_slot, dh, r->bag, r->slot, r->from, r->n, r->thread);
}

static void input(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh, const Rows *r)
{
    (void)h;
    const LstmRows rows = {r->bag, r->slot, r->from, r->n, r->thread};
    lstm_input(dx, stride, &((LstmEmbedder *)self)->lstm, grad_slot, dh, &rows);
}

static void finish(void *self, real *grad, int n_slot)
{
    lstm_finish(&((LstmEmbedder *)self)->lstm, grad, n_slot);
}

static int min_pad(const void *self)
{
    (void)self;
    return 1;
}

const EmbedderType embedder_lstm = {
    .name = "lstm",
    .bag_kind = BAG_SEQUENCES,
    .options = options,
    .options_size = sizeof(LstmOptions),
    .size = sizeof(LstmEmbedder),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .open = open,
    .forward = forward,
    .zero = zero,
    .backward = backward,
    .input = input,
    .finish = finish,
    .min_pad = min_pad,
};
_Static_assert(sizeof(LstmOptions) <= OPTION_BLOB, "options fit");
