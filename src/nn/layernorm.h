/* SPDX-License-Identifier: MIT
 *
 * layernorm.h: layer normalisation (Ba, Kiros, Hinton 2016), row by row.
 *
 *   y = (x - mean) rstd w + b      rstd = 1 / √(var + 1e-5)      var with 1/n
 *
 *   x, y [n_row, n]     w, b [n], or 1 and 0 where the norm is not affine
 */
#ifndef HOPSACK_LAYERNORM_H
#define HOPSACK_LAYERNORM_H

#include "core/arena.h"
#include "core/param.h"

#include <stdbool.h>

typedef struct {
    Index n; /* width of a row */
    bool affine;
    size_t w_at, b_at; /* in any slab; only if affine */
} LayerNorm;

/* What backward needs of forward. */
typedef struct {
    real *mean, *rstd; /* [n_row] */
} LayerNormCache;

/* Declares PREFIXweight, 1, and PREFIXbias, 0, if affine; the prefix ends with its own '.' or '_'. */
void layernorm_init(LayerNorm *l, ParamList *list, const char *prefix, int n, bool affine);
void layernorm_plan(LayerNormCache *c, Index n_row_max, Arena *arena);
void layernorm_forward(real *y, LayerNormCache *c, const LayerNorm *l, const real *theta, const real *x, int n_row);
/* The moments alone of one row x [n]. */
void layernorm_moments(real *mean, real *rstd, const real *x, int n);
/* dx [n_row, n] (may be NULL) and the slab `grad` are added to. */
void layernorm_backward(real *dx, real *grad, const LayerNormCache *c, const LayerNorm *l, const real *theta,
                        const real *x, const real *dy, int n_row);

#endif
