/* SPDX-License-Identifier: MIT */
#include "core/number.h"
#include "data/simulate/bagsize.h"
#include "data/simulate/countlaw.h"
#include "data/simulate/variate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- random numbers ---- */

/* Mean and variance of n draws lie within four standard errors of what they should be. */
typedef struct {
    double n, sum, squares;
} Moments;

static void add(Moments *m, double x)
{
    m->n++;
    m->sum += x;
    m->squares += x * x;
}

static void assert_moments(const Moments *m, double mean, double variance, const char *what)
{
    const double found = m->sum / m->n, spread = m->squares / m->n - found * found;
    cr_assert_lt(fabs(found - mean), 4 * sqrt(variance / m->n) + 1e-12, "%s: mean %g, not %g", what, found, mean);
    cr_assert_float_eq(spread, variance, 0.1 * variance + 1e-12, "%s: variance %g, not %g", what, spread, variance);
}

Test(data_countlaw, variates_have_their_moments)
{
    enum { N = 40000 };
    Rng rng = rng_stream(1, "test", 0);
    Moments poisson = {0}, rare = {0}, binomial = {0}, large = {0}, beta = {0}, small = {0};
    for (int i = 0; i < N; i++) {
        add(&poisson, variate_poisson(7.5, 1000, &rng));
        add(&rare, variate_poisson(0.05, 1000, &rng));
        add(&binomial, variate_binomial(300, 0.02, &rng));
        add(&large, variate_binomial(40, 0.8, &rng));
        add(&beta, variate_beta(6.79, 35330, &rng));
        add(&small, variate_beta(0.5, 1.5, &rng));
    }
    assert_moments(&poisson, 7.5, 7.5, "poisson");
    assert_moments(&rare, 0.05, 0.05, "rare poisson");
    assert_moments(&binomial, 6, 6 * 0.98, "binomial");
    assert_moments(&large, 32, 6.4, "binomial above a half");
    const double sum = 6.79 + 35330;
    assert_moments(&beta, 6.79 / sum, 6.79 * 35330 / (sum * sum * (sum + 1)), "beta");
    assert_moments(&small, 0.25, 0.5 * 1.5 / (4 * 3), "beta below 1");
}

Test(data_countlaw, variates_keep_their_ends)
{
    Rng rng = rng_stream(1, "test", 0);
    for (int i = 0; i < 1000; i++) {
        cr_assert_leq(variate_poisson(50, 20, &rng), 20);
        cr_assert_eq(variate_binomial(10, 0, &rng), 0);
        cr_assert_eq(variate_binomial(10, 1, &rng), 10);
        cr_assert_geq(variate_pareto(8, 1.1, &rng), 8);
    }
}

/* ---- counts ---- */

static double clonality(const int64_t *count, int n)
{
    double sum = 0, entropy = 0;
    for (int i = 0; i < n; i++) sum += (double)count[i];
    for (int i = 0; i < n; i++) entropy -= count[i] / sum * log(count[i] / sum);
    return 1 - entropy / log(n);
}

static double quantile(double *x, int n, double p)
{
    qsort(x, (size_t)n, sizeof *x, number_ascending);
    return x[(int)(p * (n - 1) + 0.5)];
}

/* The tables of 786 blood samples, and of the sampler: within a fifth. */
Test(data_countlaw, sizes_and_clonality_are_those_of_blood)
{
    enum { N = 200, MOST = 800000 };
    static double size[N], clonal[N];
    static const double share[] = {0.05, 0.25, 0.5, 0.75}, wanted[] = {0.031, 0.040, 0.056, 0.096};
    static const double sizes[] = {0, 132593, 197498, 258700};
    int64_t *count = malloc(MOST * sizeof *count), cells = 0, singles = 0, clones = 0;
    BagSize law;
    CountLaw counts;
    cr_assert_eq(bagsize_parse(&law, "normal"), OK);
    cr_assert_eq(countlaw_parse(&counts, "realistic"), OK);
    for (int b = 0; b < N; b++) {
        Rng rng = rng_stream(4, "size", (uint64_t)b);
        const int n = bagsize_draw(&law, 200000, 0, MOST, &rng);
        countlaw_fill(count, n, &counts, 0, &rng);
        size[b] = n;
        clonal[b] = clonality(count, n);
        clones += n;
        for (int i = 0; i < n; i++) {
            cells += count[i];
            singles += count[i] == 1;
            cr_assert(count[i] >= 1 && count[i] <= countlaw_most(n));
        }
    }
    for (int k = 0; k < 4; k++) {
        const double q = quantile(clonal, N, share[k]), s = quantile(size, N, share[k]);
        cr_expect_float_eq(q / wanted[k], 1, 0.2, "clonality at %g: %g, not %g", share[k], q, wanted[k]);
        if (k) cr_expect_float_eq(s / sizes[k], 1, 0.2, "size at %g: %g, not %g", share[k], s, sizes[k]);
    }
    cr_assert_float_eq((double)singles / (double)clones, 0.81, 0.02);
    cr_assert_float_eq((double)cells / (double)clones, 1.59, 0.2);
    free(count);
}

