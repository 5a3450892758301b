/* SPDX-License-Identifier: MIT */
#include "cohort/platt.h"
#include "cohort/settle.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_settle

static const double output[] = {-2, 9, -1, 0.5, 0, 1, (double)NAN};
static const int class[] = {0, -1, 1, 0, 0, 1, 1}; /* of outputs that count: -2 0, -1 1, 0.5 0, 0 0, 1 1 */

Test(SUITE, a_binary_target)
{
    const double known[] = {-2, -1, 0.5, 0, 1};
    const int known_class[] = {0, 1, 0, 0, 1};
    Target t = {.type = &target_binary, .n_out = 1};
    const real y = (real)0.25;
    double a, b, p;
    bool settled;
    cr_assert_eq(settle_target(&t, &settled, (SettleRule){true, {CUTOFF_SENSITIVITY, 1}}, output, class, 7), OK);
    cr_assert(settled && t.is_calibrated && t.has_cutoff);
    cr_assert(platt_fit(&a, &b, known, known_class, 5));
    cr_assert(t.slope == a && t.shift == b);
    cr_assert_eq(t.cutoff, -1.5);
    t.type->predict(&p, &t, &y);
    cr_assert_float_eq(p, platt_probability(a, b, (double)y), 1e-12);
}

Test(SUITE, without_rules_or_with_one_class)
{
    const int one[] = {1, 1, 1, 1, 1, 1, 1};
    Target t = {.type = &target_binary, .n_out = 1, .is_calibrated = true, .has_cutoff = true};
    bool settled;
    cr_assert_eq(settle_target(&t, &settled, (SettleRule){0}, output, class, 7), OK);
    cr_assert(settled && !t.is_calibrated && !t.has_cutoff);
    cr_assert_eq(settle_target(&t, &settled, (SettleRule){true, {CUTOFF_YOUDEN, 0}}, output, one, 7), OK);
    cr_assert(!settled && !t.is_calibrated && !t.has_cutoff);
}

Test(SUITE, other_kinds)
{
    Target several = {.type = &target_multiclass, .n_out = 2, .n_class = 2},
           number = {.type = &target_regression, .n_out = 1};
    const double y[] = {0, -1, 0, 1, 0, -2, 0, 0.5};
    const int which[] = {0, 1, 0, 1};
    bool settled;
    cr_assert_eq(settle_target(&several, &settled, (SettleRule){true, {CUTOFF_YOUDEN, 0}}, y, which, 4), OK);
    cr_assert(settled && several.is_calibrated && several.shift == 0 && !several.has_cutoff);
    cr_assert_eq(settle_target(&number, &settled, (SettleRule){true, {CUTOFF_YOUDEN, 0}}, y, which, 4), OK);
    cr_assert(settled && !number.is_calibrated && !number.has_cutoff);
}
