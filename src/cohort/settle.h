/* SPDX-License-Identifier: MIT
 *
 * settle.h: what is settled of a target after training, on bags that it did not learn from: its probabilities (platt.h) and its
 * operating point (cutoff.h). Both belong to the target from then on: predictions, scores and model files go by them.
 */
#ifndef HOPSACK_SETTLE_H
#define HOPSACK_SETTLE_H

#include "cohort/cutoff.h"
#include "model/target.h"

typedef struct {
    bool calibrate;    /* has no effect on a target whose labels are numbers */
    CutoffRule cutoff; /* has none on targets but binary ones */
} SettleRule;

/* Bags by their outputs [n, n_out] and class [n]; those of class -1, and those with an output that is no finite number, do not
 * count. Where a class is missing the target keeps neither: *is_settled (may be NULL) is false if it should have been
 * calibrated. ERR_MEMORY. */
Status settle_target(Target *t, bool *is_settled, SettleRule rule, const double *output, const int *class, int n);

#endif
