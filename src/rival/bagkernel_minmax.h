/* SPDX-License-Identifier: MIT
 *
 * bagkernel_minmax.h: the two kernels of DeepRC's support vector machines, over 4-mers. v_ic is the frequency of 4-mer c
 * among those of bag i (minmax), or 1 where the bag has it and else 0 (jaccard):
 *
 *   k_ij = Σ_c min(v_ic, v_jc) / Σ_c max(v_ic, v_jc)     k_ii = 1; 0 where neither bag has a 4-mer
 *
 * A model has, for n bags that it knows, bags U8 [bytes] (countstream.h, presences for jaccard), start I64 [n + 1] where
 * each begins there, total F64 [n] of its counts and weight F64 [n_out, n], and the fact `by_counts`. What it holds are
 * residues of patients' sequences.
 */
#ifndef HOPSACK_BAGKERNEL_MINMAX_H
#define HOPSACK_BAGKERNEL_MINMAX_H

#include "cohort/kmerprofile.h"
#include "rival/bagkernel.h"

/* The `detail` of a row. */
typedef struct {
    const BagKernel *kernel;
    bool presence;
} MinmaxDetail;

extern const MinmaxDetail bagkernel_minmax_counts, bagkernel_minmax_presence;

KmerProfile bagkernel_minmax_profile(void);

/* Of two bags, from Σ min and that of each with itself. */
static inline double bagkernel_minmax_similarity(double both, double one, double other)
{
    const double either = one + other - both;
    return either > 0 ? both / either : 0;
}

#endif
