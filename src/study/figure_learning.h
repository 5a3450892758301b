/* SPDX-License-Identifier: MIT
 *
 * figure_learning.h: a score on training and validation set over the updates, a line each training; the kept state is marked.
 */
#ifndef HOPSACK_FIGURE_LEARNING_H
#define HOPSACK_FIGURE_LEARNING_H

#include "study/figure.h"
#include "study/learning.h"

/* The loss, and `score` where it is not NULL; nothing where there are no evaluations. ERR_MEMORY. */
Status figure_learning_add(FigureList *list, const Learning *learning, const char *task, const char *score);

#endif
