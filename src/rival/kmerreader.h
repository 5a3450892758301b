/* SPDX-License-Identifier: MIT
 *
 * kmerreader.h: the bags of rivals that count k-mers: in training a block of cells of all bags at a time, afterwards one bag
 * at a time, with the counts that the models were trained on (their fact `by_counts`).
 */
#ifndef HOPSACK_KMERREADER_H
#define HOPSACK_KMERREADER_H

#include "cohort/kmerblocks.h"
#include "rival/rival.h"

KmerBlocksSetup kmerreader_blocks(const RivalBags *bags); /* for kmerblocks_open */

typedef struct {
    const Cohort *cohort;
    Cache *cache;
} KmerReader;

/* ERR_MODEL: models do not agree, or the cohort's bags are not sequences of amino acids. */
Status kmerreader_open(KmerReader *out, RivalModel *const *model, int n_model, const Cohort *cohort);
Status kmerreader_bag(const Bag **out, KmerReader *reader, int member); /* borrowed until the next */
void kmerreader_close(KmerReader *reader);                              /* accepts half-built ones */

#endif
