/* SPDX-License-Identifier: MIT
 *
 * clonegram.h: inner products of bags by the sequences that they share,
 *
 *     <φ_i, φ_j> = Σ_{sequences that i and j hold} ln(N / n)²        N bags of a set, of which n ≥ 2 hold the sequence
 */
#ifndef HOPSACK_CLONEGRAM_H
#define HOPSACK_CLONEGRAM_H

#include "cohort/clonelist.h"
#include "core/stop.h"
#include "rival/bagkernel.h"

#include <math.h>

/* ln(N / n); 0 for n < 2. */
static inline double clonegram_weight(int n_set, int n)
{
    return n < 2 ? 0 : log((double)n_set / n);
}

/* Members of a set [n]. */
int clonegram_count(const bool *member, int n);

/* Fills the grams, which are 0, of bags that hold sequences of the list. n: members of the cohort. */
Status clonegram_fill(BagKernelSet *set, int n_set, const CloneList *list, int n, const StopFlag *stop);

#endif
