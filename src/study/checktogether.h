/* SPDX-License-Identifier: MIT
 *
 * checktogether.h: all traits of bags together as one classifier of a label with two classes: logistic regression with an
 * L2 penalty (classifier.h), cross-validated over the units of confound.h. Numbers are taken as their ranks; columns of few
 * classes as one indicator a class; both standardised by the training units of the fold.
 */
#ifndef HOPSACK_CHECKTOGETHER_H
#define HOPSACK_CHECKTOGETHER_H

#include "cohort/confound.h"

#define CHECKTOGETHER_PERMUTATIONS 999
#define CHECKTOGETHER_LEVEL        0.001

typedef struct {
    bool known; /* false: not two classes, too few units of one, or no classifier in this build */
    int n_fold, n_column;
    double auc; /* pooled over the folds */
    double interval[2];
    bool tested;
    double p; /* permutations until one is as good: 1 / their number; at least 1 / (PERMUTATIONS + 1) */
} CheckTogether;

/* `test`: draw permutations too. They stop at the first that is as good, which is soon where there is nothing. */
Status checktogether_run(CheckTogether *out, const Traits *traits, const ConfoundUnits *u, uint64_t seed, bool test);

#endif
