/* SPDX-License-Identifier: MIT
 *
 * kmer.h: a gapped k-mer, some fixed residues at fixed distances with any residue between them, as "SF.EN". Counting
 * chooses k-mers and the model starts kernels from them; both see only this.
 */
#ifndef HOPSACK_KMER_H
#define HOPSACK_KMER_H

#include <stdint.h>

#define KMER_FIXED 4 /* most fixed residues */
#define KMER_SPAN  9 /* longest */

typedef struct {
    int n_fixed;               /* 1 … KMER_FIXED */
    int span;                  /* residues from the first fixed one to the last, both counted; ≤ KMER_SPAN */
    int8_t offset[KMER_FIXED]; /* [n_fixed] of the fixed residues, ascending; the first is 0, the last span - 1 */
    int8_t code[KMER_FIXED];   /* [n_fixed] those residues, places in the alphabet */
} Kmer;

/* Which k-mers are looked at: 3 fixed residues within 5 places and 4 within 6; all: 3 within 9 too. */
typedef enum { KMER_MASKS_ALL, KMER_MASKS_SHORT } KmerMasks;
#define KMER_MASKS_WORDS "all short"

/* What of a k-mer is compared between classes: occurrences in a bag, the bags that hold it, or both. */
typedef enum { KMER_FREQUENCY, KMER_PRESENCE, KMER_BOTH } KmerStatistic;
#define KMER_STATISTIC_WORDS "frequency presence both"

/* A k-mer that a network starts from. */
typedef struct {
    Kmer kmer;
    int output; /* of the network, that it speaks for */
    int sign;   /* 1: it is more frequent where that output should be large, -1: less */
} KmerStart;

/* Writes the k-mer with the letters of `alphabet` and '.' between the fixed residues; returns `text`. */
static inline const char *kmer_text(char text[KMER_SPAN + 1], const Kmer *kmer, const char *alphabet)
{
    for (int p = 0; p < kmer->span; p++) text[p] = '.';
    for (int f = 0; f < kmer->n_fixed; f++) text[kmer->offset[f]] = alphabet[kmer->code[f]];
    text[kmer->span] = 0;
    return text;
}

#endif
