/* SPDX-License-Identifier: MIT
 *
 * alias.h: draws from a discrete distribution with one random number and one comparison (Walker 1977, Vose 1991).
 *
 * A cell is reached with probability 1/n; below its cut it stands for itself, above for `other`. Probabilities are met
 * to within 2^-32.
 */
#ifndef HOPSACK_ALIAS_H
#define HOPSACK_ALIAS_H

#include "core/rng.h"

typedef struct {
    uint32_t cut;
    int other;
} AliasCell;

/* cell [n] from p [n]: weights ≥ 0 with a sum > 0, rescaled to sum 1. n ≤ ALIAS_MOST. */
#define ALIAS_MOST 1024
void alias_build(AliasCell *cell, const double *p, int n);

static inline int alias_draw(const AliasCell *cell, int n, Rng *rng)
{
    const uint64_t u = rng_u64(rng);
    const int i = (int)((u >> 32) * (uint64_t)n >> 32);
    return (uint32_t)u < cell[i].cut ? i : cell[i].other;
}

#endif
