/* SPDX-License-Identifier: MIT
 *
 * seqpool.h: public sequences. A carrier is a sequence of a list, which takes the place of the background's. A repertoire
 * draws them without repetition until the list is used up.
 */
#ifndef HOPSACK_SEQPOOL_H
#define HOPSACK_SEQPOOL_H

#include "data/simulate/repertoire.h"
#include "data/simulate/seqlist.h"

typedef struct {
    SeqList list;
    int *slot; /* [n_slot] number + 1 of the sequence that hashes there; 0: free */
    size_t n_slot;
    int16_t *gene; /* [n, 2] numbers in the cohort's gene names */
} SeqPool;

Status seqpool_read(SeqPool *out, const char *path);
/* n different sequences of the background, of the stream alone. ERR_CONFIG: it has not so many. */
Status seqpool_draw(SeqPool *out, const Recipe *recipe, int n, Rng *rng, Rng *gene_rng);
void seqpool_free(SeqPool *pool);

extern const CarrierType seqpool_carriers;

#endif
