/* SPDX-License-Identifier: MIT
 *
 * layer_lookup.c: every instance retrieves from stored patterns that all bags share (the reference calls it
 * HopfieldLayer; hopfield.h has the formula). The patterns are learned.
 *
 * What depends on the stored patterns alone is computed once an update.
 */
#include "model/layer_training.h"
#include "nn/kernel.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    MilLayer base;
    bool residual, alone; /* alone: every row is a bag, so that rows stop updating on their own */
    HopfieldLookup layer;
    LayerDropout dropout;
    const real *theta;
    HopfieldCache cache;
    BagPairs bags;
    RetrievalMasks masks;
    int *bounds;   /* [n_row + 1] of the states' bags */
    real *x, *f;   /* [n_row, n_in], [n_row, n_out] packed */
    real *dx, *df; /* [n_keep, ·] */
    struct LookupBlock {
        HopfieldCache cache;
        real *x, *f; /* [KERNEL_BLOCK, ·] */
    } * block;       /* [n_thread] */
    int n_thread;
} LookupLayer;

#define AT(field) offsetof(LookupSettings, field)

static const Option options[] = {
    {"stored", OPTION_CHOICE, AT(stored), "learned", 0, 0, "learned training", "",
     "stored patterns: learned, or training (the training set with its labels, which the model file then "
     "holds: see docs/layers.md). training compares scaled features in a learned projection of head_size (auto: 64) "
     "features and unit length, with a learned gain for each task"},
    {"exclude_self", OPTION_BOOL, AT(exclude_self), "true", 0, 0, NULL, "",
     "with stored: training, updates in which a training sample does not retrieve itself"},
    {"n_stored", OPTION_INT, AT(n_stored), "8", 1, 65536, NULL, "patterns", "number of stored patterns"},
    {"per_class", OPTION_BOOL, AT(per_class), "false", 0, 0, NULL, "",
     "n_stored patterns for each class of each task (a regression counts as one class)"},
    {"separate", OPTION_BOOL, AT(separate), "false", 0, 0, NULL, "",
     "learned vectors of their own that the retrieved patterns are projected from; false: the stored patterns"},
    {"learn_stored", OPTION_BOOL, AT(learn_stored), "true", 0, 0, NULL, "",
     "learning of the stored patterns; false: they keep their random initial values"},
    LAYER_HOPFIELD_ROWS("the stored patterns"),
    {0},
};

static Status quantity_of(int *quantity, const LookupSettings *s, const LayerSpec *spec)
{
    const int64_t n = (int64_t)s->n_stored * (s->per_class ? spec->n_class : 1);
    if (n > 65536)
        return fail(ERR_CONFIG, "n_stored: %d patterns for each of %d classes are %lld; at most 65536", s->n_stored,
                    spec->n_class, (long long)n);
    *quantity = (int)n;
    return OK;
}

static Status init(void *self, ParamList *list, const void *blob, const LayerSpec *spec)
{
    LookupLayer *l = self;
    const LookupSettings *s = blob;
    HopfieldLookupOptions o = {.separate = s->separate, .fixed = !s->learn_stored, .targets_fixed = !s->learn_stored};
    *l = (LookupLayer){.residual = s->s.residual, .alone = s->s.steps != 0, .dropout = {.p = s->s.dropout}};
    TRY(quantity_of(&o.quantity, s, spec));
    TRY(layer_hopfield_options(&o.hopfield, &s->s, spec->n_in));
    TRY(hopfield_lookup_resolve(&o));
    hopfield_lookup_init(&l->layer, list, spec->name, &o);
    return layer_hopfield_base(&l->base, &s->s, &l->layer.hopfield.core, spec->n_in);
}

/* Room for n_row states, and for the stored patterns or (a block) for what another cache has stored. */
static RetrievalSizes size_of(const LookupLayer *l, Index n_row, Index n_stored)
{
    const Index n_col = l->layer.quantity + 1, most = l->alone && n_row > 0 ? 1 : n_row;
    return (RetrievalSizes){.n_bag = l->alone ? (int)n_row : 1,
                            .n_state = n_row,
                            .n_stored = n_stored,
                            .n_out = n_row,
                            .n_state_max = most,
                            .n_pair_max = most * n_col,
                            .n_pair = n_row * n_col};
}

static void plan_blocks(LookupLayer *l, Arena *arena, int n_thread)
{
    const bool dot = l->layer.hopfield.core.o.similarity == SIMILARITY_DOT; /* else squares of keys are kept */
    const RetrievalSizes room = size_of(l, KERNEL_BLOCK, dot ? 0 : l->layer.quantity);
    struct LookupBlock *block = l->block = ARENA_TAKE(arena, struct LookupBlock, n_thread);
    for (int t = 0; t < n_thread; t++) {
        struct LookupBlock one;
        hopfield_plan(&one.cache, &l->layer.hopfield, &room, arena);
        one.x = ARENA_TAKE(arena, real, KERNEL_BLOCK * l->base.n_in);
        one.f = ARENA_TAKE(arena, real, KERNEL_BLOCK * l->base.n_out);
        if (block) block[t] = one;
    }
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    LookupLayer *l = self;
    const Index n = sizes->n_keep, rows = n > KERNEL_BLOCK ? n : KERNEL_BLOCK;
    const RetrievalSizes room = size_of(l, n, l->layer.quantity);
    hopfield_plan(&l->cache, &l->layer.hopfield, &room, arena);
    layer_dropout_plan(&l->dropout, arena, l->layer.hopfield.core.o.n_head * room.n_pair, n > 0);
    l->bounds = ARENA_TAKE(arena, int, l->alone ? rows + 1 : 2);
    l->x = ARENA_TAKE(arena, real, n * l->base.n_in);
    l->f = ARENA_TAKE(arena, real, n * l->base.n_out);
    l->dx = ARENA_TAKE(arena, real, n * l->base.n_in);
    l->df = ARENA_TAKE(arena, real, n * l->base.n_out);
    if (l->bounds)
        for (int i = 0; l->alone && i <= rows; i++) l->bounds[i] = i;
    plan_blocks(l, arena, sizes->n_thread);
    l->n_thread = sizes->n_thread;
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    LookupLayer *l = self;
    l->theta = theta;
    layer_dropout_prepare(&l->dropout, pass);
    hopfield_lookup_store(&l->cache, &l->layer, theta);
    for (int t = 0; t < l->n_thread; t++) hopfield_borrow(&l->block[t].cache, &l->cache);
}

