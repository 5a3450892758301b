/* SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE train_optimizer
static const double tolerance = sizeof(real) == 8 ? 1e-15 : 1e-6;

/* p = 1, g = 0.5, two steps with lr 0.1, β (0.9, 0.999), ε 1e-4, worked out by hand:
 *   t 1: m 0.05, v 2.5e-4; m̂ 0.5, √v̂ 0.5: p = 1 - 0.1 · 0.5/0.5001
 *   t 2, g = -0.25: m 0.02, v 3.1225e-4; m̂ 0.02/0.19, v̂ 3.1225e-4/1.999e-3 */
Test(SUITE, adam_by_hand)
{
    const OptimizerOptions o = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4};
    real p = 1, m = 0, v = 0, g = (real)0.5;
    OptimizerState s = {&m, &v, 0};
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, 1);
    const double first = 1 - 0.1 * 0.5 / 0.5001;
    cr_assert_float_eq(p, first, tolerance);
    g = (real)-0.25;
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, 1);
    const double second = first - 0.1 * (0.02 / 0.19) / (sqrt(3.1225e-4 / 1.999e-3) + 1e-4);
    cr_assert_float_eq(p, second, tolerance);
    cr_assert_eq(s.step, 2);
}

/* The coupled penalty enters the moments: with g = 0 and p = 2, l2 = 0.25 acts as g = 0.5. */
Test(SUITE, l2_is_coupled)
{
    OptimizerOptions o = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4, .l2 = 0.25};
    real p = 2, m = 0, v = 0, g = 0;
    OptimizerState s = {&m, &v, 0};
    optimizer_step(optimizer_type("adam"), &p, &s, &o, &g, 1);
    cr_assert_float_eq(p, 2 - 0.1 * 0.5 / 0.5001, tolerance);
    cr_assert_float_eq(m, 0.05, tolerance);
}

/* Tensors of 2 and 4 elements: R₁ = ((1+3)/2 + (2+0+2+4)/4) / 2 = 2, gradient sign/(numel · 2), sign(0) = 0. */
Test(SUITE, l1_is_a_mean_of_means)
{
    ParamList list = {0};
    param_add(&list, "a", PARAM_CONSTANT, 0, PARAM_SHAPE(2));
    param_add(&list, "b", PARAM_CONSTANT, 0, PARAM_SHAPE(2, 2));
    const real theta[6] = {1, -3, 2, 0, -2, 4};
    const double want[6] = {0.1 / 4, -0.1 / 4, 0.1 / 8, 0, -0.1 / 8, 0.1 / 8};
    real grad[6] = {0};
    const double penalty = optimizer_l1(grad, theta, &list, 0.1);
    cr_assert_float_eq(penalty, 0.2, 1e-12);
    for (int i = 0; i < 6; i++) cr_assert_float_eq(grad[i], want[i], tolerance);
    param_free(&list);
}

/* A bowl: every kind in the table finds its bottom. */
Test(SUITE, every_kind_descends)
{
    for (const OptimizerType *const *type = optimizer_types; *type; type++) {
        const OptimizerOptions o = {.lr = 0.05, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
        real p[2] = {1, -2}, m[2] = {0}, v[2] = {0};
        OptimizerState s = {m, v, 0};
        for (int i = 0; i < 500; i++) {
            real g[2] = {2 * (p[0] - 3), 20 * (p[1] + 1)};
            optimizer_step(*type, p, &s, &o, g, 2);
        }
        cr_assert(fabs((double)p[0] - 3) < 0.05 && fabs((double)p[1] + 1) < 0.05, "%s ended at %g %g", (*type)->name,
                  (double)p[0], (double)p[1]);
    }
    cr_assert_null(optimizer_type("nothing"));
}
