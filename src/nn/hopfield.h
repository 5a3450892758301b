/* SPDX-License-Identifier: MIT
 *
 * hopfield.h: the three modern Hopfield layers (Ramsauer et al. 2021), which differ in what is learned.
 *
 *   Hopfield          associates two sets of inputs: states R [n_state, ·] with stored patterns Y [n_stored, ·] and their
 *                     projections V [n_stored, ·]; y [n_state, n_out]
 *   HopfieldPooling   the states are `quantity` learned queries that all bags share; x are the stored patterns and, unless
 *                     given apart, their own projections; z [n_bag, quantity · n_out], query 0 first
 *   HopfieldLookup    the stored patterns are `quantity` learned vectors that all bags share (the reference calls it
 *                     HopfieldLayer); x are the states; y [n_state, n_out]
 *
 * Every input passes a layer norm of its own, then association.h. Bags lie end to end, see retrieval.h.
 */
#ifndef HOPSACK_HOPFIELD_H
#define HOPSACK_HOPFIELD_H

#include "nn/association.h"

typedef struct {
    AssociationOptions core;
    bool norm_state, norm_stored, norm_projection;                      /* layer norm of the raw inputs */
    bool norm_state_affine, norm_stored_affine, norm_projection_affine; /* with weight and bias */
} HopfieldOptions;

typedef struct {
    HopfieldOptions o;
    Association core;
    LayerNorm state, stored, projection;
} Hopfield;

typedef struct {
    real *state, *stored, *projection;    /* normed inputs; unused where a norm is off */
    real *dstate, *dstored, *dprojection; /* their gradients */
    LayerNormCache norm_state, norm_stored, norm_projection;
    AssociationCache core;
} HopfieldCache;

/* The reference's defaults: all three norms on and affine. */
void hopfield_options(HopfieldOptions *o, int n_state);
Status hopfield_resolve(HopfieldOptions *o);
/* Names: PREFIXassociation_core.… (association.h),
 * PREFIXnorm_{stored_pattern,state_pattern,pattern_projection}.{weight,bias}, and `beta_name` if β is learned. */
void hopfield_init(Hopfield *l, ParamList *list, const char *prefix, const char *beta_name, const HopfieldOptions *o);
void hopfield_plan(HopfieldCache *c, const Hopfield *l, const RetrievalSizes *sizes, Arena *arena);
void hopfield_forward(real *y, HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in);
/* The same in two parts: what depends on the stored patterns and their projections alone, and the rest. */
void hopfield_store(HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in);
void hopfield_recall(real *y, HopfieldCache *c, const Hopfield *l, const real *theta, const AssociationInput *in);
/* `to` recalls from what `from` has stored; it may have been planned for no stored patterns. */
void hopfield_borrow(HopfieldCache *to, const HopfieldCache *from);
/* d and the slab `grad` are added to. */
void hopfield_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const Hopfield *l, const real *theta,
                       const AssociationInput *in, const real *y, const real *dy);

/* ---- pooling ---- */

typedef struct {
    HopfieldOptions hopfield;
    int quantity; /* learned queries */
    bool fixed;   /* they are not learned: no gradient */
} HopfieldPoolingOptions;

typedef struct {
    Hopfield hopfield;
    int quantity;
    bool fixed;
    size_t query_at; /* [1, quantity, width of R] */
} HopfieldPooling;

/* Fills in what is 0 (the projections' width: that of the stored patterns); ERR_CONFIG if settings contradict. */
Status hopfield_pooling_resolve(HopfieldPoolingOptions *o);
/* Options must have been resolved. Names: PREFIXpooling_weights, PREFIXhopfield.…, PREFIXbeta. */
void hopfield_pooling_init(HopfieldPooling *l, ParamList *list, const char *prefix, const HopfieldPoolingOptions *o);
/* The pairs of bags whose stored patterns lie at bounds [n_bag + 1]. */
BagPairs hopfield_pooling_pairs(const HopfieldPooling *l, const int *bounds, int n_bag);
/* in->stored is x; in->state is not looked at; in->projection NULL: x. */
void hopfield_pooling_forward(real *z, HopfieldCache *c, const HopfieldPooling *l, const real *theta,
                              const AssociationInput *in);
/* Without a projection d->projection is not looked at: all goes to d->stored. */
void hopfield_pooling_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const HopfieldPooling *l,
                               const real *theta, const AssociationInput *in, const real *z, const real *dz);

/* ---- lookup ---- */

typedef struct {
    HopfieldOptions hopfield;
    int quantity;       /* learned stored patterns */
    bool fixed;         /* they are not learned */
    bool separate;      /* their projections are vectors of their own */
    bool targets_fixed; /* which are not learned */
} HopfieldLookupOptions;

typedef struct {
    Hopfield hopfield;
    int quantity;
    bool fixed, separate, targets_fixed;
    size_t lookup_at; /* [1, quantity, width of Y] */
    size_t target_at; /* [1, quantity, width of V] if separate */
} HopfieldLookup;

Status hopfield_lookup_resolve(HopfieldLookupOptions *o); /* as that of pooling */
/* Options must have been resolved. With `fan` the learned patterns start with deviation 1. Names: PREFIXlookup_weights, PREFIXtarget_weights, PREFIXhopfield.…, PREFIXbeta. */
void hopfield_lookup_init(HopfieldLookup *l, ParamList *list, const char *prefix, const HopfieldLookupOptions *o);
BagPairs hopfield_lookup_pairs(const HopfieldLookup *l, const int *bounds, int n_bag); /* bounds of the states */
/* in->state is x; the other patterns are not looked at, nor are their gradients. */
void hopfield_lookup_forward(real *y, HopfieldCache *c, const HopfieldLookup *l, const real *theta,
                             const AssociationInput *in);
/* The same in two parts, as of Hopfield; `store` is done once for all states. */
void hopfield_lookup_store(HopfieldCache *c, const HopfieldLookup *l, const real *theta);
void hopfield_lookup_recall(real *y, HopfieldCache *c, const HopfieldLookup *l, const real *theta,
                            const AssociationInput *in);
void hopfield_lookup_backward(const AssociationGrad *d, real *grad, HopfieldCache *c, const HopfieldLookup *l,
                              const real *theta, const AssociationInput *in, const real *y, const real *dy);

#endif
