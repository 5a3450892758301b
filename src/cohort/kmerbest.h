/* SPDX-License-Identifier: MIT
 *
 * kmerbest.h: the k-mers of one mask that differ most between the bags of a training part.
 */
#ifndef HOPSACK_KMERBEST_H
#define HOPSACK_KMERBEST_H

#include "cohort/kmercover.h"

#define KMERBEST_KEPT (2 * KMERCOVER_CANDIDATES) /* a list before it is cut */

typedef struct {
    KmerCandidate candidate[KMERBEST_KEPT]; /* [n] */
    int n;
    double bar;              /* t², or z² where presence is tested, that a newcomer must exceed */
    double largest;          /* t² of all tested */
    double largest_presence; /* z² of tests of presence */
    int64_t n_tested;
} KmerBest;

/* Makes all tests of all cells of mask number `number`, of which `sums` are those of the bags. `best` is {0} before. */
void kmerbest_test(KmerBest *best, const KmerBags *bags, const KmerSums *sums, const KmerMask *mask, int number);

int kmerbest_order(const void *a, const void *b); /* kmercover_order, for qsort */

#endif
