/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <assert.h>
#include <math.h>

int schedule_per_epoch(const TrainOptions *o, const ModelOptions *model, int n_train)
{
    const bool leaves_one = model->norm == NORM_BAGS && n_train % o->batch == 1;
    return (n_train + o->batch - 1) / o->batch - leaves_one;
}

int64_t schedule_updates(const TrainOptions *o, const ModelOptions *model, int n_train)
{
    return o->updates > 0 ? o->updates : (int64_t)o->epochs * schedule_per_epoch(o, model, n_train);
}

double schedule_lr(double lr, double decay, int update, int per_epoch)
{
    assert(update >= 1 && per_epoch >= 1);
    return decay == 1 ? lr : lr * pow(decay, (double)((update - 1) / per_epoch));
}

double schedule_cosine(int update, int updates)
{
    assert(update >= 1 && update <= updates);
    return 0.5 * (1 + cos(M_PI * (update - 1) / updates));
}
