/* SPDX-License-Identifier: MIT
 *
 * fixedquery.h: Hopfield pooling by a few learned queries without extra updates, without computing keys or values.
 * With x̂ = r (x - μ) the normalised instance (mean 0, variance 1), w_y, b_y and w_v, b_v the norms' weights and
 * biases:
 *
 *   a = x̂ uᵀ + c           u = β w_y ∘ (W_kᵀ q)          c = β (b_y · W_kᵀ q + b_k · q)      one row of u a query and head
 *   p = softmax over the bag       g = dropout(p)       m = gᵀ x̂       s = Σ g
 *   o = (w_v ∘ m + s b_v) W_vᵀ + s b                       z = activation(o W_oᵀ + b_o)
 *
 * Why it is fast: an instance costs one product with u and one with p. All else is computed once per bag or once per
 * update (`prepare`, and `finish` for its gradients). x̂ is not computed either: its numbers sum to 0, so with ū = u
 * minus its mean x̂ · u = r (x · ū),  and  m = (g r)ᵀ x  minus its mean; backward likewise. docs/fixedquery.md has
 * the derivation. The column of a and p is query · n_head + head.
 *
 *   x [n, width], of which n_in are read and the others are 0; bag b has rows bounds[b] … bounds[b+1]-1
 *   a, p [n, n_column]     z [n_bag, quantity · n_out]
 *
 * c changes no softmax, so it has no gradient. It makes the scores equal to those of the general path.
 */
#ifndef HOPSACK_FIXEDQUERY_H
#define HOPSACK_FIXEDQUERY_H

#include "nn/hopfield.h"

/* Of an update: shared by all threads. */
typedef struct {
    const HopfieldPooling *l;
    Index n_in, width;     /* numbers of an instance, and its row stride: a multiple of KERNEL_LANES */
    bool quick;            /* softmax by the kernels' exponential; false: as hopsack 0.1.0 */
    Index n_column, lanes; /* columns of a, and the same rounded up to KERNEL_LANES */
    real *state;           /* [quantity, ·] queries after their norm */
    real *q;               /* [quantity, n_head · head_size] projected */
    real *key;             /* [n_column, n_in] W_kᵀ q */
    real *u;               /* [n_column, width] u, or ū */
    real *ut;              /* [n_in, lanes] its transpose */
    real *c;               /* [n_column] */
    real *zero;            /* [lanes] */
    real *dq, *dkey, *dstate;
    LayerNormCache norm;
} FixedQuery;

/* Of a minibatch. */
typedef struct {
    LayerNormCache norm;  /* μ and r of each row, if a norm is on */
    real *wide;           /* [n, lanes] scratch by row */
    real *pull;           /* [n] backward: by how much x̂ is taken off dx̂ */
    real *m;              /* [n_bag, n_column, width] */
    real *value;          /* [n_head, n_bag · quantity, n_in] w_v ∘ m + s b_v */
    real *s, *ds, *along; /* [n_bag, n_column] */
    real *o, *d_o;        /* [n_bag · quantity, n_head · pattern_size] */
    real *part;           /* [n_bag · quantity, pattern_size] one head of o, or of its gradient */
    real *dlogit;         /* [n_bag · quantity, n_out] */
    real *dvalue;         /* as value, then dm */
    real *dm;             /* as m */
    real *dmt;            /* [n_bag, n_in, lanes] its transpose */
    double *sum;          /* [n_bag, n_column] */
} FixedQueryCache;

/* Whether a layer can be computed this way: no extra updates, nothing static except possibly the queries, no norm in
 * the association space, nothing connected, no zero pattern, the softmax of dot products, and stored patterns that are
 * their own projections. The only mask is dropout. */
bool fixedquery_fits(const HopfieldPooling *l);
/* Whether the scores of the first association can be: dot products with keys that are projected and not normed after
 * that. If only this holds, only plan, prepare and score may be called. */
bool fixedquery_scores(const HopfieldPooling *l);

void fixedquery_plan(FixedQuery *f, const HopfieldPooling *l, Index width, Arena *arena);
void fixedquery_plan_cache(FixedQueryCache *c, const FixedQuery *f, int n_max, int n_bag_max, Arena *arena);
void fixedquery_prepare(FixedQuery *f, const real *theta);

/* a of any n ≤ KERNEL_BLOCK instances; wide [n, lanes] is scratch. Needs no cache: instances may be scored before
 * some are chosen to be pooled. */
void fixedquery_score(real *a, real *wide, const FixedQuery *f, const real *x, int n);
/* Whole bags and their scores. */
typedef struct {
    const real *a, *x;
    const real *more; /* [n] part of every a that is no score, such as the logarithm of a weight; NULL: 0 */
    const int *bounds;
    int n_bag;
    const uint8_t
        *keep; /* [n, n_column] 0 drops an entry of p from z, others are multiplied by keep_scale; or NULL */
    real keep_scale;
} FixedQueryBags;

/* z and p of whole bags from their scores. */
void fixedquery_pool(real *z, real *p, FixedQueryCache *c, const FixedQuery *f, const real *theta,
                     const FixedQueryBags *in);

/* z of whole bags from means m alone, of instances that are not normed: column k of bag b, the mean of x weighted by
 * the softmax of column k of a, lies at m + b · stride + k · width. For prediction: it keeps nothing for backward. */
bool fixedquery_reads(const HopfieldPooling *l);
void fixedquery_read(real *z, FixedQueryCache *c, const FixedQuery *f, const real *theta, const real *m, Index stride,
                     const bool *is_empty, int n_bag);

/* What fixedquery_pool returned, and the gradient of its z. */
typedef struct {
    const real *z, *p, *dz;
} FixedQueryOutput;

/* da, dx (may be NULL) and the slab `grad` are added to. What da does to dx comes with fixedquery_score_backward. */
void fixedquery_pool_backward(real *da, real *dx, real *grad, FixedQueryCache *c, const FixedQuery *f,
                              const real *theta, const FixedQueryBags *in, const FixedQueryOutput *out);

/* The n rows from `from` on of the last fixedquery_pool; x begins there. */
typedef struct {
    const real *x;
    int from, n;
} FixedQueryRows;

/* da, dx (may be NULL) begin at the rows. dx and du [n_column, width] are added to; wide [n, lanes] is scratch. */
void fixedquery_score_backward(real *dx, real *du, real *wide, const FixedQueryCache *c, const FixedQuery *f,
                               const real *da, const FixedQueryRows *rows);
/* Turns du, summed over all of an update, into gradients of the parameters that u was made of. du is used up. */
void fixedquery_finish(real *grad, real *du, FixedQuery *f, const real *theta);

#endif
