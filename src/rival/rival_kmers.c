/* SPDX-License-Identifier: MIT
 *
 * rival_kmers.c: a row for each family of k-mers.
 */
#include "cohort/kmerblocks.h"
#include "rival/bagkernel_kmers.h"
#include "rival/kmername.h"

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    (void)rival;
    (void)n_class;
    return kmerblocks_check(cohort->file);
}

#define ROW(symbol, word, words, views)                                                                              \
    const Rival rival_##symbol = {.name = word,                                                                      \
                                  .line = words,                                                                     \
                                  .bags = BAG_SEQUENCES,                                                             \
                                  .standard = true,                                                                  \
                                  .holds_residues = true,                                                            \
                                  .reads_counts = true,                                                              \
                                  .shares_bags = true,                                                               \
                                  .is_logit = true,                                                                  \
                                  .detail = &(views),                                                                \
                                  .name_feature = kmername_feature,                                                  \
                                  .check = check,                                                                    \
                                  BAGKERNEL_FUNCTIONS,                                                               \
                                  .rank = bagkernel_rank}

ROW(kmer3, "kmer-3", "logistic regression on the frequencies of 3 residues in a row", bagkernel_kmers_3);
ROW(kmer4, "kmer-4", "logistic regression on the frequencies of 4 residues in a row", bagkernel_kmers_4);
ROW(gapped, "gapped", "logistic regression on 3 and 4 residues with gaps, 11 masks within 6 places",
    bagkernel_kmers_gapped);
ROW(gap1, "gap1", "logistic regression on 4 residues in a row, and 3 with one gap", bagkernel_kmers_gap1);
ROW(halves, "halves", "logistic regression on 4 residues in a row of the middle, of its left and of its right half",
    bagkernel_kmers_halves);
ROW(thirds, "thirds", "logistic regression on 4 residues in a row at the start, in the middle or at the end",
    bagkernel_kmers_thirds);
