/* SPDX-License-Identifier: MIT
 *
 * learning.h: how the trainings of a run went: metrics.jsonl of each, and the update that was kept.
 */
#ifndef HOPSACK_LEARNING_H
#define HOPSACK_LEARNING_H

#include "core/status.h"

#include <jansson.h>

typedef enum { LEARNING_TRAIN, LEARNING_VALIDATION, LEARNING_PARTS } LearningPart;

/* One training. */
typedef struct {
    char name[64];   /* "rep00/fold03/model01"; "" of a training alone */
    json_t *line;    /* array: the records of metrics.jsonl, in order */
    json_t *summary; /* NULL: the training is not finished */
} LearningRun;

typedef struct {
    LearningRun *run; /* [n] by name */
    int n, n_done;
} Learning;

/* Those of a run of hopsack train or crossval; none of other folders. A last line that is cut is left out. ERR_IO, ERR_MEMORY. */
Status learning_read(Learning *out, const char *folder);
void learning_free(Learning *l); /* accepts {0} and half-built ones */

typedef struct {
    int n;
    double *update, *value; /* [n] NaN: not defined */
} LearningCurve;

/* The loss of a task, or another score, of one part. ERR_MEMORY. */
Status learning_curve(LearningCurve *out, const LearningRun *run, const char *task, LearningPart part,
                      const char *score);
void learning_curve_free(LearningCurve *c);

double learning_kept(const LearningRun *run); /* update; NaN: unknown */

#endif
