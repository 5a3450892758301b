/* SPDX-License-Identifier: MIT
 *
 * test_fisher.c: p against exact sums of fractions (Python: fractions, math.comb), which SciPy 1.10 hypergeom.logsf gives too.
 */
#include "cohort/fisher.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_fisher

typedef struct {
    int n1, n0, a, b;
    double value; /* -log10 p */
} FisherCase;

static const FisherCase cases[] = {
    {10, 12, 4, 0, 1.5419950357274101},
    {10, 12, 5, 2, 0.9469096578746283},
    {10, 12, 0, 3, 0},
    {200, 220, 60, 20, 7.47631857302175},
    {200, 220, 3, 0, 0.9700913328040119},
    {200, 220, 130, 130, 0.8993073541214471},
    {37, 5, 30, 1, 1.9007011459567833},
    {500, 500, 100, 10, 21.358137459126645},
};

static double enriched(const FisherCase *c)
{
    Fisher f;
    cr_assert_eq(fisher_open(&f, c->n1, c->n0), OK);
    const double value = fisher_enriched(&f, c->a, c->b);
    fisher_close(&f);
    return value;
}

Test(SUITE, exact_sums)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        cr_assert_float_eq(enriched(&cases[k]), cases[k].value, 1e-11 * (1 + cases[k].value), "case %zu: %.16g", k,
                           enriched(&cases[k]));
}

Test(SUITE, sign_says_which_class)
{
    Fisher f, other;
    cr_assert_eq(fisher_open(&f, 60, 90), OK);
    cr_assert_eq(fisher_open(&other, 90, 60), OK);
    for (int a = 0; a <= 60; a += 3)
        for (int b = 0; b <= 90; b += 7) {
            const double value = fisher_signed(&f, a, b);
            if (a * 90 >= b * 60)
                cr_assert_eq(value, fisher_enriched(&f, a, b));
            else
                cr_assert_float_eq(value, -fisher_enriched(&other, b, a), 1e-12);
        }
    fisher_close(&f);
    fisher_close(&other);
}

Test(SUITE, a_class_without_bags)
{
    Fisher f;
    cr_assert_eq(fisher_open(&f, 0, 4), OK);
    cr_assert_eq(fisher_enriched(&f, 0, 3), 0);
    fisher_close(&f);
}
