/* SPDX-License-Identifier: MIT
 *
 * predictorcost.h: what predicting a cohort will take (core/cost.h), from its first bags.
 */
#ifndef HOPSACK_PREDICTORCOST_H
#define HOPSACK_PREDICTORCOST_H

#include "core/cost.h"
#include "study/predictor.h"

/* Of all members, from as many as are predicted in some ten milliseconds of one thread, at least one. Fitted models; errors of
 * predictor_bag. */
Status predictorcost_make(Cost *out, Predictor *p, const Cohort *cohort);

#endif
