/* SPDX-License-Identifier: MIT
 *
 * bagproduct.h: inner products of bags in double precision, gram_ij += Σ_c φ_ic φ_jc for j ≤ i, from φ of 8 bags side by
 * side. Each sum takes runs of cells in their order, by fma, on every processor: its bits depend on nothing but the φ.
 */
#ifndef HOPSACK_BAGPRODUCT_H
#define HOPSACK_BAGPRODUCT_H

#include "core/real.h"

#define BAGPRODUCT_LANES 8

/* Where φ_ic lies in phi [n / 8 rounded up, n_cell, 8]; what is there of bags from n on must be 0. */
static inline Index bagproduct_at(int bag, int cell, int n_cell)
{
    return ((Index)(bag / BAGPRODUCT_LANES) * n_cell + cell) * BAGPRODUCT_LANES + bag % BAGPRODUCT_LANES;
}

/* gram [n, n] of row stride `stride`: its lower triangle. Uses all threads. */
void bagproduct_add(double *gram, Index stride, const double *phi, int n, int n_cell);

/* The same by one of the ways that the processor has, 0 … bagproduct_ways() - 1: 0 is plain, the last is the fastest. */
int bagproduct_ways(void);
void bagproduct_add_by(int way, double *gram, Index stride, const double *phi, int n, int n_cell);

#endif
