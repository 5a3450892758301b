/* SPDX-License-Identifier: MIT
 *
 * splitskept.h: a resumed run keeps the splits.tsv that it began with. What cells mean may have changed between versions;
 * then bags would move between parts, and a model would be tested on bags that it has learned from.
 */
#ifndef HOPSACK_SPLITSKEPT_H
#define HOPSACK_SPLITSKEPT_H

#include "cohort/partition.h"

typedef struct {
    const Cohort *cohort;
    int n_bag; /* its first members, which are listed where a column has them */
    int n_column;
    const int *number;       /* [n_column, n_bag] fold or part; -1: none */
    const char *const *word; /* of each part; NULL: the numbers themselves */
} Splits;

/* Does the splits.tsv in `folder`, if there is one, say the same? ERR_FORMAT names the first bag of which it does not. */
Status splitskept_check(const char *folder, const Splits *s);
Status splitskept_check_parts(const char *folder, const Cohort *cohort, const Partition *g); /* of one training */

#endif
