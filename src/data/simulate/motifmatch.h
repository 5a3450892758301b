/* SPDX-License-Identifier: MIT
 *
 * motifmatch.h: which motifs stand in a sequence, all motifs at once. A position that may be left out, and every length of a
 * gap, is a pattern of its own. A residue that may be another (r) counts as it is written: only it is looked for.
 *
 * Bit-parallel, as in agrep (Baeza-Yates and Gonnet 1992): a bit for each position of each pattern; a residue moves bits on
 * to the next position where it is allowed.
 */
#ifndef HOPSACK_MOTIFMATCH_H
#define HOPSACK_MOTIFMATCH_H

#include "data/simulate/motif.h"

#define MOTIFMATCH_OWNERS 64 /* signals that motifs can belong to */

typedef struct {
    uint64_t mask[20], start, end;
    uint8_t owner[64]; /* of the pattern that ends at this bit */
} MotifMatchWord;

typedef struct {
    int n_word, n_used, room; /* n_used: bits of the last word */
    MotifMatchWord *word;     /* [n_word] */
} MotifMatch;                 /* starts as {0} */

/* Adds a motif, which belongs to `owner` = 0 … MOTIFMATCH_OWNERS - 1. ERR_CONFIG: too many patterns. */
Status motifmatch_add(MotifMatch *match, const Motif *m, int owner);
void motifmatch_free(MotifMatch *match);

/* Bit k: a motif of owner k stands in the sequence. */
uint64_t motifmatch_owners(const MotifMatch *match, const int8_t *codes, int len);

#endif
