/* SPDX-License-Identifier: MIT
 *
 * vectorinput.h: a dataset's feature vectors as a network sees them.
 *
 *   dense    x̃ = clip((x - shift) · scale, ± clip)
 *   sparse   x̃ = clip(x · scale, ± clip)                a zero stays one, so shift plays no part
 *
 * shift and scale [n_feat] are fitted tensors, not learned. A layer over sparse rows neither makes them dense nor
 * transposes its weights: a minibatch has few non-zero features, so that would be most of the work.
 */
#ifndef HOPSACK_VECTORINPUT_H
#define HOPSACK_VECTORINPUT_H

#include "core/arena.h"
#include "core/bag.h"
#include "nn/linear.h"

typedef struct {
    Index n_feat;
    real clip; /* infinite: none */
    size_t shift_at, scale_at;
} VectorInput;

/* The features that say something: a scale of 0 is that of a feature which does not vary in training. */
typedef struct {
    int n;
    int *feature;        /* [n] ascending */
    real *shift, *scale; /* [n] theirs */
} VectorPick;

/* Declares NAME.shift, 0 at first, and NAME.scale, 1. clip 0: none. */
void vectorinput_init(VectorInput *f, ParamList *list, const char *name, int n_feat, double clip);

/* y [n, width], 0 beyond n_feat, of x [n, n_feat] or of sparse rows [n]. */
void vectorinput_dense(real *y, Index width, const VectorInput *f, const real *theta, const float *x, int n);
void vectorinput_sparse(real *y, Index width, const VectorInput *f, const real *theta, const SparseRow *row, int n);

/* dx [n, stride], by the values of the file, from dy [n, n_feat] by x̃: 0 where x̃ is clipped. Sparse rows likewise. */
void vectorinput_backward(double *dx, Index stride, const VectorInput *f, const real *theta, const double *dy,
                          const float *x, int n);
void vectorinput_sparse_backward(double *dx, Index stride, const VectorInput *f, const real *theta, const double *dy,
                                 const SparseRow *row, int n);

/* The pick of these parameters, with memory for all features; y [n, width] of x as above, only of its features. */
void vectorinput_plan(VectorPick *pick, const VectorInput *f, Arena *arena);
void vectorinput_pick(VectorPick *pick, const VectorInput *f, const real *theta);
void vectorinput_picked(real *y, Index width, const VectorInput *f, const VectorPick *pick, const float *x, int n);

/* y [n, out] = b + x̃ wᵀ over sparse rows; the bias's rounding aside what a dense layer has before its activation. */
void vectorinput_product(real *y, Index out, const VectorInput *f, const Linear *l, const real *theta,
                         const SparseRow *row, int n);
/* Adds the gradients of w and b, dy [n, out], to the slab `grad`; shares units out among threads. */
void vectorinput_weights(real *grad, const VectorInput *f, const Linear *l, const real *theta, const SparseRow *row,
                         const real *dy, Index out, int n);

#endif
