/* SPDX-License-Identifier: MIT */
#include "cohort/cutoff.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SUITE cohort_cutoff
#define N     12

/* As in test_platt.c; sklearn.metrics.roc_curve has the largest tpr - fpr, 0.667, at thresholds 1.4 and 0.3. */
static const double output[N] = {-3.1, -2.0, -1.2, -0.7, -0.4, 0.1, 0.3, 0.9, 1.4, 2.2, 2.9, 3.5};
static const int label[N] = {0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1};

static CutoffRule rule(const char *text)
{
    CutoffRule r;
    cr_assert(cutoff_read(&r, text), "%s", text);
    return r;
}

static double chosen(const char *text)
{
    MetricRank bag[N];
    double cutoff = 99;
    for (int i = 0; i < N; i++) bag[i] = (MetricRank){output[(i * 5) % N], label[(i * 5) % N]};
    cr_assert(cutoff_choose(&cutoff, rule(text), bag, N));
    return cutoff;
}

Test(SUITE, rules_are_read)
{
    CutoffRule r;
    cr_assert_eq(rule("none").kind, CUTOFF_NONE);
    cr_assert_eq(rule("youden").kind, CUTOFF_YOUDEN);
    cr_assert_eq(rule("sensitivity:0.9").wanted, 0.9);
    cr_assert_eq(rule("specificity:1").kind, CUTOFF_SPECIFICITY);
    const char *const wrong[] = {"",      "Youden",        "youden:0.5",      "sensitivity",      "sensitivity:",
                                 "none ", "sensitivity:0", "sensitivity:1.1", "specificity:-0.5", "specificity:x"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        cr_assert_not(cutoff_read(&r, wrong[k]), "%s", wrong[k]);
    cr_assert_not(cutoff_read(&r, NULL));
}

Test(SUITE, youden)
{
    cr_assert_float_eq(chosen("youden"), 0.2, 1e-12); /* 5/6 and 5/6 rather than 4/6 and 1 */
}

Test(SUITE, wanted_shares)
{
    cr_assert_float_eq(chosen("sensitivity:0.9"), -0.95, 1e-12); /* 5 of 6 are too few */
    cr_assert_float_eq(chosen("sensitivity:1"), -0.95, 1e-12);
    cr_assert_float_eq(chosen("sensitivity:0.5"), (2.2 + 1.4) / 2, 1e-12);
    cr_assert_float_eq(chosen("specificity:1"), 1.15, 1e-12);
    cr_assert_float_eq(chosen("specificity:0.8"), 0.2, 1e-12);
}

Test(SUITE, equal_outputs_are_not_divided)
{
    MetricRank bag[4] = {{1, 0}, {1, 1}, {1, 1}, {1, 0}};
    double cutoff = 0;
    cr_assert(cutoff_choose(&cutoff, rule("sensitivity:0.5"), bag, 4));
    cr_assert_eq(cutoff, 0.5);
    cr_assert(cutoff_choose(&cutoff, rule("specificity:0.5"), bag, 4));
    cr_assert_eq(cutoff, 1.5);
}

Test(SUITE, nothing_to_choose_from)
{
    MetricRank one[2] = {{1, 1}, {2, 1}}, bad[2] = {{1, 0}, {(double)NAN, 1}}, good[2] = {{1, 0}, {2, 1}};
    double cutoff = 7;
    cr_assert_not(cutoff_choose(&cutoff, rule("youden"), one, 2));
    cr_assert_not(cutoff_choose(&cutoff, rule("youden"), bad, 2));
    cr_assert_not(cutoff_choose(&cutoff, rule("youden"), good, 0));
    cr_assert_not(cutoff_choose(&cutoff, rule("none"), good, 2));
    cr_assert_eq(cutoff, 7);
}