Test(data_countlaw, a_power_law_has_its_exponent)
{
    enum { N = 200000 };
    int64_t *count = malloc(N * sizeof *count);
    CountLaw law;
    Rng rng = rng_stream(1, "test", 0);
    double logs = 0;
    int n = 0, beyond = 0;
    cr_assert_eq(countlaw_parse(&law, "powerlaw:2.0"), OK);
    countlaw_fill(count, N, &law, 0, &rng);
    for (int i = 0; i < N; i++) { /* the estimator of Clauset et al. (2009) for counts from 10 on */
        if (count[i] < 10) continue;
        logs += log((double)count[i] / 9.5);
        n++;
        beyond += count[i] > COUNTLAW_TABLE;
    }
    cr_assert_float_eq(1 + n / logs, 2, 0.05);
    cr_assert_float_eq(beyond / (N * 0.6079 / COUNTLAW_TABLE), 1, 0.25, "%d counts lie behind the table", beyond);
    free(count);
}

Test(data_countlaw, an_effect_makes_clones_larger)
{
    enum { N = 20000 };
    static int64_t count[N];
    const char *const name[] = {"powerlaw:2.5", "realistic"};
    for (int k = 0; k < 2; k++) {
        double sum[2] = {0};
        CountLaw law;
        cr_assert_eq(countlaw_parse(&law, name[k]), OK);
        for (int e = 0; e < 2; e++)
            for (uint64_t b = 0; b < 20; b++) {
                Rng rng = rng_stream(1, "test", b);
                countlaw_fill(count, N, &law, e * 0.7, &rng);
                for (int i = 0; i < N; i++) sum[e] += (double)count[i];
            }
        cr_assert_gt(sum[1], 1.05 * sum[0], "%s: %g and %g", name[k], sum[0], sum[1]);
    }
}

Test(data_countlaw, wrong_names_are_said)
{
    const char *const counts[] = {"",           "zipf",   "powerlaw:",   "powerlaw:1",
                                  "powerlaw:x", "none:2", "realistic:1", "power"};
    const char *const sizes[] = {"", "fix", "fixed:1", "lognormal:-1", "normal:9", "deeprc:2", "normal:"};
    CountLaw law;
    BagSize size;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        cr_assert_eq(countlaw_parse(&law, counts[i]), ERR_CONFIG, "%s", counts[i]);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_assert_eq(bagsize_parse(&size, sizes[i]), ERR_CONFIG, "%s", sizes[i]);
    cr_assert_eq(countlaw_parse(&law, NULL), OK);
    cr_assert_eq(law.type, &countlaw_none);
}

Test(data_countlaw, sizes_are_as_told)
{
    Moments normal = {0}, logarithm = {0};
    BagSize size;
    Rng rng = rng_stream(3, "test", 0);
    cr_assert_eq(bagsize_parse(&size, NULL), OK);
    cr_assert_eq(bagsize_draw(&size, 12345, 0, 1000000, &rng), 12345);
    cr_assert_eq(bagsize_draw(&size, 1000, log(3), 1000000, &rng), 3000);
    cr_assert_eq(bagsize_draw(&size, 1000, 5, 2000, &rng), 2000);
    for (int i = 0; i < 20000; i++) {
        cr_assert_eq(bagsize_parse(&size, "deeprc"), OK);
        add(&normal, bagsize_draw(&size, 316000, 0, 10000000, &rng));
        cr_assert_eq(bagsize_parse(&size, "lognormal:0.5"), OK);
        add(&logarithm, log(bagsize_draw(&size, 100000, 0, 10000000, &rng)));
    }
    cr_assert_float_eq(normal.sum / normal.n, 317000, 4000);
    cr_assert_float_eq(logarithm.sum / logarithm.n, log(100000), 0.02);
    assert_moments(&logarithm, log(100000), 0.25, "logarithm of the size");
}
