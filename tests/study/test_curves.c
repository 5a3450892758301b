/* SPDX-License-Identifier: MIT
 *
 * test_curves.c: areas under curves against the AUC and average precision; the band; bins of calibration by hand.
 */
#include "cohort/metric.h"
#include "study/curves.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE study_curves

enum { FOLDS = 3, N = 60 };

/* Values on a coarse grid: many are equal. */
static void fill(FoldAuc *a, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test curves", 0);
    cr_assert_eq(foldauc_new(a, 1, FOLDS, N), OK);
    for (int i = 0; i < N; i++) {
        const int label = (int)rng_below(&rng, 2);
        cr_assert_eq(foldauc_add(a, (FoldRow){floor(8 * rng_uniform(&rng)) + 2 * label, label, i}), OK);
        if (i % (N / FOLDS) == N / FOLDS - 1) foldauc_end_fold(a);
    }
}

static double trapezoids(const Curve *c)
{
    double area = 0;
    for (int i = 1; i < c->n; i++) area += (c->x[i] - c->x[i - 1]) * (c->y[i] + c->y[i - 1]) / 2;
    return area;
}

Test(SUITE, area_of_a_fold_is_its_auc)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        FoldAuc a, one;
        Curve c;
        fill(&a, seed);
        for (int f = 0; f < FOLDS; f++) {
            const FoldRow *row = a.row + f * N / FOLDS;
            cr_assert_eq(foldauc_new(&one, 1, 1, N), OK);
            for (int i = 0; i < N / FOLDS; i++) cr_assert_eq(foldauc_add(&one, row[i]), OK);
            foldauc_end_fold(&one);
            cr_assert_eq(curves_roc(&c, row, N / FOLDS, NULL), OK);
            cr_expect_float_eq(trapezoids(&c), foldauc_mean(&one, 0, 1), 1e-12, "seed %d", (int)seed);
            cr_expect(c.x[0] == 0 && c.y[0] == 0 && c.x[c.n - 1] == 1 && c.y[c.n - 1] == 1);
            curves_free(&c);
            foldauc_free(&one);
        }
        foldauc_free(&a);
    }
}

/* Σ (R_k - R_k-1) P_k */
Test(SUITE, steps_of_precision_are_the_average_precision)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        FoldAuc a;
        Curve c;
        MetricRank rank[N / FOLDS];
        double area = 0;
        fill(&a, seed);
        for (int i = 0; i < N / FOLDS; i++) rank[i] = (MetricRank){a.row[i].value, a.row[i].label};
        cr_assert_eq(curves_precision(&c, a.row, N / FOLDS), OK);
        for (int i = 0; i < c.n; i++) area += (c.x[i] - (i ? c.x[i - 1] : 0)) * c.y[i];
        cr_expect_float_eq(area, metric_ap(rank, N / FOLDS), 1e-12, "seed %d", (int)seed);
        curves_free(&c);
        foldauc_free(&a);
    }
}

/* Of one fold the mean on the grid is the curve, so its area is near the AUC; the band holds it. */
Test(SUITE, mean_and_band)
{
    FoldAuc a;
    MeanCurve mean;
    double area = 0;
    fill(&a, 4);
    cr_assert_eq(curves_mean_roc(&mean, &a), OK);
    for (int g = 1; g < CURVES_GRID; g++) area += (mean.y[g] + mean.y[g - 1]) / 2 / (CURVES_GRID - 1);
    cr_expect_float_eq(area, foldauc_mean(&a, 0, 1), 0.01);
    for (int g = 0; g < CURVES_GRID; g++) {
        cr_expect(mean.low[g] <= mean.high[g] && mean.low[g] >= 0 && mean.high[g] <= 1, "place %d", g);
        cr_expect(mean.y[g] >= mean.low[g] - 0.15 && mean.y[g] <= mean.high[g] + 0.15, "place %d", g);
        if (g) cr_expect(mean.y[g] >= mean.y[g - 1] - 1e-12, "place %d", g);
    }
    cr_expect_float_eq(mean.y[CURVES_GRID - 1], 1, 1e-12);
    foldauc_free(&a);
}

Test(SUITE, one_class_has_no_curve)
{
    FoldAuc a;
    MeanCurve mean;
    Curve c;
    cr_assert_eq(foldauc_new(&a, 1, 1, 2), OK);
    cr_assert_eq(foldauc_add(&a, (FoldRow){1, 1, 0}), OK);
    cr_assert_eq(foldauc_add(&a, (FoldRow){2, 1, 1}), OK);
    foldauc_end_fold(&a);
    cr_assert_eq(curves_roc(&c, a.row, 2, NULL), OK);
    cr_expect_eq(c.n, 0);
    curves_free(&c);
    cr_assert_eq(curves_mean_roc(&mean, &a), OK);
    cr_expect(isnan(mean.y[0]) && isnan(mean.low[50]));
    cr_assert_eq(curves_mean_precision(&mean, &a), OK);
    cr_expect(isnan(mean.y[3]));
    foldauc_free(&a);
}

/* 20 bags with probability (i + 0.5) / 20, of which the upper half is positive. */
Test(SUITE, calibration_by_hand)
{
    TestRow row[20];
    CalibrationBin bin[CURVES_BINS];
    int n;
    for (int i = 0; i < 20; i++)
        row[i] = (TestRow){.member = i, .label = i >= 10, .probability = ((i * 7 % 20) + 0.5) / 20};
    for (int i = 0; i < 20; i++) row[i].label = row[i].probability > 0.5;
    cr_assert_eq(
        curves_calibration(bin, &n, &(TestRows){.row = row, .n = 20, .n_repeat = 1, .n_fold = 1, .n_member = 20}),
        OK);
    cr_assert_eq(n, 10);
    for (int k = 0; k < 10; k++) {
        cr_expect_eq(bin[k].n, 2);
        cr_expect_float_eq(bin[k].probability, (k + 0.5) / 10, 1e-12);
        cr_expect_eq(bin[k].share, k >= 5);
    }
    cr_expect_float_eq(bin[0].interval[1], 3.841459 / (2 + 3.841459), 1e-4); /* Wilson for 0 of 2: z² / (n + z²) */
}
