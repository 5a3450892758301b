/* SPDX-License-Identifier: MIT
 *
 * earlystop.h: early stopping: which parameters of a training are kept, and when patience ends it. Evaluations of the
 * validation part are worth the value of keep.h, less being better.
 */
#ifndef HOPSACK_EARLYSTOP_H
#define HOPSACK_EARLYSTOP_H

#include "core/real.h"
#include "train/train_options.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    real *theta;   /* [n_params] kept */
    int update;    /* of theta; 0: none is kept yet */
    double value;  /* of theta; NaN without one */
    double lowest; /* value so far; NaN: none */
    int waited;    /* evaluations since */
} EarlyStop;

/* Keeps theta [n_params] of an update if its value is the least so far, of equal ones the earlier; always with
 * keep: last, and where there is no value (NaN). */
void earlystop_keep(EarlyStop *e, const TrainOptions *options, const real *theta, size_t n_params, int update,
                    double value);

/* Counts for patience, whatever is kept. Where no state can be better by min_delta than this one, because no value is below
 * `floor`, waiting ends at once. */
void earlystop_count(EarlyStop *e, const TrainOptions *options, double value, double floor);

bool earlystop_is_due(const EarlyStop *e, const TrainOptions *options);

#endif
