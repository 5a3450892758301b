/* SPDX-License-Identifier: MIT
 *
 * softmax.h: w_i = exp(a_i - max a) / Σ_j exp(a_j - max a), over a column of a matrix.
 */
#ifndef HOPSACK_SOFTMAX_H
#define HOPSACK_SOFTMAX_H

#include "core/real.h"

#include <stddef.h>

/* w [n, stride] column 0 from a [n, stride] column 0; n ≥ 1. */
void softmax_forward(real *w, const real *a, int n, Index stride);
/* p [n, n_column], of every column of a. A column of -∞ alone becomes 0, one with a NaN NaN. max, sum [n_column] are
 * scratch. */
void softmax_columns(real *p, const real *a, int n, Index n_column, real *max, double *sum);

/* The same by the exponential of nn/kernel.h, several times as fast; its last place may differ. */
void softmax_columns_quick(real *p, const real *a, int n, Index n_column, real *max, double *sum);

#endif
