/* SPDX-License-Identifier: MIT */
#include "nn/dropout.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 1000, WIDTH = 64 };
static real y[ROWS * WIDTH], again[ROWS * WIDTH];

static void fill(real *x)
{
    for (int i = 0; i < ROWS * WIDTH; i++) x[i] = 1;
}

static Dropout of(double p, uint64_t update, int layer)
{
    return dropout_of(p, rng_stream(3, "dropout", update), layer);
}

Test(nn_dropout, share_and_mean)
{
    static const double p[] = {0, 0.1, 0.5, 0.75, 0.99};
    for (int j = 0; j < 5; j++) {
        const Dropout d = of(p[j], 0, 0);
        int dropped = 0;
        double sum = 0;
        fill(y);
        dropout_apply(y, &d, 0, ROWS, WIDTH);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            dropped += y[i] == 0;
            sum += (double)y[i];
            if (y[i] != 0) cr_assert_float_eq((double)y[i], 1 / (1 - p[j]), 2e-3 / (1 - p[j]));
        }
        const double n = ROWS * WIDTH, sd = sqrt(p[j] * (1 - p[j]) / n);
        cr_expect_float_eq(dropped / n, p[j], 4 * sd + 1e-5);
        cr_expect_float_eq(sum / n, 1, 4 * sd / (1 - p[j]) + 1e-6);
    }
}

/* Units and instances are dropped apart from each other: no row or column has more than its share. */
Test(nn_dropout, no_row_or_column_is_favoured)
{
    const Dropout d = of(0.5, 0, 0);
    fill(y);
    dropout_apply(y, &d, 0, ROWS, WIDTH);
    for (int k = 0; k < WIDTH; k++) {
        int column = 0, pairs = 0;
        for (int i = 0; i < ROWS; i++) {
            column += y[i * WIDTH + k] == 0;
            pairs += (y[i * WIDTH + k] == 0) == (y[i * WIDTH + (k + 1) % WIDTH] == 0);
        }
        cr_expect_float_eq(column / (double)ROWS, 0.5, 0.08);
        cr_expect_float_eq(pairs / (double)ROWS, 0.5, 0.08);
    }
    for (int i = 0; i < ROWS; i++) {
        int row = 0;
        for (int k = 0; k < WIDTH; k++) row += y[i * WIDTH + k] == 0;
        cr_expect_float_eq(row / (double)WIDTH, 0.5, 0.35);
    }
}

/* However the rows are cut, each has its own mask. */
Test(nn_dropout, a_row_has_the_same_mask_in_any_cut)
{
    const Dropout d = of(0.3, 5, 1);
    fill(y), fill(again);
    dropout_apply(y, &d, 0, ROWS, WIDTH);
    for (int from = 0; from < ROWS; from += 37)
        dropout_apply(again + from * WIDTH, &d, from, ROWS - from < 37 ? ROWS - from : 37, WIDTH);
    cr_expect(memcmp(y, again, sizeof y) == 0);
}

Test(nn_dropout, updates_and_layers_differ)
{
    const Dropout d[] = {of(0.5, 0, 0), of(0.5, 1, 0), of(0.5, 0, 1)};
    for (int j = 1; j < 3; j++) {
        int same = 0;
        fill(y), fill(again);
        dropout_apply(y, &d[0], 0, ROWS, WIDTH);
        dropout_apply(again, &d[j], 0, ROWS, WIDTH);
        for (int i = 0; i < ROWS * WIDTH; i++) same += (y[i] == 0) == (again[i] == 0);
        cr_expect_float_eq(same / (double)(ROWS * WIDTH), 0.5, 0.01);
    }
}
