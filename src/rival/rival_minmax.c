/* SPDX-License-Identifier: MIT
 *
 * rival_minmax.c: rows of DeepRC's support vector machines over 4-mers. They rank no sequences.
 */
#include "cohort/kmerblocks.h"
#include "rival/bagkernel_minmax.h"
#include "rival/machine.h"

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    if (!machine_has_svm)
        return fail(ERR_USAGE,
                    "%s needs libsvm, which was not there when hopsack was built: install libsvm-dev and build again",
                    rival->name);
    if (n_class == 0)
        return fail(ERR_CONFIG, "%s is a support vector machine for classes, and the labels are numbers",
                    rival->name);
    return kmerblocks_check(cohort->file);
}

#define ROW(symbol, words, kernel, ...)                                                                              \
    const Rival rival_##symbol = {.name = #symbol,                                                                   \
                                  .line = words,                                                                     \
                                  .bags = BAG_SEQUENCES,                                                             \
                                  .standard = true,                                                                  \
                                  .holds_residues = true,                                                            \
                                  .reads_counts = true,                                                              \
                                  .shares_bags = true,                                                               \
                                  .detail = &(kernel),                                                               \
                                  .cost = {__VA_ARGS__},                                                             \
                                  .check = check,                                                                    \
                                  BAGKERNEL_FUNCTIONS}

ROW(minmax, "SVM with MinMax kernel on the frequencies of 4 residues in a row", bagkernel_minmax_counts, 23, 0.45,
    0.26, 16.8, 0, 0, 66, 10, 0.5);
ROW(jaccard, "SVM with Jaccard kernel on the 4 residues in a row that occur", bagkernel_minmax_presence, 30, 0.4, 0.2,
    16, 0, 0, 57, 10, 0.45);
