/* SPDX-License-Identifier: MIT
 *
 * dense.h: a dense layer with activation f, row by row.
 *
 *   y = f(x wᵀ + b)     x [n, in]     w [n_out, n_in]     b [n_out]     y [n, out]
 *
 * Rows have the widths that the kernels need: `in` and `out` are n_in and n_out rounded up (KERNEL_WIDTH), so layers
 * are stacked without copying. Columns of x beyond n_in are not read. Columns of y beyond n_out are f(0).
 *
 * The gradients of w and b are computed in one of two ways: block by block into gradient slots (long batches, shared
 * among threads), or for all rows of an update at once (`dense_weights`, short batches), directly into the gradient.
 *
 * Why it is fast: `prepare` transposes w once per update, so the kernels read both operands in order and keep a tile
 * of y in registers. They apply f before y is stored. At these sizes that is as fast as OpenBLAS or faster, and the
 * order of sums does not depend on n.
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

/* Before dense_prepare, for the first layer of a network: x has only the n_use columns `use`, and `in` is n_use
 * rounded up. The other columns of x are taken as 0. The gradients come from dense_weights; there is no dense_input.
 * `use` is borrowed. */
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
