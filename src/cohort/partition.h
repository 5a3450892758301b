/* SPDX-License-Identifier: MIT
 *
 * partition.h: which part each member of a cohort plays, and whether the parts are as separate as they look.
 */
#ifndef HOPSACK_PARTITION_H
#define HOPSACK_PARTITION_H

#include "cohort/folds.h"

#include <stdint.h>

typedef struct {
    int n;                /* members */
    Part *part;           /* [n] PART_NONE: no label, or not listed */
    const uint64_t *hash; /* [n] of the bag's content, after folds_hash; owned by the folds */
    int count[3];         /* by part */
} Partition;

/* Parts where fold `fold` of a repetition is the test part. ERR_FORMAT where a training part has one class only, a part
 * that must not be empty is, or equal bags (compared after folds_hash) or one group lie in two parts although a group column
 * was given. Without a group column these are warnings, printed once for all folds; so is a test or validation part with one class. Threads may make
 * partitions of the same folds at the same time if each was made once before. */
Status partition_make(Partition *out, Folds *folds, int repeat, int fold);
/* Only whether training is possible there; reads no bag. */
Status partition_check(const Folds *folds, int repeat, int fold);
/* After parts were changed. ERR_FORMAT where training is not possible any more. */
Status partition_recount(Partition *g, const Folds *folds);
void partition_free(Partition *g);

#endif
