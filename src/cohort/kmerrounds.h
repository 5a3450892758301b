/* SPDX-License-Identifier: MIT
 *
 * kmerrounds.h: k-mers chosen in several rounds (kmers.h). A round from the second on looks at those training bags alone that
 * hold none of the k-mers chosen before: where several signals sit in a part of the positive bags each, a weak one stands out
 * once the bags of the others are gone. Bags leave on both sides, so that a k-mer that has nothing to do with the label is as
 * frequent on both afterwards as before.
 *
 * Only k-mers that explain the bags that hold them (KMERS_EXPLAINS) take bags away. There is no further round where the last
 * one chose none of these, or where `top` are chosen. So without a signal there is one round, and its error rate is that of
 * kmers.h. Later rounds test presence alone. Labels that are numbers have one round.
 */
#ifndef HOPSACK_KMERROUNDS_H
#define HOPSACK_KMERROUNDS_H

#include "cohort/kmers.h"

#define KMERS_EXPLAINS 0.8 /* share of the bags holding a k-mer that are on its side, at least */

/* As kmers_choose, for setup->rounds rounds. min_z, largest_z and n_tested of a choice are those of its first round. */
Status kmerrounds_choose(KmerChoice *out, const KmerSetup *setup, int n);

#endif
