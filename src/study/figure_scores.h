/* SPDX-License-Identifier: MIT
 *
 * figure_scores.h: figures of outputs on test bags: ROC and precision-recall curves, calibration and distribution of a task with
 * two classes; the confusion matrix of several; predicted against true numbers. Each is added to `list`.
 */
#ifndef HOPSACK_FIGURE_SCORES_H
#define HOPSACK_FIGURE_SCORES_H

#include "study/figure.h"
#include "study/testrows.h"

#include <jansson.h>

typedef struct {
    const char *task;
    const json_t *scores; /* of the task in the run's summary */
    const TestRows *rows;
} FigureScores;

/* All that go with the kind of the task; none where there are no test bags. ERR_MEMORY. */
Status figure_scores_add(FigureList *list, const FigureScores *in);

#endif
