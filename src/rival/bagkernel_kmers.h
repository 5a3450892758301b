/* SPDX-License-Identifier: MIT
 *
 * bagkernel_kmers.h: kernels of k-mers. φ of a bag are its standardised log frequencies of k-mers (kmerscale.h): of all
 * cells of a profile (kmerprofile.h), which a row names.
 *
 *   kmer-3, kmer-4   residues in a row
 *   gapped           11 masks of 3 and 4 residues within up to 6 places
 *   gap1             4 in a row, x.xx and xx.x
 *   halves           4 in a row of the core: all, in its left half, in its right half
 *   thirds           4 in a row, where they stand: at the start, in the middle, at the end
 *
 * A model has the tensors weight [n_out, n_cell of the profile] and offset [n_out], with which
 *
 *   Σ_c weight_c x_c - offset = Σ_i weight_i <φ_i, φ(x)>
 *
 * variance [n_cell] of x over the training bags (0: the cell is left out), by which sequences are ranked (kmerapply.h), and the
 * fact `by_counts`. What it holds are residues of patients' sequences.
 */
#ifndef HOPSACK_BAGKERNEL_KMERS_H
#define HOPSACK_BAGKERNEL_KMERS_H

#include "cohort/kmerprofile.h"
#include "rival/bagkernel.h"

/* The `detail` of a row. */
typedef struct {
    const BagKernel *kernel;
    const KmerViewText *views;
} KmerDetail;

extern const KmerDetail bagkernel_kmers_3, bagkernel_kmers_4, bagkernel_kmers_gapped, bagkernel_kmers_gap1,
    bagkernel_kmers_halves, bagkernel_kmers_thirds;

#endif
