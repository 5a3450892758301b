/* SPDX-License-Identifier: MIT
 *
 * stackfigure.h: how good a column is inside an outer fold: the mean over its inner folds of the AUC (several classes: of the
 * mean of each class against the others, ranked by probability; numbers: of minus the mean squared error).
 */
#ifndef HOPSACK_STACKFIGURE_H
#define HOPSACK_STACKFIGURE_H

#include "study/stackview.h"

/* More is better; NaN: not defined. */
double stackfigure(const StackView *w, int column, StackWithout without);

#endif
