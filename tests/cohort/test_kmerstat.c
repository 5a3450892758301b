/* SPDX-License-Identifier: MIT
 *
 * test_kmerstat.c: reference values are SciPy 1.10's: log_ndtr(-z) = t.logsf(t, df) solved for z, and norm.isf; tails of
 * the hypergeometric distribution are sums of fractions in Python.
 */
#include "cohort/kmerstat.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_kmerstat

Test(SUITE, z_of_student)
{
    static const struct {
        double t, df, z;
    } known[] = {{0.01, 7, 0.009650270532613},  {0.5, 2, 0.430727299295746},  {2, 1, 1.046853317333494},
                 {3, 5, 2.168781875419219},     {8, 30, 5.809503926368877},   {40, 300, 23.51518556950715},
                 {70, 398, 32.08188428070725},  {6, 22, 4.570170598484857},   {25, 1998, 23.31666170222938},
                 {1e-3, 1e6, 9.99999749998e-4}, {5.5, 1e6, 5.499957031945553}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const double z = kmerstat_z(known[k].t, known[k].df);
        cr_assert_float_eq(z, known[k].z, 1e-10 * (1 + known[k].z), "t %g df %g: %.15g", known[k].t, known[k].df, z);
        cr_assert_eq(kmerstat_z(-known[k].t, known[k].df), -z);
    }
    cr_assert_eq(kmerstat_z(0, 10), 0);
}

/* z grows with t, stays below it, and is finite where probabilities are not numbers of double any more. */
Test(SUITE, z_is_ordered_far_out)
{
    double before = 0;
    for (double t = 0.25; t < 1e6; t *= 1.25) {
        const double z = kmerstat_z(t, 1998);
        cr_assert(isfinite(z) && z > before && z < t, "t %g: %g", t, z);
        before = z;
    }
    cr_assert_gt(before, 100);
}

Test(SUITE, threshold_is_bonferroni)
{
    cr_assert_float_eq(kmerstat_threshold(1), 1.9599639845400545, 1e-12);
    cr_assert_float_eq(kmerstat_threshold(10000), 4.564787730280885, 1e-12);
    cr_assert_float_eq(kmerstat_threshold(1824000), 5.557208778301905, 1e-12);
}

Test(SUITE, presence_is_fishers_exact_test)
{
    static const struct {
        int held_in, n_in, held, n;
        double z;
    } known[] = {{22, 120, 22, 240, 5.234555414},      {55, 240, 55, 480, 8.7771332821},
                 {7, 7, 8, 36, 4.76201437977},         {3, 20, 30, 60, -3.66150932647},
                 {0, 30, 12, 60, -3.83883719044},      {1, 18, 40, 120, -2.64683814426},
                 {150, 400, 200, 1000, 11.2015191762}, {6, 10, 12, 100, 3.65298565472}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const int out = known[k].n - known[k].n_in, held_out = known[k].held - known[k].held_in;
        const double z = kmerstat_presence(known[k].held_in, known[k].n_in, known[k].held, known[k].n);
        cr_assert_float_eq(z, known[k].z, 1e-8, "%zu: %.12g", k, z);
        cr_assert_float_eq(kmerstat_presence(held_out, out, known[k].held, known[k].n), -z, 1e-9);
    }
    cr_assert_eq(kmerstat_presence(5, 10, 10, 20), 0);
    cr_assert_eq(kmerstat_presence(10, 10, 20, 20), 0);
    cr_assert_eq(kmerstat_presence(0, 10, 0, 20), 0);
}

/* With 22 of 240 bags the largest z is 5.23, with 21 5.1, with fewer less; and likewise from the other end. */
Test(SUITE, attainable_numbers_of_bags)
{
    int least, most;
    kmerstat_attainable(&least, &most, 120, 240, 5.2);
    cr_assert_eq(least, 22);
    cr_assert_eq(most, 218);
    kmerstat_attainable(&least, &most, 3, 6, 5);
    cr_assert_gt(least, most);
    kmerstat_attainable(&least, &most, 18, 120, 3); /* a small class: one bag held by all of it is not enough */
    for (int held = 1; held < 120; held++) {
        const int in = held < 18 ? held : 18, out = held > 102 ? held - 102 : 0;
        const double z = fmax(kmerstat_presence(in, 18, held, 120), -kmerstat_presence(out, 18, held, 120));
        if (held == least - 1 || held == most + 1) cr_assert_leq(z, 3);
        if (held == least || held == most) cr_assert_gt(z, 3);
    }
}

/* 3 against 4 bags, by the textbook's formulas; then the floor of the variance. */
Test(SUITE, t_is_the_two_sample_t)
{
    const double v[] = {3, 5, 4, 1, 2, 2.5, 0.5};
    const double mean_in = 4, mean_out = 1.5, ss = 2 + (0.25 + 0.25 + 1 + 1), n_in = 3, n_out = 4;
    double sum = 0, square = 0, sxy = 0;
    for (int b = 0; b < 7; b++) {
        sum += v[b];
        square += v[b] * v[b];
        sxy += v[b] * ((b < 3) - n_in / 7);
    }
    const double expected = (mean_in - mean_out) / sqrt(ss / 5 * (1 / n_in + 1 / n_out));
    cr_assert_float_eq(kmerstat_t(sxy, n_in * n_out / 7, square - sum * sum / 7, 7), expected, 1e-12);
    const double floored = 2.5 / sqrt(KMERSTAT_FLOOR * (1 / n_in + 1 / n_out));
    cr_assert_float_eq(kmerstat_t(2.5 * n_in * n_out / 7, n_in * n_out / 7, 2.5 * 2.5 * n_in * n_out / 7, 7), floored,
                       1e-12);
}
