/* SPDX-License-Identifier: MIT
 *
 * dense.h: a layer y = f(x wᵀ + b) over rows, in the shapes that the kernels want, so that layers can be stacked without
 * copying: rows are `in` and `out` numbers wide (n_in and n_out rounded up, KERNEL_WIDTH). Of x nothing beyond n_in is
 * read; what y has beyond n_out is f(0).
 *
 *   x [n, in]     w [n_out, n_in]     b [n_out]     y [n, out]
 *
 * Gradients of w and b come in one of two ways: block by block into gradient slots (long batches, cut among threads), or
 * of all rows of an update at once (`dense_weights`, short batches), straight into the gradient.
 */
#ifndef HOPSACK_DENSE_H
#define HOPSACK_DENSE_H

#include "core/arena.h"
#include "nn/activation.h"
#include "nn/linear.h"

typedef struct {
    Linear l;
    Index in, out;
    Activation activation;
    int n_use;      /* columns of w that x has: n_in, but for dense_use */
    const int *use; /* [n_use] which, ascending; NULL: all */
    real *w;        /* [n_out, in]; nothing after dense_use */
    real *wt;       /* [n_use, out] */
    real *b;        /* [out] */
    real **slot;    /* [n_slot] gradients of wt and b [n_in + 1, out] */
    real **tile;    /* [n_thread] rows of the gradient of w [DENSE_TILE, in] */
} Dense;

#define DENSE_TILE 32 /* units that dense_weights takes at a time */

/* `in`: width of x, KERNEL_WIDTH(l->n_in) at least. `l` is a declared layer. */
void dense_init(Dense *d, const Linear *l, Index in, Activation activation);
/* n_slot: for dense_backward. n_thread: for dense_weights; 0 if it is not called. */
void dense_plan(Dense *d, Arena *arena, int n_slot, int n_thread);
void dense_prepare(Dense *d, const real *theta);

/* Before dense_prepare, for a layer that nothing is learned beneath: the x to come has n_use columns alone, `in` is rounded
 * up from that, and the others of w stand for an x of 0. Gradients are those of dense_weights, without dense_input. `use`
 * is borrowed. */
void dense_use(Dense *d, const int *use, int n_use);

void dense_forward(real *y, const Dense *d, const real *x, int n);

/* dy becomes the gradient of the sums before f; the gradients of w and b go to the slot, and dx [n, in], if it is not
 * NULL, is added to. */
void dense_zero(Dense *d, int slot);
void dense_backward(real *dx, Dense *d, int slot, const real *x, const real *y, real *dy, int n);
void dense_finish(real *grad, Dense *d, int n_slot); /* adds slots 0 … n_slot-1 in order; uses up the first */

/* The parts: dy as above; dx += dy w; and the gradients of w and b from dy of n rows. */
void dense_slope(real *dy, const Dense *d, const real *y, int n);
void dense_input(real *dx, const Dense *d, const real *dy, int n);
void dense_weights(real *grad, const Dense *d, const real *x, const real *dy, int n);

/* to [rows, width] from [rows, n], the rest 0. */
void dense_widen(real *to, Index width, const real *from, int rows, int n);

#endif
