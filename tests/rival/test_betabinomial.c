/* SPDX-License-Identifier: MIT
 *
 * test_betabinomial.c: against SciPy 1.10: stats.betabinom, and its maximum by Newton's method with special.psi.
 */
#include "rival/betabinomial.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE rival_betabinomial

static const int k[10] = {0, 1, 0, 3, 7, 2, 0, 12, 1, 4};
static const double n[10] = {1000, 2000, 1500, 900, 4000, 2500, 800, 3000, 1200, 2200};

Test(SUITE, probabilities)
{
    const double expected[10] = {-1.12060242, -9.32147568, -1.4709836,   -20.94828408, -52.34472028,
                                 -16.9338207, -0.95378718, -80.02308743, -8.51446003,  -29.92965437};
    const BetaBinomial b = {1.5, 900};
    for (int i = 0; i < 10; i++) cr_assert_float_eq(betabinomial_log(&b, k[i], n[i]), expected[i], 1e-7);
}

Test(SUITE, parameters_from_small_to_large)
{
    for (double alpha = 1e-4; alpha < 1e7; alpha *= 9.7)
        for (double beta = 1e-3; beta < 1e8; beta *= 31) {
            const BetaBinomial b = {alpha, beta};
            const double plain = lgamma(alpha + 3) - lgamma(alpha) + lgamma(beta + 17) - lgamma(beta) -
                                 lgamma(alpha + beta + 20) + lgamma(alpha + beta);
            cr_assert_float_eq(betabinomial_log(&b, 3, 20), plain, 1e-13 * (1 + beta + alpha), "%g %g", alpha, beta);
        }
}

Test(SUITE, most_likely)
{
    const BetaBinomial b = betabinomial_fit(k, n, 10);
    cr_assert_float_eq(b.alpha, 1.9281170441824, 1e-8);
    cr_assert_float_eq(b.beta, 1367.3111894023, 1e-5);
}

Test(SUITE, rates_that_differ_less_than_by_chance)
{
    const int even[5] = {50, 52, 49, 47, 55};
    const double hundred[5] = {100, 100, 100, 100, 100};
    const BetaBinomial b = betabinomial_fit(even, hundred, 5);
    cr_assert_float_eq(b.alpha / (b.alpha + b.beta), 0.506, 1e-6);
    cr_assert_gt(b.alpha + b.beta, 9e7);
}

Test(SUITE, bags_without_any)
{
    const int none[4] = {0};
    const double some[4] = {1000, 2000, 3000, 500}, nothing[4] = {0};
    const BetaBinomial b = betabinomial_fit(none, some, 4), empty = betabinomial_fit(none, nothing, 4);
    cr_assert(b.alpha > 0 && b.alpha / (b.alpha + b.beta) < 1e-3);
    cr_assert(isfinite(betabinomial_log(&b, 3, 1000)) && isfinite(betabinomial_log(&empty, 0, 0)));
    cr_assert_lt(betabinomial_log(&b, 3, 1000), betabinomial_log(&b, 0, 1000));
}
