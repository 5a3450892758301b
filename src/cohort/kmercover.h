/* SPDX-License-Identifier: MIT
 *
 * kmercover.h: greedy cover: from candidates the few that are told apart by different sequences.
 */
#ifndef HOPSACK_KMERCOVER_H
#define HOPSACK_KMERCOVER_H

#include "cohort/kmerbags.h"

#define KMERCOVER_CANDIDATES 500

/* A k-mer and the test that it stands out in. */
typedef struct {
    double t;
    int mask, cell; /* place among the masks; cell of that */
    int number;     /* of the k-mer, mask->first + cell */
    int test;       /* place in KmerBags.test */
    double total;   /* occurrences in all bags, normalised to the mean bag size */
} KmerCandidate;

/* Order of preference: larger |t|, lower number, lower test; negative if a comes first. */
int kmercover_order(const KmerCandidate *a, const KmerCandidate *b);

/* One training part. */
typedef struct {
    KmerChoice *out; /* with min_z */
    KmerBags *bags;
    KmerCandidate *candidate; /* [n] in order of preference */
    int n;                    /* up to KMERCOVER_CANDIDATES */
} KmerCover;

/* Chooses up to bags->in->top of the candidates, while |z| > out->min_z; fills out->n and found, of each of n_cover training
 * parts as if it were alone. Candidates behind those that together occur too often to be held in memory are left out. */
Status kmercover_choose(const KmerCover *cover, int n_cover, const KmerMask *mask);

#endif
