/* SPDX-License-Identifier: MIT
 *
 * smallclass.h: classes with fewer bags than there are folds.
 */
#ifndef HOPSACK_SMALLCLASS_H
#define HOPSACK_SMALLCLASS_H

#include "cohort/cohort.h"

/* Warns of the smallest class of the first target, if some of n_fold drawn test sets must lack it. `validates`: a validation
 * set takes bags away, too. */
void smallclass_report(const Cohort *c, const Target *first, int n_fold, bool validates);

#endif
