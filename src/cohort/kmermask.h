/* SPDX-License-Identifier: MIT
 *
 * kmermask.h: masks of gapped k-mers. A mask says which places of a window are fixed; its k-mers are its cells, numbered
 * with the code of the first fixed residue as the most significant digit.
 */
#ifndef HOPSACK_KMERMASK_H
#define HOPSACK_KMERMASK_H

#include "core/kmer.h"

#define KMER_LETTERS   20
#define KMER_MASKS     38      /* in all */
#define KMER_CELLS     160000  /* most of a mask */
#define KMER_FAMILY    3       /* most masks counted together */
#define KMERMASK_CELLS 1824000 /* of all masks */

typedef struct {
    int n_fixed, span;
    int offset[KMER_FIXED]; /* [n_fixed] the first is 0, the last span - 1 */
    int n_cell;             /* KMER_LETTERS to the power of n_fixed */
    int first;              /* number of cell 0 among the cells of all masks */
} KmerMask;

/* Masks of up to max_span places: 4 fixed within 6 (10 masks), 3 within 5 (6), and unless `short` 3 within 9 (22 more).
 * Returns how many; a cell's number does not depend on max_span. */
int kmermask_list(KmerMask out[KMER_MASKS], KmerMasks which, int max_span);

/* Mask `mask` and those behind it that are counted with it, `mask` first; 0 where it is counted with one before it in
 * first … end - 1. Returns their number. A mask of three fixed places belongs to one of four that has these and the same
 * span: its counts are sums of the other's. */
int kmermask_family(int out[KMER_FAMILY], const KmerMask *list, int mask, int first, int end);
Kmer kmermask_kmer(const KmerMask *mask, int cell);

/* The place of mask `four` that mask `three` leaves open, where it has the other places; else 0. */
int kmermask_open_place(const KmerMask *four, const KmerMask *three);

#endif
