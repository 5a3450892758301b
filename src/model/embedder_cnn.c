/* SPDX-License-Identifier: MIT
 *
 * embedder_cnn.c: DeepRC's convolution over the sequence (nn/seqconv.h).
 */
#include "model/embedder.h"
#include "nn/seqconv.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
    int kernel, n_kernel, n_layer;
    bool position;
    int reach; /* 0: kernel */
    int start; /* place in random kmers */
    int top, masks, statistic, rounds;
    double min_z;
} CnnOptions;

typedef struct {
    Embedder base;
    SeqConv conv;
    int reach;      /* places from the first on that kernels first_free … use; their other weights stay 0 */
    int first_free; /* behind those that start from k-mers; n_kernel until `start` was called */
} Cnn;

static const Option options[] = {
    {"kernel", OPTION_INT, offsetof(CnnOptions, kernel), "9", 1, 64, NULL, "residues",
     "length of the convolution kernels"},
    {"n_kernel", OPTION_INT, offsetof(CnnOptions, n_kernel), "32", 1, 4096, NULL, "kernels",
     "number of convolution kernels, which is the size of an embedding"},
    {"reach", OPTION_INT, offsetof(CnnOptions, reach), "0", 0, 64, NULL, "residues",
     "number of positions, from the first on, that kernels without a k-mer use; their other weights stay 0. Short "
     "kernels overfit later. 0: the whole kernel"},
    {"n_layer", OPTION_INT, offsetof(CnnOptions, n_layer), "1", 1, SEQCONV_LAYERS, NULL, "layers",
     "number of convolution layers"},
    {"position", OPTION_BOOL, offsetof(CnnOptions, position), "true", 0, 0, NULL, "",
     "three position features in addition to the residue"},
    {"start", OPTION_CHOICE, offsetof(CnnOptions, start), "random", 0, 0, "random kmers", "",
     "initial values of the kernels: random, or kmers (gapped k-mers whose frequency differs between the "
     "classes of the training set, with attention to them; random where none differs significantly, and "
     "for the remaining kernels)"},
    {"top", OPTION_INT, offsetof(CnnOptions, top), "16", 1, 64, NULL, "k-mers",
     "maximum number of k-mers that kernels start from"},
    {"min_z", OPTION_NUMBER, offsetof(CnnOptions, min_z), "auto", 0.1, 1000, "auto", "standard deviations",
     "minimum difference of a k-mer's frequency between the classes; auto: 5 % family-wise error over all "
     "k-mers tested (Bonferroni), about 5.5"},
    {"masks", OPTION_CHOICE, offsetof(CnnOptions, masks), "all", 0, 0, KMER_MASKS_WORDS, "",
     "k-mers that are tested; short: 3 fixed residues within 5 positions and 4 within 6; all: also 3 "
     "within 9"},
    {"statistic", OPTION_CHOICE, offsetof(CnnOptions, statistic), "frequency", 0, 0, KMER_STATISTIC_WORDS, "",
     "test of a k-mer: frequency (t test of its occurrences in a bag), presence (Fisher's exact test of the number "
     "of bags that hold it, for signals in a part of the positive bags), or both. With presence or both, min_z: auto "
     "means a false discovery rate of 5 %. Regression always uses frequency"},
    {"rounds", OPTION_INT, offsetof(CnnOptions, rounds), "1", 1, 16, NULL, "rounds",
     "maximum number of times that k-mers are chosen; from the second on by presence, among the training bags that "
     "hold none of those chosen before, so that weak signals show beside strong ones. Regression has one"},
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
    if (o->start == 1 && o->n_layer > 1)
        return fail(ERR_CONFIG, "model.embedder.start: kmers needs n_layer: 1; deeper layers would mix the kernels");
    if (o->reach > o->kernel)
        return fail(ERR_CONFIG, "model.embedder.reach: %d positions are more than the %d of model.embedder.kernel",
                    o->reach, o->kernel);
    l->reach = o->reach > 0 ? o->reach : o->kernel;
    l->first_free = o->n_kernel;
    l->base = (Embedder){.n_h = o->n_kernel, .width = l->conv.width};
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    seqconv_plan(&((Cnn *)self)->conv, arena, sizes->n_bag, sizes->n_keep, sizes->n_slot, sizes->n_thread);
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

static SeqConvRows conv_rows(const Rows *r)
{
    return (SeqConvRows){r->bag, r->slot, r->from, r->n, r->cached, r->thread};
}

static void forward(void *self, real *h, const Rows *r)
{
    const SeqConvRows rows = conv_rows(r);
    seqconv_forward(&((Cnn *)self)->conv, h, &rows);
}

static void zero(void *self, int grad_slot)
{
    seqconv_zero(&((Cnn *)self)->conv, grad_slot);
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *r)
{
    const SeqConvRows rows = conv_rows(r);
    seqconv_backward(&((Cnn *)self)->conv, grad_slot, h, dh, &rows);
}

static void input(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh, const Rows *r)
{
    const SeqConvRows rows = conv_rows(r);
    seqconv_input(dx, stride, &((Cnn *)self)->conv, grad_slot, h, dh, &rows);
}

/* Deeper layers see more than a window of the first. */
static int windows(int *at, const void *self, int cached)
{
    const SeqConv *conv = &((const Cnn *)self)->conv;
    for (Index k = 0; at && k < conv->n_kernel; k++) at[k] = conv->arg[cached * conv->width + k];
    return conv->n_layer == 1 ? (int)conv->size : 0;
}

/* The weights beyond reach, of theta or of a gradient, become 0. */
static void cut(const Cnn *l, real *slab)
{
    const Index size = l->conv.size, n_row = l->conv.n_in, reach = l->reach;
    for (Index row = l->first_free * n_row; row < l->conv.n_kernel * n_row; row++)
        for (Index q = reach; q < size; q++) slab[l->conv.w_at[0] + row * size + q] = 0;
}

static void finish(void *self, real *grad, int n_slot)
{
    seqconv_finish(&((Cnn *)self)->conv, grad, n_slot);
    cut(self, grad);
}

#define START_STEP 2. /* what a fixed residue that fits adds to the kernel's sum; half as much learns more slowly */

/* Mean over the bag of what a residue's one-hot input is divided by, and multiplied by for its clone count. */
static double input_size(const SeqConv *conv, const Bag *bag)
{
    double factor = 0;
    for (int i = 0; bag->factor && i < bag->n; i++) factor += (double)bag->factor[i];
    if (!bag->factor || bag->n == 0 || !(factor > 0)) factor = bag->n ? bag->n : 1;
    return factor / (bag->n ? bag->n : 1) * seqinput_inverse_std(&conv->input, bag);
}

/* The distribution of a kernel of `reach` places. */
static void shorten(Cnn *l, real *theta)
{
    const SeqConv *conv = &l->conv;
    const Index per_kernel = conv->n_in * conv->size;
    const real grow = (real)sqrt((double)conv->size / l->reach);
    for (Index k = l->first_free * per_kernel; l->reach < conv->size && k < conv->n_kernel * per_kernel; k++)
        theta[conv->w_at[0] + k] *= grow;
    cut(l, theta);
}

/* Kernel j gives STEP where its window begins with the k-mer, 0 where one fixed residue differs, and less elsewhere:
 * w = STEP / (size of a residue's input) at the fixed residues, 0 beside them, b = -STEP (fixed - 1). Windows begin
 * on every residue, so no place of a sequence is left out; under data.compat deeprc only those that fit the padded
 * length. */
static int start(void *self, real *theta, const Kmer *kmer, int n, const Bag *bag)
{
    Cnn *l = self;
    const SeqConv *conv = &l->conv;
    const Index size = conv->size, per_kernel = conv->n_in * size;
    const double weight = n ? START_STEP / input_size(conv, bag) : 0;
    l->first_free = n < conv->n_kernel ? n : conv->n_kernel;
    for (int j = 0; j < l->first_free; j++) {
        const Kmer *k = &kmer[j];
        assert(k->span <= conv->size);
        real *w = theta + conv->w_at[0] + j * per_kernel;
        memset(w, 0, per_kernel * sizeof *w);
        for (int f = 0; f < k->n_fixed; f++) w[k->code[f] * size + k->offset[f]] = (real)(float)weight;
        theta[conv->b_at[0] + j] = (real)(-START_STEP * (k->n_fixed - 1));
    }
    shorten(l, theta);
    return l->first_free;
}

static EmbedderStart start_of(const void *blob)
{
    const CnnOptions *o = blob;
    return (EmbedderStart){.on = o->start == 1,
                           .top = o->top,
                           .min_z = o->min_z,
                           .masks = o->masks,
                           .statistic = o->statistic,
                           .rounds = o->rounds,
                           .max_span = o->kernel};
}

static int min_pad(const void *self)
{
    return seqconv_min_pad(&((const Cnn *)self)->conv);
}

const EmbedderType embedder_cnn = {
    .name = "cnn",
    .bag_kind = BAG_SEQUENCES,
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
    .input = input,
    .windows = windows,
    .finish = finish,
    .start = start,
    .start_of = start_of,
    .min_pad = min_pad,
};
_Static_assert(sizeof(CnnOptions) <= OPTION_BLOB, "options fit");
