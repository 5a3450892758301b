/* SPDX-License-Identifier: MIT
 *
 * normalizer.h: weights p of scores z, p_i ≥ 0 and Σ_i p_i = 1.
 *
 *   softmax     p_i = exp(z_i - log Σ_j exp z_j)
 *   sparsemax   p_i = max(z_i - τ, 0)                 the point of the simplex nearest to z
 *   entmax15    p_i = max(z_i/2 - τ, 0)²              between both: sparse, and smooth where p_i becomes 0
 *
 * τ is such that the sum is 1. Scores far below the largest, by 1 (sparsemax) or 2 (entmax15) at least, have weight 0
 * exactly, and get no gradient. τ needs all scores at once: a bag cannot be read in pieces.
 *
 * Martins, Astudillo, "From Softmax to Sparsemax", ICML 2016. Peters, Niculae, Martins, "Sparse Sequence-to-Sequence
 * Models", ACL 2019.
 */
#ifndef HOPSACK_NORMALIZER_H
#define HOPSACK_NORMALIZER_H

#include "core/real.h"

#include <math.h>

typedef enum { NORMALIZER_SOFTMAX, NORMALIZER_SPARSEMAX, NORMALIZER_ENTMAX15 } Normalizer;
#define NORMALIZER_WORDS "softmax sparsemax entmax15"

/* p [n, stride] column 0 of the scores z in it, of sparsemax or entmax15. All -∞: 0; a NaN among them: all NaN.
 * scratch [n]. */
void normalizer_sparse(real *p, const real *z, Normalizer kind, int n, Index stride, double *scratch);

/* Backward of all three: dz_i = g_i (dp_i - Σ_j g_j dp_j / Σ_j g_j) with g = p, [p > 0] and √p. */
static inline real normalizer_gain(Normalizer kind, real p)
{
    if (kind == NORMALIZER_SOFTMAX) return p;
    return kind == NORMALIZER_SPARSEMAX ? (real)(p > 0) : (real)sqrt((double)p);
}

#endif
