/* SPDX-License-Identifier: MIT
 *
 * figure_kinds.h: figures of tasks that have not two classes: true against predicted.
 */
#ifndef HOPSACK_FIGURE_KINDS_H
#define HOPSACK_FIGURE_KINDS_H

#include "study/figure_scores.h"

/* A confusion matrix where the scores name classes, else a scatter plot of numbers. ERR_MEMORY. */
Status figure_kinds_add(FigureList *list, const FigureScores *in);

#endif
