/* SPDX-License-Identifier: MIT */
#include "nn/hopfield.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SPREAD 0.02 /* standard deviation of learned patterns at the start */

/* ---- association of two sets ---- */

void hopfield_options(HopfieldOptions *o, int n_state)
{
    *o = (HopfieldOptions){.norm_state = true,
                           .norm_stored = true,
                           .norm_projection = true,
                           .norm_state_affine = true,
                           .norm_stored_affine = true,
                           .norm_projection_affine = true};
    association_options(&o->core, n_state);
}

Status hopfield_resolve(HopfieldOptions *o)
{
    if ((o->norm_state_affine && !o->norm_state) || (o->norm_stored_affine && !o->norm_stored) ||
        (o->norm_projection_affine && !o->norm_projection))
        return fail(ERR_CONFIG, "a layer norm that is off cannot be affine");
    return association_resolve(&o->core);
}

static void norm_init(LayerNorm *l, ParamList *list, const char *prefix, const char *name, int n, bool affine)
{
    char full[88];
    snprintf(full, sizeof full, "%s%s.", prefix, name);
    layernorm_init(l, list, full, n, affine);
}

void hopfield_init(Hopfield *l, ParamList *list, const char *prefix, const char *beta_name, const HopfieldOptions *o)
{
    char core[88];
    *l = (Hopfield){.o = *o};
    snprintf(core, sizeof core, "%sassociation_core.", prefix);
    association_init(&l->core, list, core, beta_name, &o->core);
    if (o->norm_stored)
        norm_init(&l->stored, list, prefix, "norm_stored_pattern", l->core.n_y, o->norm_stored_affine);
    if (o->norm_state) norm_init(&l->state, list, prefix, "norm_state_pattern", l->core.n_r, o->norm_state_affine);
    if (o->norm_projection)
        norm_init(&l->projection, list, prefix, "norm_pattern_projection", l->core.n_v, o->norm_projection_affine);
}

void hopfield_plan(HopfieldCache *c, const Hopfield *l, const RetrievalSizes *sizes, Arena *arena)
{
    const Index state = l->o.norm_state ? sizes->n_state : 0;
    const Index stored = l->o.norm_stored ? sizes->n_stored : 0;
    const Index projection = l->o.norm_projection ? sizes->n_stored : 0;
    c->state = ARENA_TAKE(arena, real, state * l->core.n_r);
    c->dstate = ARENA_TAKE(arena, real, state * l->core.n_r);
    c->stored = ARENA_TAKE(arena, real, stored * l->core.n_y);
    c->dstored = ARENA_TAKE(arena, real, stored * l->core.n_y);
    c->projection = ARENA_TAKE(arena, real, projection * l->core.n_v);
    c->dprojection = ARENA_TAKE(arena, real, projection * l->core.n_v);
    layernorm_plan(&c->norm_state, (int)state, arena);
    layernorm_plan(&c->norm_stored, (int)stored, arena);
    layernorm_plan(&c->norm_projection, (int)projection, arena);
    association_plan(&c->core, &l->core, sizes, arena);
}

/* What the core reads: normed inputs, or the inputs themselves. */
static AssociationInput normed(const HopfieldCache *c, const Hopfield *l, const AssociationInput *in)
{
    return (AssociationInput){.state = l->o.norm_state ? c->state : in->state,
                              .stored = l->o.norm_stored ? c->stored : in->stored,
                              .projection = l->o.norm_projection ? c->projection : in->projection,
                              .bags = in->bags,
                              .masks = in->masks};
}

void hopfield_store(HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in)
{
    const HopfieldOptions *o = &l->o;
    const int n = in->bags->n_stored;
    if (o->norm_stored) layernorm_forward(c->stored, &c->norm_stored, &l->stored, theta, in->stored, n);
    if (o->norm_projection)
        layernorm_forward(c->projection, &c->norm_projection, &l->projection, theta, in->projection, n);
    const AssociationInput core = normed(c, l, in);
    association_store(&c->core, &l->core, theta, core.stored, core.projection, n);
}

void hopfield_recall(real *y, HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in)
{
    if (l->o.norm_state) layernorm_forward(c->state, &c->norm_state, &l->state, theta, in->state, in->bags->n_state);
    const AssociationInput core = normed(c, l, in);
    association_recall(y, &c->core, &l->core, theta, &core);
}

