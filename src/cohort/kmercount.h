/* SPDX-License-Identifier: MIT
 *
 * kmercount.h: occurrences of all gapped k-mers of a mask in bags of sequences, and the sums over bags that tests need.
 *
 * What is summed of a bag in which a k-mer occurs `count` times is Anscombe's transform, whose
 * variance is near 1 whatever the mean,
 *
 *   v = 2 √(factor · count + 3/8)      less its value v0 where the k-mer is missing
 */
#ifndef HOPSACK_KMERCOUNT_H
#define HOPSACK_KMERCOUNT_H

#include "cohort/kmermask.h"
#include "core/bag.h"

/* Working memory of one thread. */
typedef struct {
    uint16_t *three; /* [n_key] cells of a piece of the bag, of a mask of three */
    uint32_t *four;  /* [n_key] of a mask of four */
    int n_key;
    uint8_t *count;  /* [KMER_CELLS] of this bag, modulo 256; 0 between bags */
    uint32_t *wraps; /* [KMER_CELLS] how often it came round; 0 between bags */
    int *wrapped;    /* [KMER_CELLS] cells that did */
    int n_wrapped;
    uint32_t *derived;                    /* [KMER_FAMILY - 1, cells of three] counts of this bag */
    float *sum, *square, *product, *held; /* [cells of a family] of the bags of one run; 0 between runs */
} KmerScratch;
Status kmercount_scratch(KmerScratch *scratch, int max_len); /* longest sequence; ERR_MEMORY */
void kmercount_scratch_free(KmerScratch *scratch);           /* accepts half-built ones */

/* How a bag counts. */
typedef struct {
    double factor; /* multiplies its counts: a mean bag size / bag size; 0 where it is empty */
    int column;    /* whose sum it adds to: its class; 0 where there are labels */
    double label;  /* centred number; without labels unused */
} KmerWeight;

/* Sums of one mask. */
typedef struct {
    int n_column; /* classes; with labels 2: of v - v0, and of that times the label */
    bool labelled;
    double *sum;    /* [n_column, n_cell] of v - v0 */
    double *square; /* [n_cell] of (v - v0)² of all bags; 0: the k-mer occurs nowhere */
    double *held;   /* [n_column, n_cell] bags that hold the k-mer; NULL: not counted. Classes alone */
} KmerSums;

/* What is counted together. */
typedef struct {
    int n;                             /* 1 … KMER_FAMILY */
    const KmerMask *mask[KMER_FAMILY]; /* as kmermask_family lists them */
    KmerSums *sums[KMER_FAMILY];
} KmerFamily;

/* Adds n bags in their order; those of one column are best neighbours. The result depends on the order, and on where a
 * list is cut into calls, in rounding alone; not on what is counted together. */
void kmercount_add(const KmerFamily *family, const Bag *const *bag, const KmerWeight *weight, int n,
                   KmerScratch *scratch);

double kmercount_value(double count, double factor); /* v - v0 */
double kmercount_total(double sum, double square);   /* Σ factor · count of the bags with these sums of v - v0 */

#endif
