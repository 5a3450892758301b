/* SPDX-License-Identifier: MIT
 *
 * fixedquery.h: Hopfield pooling by a few learned queries without extra updates, never forming keys or values. With
 * x̂ the normalised instance (mean 0, variance 1), w_y, b_y and w_v, b_v the norms' weights and biases:
 *
 *   a = x̂ uᵀ + c           u = β w_y ∘ (W_kᵀ q)          c = β (b_y · W_kᵀ q + b_k · q)      one row of u a query and head
 *   p = softmax over the bag       g = dropout(p)       m = gᵀ x̂       s = Σ g
 *   o = (w_v ∘ m + s b_v) W_vᵀ + s b                       z = activation(o W_oᵀ + b_o)
 *
 * A column of a and p is query · n_head + head. What costs per instance is one product with u and one with p; all else
 * is done once a bag, or once an update (`prepare`, and `finish` for its gradients).
 *
 *   x [n, n_in], bag b has rows bounds[b] … bounds[b+1]-1     a, p [n, n_column]     z [n_bag, quantity · n_out]
 *
 * c changes no softmax, so it has no gradient; it is there so that scores are those of the general path.
 */
#ifndef HOPSACK_FIXEDQUERY_H
#define HOPSACK_FIXEDQUERY_H

#include "nn/hopfield_layers.h"

/* Of an update: shared by all threads. */
typedef struct {
    const HopfieldPooling *l;
    int n_in, n_column;
    real *state; /* [quantity, ·] queries after their norm */
    real *q;     /* [quantity, n_head · head_size] projected */
    real *key;   /* [n_column, n_in] W_kᵀ q */
    real *u;     /* [n_column, n_in] */
    real *c;     /* [n_column] */
    real *dq, *dkey, *dstate;
    LayerNormCache norm;
} FixedQuery;

/* Of a thread; a bag's part is found by its rows. */
typedef struct {
    real *xh; /* [n, n_in] x̂; NULL where both norms are off */
    LayerNormCache norm;
    real *a, *p, *g;         /* [n, n_column]; g is p after dropout */
    real *m, *value;         /* [n_head, n_bag · quantity, n_in] value: w_v ∘ m + s b_v */
    real *s;                 /* [n_head, n_bag · quantity] */
    real *o;                 /* [n_bag · quantity, n_head · pattern_size] */
    real *part;              /* [n_bag · quantity, pattern_size] one head of o, or of its gradient */
    real *da, *dxh;          /* as a and xh */
    real *dlogit, *d_o, *dm; /* [n_bag · quantity, n_out], as o, as m */
    real *ds;                /* as s */
    real *turn;              /* [n_column, n_in] one bag's part of m in the order of columns */
    real *dg;                /* [n, n_column] */
} FixedQueryCache;

/* Whether a layer can be done this way: no extra updates, nothing static but perhaps the queries, no norm in the
 * association space, nothing connected, no zero pattern, and stored patterns that are their own projections. Masks other
 * than dropout have no place here. */
bool fixedquery_fits(const HopfieldPooling *l);

void fixedquery_plan(FixedQuery *f, const HopfieldPooling *l, Arena *arena);
void fixedquery_plan_cache(FixedQueryCache *c, const FixedQuery *f, int n_most, int n_bag_most, Arena *arena);
void fixedquery_prepare(FixedQuery *f, const real *theta);

/* keep [n, n_column] or NULL: 0 drops an entry of p from z, the others are multiplied by keep_scale. */
void fixedquery_forward(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *x,
                        const int *bounds, int n_bag, const uint8_t *keep, real keep_scale);
/* dx (may be NULL), du [n_column, n_in] and the slab `grad` are added to. */
void fixedquery_backward(real *dx, real *du, real *grad, FixedQueryCache *c, const FixedQuery *f, const real *theta,
                         const real *x, const real *z, const real *dz, const int *bounds, int n_bag,
                         const uint8_t *keep, real keep_scale);
/* Turns du, summed over all backward calls of an update, into gradients of the parameters that u was made of. */
void fixedquery_finish(real *grad, FixedQuery *f, const real *theta, const real *du);

/* ---- the same in two halves, for whoever scores instances before choosing which to pool ---- */

/* a [n, n_column] and xh [n, n_in] of any n instances. */
void fixedquery_score(real *a, real *xh, LayerNormCache *norm, const FixedQuery *f, const real *x, int n);
/* z from the scores of whole bags; fills what the cache has from p to o. */
void fixedquery_pool(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *a,
                     const real *x, const real *xh, const int *bounds, int n_bag, const uint8_t *keep,
                     real keep_scale);
/* da [n, n_column], dx (may be NULL) and dxh [n, n_in] are added to. */
void fixedquery_pool_backward(real *da, real *dx, real *dxh, real *grad, FixedQueryCache *c, const FixedQuery *f,
                              const real *theta, const real *x, const real *xh, const real *z, const real *dz,
                              const int *bounds, int n_bag, const uint8_t *keep, real keep_scale);
/* du and dx (may be NULL) are added to; dxh holds what pool_backward left and is used up. */
void fixedquery_score_backward(real *dx, real *dxh, real *du, const LayerNormCache *norm, const FixedQuery *f,
                               const real *x, const real *xh, const real *da, int n);

#endif
