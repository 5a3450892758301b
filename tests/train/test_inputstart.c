/* SPDX-License-Identifier: MIT
 *
 * test_inputstart.c: the start of the output's weights of the numbers of a bag. Figures are those of scikit-learn 1.2:
 * LogisticRegression with sample weights, and Ridge, each with the cost of least loss over five interleaved folds.
 */
#include "train/inputstart.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE train_inputstart
#define N     60
#define D     3

static double x[N * D], target[N], weight[N], w[D], b;
static bool found;

static double noise(int i)
{
    return sin(7.7 * i);
}

static void make(void)
{
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < D; k++) x[i * D + k] = sin(1.3 * (k + 1) * i + k);
        target[i] = 1.5 * x[i * D] - x[i * D + 1] + 0.8 * noise(i) > 0.2;
        weight[i] = target[i] > 0 ? 2 : 1;
    }
}

static void fit(int n, bool logistic)
{
    const InputStart in = {.x = x, .target = target, .weight = weight, .n = n, .n_input = D, .logistic = logistic};
    cr_assert_eq(inputstart_fit(w, &b, &found, &in), OK);
}

Test(SUITE, logistic_as_scikit_learn)
{
    make();
    fit(N, true);
    cr_assert(found);
    cr_assert_float_eq(w[0], 2.90418475, 1e-6, "%.8f", w[0]);
    cr_assert_float_eq(w[1], -1.33474706, 1e-6, "%.8f", w[1]);
    cr_assert_float_eq(w[2], -0.8549884, 1e-6, "%.8f", w[2]);
    cr_assert_float_eq(b, -0.20147469, 1e-6, "%.8f", b);
}

Test(SUITE, ridge_as_scikit_learn)
{
    make();
    for (int i = 0; i < N; i++) {
        target[i] = 2 * x[i * D + 2] - 0.5 * x[i * D] + 0.3 * noise(i) + 0.7;
        weight[i] = 1;
    }
    fit(N, false);
    cr_assert(found);
    cr_assert_float_eq(w[0], -4.56641169e-01, 1e-8, "%.10f", w[0]);
    cr_assert_float_eq(w[1], -6.62598673e-04, 1e-8, "%.10f", w[1]);
    cr_assert_float_eq(w[2], 1.93317286, 1e-8, "%.10f", w[2]);
    cr_assert_float_eq(b, 0.7061543090936413, 1e-8, "%.10f", b);
}

Test(SUITE, bags_without_a_label_have_no_say)
{
    double known[D + 1];
    make();
    fit(N, true);
    for (int k = 0; k < D; k++) known[k] = w[k];
    known[D] = b;
    target[N - 1] = NAN;
    x[(N - 1) * D] = 1e6;
    fit(N, true);
    cr_assert(found);
    double far = 0;
    for (int k = 0; k < D; k++) far = fmax(far, fabs(w[k] - known[k]));
    cr_assert_gt(far, 0, "a bag less makes another model");
    cr_assert_lt(far, 0.5, "but nearly the same: %g", far);
    fit(N - 1, true);
    for (int k = 0; k < D; k++) known[k] = w[k];
    fit(N, true);
    for (int k = 0; k < D; k++) cr_assert_float_eq(w[k], known[k], 1e-12);
}

Test(SUITE, numbers_that_tell_nothing_are_not_found)
{
    make();
    for (int i = 0; i < N; i++) target[i] = noise(i) > 0, weight[i] = 1;
    fit(N, true);
    cr_assert_not(found);
    for (int k = 0; k < D; k++) cr_assert_eq(w[k], 0);
    for (int i = 0; i < N; i++) target[i] = 1;
    fit(N, true);
    cr_assert(isfinite(b), "one class alone");
    for (int k = 0; k < D; k++) cr_assert(isfinite(w[k]));
}

Test(SUITE, separable_classes_and_few_bags_stay_finite)
{
    make();
    for (int i = 0; i < N; i++) target[i] = x[i * D] > 0, weight[i] = 1e3;
    for (int n = 1; n <= N; n += n < 6 ? 1 : 27) {
        fit(n, true);
        cr_assert(isfinite(b) && isfinite(w[0]) && isfinite(w[1]) && isfinite(w[2]), "%d bags", n);
    }
    cr_assert(found);
    cr_assert_gt(w[0], fabs(w[1]));
}
