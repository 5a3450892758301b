/* SPDX-License-Identifier: MIT */
#include "train/earlystop.h"

#include <criterion/criterion.h>
#include <math.h>

static real kept[1];

/* The updates kept and the waiting after each of n values. */
static EarlyStop run(const TrainOptions *options, const double *value, int n, double floor)
{
    EarlyStop e = {.theta = kept, .value = NAN, .lowest = NAN};
    for (int i = 0; i < n && !earlystop_is_due(&e, options); i++) {
        const real theta = (real)(i + 1);
        earlystop_keep(&e, options, &theta, 1, i + 1, value[i]);
        earlystop_count(&e, options, value[i], floor);
    }
    return e;
}

Test(train_earlystop, the_least_value_is_kept_the_earlier_of_equals)
{
    const TrainOptions o = {.keep = KEEP_BEST};
    const EarlyStop e = run(&o, (double[]){3, 1, 2, 1}, 4, 0);
    cr_expect_eq(e.update, 2);
    cr_expect_eq(kept[0], 2);
    cr_expect_eq(e.value, 1);
    cr_expect_eq(e.waited, 2);
}

Test(train_earlystop, last_and_no_value_keep_always)
{
    const TrainOptions last = {.keep = KEEP_LAST}, best = {.keep = KEEP_BEST};
    cr_expect_eq(run(&last, (double[]){1, 2, 3}, 3, 0).update, 3);
    const EarlyStop e = run(&best, (double[]){NAN, NAN}, 2, 0);
    cr_expect_eq(e.update, 2);
    cr_expect_eq(e.waited, 0);
    cr_expect(isnan(e.lowest));
}

Test(train_earlystop, patience_counts_what_is_not_better_by_min_delta)
{
    const TrainOptions o = {.keep = KEEP_BEST, .patience = 2, .min_delta = 0.1};
    const EarlyStop e = run(&o, (double[]){1, 0.95, 0.92, 0.5}, 4, 0);
    cr_expect_eq(e.update, 3, "small steps are kept");
    cr_expect_eq(e.waited, 2);
    cr_expect(earlystop_is_due(&e, &o));
}

Test(train_earlystop, waiting_ends_where_nothing_can_be_better)
{
    const TrainOptions o = {.keep = KEEP_BEST, .patience = 5, .min_delta = 0.1}, none = {.keep = KEEP_BEST};
    EarlyStop e = run(&o, (double[]){1, 0.55, 0.5}, 3, 0.5);
    cr_expect_eq(e.update, 2);
    cr_expect(earlystop_is_due(&e, &o));
    e = run(&none, (double[]){1, 0.55, 0.5}, 3, 0.5);
    cr_expect(!earlystop_is_due(&e, &none), "patience 0: never");
}
