/* SPDX-License-Identifier: MIT
 *
 * roc.h: the area under the ROC curve with an interval that needs no resampling.
 */
#ifndef HOPSACK_ROC_H
#define HOPSACK_ROC_H

#include "core/status.h"

/* *area: P(value of label 1 > value of label 0) + ½ P(equal), of value [n] and label [n], 0 or 1. interval [2]: 95 %, by
 * DeLong et al. 1988 on the logit scale; where that has no width, by Newcombe 2006 (method 5), which holds at 0 and 1. NaN
 * values take no part. NaN where a class is missing. */
Status roc_area(double *area, double interval[2], const double *value, const int *label, int n);

/* Mean ranks from 1 of value [n], of which those that are NaN become NaN; *n_known: the others. */
Status roc_ranks(double *rank, int *n_known, const double *value, int n);

#endif
