/* SPDX-License-Identifier: MIT
 *
 * test_oddsprior.c: weights against SciPy's noncentral hypergeometric distribution and EM in NumPy, and what must hold of them.
 */
#include "rival/oddsprior.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE rival_oddsprior

static OddsPrior open_prior(int n1, int n0)
{
    OddsPrior o;
    cr_assert_eq(oddsprior_open(&o, n1, n0), OK);
    return o;
}

static void add(OddsPrior *o, int a, int b, int n)
{
    for (int k = 0; k < n; k++) oddsprior_add(o, a, b);
}

static void learn(OddsPrior *o)
{
    cr_assert_eq(oddsprior_learn(o, 1), OK);
}

/* nchypergeom_fisher.pmf(a, 50, 30, 10, exp(d)), 200 rounds of EM from shares of 1/1000. */
Test(SUITE, as_scipy)
{
    OddsPrior o = open_prior(30, 20);
    const int table[11] = {2, 3, 9, 40, 120, 220, 260, 200, 90, 30, 60}; /* of 10 holders, by a */
    for (int a = 0; a <= 10; a++) add(&o, a, 10 - a, table[a]);
    learn(&o);
    static const double expected[11] = {-2.860475108244, -1.959754687802, -0.619142270380, -0.266304527965,
                                        -0.160724076616, -0.100257681527, -0.061605914486, -0.030796364948,
                                        0.117926551184,  1.493986933244,  2.859002153744};
    for (int a = 0; a <= 10; a++) cr_assert_float_eq(oddsprior_weight(&o, a, 10 - a), expected[a], 1e-9, "%d", a);
    const double w = expected[10], other = 10 / (30 * exp(w) + 20);
    cr_assert_float_eq(oddsprior_excess(&o, 10, 0, w), other * exp(w) - other, 1e-12);
    oddsprior_close(&o);
}

/* Chance alone: a of 8 holders as it falls among equally many bags of both classes. */
Test(SUITE, chance_has_no_weight)
{
    OddsPrior o = open_prior(40000, 40000);
    const int binomial[9] = {1, 8, 28, 56, 70, 56, 28, 8, 1};
    for (int a = 0; a <= 8; a++) add(&o, a, 8 - a, 100 * binomial[a]);
    learn(&o);
    for (int a = 0; a <= 8; a++) cr_assert_lt(fabs(oddsprior_weight(&o, a, 8 - a)), 0.05, "%d", a);
    oddsprior_close(&o);
}

/* The same table, and one sequence in 130 that bags of the class alone hold. */
Test(SUITE, what_differs_has_its_weight)
{
    OddsPrior o = open_prior(400, 400);
    const int binomial[9] = {1, 8, 28, 56, 70, 56, 28, 8, 1};
    for (int a = 0; a <= 8; a++) add(&o, a, 8 - a, 100 * binomial[a]);
    add(&o, 8, 0, 200);
    learn(&o);
    cr_assert_gt(oddsprior_weight(&o, 8, 0), 1.5);
    cr_assert_lt(fabs(oddsprior_weight(&o, 4, 4)), 0.05);
    cr_assert_eq(oddsprior_weight(&o, 2, 0), 0); /* too few holders */
    oddsprior_close(&o);
}

Test(SUITE, classes_exchanged_change_the_sign)
{
    OddsPrior one = open_prior(40, 25), other = open_prior(25, 40);
    for (int a = 0; a <= 12; a++) {
        add(&one, a, 12 - a, 3 + a * a);
        add(&other, 12 - a, a, 3 + a * a);
    }
    learn(&one);
    learn(&other);
    for (int a = 0; a <= 12; a++)
        cr_assert_float_eq(oddsprior_weight(&one, a, 12 - a), -oddsprior_weight(&other, 12 - a, a), 1e-6);
    oddsprior_close(&one);
    oddsprior_close(&other);
}

/* The share of sequences of 8 holders of which a are of the class. */
static double binomial_of_8(int a, double share)
{
    return tgamma(9) / tgamma(a + 1) / tgamma(9 - a) * pow(share, a) * pow(1 - share, 8 - a);
}

/* Bags of the class are twice as deep and are 2/3 of the holders of each sequence, as chance has it, or 3/4, which is more. */
Test(SUITE, depth_has_no_weight)
{
    static const double shares[2] = {2. / 3, 0.75};
    for (int k = 0; k < 2; k++) {
        OddsPrior o = open_prior(40000, 40000);
        double mean = 0;
        for (int a = 0; a <= 8; a++) add(&o, a, 8 - a, (int)lround(1e5 * binomial_of_8(a, shares[k])));
        cr_assert_eq(oddsprior_learn(&o, 2), OK);
        for (int a = 0; a <= 8; a++) mean += binomial_of_8(a, shares[k]) * oddsprior_weight(&o, a, 8 - a);
        cr_assert_lt(fabs(mean), 0.02, "%g: %g", shares[k], mean);
        const double other = 8 / (40000 * 2 * exp(1) + 40000);
        cr_assert_float_eq(oddsprior_excess(&o, 8, 0, 1), other * (exp(1) - 1), 1e-12);
        oddsprior_close(&o);
    }
}

/* 1 024 holders count as 512 with the same shares. */
Test(SUITE, many_holders)
{
    OddsPrior o = open_prior(2000, 2000);
    add(&o, 256, 256, 900);
    add(&o, 400, 112, 100);
    add(&o, 800, 224, 100);
    learn(&o);
    cr_assert_eq(oddsprior_weight(&o, 800, 224), oddsprior_weight(&o, 400, 112));
    cr_assert_eq(oddsprior_weight(&o, 1000, 1000), oddsprior_weight(&o, 256, 256));
    cr_assert_float_eq(oddsprior_weight(&o, 400, 112), 1.5, 0.1);
    cr_assert_float_eq(oddsprior_weight(&o, 256, 256), 0, 0.05);
    add(&o, 2000, 2000, 1); /* nothing is out of the table */
    cr_assert_eq(oddsprior_weight(&o, 2000, 0), 0);
    oddsprior_close(&o);
}
