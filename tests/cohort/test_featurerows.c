/* SPDX-License-Identifier: MIT */
#include "cohort/featurerows.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(FeatureRows *r, bool dense, int n, int n_column, const double *x)
{
    cr_assert_eq(featurerows_new(r, n_column, dense), OK);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n_column; k++)
            if (dense || x[i * n_column + k] != 0) cr_assert_eq(featurerows_add(r, k, x[i * n_column + k]), OK);
        cr_assert_eq(featurerows_end(r), OK);
    }
}

static double at(const FeatureRows *r, int row, int column)
{
    for (size_t e = r->start[row]; e < r->start[row + 1]; e++)
        if (r->column[e] == column) return r->value[e];
    return 0;
}

static const double x[5 * 3] = {1, 0.1, 0, 2, 0.1, 4, 6, 0.1, 0, -3, 0.1, 0, 100, 7, 100};
static const int train[4] = {0, 1, 2, 3}; /* the last row is a test bag's */

/* Mean and standard deviation over the training rows are 0 and 1; a column that is constant there is 0 everywhere. */
Test(study_featurerows, dense_columns_are_standardised)
{
    FeatureRows in, out;
    int n_used;
    build(&in, true, 5, 3, x);
    cr_assert_eq(featurerows_scale(&out, &n_used, &in, train, 4), OK);
    cr_assert_eq(n_used, 2);
    cr_assert_eq(out.n, 5);
    for (int k = 0; k < 3; k += 2) {
        double mean = 0, square = 0;
        for (int i = 0; i < 4; i++) mean += at(&out, i, k) / 4;
        for (int i = 0; i < 4; i++) square += at(&out, i, k) * at(&out, i, k) / 4;
        cr_assert_float_eq(mean, 0, 1e-14);
        cr_assert_float_eq(square, 1, 1e-14);
    }
    for (int i = 0; i < 5; i++) cr_assert_eq(at(&out, i, 1), 0);
    cr_assert_float_eq(at(&out, 4, 0), (100 - 1.5) / sqrt(41.0 / 4), 1e-12); /* 1 2 6 -3: mean 1.5, squares 41 */
    featurerows_free(&in);
    featurerows_free(&out);
}

/* Sparse rows are divided by the same deviation, in which the zeros count, but not shifted. */
Test(study_featurerows, sparse_columns_keep_their_zeros)
{
    FeatureRows in, out;
    int n_used;
    build(&in, false, 5, 3, x);
    cr_assert_eq(featurerows_scale(&out, &n_used, &in, train, 4), OK);
    cr_assert_eq(n_used, 2);
    cr_assert_eq(out.start[5] - out.start[0], 7, "no zero became a number");
    cr_assert_float_eq(at(&out, 1, 2), 4 / sqrt(3.0), 1e-14); /* 0 4 0 0: variance 3 */
    cr_assert_float_eq(at(&out, 4, 0), 100 / sqrt(41.0 / 4), 1e-12);
    featurerows_free(&in);
    featurerows_free(&out);
}

/* A missing number is the mean of the training rows that know it; numbers that a row does not list are 0. */
Test(study_featurerows, missing_numbers_are_filled)
{
    const double with[5 * 2] = {1, NAN, NAN, NAN, 5, NAN, 0, NAN, NAN, 3};
    FeatureRows in, out;
    double mean[2], scale[2];
    for (int dense = 0; dense < 2; dense++) {
        build(&in, dense, 5, 2, with);
        cr_assert_eq(featurerows_fill(&out, &in, train, 4), OK);
        cr_assert_float_eq(at(&out, 1, 0), 2, 1e-15); /* 1 5 0 */
        cr_assert_float_eq(at(&out, 4, 0), 2, 1e-15);
        cr_assert_eq(at(&out, 0, 1), 0, "no training row knows it");
        cr_assert_eq(at(&out, 4, 1), 3);
        cr_assert_eq(featurerows_moments(mean, scale, &out, train, 4), OK);
        cr_assert_float_eq(mean[0], 2, 1e-15);
        cr_assert_float_eq(scale[0], 1 / sqrt(14.0 / 4), 1e-14);
        cr_assert_eq(scale[1], 0);
        featurerows_free(&in);
        featurerows_free(&out);
    }
}

/* Many rows and columns: the room grows. */
Test(study_featurerows, rows_grow)
{
    FeatureRows r;
    cr_assert_eq(featurerows_new(&r, 50, true), OK);
    for (int i = 0; i < 500; i++) {
        for (int k = 0; k < 50; k++) cr_assert_eq(featurerows_add(&r, k, i * 50 + k), OK);
        cr_assert_eq(featurerows_end(&r), OK);
    }
    cr_assert_eq(r.n, 500);
    for (int i = 0; i < 500; i += 37)
        for (int k = 0; k < 50; k++) cr_assert_eq(at(&r, i, k), i * 50 + k);
    featurerows_free(&r);
}
