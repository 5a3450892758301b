/* SPDX-License-Identifier: MIT
 *
 * clonesort.h: sequences that occur in several bags, from records of sequence and bag.
 */
#ifndef HOPSACK_CLONESORT_H
#define HOPSACK_CLONESORT_H

#include "cohort/clonelist.h"

/* Records of n_bucket buckets, bucket b those from start[b] on, start [n_bucket + 1]: a key [block->n_word] and a member.
 * Equal keys are in one bucket, with members ascending, and may repeat one. The block gets those of two members or more, by
 * bucket, then hash. ERR_MEMORY. */
Status clonesort_buckets(CloneBlock *block, const uint64_t *record, const size_t *start, int n_bucket);

#endif
