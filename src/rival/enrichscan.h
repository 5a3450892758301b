/* SPDX-License-Identifier: MIT
 *
 * enrichscan.h: which k-mers occur in more bags of one class than of the other, for many training parts at once.
 *
 * A cell of a profile (cohort/kmerprofile.h) has two marks in a bag:
 *
 *     it occurs                           count ≥ 1
 *     it occurs more often than usual     count · scale / total > level, where that is more than one occurrence
 *
 * scale: mean total of the bags in use; level: mean + ENRICHSCAN_DEVIATIONS standard deviations over them of count · scale / total.
 * Neither looks at labels. A mark in a of n₊ and b of n₋ training bags scores
 *
 *     z = (a / n₊ - b / n₋) / √(p (1 - p) (1 / n₊ + 1 / n₋))        p = (a + b) / (n₊ + n₋)
 *
 * A mark is a row of bits, one a bag, so that a test is a handful of additions, and permuted labels cost no counting.
 */
#ifndef HOPSACK_ENRICHSCAN_H
#define HOPSACK_ENRICHSCAN_H

#include "cohort/kmerblocks.h"

#define ENRICHSCAN_KEPT       512 /* marks kept for each problem */
#define ENRICHSCAN_DEVIATIONS 1.5

typedef struct {
    double z;
    int cell;     /* of the profile */
    double level; /* 0: occurrence */
    int slot;     /* of the bits */
} EnrichMark;

/* A training part and what is told apart there. */
typedef struct {
    uint64_t *member[2]; /* [n_word] bags of the other class, of the class */
    int n_member[2];
    int n_mark;
    EnrichMark mark[ENRICHSCAN_KEPT]; /* [n_mark] after the scan by |z|, the largest first */
    uint64_t *bits;                   /* [ENRICHSCAN_KEPT, n_word] */
} EnrichProblem;

typedef struct {
    int n, n_word; /* bags in use, by the order of kmerblocks_member */
    EnrichProblem *problem;
    int n_problem;
    int64_t n_tested;                /* marks, of each problem */
    double scale[KMERPROFILE_VIEWS]; /* of each view; NaN before the scan */
} EnrichScan;

Status enrichscan_new(EnrichScan *out, int n_bag, int n_problem);
void enrichscan_free(EnrichScan *s);                                     /* accepts half-built ones */
void enrichscan_add(EnrichScan *s, int problem, int bag, bool positive); /* a training bag */

/* Fills the marks of all problems. */
Status enrichscan_run(EnrichScan *s, KmerBlocks *blocks);

static inline bool enrichscan_has(const EnrichScan *s, const EnrichProblem *p, const EnrichMark *mark, int bag)
{
    return p->bits[(size_t)mark->slot * (size_t)s->n_word + (size_t)bag / 64] >> (bag % 64) & 1;
}

#endif
