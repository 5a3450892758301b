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

#define ROW(symbol, word, words, views, ...)                                                                         \
    const Rival rival_##symbol = {.name = word,                                                                      \
                                  .line = words,                                                                     \
                                  .bags = BAG_SEQUENCES,                                                             \
                                  .standard = true,                                                                  \
                                  .holds_residues = true,                                                            \
                                  .reads_counts = true,                                                              \
                                  .shares_bags = true,                                                               \
                                  .is_logit = true,                                                                  \
                                  .detail = &(views),                                                                \
                                  .cost = {__VA_ARGS__},                                                             \
                                  .name_feature = kmername_feature,                                                  \
                                  .check = check,                                                                    \
                                  BAGKERNEL_FUNCTIONS,                                                               \
                                  .rank = bagkernel_rank}

ROW(kmer3, "kmer-3", "logistic regression on the frequencies of 3 residues in a row", bagkernel_kmers_3, 40, 0, 0.085,
    1.2, 0, 0, 65, 5, 0.11);
ROW(kmer4, "kmer-4", "logistic regression on the frequencies of 4 residues in a row", bagkernel_kmers_4, 0, 3.3, 0.28,
    0, 0.17, 0, 5, 10, 0.4);
ROW(gapped, "gapped", "logistic regression on 3 and 4 residues with gaps, 11 masks within 6 places",
    bagkernel_kmers_gapped, 100, 12.4, 1.77, 4.6, 0.06, 0, 0, 40, 1.43);
ROW(gap1, "gap1", "logistic regression on 4 residues in a row, and 3 with one gap", bagkernel_kmers_gap1, 0, 4, 0.35,
    0.7, 0, 0, 63, 10, 0.44);
ROW(halves, "halves", "logistic regression on 4 residues in a row of the middle, of its left and of its right half",
    bagkernel_kmers_halves, 77, 7.4, 0.52, 0, 0.13, 0, 15, 25, 1);
ROW(thirds, "thirds", "logistic regression on 4 residues in a row at the start, in the middle or at the end",
    bagkernel_kmers_thirds, 77, 7, 0.45, 0, 0.13, 0, 15, 25, 1);
