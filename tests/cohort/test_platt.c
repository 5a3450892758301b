/* SPDX-License-Identifier: MIT
 *
 * Figures are those of scikit-learn 1.2 (sklearn.calibration._sigmoid_calibration, which has -a and -b) and of SciPy's
 * minimize_scalar for several classes.
 */
#include "cohort/platt.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE cohort_platt
#define N     12

static const double output[N] = {-3.1, -2.0, -1.2, -0.7, -0.4, 0.1, 0.3, 0.9, 1.4, 2.2, 2.9, 3.5};
static const int label[N] = {0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1};

Test(SUITE, as_scikit_learn)
{
    double a, b;
    cr_assert(platt_fit(&a, &b, output, label, N));
    cr_assert_float_eq(a, 0.679026184, 1e-6, "%.9f", a);
    cr_assert_float_eq(b, -0.217151271, 1e-6, "%.9f", b);
    cr_assert_float_eq(platt_probability(a, b, 1.0), 1 / (1 + exp(-(a + b))), 1e-15);
    cr_assert_eq(platt_probability(a, b, -1e9), 0);
    cr_assert_eq(platt_probability(a, b, 1e9), 1);
}

Test(SUITE, separated_classes_stay_finite)
{
    double a, b;
    const double far[4] = {-2, -1, 1, 2};
    const int two[4] = {0, 0, 1, 1};
    cr_assert(platt_fit(&a, &b, far, two, 4));
    cr_assert_float_eq(a, 0.674001714, 1e-5, "%.9f", a);
    cr_assert_float_eq(b, 0, 1e-9);
}

/* Another unit of the outputs changes a and b, not the probabilities. */
Test(SUITE, probabilities_have_no_unit)
{
    double a, b, c, d, other[N];
    for (int i = 0; i < N; i++) other[i] = 1e4 * output[i] + 5e6;
    cr_assert(platt_fit(&a, &b, output, label, N));
    cr_assert(platt_fit(&c, &d, other, label, N));
    for (int i = 0; i < N; i++)
        cr_assert_float_eq(platt_probability(a, b, output[i]), platt_probability(c, d, other[i]), 1e-7);
}

Test(SUITE, what_is_unknown_does_not_count)
{
    double a, b, c, d, more[N + 3];
    int with[N + 3];
    for (int i = 0; i < N; i++) more[i + 1] = output[i], with[i + 1] = label[i];
    more[0] = 7, with[0] = -1;
    more[N + 1] = (double)NAN, with[N + 1] = 0;
    more[N + 2] = (double)INFINITY, with[N + 2] = 1;
    cr_assert(platt_fit(&a, &b, output, label, N));
    cr_assert(platt_fit(&c, &d, more, with, N + 3));
    cr_assert_eq(a, c);
    cr_assert_eq(b, d);
}

/* Outputs that rank worse than chance keep their order, and say little more than the share of positives. */
Test(SUITE, order_is_never_reversed)
{
    double a, b, reversed[N];
    for (int i = 0; i < N; i++) reversed[i] = -output[i];
    cr_assert(platt_fit(&a, &b, reversed, label, N));
    cr_assert_gt(a, 0);
    for (int i = 0; i < N; i++) cr_assert_float_eq(platt_probability(a, b, reversed[i]), 0.5, 1e-3);
    cr_assert_gt((float)platt_probability(a, b, reversed[0]), (float)platt_probability(a, b, reversed[1]));
}

Test(SUITE, equal_outputs_give_the_share)
{
    double a, b;
    const double same[5] = {3, 3, 3, 3, 3};
    const int some[5] = {1, 0, 0, 1, 1};
    cr_assert(platt_fit(&a, &b, same, some, 5));
    cr_assert_float_eq(platt_probability(a, b, 3), (3 * 4. / 5 + 2 * 1. / 4) / 5, 1e-9);
    cr_assert_leq(a, 1);
}

Test(SUITE, one_class_is_not_calibrated)
{
    double a, b;
    const int positive[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    cr_assert_not(platt_fit(&a, &b, output, positive, N));
    cr_assert(a == 1 && b == 0);
    cr_assert_not(platt_fit(&a, &b, output, label, 0));
    cr_assert_not(platt_fit_classes(&a, output, positive, N / 2, 2));
    cr_assert_eq(a, 1);
}

Test(SUITE, several_classes)
{
    static const double y[] = {2,   .5, -1, .3, 1.2, 0,  0,   0,  1.5, 1,           .8, .2,
                               -.5, 1,  .9, .1, .2,  .3, 1.5, -1, 1.6, (double)NAN, 0,  0};
    static const int class[] = {0, 1, 2, 0, 2, 2, 1, 0};
    double a;
    cr_assert(platt_fit_classes(&a, y, class, 8, 3));
    cr_assert_float_eq(a, 0.270584250, 1e-6, "%.9f", a);
}

/* Of two classes it is Platt's without b, where they are as many. */
Test(SUITE, two_classes_are_the_binary_case)
{
    double a, b, factor, pairs[8];
    const double y[4] = {-2, -1, 1, 2};
    const int two[4] = {0, 1, 0, 1};
    for (int i = 0; i < 4; i++) pairs[2 * i] = 0, pairs[2 * i + 1] = y[i];
    cr_assert(platt_fit(&a, &b, y, two, 4));
    cr_assert(platt_fit_classes(&factor, pairs, two, 4, 2));
    cr_assert_float_eq(a, factor, 1e-6);
}

Test(SUITE, least_loss)
{
    MetricRank bag[N];
    for (int i = 0; i < N; i++) bag[i] = (MetricRank){output[i], label[i]};
    double a, b, loss = 0;
    platt_fit(&a, &b, output, label, N);
    for (int i = 0; i < N; i++) {
        const double p = platt_probability(a, b, output[i]), t = label[i] ? 7. / 8 : 1. / 8;
        loss -= (t * log(p) + (1 - t) * log(1 - p)) / N;
    }
    cr_assert_float_eq(platt_loss(bag, N), loss, 1e-9);
    cr_assert_lt(platt_loss_min(bag, N), loss);
    cr_assert(isnan(platt_loss(bag, 0)));
}
