/* SPDX-License-Identifier: MIT
 *
 * topk.h: the k largest of n scores; of equal scores the lower row comes first. The threshold is found digit by
 * digit, as in a radix sort that follows one bin, so the time is linear in n.
 */
#ifndef HOPSACK_TOPK_H
#define HOPSACK_TOPK_H

#include "core/real.h"

#include <stddef.h>
#include <stdint.h>

#define TOPK_SCRATCH(n) ((n) * (sizeof(real) / 4) + 8192) /* uint32_t of scratch that topk needs */

/* keep [k]: places of the k largest of score [n] (NaN is the largest), ascending in place (not in score). Equal
 * scores: lower row [n] first. 0 ≤ k ≤ n. Linear time; allocates nothing. */
void topk(int *keep, const real *score, const int *row, int n, int k, uint32_t *scratch);

/* Puts places by score, largest first (NaN is the largest); those with equal scores stay in their order. order [n],
 * scratch [2 n]. Linear time; allocates nothing. */
typedef struct {
#if REAL_IS_DOUBLE
    uint64_t key;
#else
    uint32_t key;
#endif
    int place;
} TopkPlace;
void topk_sort(int *order, const real *score, int n, TopkPlace *scratch);

#endif
