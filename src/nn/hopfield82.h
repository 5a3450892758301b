/* SPDX-License-Identifier: MIT
 *
 * hopfield82.h: Hopfield's network of 1982.
 *
 *   patterns x [n, d], states s [d], all of ±1
 *
 *   W = 1/d Σ_μ x_μ x_μᵀ, W_jj = 0     E = -½ sᵀ W s + θᵀ s     s_j ← sign(Σ_k W_jk s_k - θ_j)
 *
 * A field of 0 keeps the unit as it is. Units one at a time: E never rises.
 */
#ifndef HOPSACK_HOPFIELD82_H
#define HOPSACK_HOPFIELD82_H

#include "core/real.h"

#include <stdint.h>

void hopfield82_weights(double *w, const int8_t *x, int n, Index d); /* w [d, d] */
/* theta [d] or NULL: all 0. */
double hopfield82_energy(const double *w, const double *theta, const int8_t *s, Index d);
/* One unit after the other, in the order given, [d] or any part of it; how many changed. */
int hopfield82_sweep(int8_t *s, const double *w, const double *theta, const int32_t *order, int n_order, Index d);
/* All units at once, which can end in a cycle of two; next [d] ≠ s. */
void hopfield82_step(int8_t *next, const double *w, const double *theta, const int8_t *s, Index d);

#endif
