/* SPDX-License-Identifier: MIT
 *
 * kmerfind.h: the places of a list of k-mers in a bag of sequences.
 */
#ifndef HOPSACK_KMERFIND_H
#define HOPSACK_KMERFIND_H

#include "core/bag.h"
#include "core/kmer.h"

#define KMERFIND_MAX   2048 /* k-mers of a list */
#define KMERFIND_PAIRS ((KMER_SPAN - 1) * 400)

typedef struct {
    int n;
    Kmer kmer[KMERFIND_MAX];      /* [n] as given */
    int8_t anchor[KMERFIND_MAX];  /* [n] offset of the pair of residues by which it is found */
    uint16_t order[KMERFIND_MAX]; /* [n] their places, by pair */
    int8_t third[KMERFIND_MAX];   /* [n] in this order: offset, from the pair's first, of one more fixed residue */
    int8_t code[KMERFIND_MAX];    /* [n] in this order: that residue */
    uint16_t start[KMERFIND_PAIRS + 1]; /* those of pair k are order[start[k] … start[k+1]-1] */
    uint8_t any[KMERFIND_PAIRS];        /* has the pair one? */
    int gap[KMER_SPAN], n_gap;          /* [n_gap] distances of the residues of pairs that have one */
} KmerFinder;

/* n ≤ KMERFIND_MAX k-mers of at least two fixed residues, over 20 letters. */
void kmerfind_init(KmerFinder *finder, const Kmer *kmer, int n);

/* Calls found(context, k, i) for each occurrence of k-mer k in sequence i. Sequences ascend. */
typedef void KmerHit(void *context, int k, int i);
void kmerfind_bag(const KmerFinder *finder, const Bag *bag, KmerHit *found, void *context);

#endif