void hopfield_borrow(HopfieldCache *to, const HopfieldCache *from)
{
    to->stored = from->stored;
    to->projection = from->projection;
    to->core.k = from->core.k;
    to->core.v = from->core.v;
}

void hopfield_forward(real *y, HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in)
{
    hopfield_store(c, l, theta, in);
    hopfield_recall(y, c, l, theta, in);
}

/* Where the core puts the gradient of an input: at once where it belongs, or before its norm. */
static real *before_norm(bool norm, real *dnormed, real *dx, int n_row, Index width)
{
    if (!norm) return dx;
    memset(dnormed, 0, n_row * width * sizeof *dnormed);
    return dnormed;
}

void hopfield_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const Hopfield *l, const real *theta,
                       const AssociationInput *in, const real *y, const real *dy)
{
    const HopfieldOptions *o = &l->o;
    const int n_state = in->bags->n_state, n = in->bags->n_stored;
    const AssociationInput core = normed(c, l, in);
    const AssociationGrad dcore = {before_norm(o->norm_state, c->dstate, d->state, n_state, l->core.n_r),
                                   before_norm(o->norm_stored, c->dstored, d->stored, n, l->core.n_y),
                                   before_norm(o->norm_projection, c->dprojection, d->projection, n, l->core.n_v)};
    association_backward(&dcore, grad, &c->core, &l->core, theta, &core, y, dy);
    if (o->norm_state)
        layernorm_backward(d->state, grad, &c->norm_state, &l->state, theta, in->state, dcore.state, n_state);
    if (o->norm_stored)
        layernorm_backward(d->stored, grad, &c->norm_stored, &l->stored, theta, in->stored, dcore.stored, n);
    if (o->norm_projection)
        layernorm_backward(d->projection, grad, &c->norm_projection, &l->projection, theta, in->projection,
                           dcore.projection, n);
}

/* ---- learned patterns ---- */

static size_t patterns(ParamList *list, const char *prefix, const char *name, double spread, const int *shape,
                       bool fixed)
{
    char full[88];
    assert(shape[1] > 0);
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const size_t at = param_add(list, full, PARAM_NORMAL, spread, shape);
    if (fixed) param_freeze(list, at);
    return at;
}

static void inner(Hopfield *l, ParamList *list, const char *prefix, const HopfieldOptions *o)
{
    char hopfield[88], beta[88];
    snprintf(hopfield, sizeof hopfield, "%shopfield.", prefix);
    snprintf(beta, sizeof beta, "%sbeta", prefix);
    hopfield_init(l, list, hopfield, beta, o);
}

static Status resolve_learned(HopfieldOptions *o, int quantity)
{
    AssociationOptions *core = &o->core;
    if (quantity < 1) return fail(ERR_CONFIG, "quantity is %d; there must be at least one learned pattern", quantity);
    if (!core->n_stored) core->n_stored = core->n_state;
    if (!core->n_projection) core->n_projection = core->n_stored;
    return hopfield_resolve(o);
}

Status hopfield_pooling_resolve(HopfieldPoolingOptions *o)
{
    return resolve_learned(&o->hopfield, o->quantity);
}

void hopfield_pooling_init(HopfieldPooling *l, ParamList *list, const char *prefix, const HopfieldPoolingOptions *o)
{
    *l = (HopfieldPooling){.quantity = o->quantity, .fixed = o->fixed};
    inner(&l->hopfield, list, prefix, &o->hopfield);
    l->query_at = patterns(list, prefix, "pooling_weights", SPREAD,
                           PARAM_SHAPE(1, o->quantity, (int)l->hopfield.core.n_r), o->fixed);
}

BagPairs hopfield_pooling_pairs(const HopfieldPooling *l, const int *bounds, int n_bag)
{
    return (BagPairs){.n_bag = n_bag, .n_state = l->quantity, .n_stored = bounds[n_bag], .stored = bounds};
}

/* All three inputs: the queries, and x twice unless the projections are given. */
static AssociationInput with_queries(const HopfieldPooling *l, const real *theta, const AssociationInput *in)
{
    AssociationInput all = *in;
    all.state = theta + l->query_at;
    if (!all.projection) all.projection = all.stored;
    return all;
}

