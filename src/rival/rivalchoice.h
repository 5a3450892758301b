/* SPDX-License-Identifier: MIT
 *
 * rivalchoice.h: the figure by which rivals choose among settings.
 */
#ifndef HOPSACK_RIVALCHOICE_H
#define HOPSACK_RIVALCHOICE_H

#include "cohort/metric.h"
#include "rival/rival.h"

/* Area under the ROC curve of outputs [n_train, n_out] that inner fits gave to bags which they had not seen: each class against
 * the others, mean over inner folds and outputs where it is defined; NaN where it is nowhere. rank [n_train] is scratch. */
double rivalchoice_area(const RivalFit *fit, const double *output, MetricRank *rank);

#endif
