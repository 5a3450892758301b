/* SPDX-License-Identifier: MIT
 *
 * schedule.h: the learning rate of an update.
 *
 *     lr(epoch) = lr · decay^epoch      epochs count from 0; decay 1: always lr
 */
#ifndef HOPSACK_SCHEDULE_H
#define HOPSACK_SCHEDULE_H

/* Of update number `update`, from 1, where a pass over the training bags takes per_epoch updates. */
double schedule_lr(double lr, double decay, int update, int per_epoch);

#endif
