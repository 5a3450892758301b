/* SPDX-License-Identifier: MIT
 *
 * densememory.h: networks of ±1 units: Hopfield's of 1982, and dense associative memories (Krotov and Hopfield 2016,
 * Demircigil et al. 2017), from which the continuous network of dynamics.h comes.
 *
 *   patterns x [n, d], states s [d], all of ±1
 *
 *   1982    W = 1/d Σ_μ x_μ x_μᵀ, W_jj = 0     E = -½ sᵀ W s + θᵀ s     s_j ← sign(Σ_k W_jk s_k - θ_j)
 *   dense   E = -Σ_μ F(x_μ·s)                  s_j ← the value of lower energy
 *
 * A field of 0, or two equal energies, keeps the unit as it is. Units one at a time: E never rises.
 */
#ifndef HOPSACK_DENSEMEMORY_H
#define HOPSACK_DENSEMEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* ---- 1982 ---- */

void hopfield82_weights(double *w, const int8_t *x, int n, int d); /* w [d, d] */
/* theta [d] or NULL: all 0. */
double hopfield82_energy(const double *w, const double *theta, const int8_t *s, int d);
/* One unit after the other, in the order given, [d] or any part of it; how many changed. */
int hopfield82_sweep(int8_t *s, const double *w, const double *theta, const int32_t *order, int n_order, int d);
/* All units at once, which can end in a cycle of two; next [d] ≠ s. */
void hopfield82_step(int8_t *next, const double *w, const double *theta, const int8_t *s, int d);

/* ---- dense ---- */

typedef enum { DENSE_POWER, DENSE_RECTIFIED, DENSE_EXP } DenseKind; /* F = xⁿ, max(x, 0)ⁿ, eˣ */

typedef struct {
    DenseKind kind;
    int power;       /* n ≥ 1; not for DENSE_EXP */
    const int8_t *x; /* [n, d] */
    int n, d;
} DenseMemory;

/* For DENSE_EXP, which overflows from x·s = 710 on, densememory_log_energy is log(-E). */
double densememory_energy(const DenseMemory *m, const int8_t *s);
double densememory_log_energy(const DenseMemory *m, const int8_t *s);
int densememory_sweep(int8_t *s, const DenseMemory *m, const int32_t *order, int n_order);

#endif
