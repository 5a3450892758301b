/* SPDX-License-Identifier: MIT
 *
 * schedule.h: how many updates a training has, and the learning rate of each.
 *
 *     lr(epoch) = lr · decay^epoch      epochs count from 0; decay 1: always lr
 *
 * With train.schedule: cosine times (1 + cos(π t)) / 2, where t grows from 0 to nearly 1 over the updates of the training
 * (Loshchilov and Hutter 2017, without restarts).
 */
#ifndef HOPSACK_SCHEDULE_H
#define HOPSACK_SCHEDULE_H

#include "model/mil.h"
#include "train/train_options.h"

#include <stdint.h>

/* Updates of a pass over n_train bags. With model.norm bags a last minibatch of one bag is left out. */
int schedule_per_epoch(const TrainOptions *options, const ModelOptions *model, int n_train);

/* Updates of the whole training. More than INT32_MAX is a setting that loop_new refuses. */
int64_t schedule_updates(const TrainOptions *options, const ModelOptions *model, int n_train);

/* Of update number `update`, from 1, where a pass over the training bags takes per_epoch updates. */
double schedule_lr(double lr, double decay, int update, int per_epoch);

/* The factor of a cosine schedule at update number `update` of `updates`, from 1. */
double schedule_cosine(int update, int updates);

#endif
