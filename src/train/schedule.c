/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <assert.h>
#include <math.h>

double schedule_lr(double lr, double decay, int update, int per_epoch)
{
    assert(update >= 1 && per_epoch >= 1);
    return decay == 1 ? lr : lr * pow(decay, (double)((update - 1) / per_epoch));
}