/* The states of n rows: one bag, or as many. */
static BagPairs pairs_of(const LookupLayer *l, const int *bounds, int n)
{
    return hopfield_lookup_pairs(&l->layer, bounds, l->alone ? n : 1);
}

static void block(void *self, real *y, const real *x, int n, int thread)
{
    LookupLayer *l = self;
    struct LookupBlock *b = &l->block[thread];
    const int all[] = {0, n};
    const BagPairs bags = pairs_of(l, l->alone ? l->bounds : all, n);
    const AssociationInput in = {.state = layer_packed(b->x, x, n, l->base.n_in, l->base.in), .bags = &bags};
    hopfield_lookup_recall(b->f, &b->cache, &l->layer, l->theta, &in);
    __atomic_fetch_add(&l->base.n_capped, b->cache.core.retrieval.n_capped, __ATOMIC_RELAXED);
    layer_hopfield_output(y, &l->base, l->residual, b->f, x, n);
}

static void forward(void *self, real *y, const real *x, const LayerBags *bags)
{
    LookupLayer *l = self;
    const Association *core = &l->layer.hopfield.core;
    const int n = bags->bounds[bags->n_bag];
    if (!l->alone) l->bounds[0] = 0, l->bounds[1] = n;
    l->bags = pairs_of(l, l->bounds, n);
    l->masks = layer_dropout_masks(&l->dropout, (Index)n * core->o.n_head * (l->layer.quantity + core->o.zero));
    const AssociationInput in = {
        .state = layer_packed(l->x, x, n, l->base.n_in, l->base.in), .bags = &l->bags, .masks = &l->masks};
    hopfield_lookup_recall(l->f, &l->cache, &l->layer, l->theta, &in);
    l->base.n_capped += l->cache.core.retrieval.n_capped;
    layer_hopfield_output(y, &l->base, l->residual, l->f, x, n);
}

static void backward(void *self, real *dx, real *grad, const real *x, const real *y, real *dy, const LayerBags *bags)
{
    LookupLayer *l = self;
    const MilLayer *b = &l->base;
    const Index n = bags->bounds[bags->n_bag];
    (void)y;
    const bool packed = b->n_in == b->in;
    real *to = packed ? dx : l->dx;
    if (!packed) memset(l->dx, 0, n * b->n_in * sizeof *l->dx);
    const AssociationInput in = {.state = packed ? x : l->x, .bags = &l->bags, .masks = &l->masks};
    hopfield_lookup_backward(&(AssociationGrad){.state = to}, grad, &l->cache, &l->layer, l->theta, &in, l->f,
                             layer_packed(l->df, dy, n, b->n_out, b->out));
    if (!packed) layer_add_packed(dx, b->in, l->dx, n, b->n_in);
    for (Index i = 0; l->residual && i < n * b->in; i++) dx[i] += dy[i];
}

static const LayerType *variant(const void *blob)
{
    return ((const LookupSettings *)blob)->stored == STORED_TRAINING ? &layer_training : &layer_lookup;
}

static int n_head(const void *self)
{
    return ((const LookupLayer *)self)->layer.hopfield.core.o.n_head;
}

static int n_stored(const void *self)
{
    return ((const LookupLayer *)self)->layer.quantity;
}

/* Rows of a bag lie together where all are one bag of retrieval; else heads of a row do. */
static LayerWeights weights(const void *self, const LayerBags *bags, int b)
{
    const LookupLayer *l = self;
    const RetrievalCache *c = &l->cache.core.retrieval;
    const int first = bags->bounds[b], n = bags->bounds[bags->n_bag];
    const Index n_col = l->layer.quantity + l->layer.hopfield.core.o.zero;
    LayerWeights w = {.n_stored = l->layer.quantity};
    w.row_step = l->alone ? n_head(l) * n_col : n_col;
    w.head_step = l->alone ? n_col : n * n_col;
    w.p = c->p + first * w.row_step;
    return w;
}

const LayerType layer_lookup = {
    .name = "lookup",
    .options = options,
    .options_size = sizeof(LookupSettings),
    .size = sizeof(LookupLayer),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .block = block,
    .variant = variant,
    .n_head = n_head,
    .n_stored = n_stored,
    .weights = weights,
};
_Static_assert(sizeof(LookupSettings) <= OPTION_BLOB, "options fit");
