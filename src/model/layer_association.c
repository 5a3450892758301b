/* SPDX-License-Identifier: MIT
 *
 * layer_association.c: the instances of a bag retrieve from each other (self-association; hopfield.h has the formula):
 *
 *     y = f(x)    or    y = x + f(x)        f: Hopfield layer with x as state patterns, stored patterns and projections
 *
 * Its memory and time grow with the square of a bag's instances.
 */
#include "model/layer_hopfield.h"

#include <string.h>

typedef struct {
    MilLayer base;
    bool residual;
    Hopfield layer;
    LayerDropout dropout;
    const real *theta;
    HopfieldCache cache;
    BagPairs bags;
    RetrievalMasks masks;
    real *x, *f;   /* [n_row, n_in], [n_row, n_out] packed */
    real *dx, *df; /* [n_keep, ·] */
} AssociationLayer;

static const Option options[] = {
    LAYER_HOPFIELD_ROWS("the instances of a bag"),
    {0},
};

static Status init(void *self, ParamList *list, const void *blob, const LayerSpec *spec)
{
    AssociationLayer *l = self;
    const LayerHopfieldSettings *s = blob;
    HopfieldOptions o;
    char beta[48];
    *l = (AssociationLayer){.residual = s->residual, .dropout = {.p = s->dropout}};
    TRY(layer_hopfield_options(&o, s, spec->n_in));
    if (s->static_stored || s->static_projection) {
        if (s->static_stored) o.core.head_size = spec->n_in;
        if ((s->static_stored && s->head_size && s->head_size != spec->n_in) ||
            (s->static_projection && s->pattern_size && s->pattern_size != spec->n_in))
            return fail(ERR_CONFIG,
                        "static patterns are instances of %d numbers; leave head_size and pattern_size out",
                        spec->n_in);
    }
    TRY(hopfield_resolve(&o));
    snprintf(beta, sizeof beta, "%sbeta", spec->name);
    hopfield_init(&l->layer, list, spec->name, beta, &o);
    return layer_hopfield_base(&l->base, s, &l->layer.core, spec->n_in);
}

/* Pairs of instances of one bag, with the zero pattern. */
static Index pairs(Index n)
{
    return n * (n + 1);
}

/* Room for n_row instances in n_bag bags of at most bag_max each. */
static RetrievalSizes size_of(const ModelSizes *sizes)
{
    const Index most = sizes->bag_max < sizes->n_row ? sizes->bag_max : sizes->n_row;
    return (RetrievalSizes){.n_bag = sizes->n_bag,
                            .n_state = sizes->n_row,
                            .n_stored = sizes->n_row,
                            .n_out = sizes->n_row,
                            .n_state_max = most,
                            .n_pair_max = pairs(most),
                            .n_pair = most ? (sizes->n_row + most - 1) / most * pairs(most) : 0};
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    AssociationLayer *l = self;
    const RetrievalSizes room = size_of(sizes);
    const bool learn = sizes->n_keep > 0;
    hopfield_plan(&l->cache, &l->layer, &room, arena);
    layer_dropout_plan(&l->dropout, arena, l->layer.core.o.n_head * room.n_pair, learn);
    l->x = ARENA_TAKE(arena, real, sizes->n_row * l->base.n_in);
    l->f = ARENA_TAKE(arena, real, sizes->n_row * l->base.n_out);
    l->dx = ARENA_TAKE(arena, real, sizes->n_keep * l->base.n_in);
    l->df = ARENA_TAKE(arena, real, sizes->n_keep * l->base.n_out);
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    AssociationLayer *l = self;
    l->theta = theta;
    layer_dropout_prepare(&l->dropout, pass);
}

static AssociationInput input(const AssociationLayer *l, const real *x)
{
    return (AssociationInput){.state = x, .stored = x, .projection = x, .bags = &l->bags, .masks = &l->masks};
}

static void forward(void *self, real *y, const real *x, const LayerBags *bags)
{
    AssociationLayer *l = self;
    const int n = bags->bounds[bags->n_bag];
    Index n_pair = 0;
    l->bags =
        (BagPairs){.n_bag = bags->n_bag, .n_state = n, .n_stored = n, .state = bags->bounds, .stored = bags->bounds};
    for (int b = 0; b < bags->n_bag; b++) {
        const Index own = bags->bounds[b + 1] - bags->bounds[b];
        n_pair += own * (own + l->layer.core.o.zero);
    }
    l->masks = layer_dropout_masks(&l->dropout, l->layer.core.o.n_head * n_pair);
    const AssociationInput in = input(l, layer_packed(l->x, x, n, l->base.n_in, l->base.in));
    hopfield_forward(l->f, &l->cache, &l->layer, l->theta, &in);
    l->base.n_capped += l->cache.core.retrieval.n_capped;
    layer_hopfield_output(y, &l->base, l->residual, l->f, x, n);
}

static void backward(void *self, real *dx, real *grad, const real *x, const real *y, real *dy, const LayerBags *bags)
{
    AssociationLayer *l = self;
    const MilLayer *b = &l->base;
    const Index n = bags->bounds[bags->n_bag];
    (void)y;
    const bool packed = b->n_in == b->in;
    real *to = packed ? dx : l->dx;
    if (!packed) memset(l->dx, 0, n * b->n_in * sizeof *l->dx);
    const AssociationInput in = input(l, packed ? x : l->x);
    const AssociationGrad d = {to, to, to};
    hopfield_backward(&d, grad, &l->cache, &l->layer, l->theta, &in, l->f,
                      layer_packed(l->df, dy, n, b->n_out, b->out));
    if (!packed) layer_add_packed(dx, b->in, l->dx, n, b->n_in);
    for (Index i = 0; l->residual && i < n * b->in; i++) dx[i] += dy[i];
}

static int n_head(const void *self)
{
    return ((const AssociationLayer *)self)->layer.core.o.n_head;
}

static LayerWeights weights(const void *self, const LayerBags *bags, int b)
{
    const AssociationLayer *l = self;
    const RetrievalCache *c = &l->cache.core.retrieval;
    const int n = bags->bounds[b + 1] - bags->bounds[b];
    const Index n_col = n + l->layer.core.o.zero;
    return (LayerWeights){.p = c->p + c->p_at[b], .row_step = n_col, .head_step = n * n_col, .n_stored = n};
}

const LayerType layer_association = {
    .name = "association",
    .options = options,
    .options_size = sizeof(LayerHopfieldSettings),
    .size = sizeof(AssociationLayer),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .n_head = n_head,
    .weights = weights,
};
_Static_assert(sizeof(LayerHopfieldSettings) <= OPTION_BLOB, "options fit");
