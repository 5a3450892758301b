/* SPDX-License-Identifier: MIT
 *
 * test_target.c: every kind of target: its gradient against finite differences, its loss where it must be exact.
 */
#include "model/target.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* dy against differences of the loss, for outputs from -30 to 30. */
static void check(const Target *t, const real *target)
{
    for (double at = -30; at <= 30; at += 1.7) {
        real y[8], dy[8] = {0};
        for (int k = 0; k < t->n_out; k++) y[k] = (real)(at + 0.3 * k);
        t->type->loss_backward(dy, t, y, target, 0.5);
        for (int k = 0; k < t->n_out; k++) {
            const real was = y[k];
            const double step = REAL_IS_DOUBLE ? 1e-5 : 1e-2;
            y[k] = was + (real)step;
            const double up = t->type->loss(t, y, target);
            y[k] = was - (real)step;
            const double numeric = 0.5 * (up - t->type->loss(t, y, target)) / (2 * step);
            y[k] = was;
            cr_expect_float_eq((double)dy[k], numeric, (REAL_IS_DOUBLE ? 1e-8 : 2e-4) * fmax(1, fabs(numeric)),
                               "%s at %g", t->type->name, at);
        }
    }
}

Test(model_target, gradients_of_every_kind)
{
    for (const TargetType *const *type = target_types; *type; type++) {
        Target t = {.type = *type, .weight = 1, .pos_weight = 2.5, .n_class = 3, .mean = 0, .std = 1};
        t.n_out = (*type)->n_out ? (*type)->n_out : t.n_class;
        for (int k = 0; k < t.n_out; k++) {
            real target[8] = {0};
            target[k] = 1;
            check(&t, target);
        }
        const real zero[8] = {0};
        if (strcmp((*type)->name, "multiclass") != 0) check(&t, zero);
    }
}

Test(model_target, binary_loss_stays_finite_and_exact)
{
    const Target t = {.type = target_type("binary"), .n_out = 1, .pos_weight = 1};
    const real yes = 1, no = 0, far = 500, near = 0;
    const real minus = -500;
    double p;
    cr_expect_float_eq(t.type->loss(&t, &near, &yes), log(2), 1e-12);
    cr_expect_eq(t.type->loss(&t, &far, &no), 500);
    cr_expect_eq(t.type->loss(&t, &minus, &yes), 500);
    t.type->predict(&p, &t, &minus);
    cr_expect_lt(p, 1e-200);
    t.type->predict(&p, &t, &far);
    cr_expect_eq(p, 1);
}

Test(model_target, unknown_kind)
{
    cr_expect_null(target_type("ordinal"));
}
