/* SPDX-License-Identifier: MIT
 *
 * kmercount.h: occurrences of all gapped k-mers of a mask in bags of sequences, and the sums over bags that tests need.
 *
 * A mask says which places of a window are fixed; its k-mers are its cells, the code of the first fixed residue the most
 * significant digit. What is summed of a bag in which a k-mer occurs `count` times is Anscombe's transform, whose
 * variance is near 1 whatever the mean,
 *
 *   v = 2 √(factor · count + 3/8)      less its value v0 where the k-mer is missing
 */
#ifndef HOPSACK_KMERCOUNT_H
#define HOPSACK_KMERCOUNT_H

#include "core/bag.h"
#include "core/kmer.h"

#define KMER_LETTERS 20
#define KMER_MASKS   38     /* in all */
#define KMER_CELLS   160000 /* most of a mask */
#define KMER_FAMILY  3      /* most masks counted together */

typedef struct {
    int n_fixed, span;
    int offset[KMER_FIXED]; /* [n_fixed] the first is 0, the last span - 1 */
    int n_cell;             /* KMER_LETTERS to the power of n_fixed */
    int first;              /* number of cell 0 among the cells of all masks */
} KmerMask;

/* Masks of up to max_span places: 4 fixed within 6 (10 masks), 3 within 5 (6), and unless `short` 3 within 9 (22 more).
 * Returns how many; a cell's number does not depend on max_span. */
int kmercount_masks(KmerMask out[KMER_MASKS], KmerMasks which, int max_span);

/* Mask `mask` and those behind it that are counted with it, `mask` first; 0 where it is counted with one before it in
 * first … end - 1. Returns their number. A mask of three fixed places belongs to one of four that has these and the same
 * span: its counts are sums of the other's. */
int kmercount_family(int out[KMER_FAMILY], const KmerMask *list, int mask, int first, int end);
Kmer kmercount_kmer(const KmerMask *mask, int cell);

/* Working memory of one thread. */
typedef struct {
    uint16_t *three; /* [n_key] cells of a piece of the bag, of a mask of three */
    uint32_t *four;  /* [n_key] of a mask of four */
    int n_key;
    uint8_t *count;  /* [KMER_CELLS] of this bag, modulo 256; 0 between bags */
    uint32_t *wraps; /* [KMER_CELLS] how often it came round; 0 between bags */
    int *wrapped;    /* [KMER_CELLS] cells that did */
    int n_wrapped;
    uint32_t *derived;             /* [KMER_FAMILY - 1, cells of three] counts of this bag */
    float *sum, *square, *product; /* [cells of a family] of the bags of one run; 0 between runs */
} KmerRoom;
Status kmercount_room(KmerRoom *room, int max_len); /* longest sequence; ERR_MEMORY */
void kmercount_room_free(KmerRoom *room);           /* accepts half-built ones */

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
} KmerSums;

/* What is counted together. */
typedef struct {
    int n;                            /* 1 … KMER_FAMILY */
    const KmerMask *mask[KMER_FAMILY]; /* as kmercount_family lists them */
    KmerSums *sums[KMER_FAMILY];
} KmerFamily;

/* Adds n bags in their order; those of one column are best neighbours. The result depends on the order, and on where a
 * list is cut into calls, in rounding alone; not on what is counted together. */
void kmercount_add(const KmerFamily *family, const Bag *const *bag, const KmerWeight *weight, int n, KmerRoom *room);

double kmercount_value(double count, double factor); /* v - v0 */
double kmercount_total(double sum, double square);   /* Σ factor · count of the bags with these sums of v - v0 */

#endif
