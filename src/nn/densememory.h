/* SPDX-License-Identifier: MIT
 *
 * densememory.h: dense associative memories of ±1 units (Krotov and Hopfield 2016, Demircigil et al. 2017), from
 * which the continuous network of dynamics.h comes; hopfield82.h is their ancestor.
 *
 *   patterns x [n, d], states s [d], all of ±1
 *
 *   E = -Σ_μ F(x_μ·s)     s_j ← the value of lower energy
 *
 * Two equal energies keep the unit as it is. Units one at a time: E never rises.
 */
#ifndef HOPSACK_DENSEMEMORY_H
#define HOPSACK_DENSEMEMORY_H

#include "core/real.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { DENSE_POWER, DENSE_RECTIFIED, DENSE_EXP } DenseKind; /* F = xⁿ, max(x, 0)ⁿ, eˣ */

typedef struct {
    DenseKind kind;
    int power;       /* n ≥ 1; not for DENSE_EXP */
    const int8_t *x; /* [n, d] */
    int n;
    Index d;
} DenseMemory;

/* For DENSE_EXP, which overflows from x·s = 710 on, densememory_log_energy is log(-E). */
double densememory_energy(const DenseMemory *m, const int8_t *s);
double densememory_log_energy(const DenseMemory *m, const int8_t *s);
/* One unit after the other, in the order given, [d] or any part of it; how many changed. scratch [n]: O(n) a unit. */
int densememory_sweep(int8_t *s, const DenseMemory *m, const int32_t *order, int n_order, int *scratch);

#endif
