/* SPDX-License-Identifier: MIT
 *
 * train_options.h: the keys train.* of the config; those of one optimizer alone are in optimizer.c.
 */
#ifndef HOPSACK_TRAIN_OPTIONS_H
#define HOPSACK_TRAIN_OPTIONS_H

#include "core/option.h"
#include "train/optimizer.h"

#include <stdbool.h>

typedef enum { KEEP_BEST, KEEP_AUC, KEEP_LAST } Keep; /* what keep.h makes of it */

typedef enum { SCHEDULE_DECAY, SCHEDULE_COSINE } Schedule;

typedef enum { CALIBRATE_NONE, CALIBRATE_PLATT } Calibrate;

typedef struct {
    int updates;          /* length of training; 0: given by epochs */
    int epochs;           /* passes over the training bags; 0: given by updates. One of the two is 0, the other not */
    int batch;            /* bags an update */
    int draws;            /* instances drawn a bag and update; 0: all */
    double instance_drop; /* probability that an update leaves an instance out */
    int optimizer;        /* place in optimizer_types */
    OptimizerOptions step;  /* lr is that of the first epoch */
    double decay;           /* factor on lr an epoch */
    int schedule;           /* Schedule */
    double average;         /* decay of the moving average of the parameters that is evaluated and kept; 0: none */
    int evaluate_every;     /* updates; 0: only at the end */
    int evaluate_instances; /* of all bags together, that an evaluation during training sees at most; 0: any number */
    int keep;               /* Keep */
    bool refit;             /* the model is trained anew on training and validation bags; see run/refit.h */
    int calibrate;          /* Calibrate */
    const char *operating;  /* rule of the operating point, as cutoff_read (cohort/cutoff.h) reads it */
    int patience;           /* evaluations without a better validation score before it stops; 0: never */
    double min_delta;       /* what a validation score must be better by, for patience */
    double checkpoint_minutes; /* between two checkpoints; 0: after every update */
} TrainOptions;

extern const Option train_options[];
extern const Option train_more_options[]; /* newer than 0.1.0 */

#endif