void hopfield_pooling_forward(real *z, HopfieldCache *c, const HopfieldPooling *l, const real *theta,
                              const AssociationInput *in)
{
    const AssociationInput all = with_queries(l, theta, in);
    hopfield_forward(z, c, &l->hopfield, theta, &all);
}

void hopfield_pooling_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const HopfieldPooling *l,
                               const real *theta, const AssociationInput *in, const real *z, const real *dz)
{
    const AssociationInput all = with_queries(l, theta, in);
    const AssociationGrad dall = {l->fixed ? NULL : grad + l->query_at, d->stored,
                                  in->projection ? d->projection : d->stored};
    hopfield_backward(&dall, grad, c, &l->hopfield, theta, &all, z, dz);
}

Status hopfield_lookup_resolve(HopfieldLookupOptions *o)
{
    const AssociationOptions *core = &o->hopfield.core;
    TRY(resolve_learned(&o->hopfield, o->quantity));
    const int n_y = core->stored_static ? core->head_size : core->n_stored;
    const int n_v = core->projection_static && core->pattern_size ? core->pattern_size : core->n_projection;
    if (!o->separate && n_y != n_v)
        return fail(ERR_CONFIG, "learned patterns of %d numbers cannot be their own projections of %d; separate them",
                    n_y, n_v);
    return OK;
}

void hopfield_lookup_init(HopfieldLookup *l, ParamList *list, const char *prefix, const HopfieldLookupOptions *o)
{
    *l = (HopfieldLookup){
        .quantity = o->quantity, .fixed = o->fixed, .separate = o->separate, .targets_fixed = o->targets_fixed};
    inner(&l->hopfield, list, prefix, &o->hopfield);
    const double spread = o->hopfield.core.fan ? 1 : SPREAD;
    const int n_y = (int)l->hopfield.core.n_y, n_v = (int)l->hopfield.core.n_v;
    l->lookup_at = patterns(list, prefix, "lookup_weights", spread, PARAM_SHAPE(1, o->quantity, n_y), o->fixed);
    assert(o->separate || n_v == n_y);
    if (o->separate)
        l->target_at =
            patterns(list, prefix, "target_weights", spread, PARAM_SHAPE(1, o->quantity, n_v), o->targets_fixed);
}

BagPairs hopfield_lookup_pairs(const HopfieldLookup *l, const int *bounds, int n_bag)
{
    return (BagPairs){.n_bag = n_bag, .n_state = bounds[n_bag], .state = bounds, .n_stored = l->quantity};
}

static AssociationInput with_patterns(const HopfieldLookup *l, const real *theta, const AssociationInput *in)
{
    AssociationInput all = *in;
    all.stored = theta + l->lookup_at;
    all.projection = theta + (l->separate ? l->target_at : l->lookup_at);
    return all;
}

void hopfield_lookup_forward(real *y, HopfieldCache *c, const HopfieldLookup *l, const real *theta,
                             const AssociationInput *in)
{
    const AssociationInput all = with_patterns(l, theta, in);
    hopfield_forward(y, c, &l->hopfield, theta, &all);
}

void hopfield_lookup_store(HopfieldCache *c, const HopfieldLookup *l, const real *theta)
{
    const BagPairs bags = {.n_stored = l->quantity};
    const AssociationInput all = with_patterns(l, theta, &(AssociationInput){.bags = &bags});
    hopfield_store(c, &l->hopfield, theta, &all);
}

void hopfield_lookup_recall(real *y, HopfieldCache *c, const HopfieldLookup *l, const real *theta,
                            const AssociationInput *in)
{
    const AssociationInput all = with_patterns(l, theta, in);
    hopfield_recall(y, c, &l->hopfield, theta, &all);
}

void hopfield_lookup_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const HopfieldLookup *l,
                              const real *theta, const AssociationInput *in, const real *y, const real *dy)
{
    const AssociationInput all = with_patterns(l, theta, in);
    real *dlookup = l->fixed ? NULL : grad + l->lookup_at;
    real *dtarget = !l->separate ? dlookup : l->targets_fixed ? NULL : grad + l->target_at;
    hopfield_backward(&(AssociationGrad){d->state, dlookup, dtarget}, grad, c, &l->hopfield, theta, &all, y, dy);
}
