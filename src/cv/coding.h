/* SPDX-License-Identifier: MIT
 *
 * coding.h: labels of a cohort that a trained model cannot read, because they are coded otherwise than those it learned.
 */
#ifndef HOPSACK_CODING_H
#define HOPSACK_CODING_H

#include "cohort/cohort.h"

#define CODING_ROOM 1200

/* "column 'status' holds 'yes' (6), 'no' (6), and the model learned '+' and '-'": of the first target whose
 * column has cells but none of the model's classes. NULL if no target is like that. Call it after cohort_label. */
const char *coding_foreign(char text[CODING_ROOM], const Cohort *cohort, const Target *target, int n_target);

#endif
