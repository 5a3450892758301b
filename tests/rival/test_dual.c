/* SPDX-License-Identifier: MIT
 *
 * test_dual.c: logistic and ridge regression in the dual: the conditions of a least value, and the same machine fitted on the
 * features themselves.
 */
#include "core/rng.h"
#include "rival/dual.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 23, P = 7, WIDE = 60 };

static double x[N][WIDE], k[N * N], y[N], c[N];

static void draw(int p, int seed)
{
    Rng rng = rng_stream((uint64_t)seed, "test", 0);
    for (int i = 0; i < N; i++) {
        y[i] = i % 3 == 0 ? 1 : -1;
        c[i] = 0.5 + rng_uniform(&rng);
        for (int j = 0; j < p; j++) x[i][j] = rng_normal(&rng) + (j == 0 ? y[i] : 0);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            k[i * N + j] = 0;
            for (int f = 0; f < p; f++) k[i * N + j] += x[i][f] * x[j][f];
        }
}

/* a_i = c_i y_i / (1 + exp(y_i f_i)) and Σ a_i = 0 hold at the least value alone, for the problem is convex. */
static void check_least(const Dual *d, double scale)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double f = d->b;
        for (int j = 0; j < N; j++) f += k[i * N + j] * d->a[j];
        cr_assert_float_eq(f, d->f[i], 1e-9);
        cr_assert_float_eq(d->a[i], scale * c[i] * y[i] / (1 + exp(y[i] * f)), 1e-7 * scale);
        sum += d->a[i];
    }
    cr_assert_float_eq(sum, 0, 1e-6 * scale);
}

Test(rival_dual, logistic_is_at_its_least)
{
    Dual d;
    cr_assert_eq(dual_new(&d, N), OK);
    for (int p = P; p <= WIDE; p += WIDE - P)
        for (double scale = 1e-4; scale < 1e7; scale *= 100) {
            double own[N];
            draw(p, p);
            for (int i = 0; i < N; i++) own[i] = c[i] * scale;
            dual_reset(&d);
            cr_assert_eq(dual_logistic(&d, k, y, own, N), OK);
            check_least(&d, scale);
        }
    dual_free(&d);
}

Test(rival_dual, where_it_begins_does_not_matter)
{
    Dual d;
    double first[N];
    cr_assert_eq(dual_new(&d, N), OK);
    draw(P, 3);
    cr_assert_eq(dual_logistic(&d, k, y, c, N), OK);
    memcpy(first, d.f, sizeof first);
    for (int i = 0; i < N; i++) d.a[i] = i - 11;
    d.b = 5;
    cr_assert_eq(dual_logistic(&d, k, y, c, N), OK);
    for (int i = 0; i < N; i++) cr_assert_float_eq(d.f[i], first[i], 1e-6);
    dual_free(&d);
}

/* w = Σ a_i x_i: the gradient of ½|w|² + ½ C Σ (y - f)² is 0 for w and for b. */
Test(rival_dual, ridge_is_at_its_least)
{
    Dual d;
    const double cost = 3;
    cr_assert_eq(dual_new(&d, N), OK);
    draw(P, 4);
    cr_assert_eq(dual_ridge(&d, k, y, cost, N), OK);
    double residuals = 0;
    for (int i = 0; i < N; i++) {
        cr_assert_float_eq(d.a[i], cost * (y[i] - d.f[i]), 1e-8);
        residuals += y[i] - d.f[i];
    }
    cr_assert_float_eq(residuals, 0, 1e-8);
    dual_free(&d);
}

Test(rival_dual, bags_that_are_all_alike_have_one_output)
{
    Dual d;
    cr_assert_eq(dual_new(&d, N), OK);
    draw(P, 5);
    memset(k, 0, sizeof k);
    for (int i = 0; i < N; i++) c[i] = 1;
    cr_assert_eq(dual_logistic(&d, k, y, c, N), OK);
    for (int i = 0; i < N; i++) cr_assert_float_eq(d.f[i], log(8.0 / 15), 1e-9); /* 8 of 23 are positive */
    dual_free(&d);
}
