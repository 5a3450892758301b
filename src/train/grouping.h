/* SPDX-License-Identifier: MIT
 *
 * grouping.h: which part each member of a cohort plays, and whether the parts are as separate as they look.
 */
#ifndef HOPSACK_GROUPING_H
#define HOPSACK_GROUPING_H

#include "data/split.h"
#include "train/cohort.h"

#include <stdint.h>

typedef struct {
    int n;          /* members */
    Part *part;     /* [n] PART_NONE: no label, or not listed */
    uint64_t *hash; /* [n] of the bag's content; 0 for members without a part */
    int count[3];   /* by part */
} Grouping;

/* Parts of fold options->fold in repetition 0. ERR_FORMAT where a training part has one class only, a part that must
 * not be empty is, or equal bags or one group lie in two parts although a group column was given; without one they are
 * said in a warning. */
Status grouping_make(Grouping *out, const Cohort *cohort, const SplitOptions *options, uint64_t seed);
void grouping_free(Grouping *g);

#endif
