/* SPDX-License-Identifier: MIT
 *
 * Figures are those of SciPy: binomtest(hits, n).proportion_ci(method="wilson").
 */
#include "cohort/proportion.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_proportion

static void expect(double hits, double n, double low, double high)
{
    double interval[2];
    proportion_interval(interval, hits, n);
    cr_assert_float_eq(interval[0], low, 1e-12, "%g of %g: %.15f", hits, n, interval[0]);
    cr_assert_float_eq(interval[1], high, 1e-12, "%g of %g: %.15f", hits, n, interval[1]);
}

Test(SUITE, as_scipy)
{
    expect(8, 10, 0.4901624715366418, 0.9433178485456248);
    expect(0, 7, 0, 0.35433043506668743);
    expect(12, 12, 0.7575059933447592, 1);
    expect(37, 50, 0.6044684273515115, 0.8412847250644762);
}

Test(SUITE, no_bags)
{
    double interval[2];
    proportion_interval(interval, 0, 0);
    cr_assert(isnan(interval[0]) && isnan(interval[1]));
}
