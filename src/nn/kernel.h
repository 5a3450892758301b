/* SPDX-License-Identifier: MIT
 *
 * kernel.h: the inner loops of a training step, as one table of functions per instruction set. The plain table is the
 * reference, in float and double. The fast tables are float only, and tests compare them with the plain one.
 *
 * Convolution over a one-hot sequence needs no products: the pre-activation of window p is a position row plus `size`
 * rows of a table of letters. SELU is monotone, so the maximum over windows is taken before it:
 *
 *     h[k] = selu( max_p ( place[l, p, k] + c · Σ_q letter[code[p + q], q, k] ) )
 *
 * Rows have `width` numbers, n_kernel rounded up to KERNEL_LANES; surplus columns of tables are 0 and stay 0.
 * The order of every sum is the same in all tables; kernel_plain.c documents it. The fast tables give equal bits. The
 * plain table differs from them in the last bits (fused multiply-add, and the exponential function of SELU).
 */
#ifndef HOPSACK_KERNEL_H
#define HOPSACK_KERNEL_H

#include "core/bag.h"
#include "core/real.h"
#include "nn/activation.h"

#define KERNEL_LANES    16
#define KERNEL_BLOCK    64 /* sequences of a block: embedded and scored while in L1 */
#define KERNEL_WIDTH(n) (((n) + KERNEL_LANES - 1) / KERNEL_LANES * KERNEL_LANES)

/* Tables of one bag (they hold the divisor of its input). */
typedef struct {
    Index size;          /* kernel size, residues */
    Index width;         /* KERNEL_WIDTH(n_kernel) */
    int pad_len;         /* of the bag; 0: windows p < max(l, 1). Else windows p ≤ pad_len - size, ≥ size */
    real inv_std;        /* of the bag */
    const real *letter;  /* [n_letter + 1, size, width] times inv_std; the last letter is padding: 0 */
    const real *place;   /* [place_at[max_len + 1], width] bias + position part times inv_std */
    const int *place_at; /* [max_len + 2] row of window 0 of length l; lengths that do not occur take no rows */
    const real *bias;    /* [width] a window wholly in padding */
} ConvTables;

/* What conv_backward adds to: gradients of the unscaled tables (weights before the division by the std). */
typedef struct {
    real *letter; /* [n_letter + 1, size, width] */
    real *place;  /* [rows, width] as place_at says */
    real *bias;   /* [width] */
} ConvGrad;

/* Windows of a sequence of length l that have a place row; *pad is 1 if a window wholly in padding takes part in the
 * maximum (after the others). A window may reach beyond the end; what is beyond adds nothing. */
static inline int conv_windows(const ConvTables *t, int l, int *pad)
{
    *pad = 0;
    if (t->pad_len == 0) return l > 1 ? l : 1;
    const int all = t->pad_len - t->size + 1;
    *pad = all > l;
    return l < all ? l : all;
}

/* A dense layer. Weights are transposed and n_out is a multiple of KERNEL_LANES. */
typedef struct {
    const real *wt, *b; /* [n_in, n_out], [n_out] */
    Index n_in, n_out;
    Index stride;          /* of the rows of its input, ≥ n_in */
    Activation activation; /* NONE, SELU or RELU */
} KernelLayer;

typedef struct {
    const char *level; /* "plain", "avx2", "avx512" */

    /* h [n, width] of the sequences from … from+n-1 of the bag (bag order). arg [n, width] if not NULL: first window
     * that attains the maximum, or the number of place windows if it is the one in padding. */
    void (*conv_forward)(real *h, int32_t *arg, const ConvTables *t, const Bag *bag, int from, int n);

    /* dh [n, width] is ∂loss/∂h. With g = dh · selu'(h):
     *   d.bias += g    d.place[l, arg] += g · inv_std    d.letter[code[arg + q], q] += g · inv_std · c */
    void (*conv_backward)(ConvGrad *d, const ConvTables *t, const Bag *bag, int from, int n, const real *h,
                          const int32_t *arg, const real *dh);

    /* y [n, n_out] = activation(x [n, stride] wt + b). Order of sums: b, then inputs from 0 by fma. */
    void (*dense_forward)(real *y, const KernelLayer *l, const real *x, int n);
    /* dx [n, n_in] += dy [n, dy_stride] w, w [n_out, n_in], n_in a multiple of KERNEL_LANES. */
    void (*dense_dinput)(real *dx, const real *dy, Index dy_stride, const real *w, int n, Index n_out, Index n_in);
    /* dwt [n_in, n_out] += xᵀ dy, db [n_out] += Σ dy unless NULL, x [n, x_stride], n_out a multiple of KERNEL_LANES. */
    void (*dense_dweight)(real *dwt, real *db, const real *x, Index x_stride, const real *dy, int n, Index n_in,
                          Index n_out);
    /* a [n, n_query] = x [n, n_in] wᵀ + b, w [n_query, n_in], n_in a multiple of KERNEL_LANES. */
    void (*dense_logit)(real *a, const real *x, const real *w, const real *b, int n, Index n_in, Index n_query);
    /* dy [n] *= selu'(y), from the activation y = selu(x): λ where y > 0, y + λα elsewhere. n a multiple of LANES. */
    void (*selu_backward)(real *dy, const real *y, Index n);
    /* y [n] in place, n a multiple of LANES. */
    void (*tanh_forward)(real *y, Index n);
    void (*sigmoid_forward)(real *y, Index n);
    void (*exp_forward)(real *y, Index n); /* of y ≤ 0; below -80 as of -80 */
} Kernels;

extern const Kernels kernels_plain;

/* The fastest level that this CPU has; HOPSACK_KERNELS=plain|avx2|avx512 in the environment asks for another. */
const Kernels *kernel_active(void);
/* All levels this CPU can run, fastest first, for the tests; ends with NULL. */
const Kernels *const *kernel_levels(void);

#endif
