/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE train_schedule

/* All updates of an epoch have one rate, and the first epoch has the setting itself. */
Test(SUITE, falls_after_every_epoch)
{
    const double want[] = {0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025};
    for (int update = 1; update <= 7; update++)
        cr_assert_float_eq(schedule_lr(0.1, 0.5, update, 3), want[update - 1], 1e-17, "update %d", update);
    cr_assert_eq(schedule_lr(0.1, 0.96, 12, 12), 0.1);
    cr_assert_float_eq(schedule_lr(1e-3, 0.96, 240, 12), 1e-3 * pow(0.96, 19), 1e-18);
}

/* Without decay the rate is the setting to the bit, however long. */
Test(SUITE, decay_one_changes_nothing)
{
    for (int update = 1; update < 1000000; update += 99991) cr_assert_eq(schedule_lr(0.3, 1, update, 1), 0.3);
}

/* From 1 at the first update along half a cosine; the last is one step before 0. */
Test(SUITE, cosine_falls_to_nothing)
{
    cr_assert_eq(schedule_cosine(1, 4), 1);
    cr_assert_float_eq(schedule_cosine(2, 4), 0.5 + sqrt(0.125), 1e-15);
    cr_assert_float_eq(schedule_cosine(3, 4), 0.5, 1e-15);
    cr_assert_float_eq(schedule_cosine(4, 4), 0.5 - sqrt(0.125), 1e-15);
    cr_assert_eq(schedule_cosine(1, 1), 1);
}

/* Updates are given, or follow from epochs; model.norm leaves a last minibatch of one bag out. */
Test(SUITE, number_of_updates)
{
    TrainOptions o = {.epochs = 3, .batch = 4};
    ModelOptions model = {.norm = NORM_NONE};
    cr_assert_eq(schedule_per_epoch(&o, &model, 9), 3);
    cr_assert_eq(schedule_updates(&o, &model, 9), 9);
    model.norm = NORM_BAGS;
    cr_assert_eq(schedule_per_epoch(&o, &model, 9), 2);
    cr_assert_eq(schedule_updates(&o, &model, 9), 6);
    cr_assert_eq(schedule_updates(&o, &model, 10), 9);
    o = (TrainOptions){.epochs = 2000000000, .batch = 1};
    cr_assert_eq(schedule_updates(&o, &model, 10), 20000000000);
    o = (TrainOptions){.updates = 7, .batch = 4};
    cr_assert_eq(schedule_updates(&o, &model, 9), 7);
}
