/* SPDX-License-Identifier: MIT
 *
 * softmax.h: w_i = exp(a_i - max a) / Σ_j exp(a_j - max a), over a column of a matrix.
 */
#ifndef HOPSACK_SOFTMAX_H
#define HOPSACK_SOFTMAX_H

#include "core/real.h"

/* w [n, stride] column 0 from a [n, stride] column 0; n ≥ 1. */
void softmax_forward(real *w, const real *a, int n, int stride);
#endif
