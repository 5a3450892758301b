/* SPDX-License-Identifier: MIT
 *
 * test_bagmean.c: the mean of a bag, weighted or not, against its formula, and its gradient against finite differences
 * (double).
 */
#include "core/rng.h"
#include "model/bagmean.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE model_bagmean
#define CLOSE (REAL_IS_DOUBLE ? 1e-13 : 2e-6)

enum { WIDTH = 16, N_H = 11, MOST = 2 * BAGMEAN_ROWS + 5 };

static real h[MOST * WIDTH], c[MOST], mean[N_H + 1], piece[WIDTH];

static void fill(void)
{
    Rng rng = rng_stream(3, "bagmean", 0);
    for (int j = 0; j < MOST * WIDTH; j++) h[j] = (real)rng_normal(&rng);
    for (int i = 0; i < MOST; i++) c[i] = (real)(1 + 0.25 * (double)rng_below(&rng, 80));
    mean[N_H] = 12345;
}

TestSuite(SUITE, .init = fill);

static double formula(const real *weight, int n, int f)
{
    double sum = 0, all = 0;
    for (int i = 0; i < n; i++) {
        const double c_i = weight ? (double)weight[i] : 1;
        sum += c_i * (double)h[i * WIDTH + f], all += c_i;
    }
    return sum / all;
}

Test(SUITE, is_its_formula)
{
    static const int sizes[] = {1, 2, 100, BAGMEAN_ROWS - 1, BAGMEAN_ROWS, BAGMEAN_ROWS + 1, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int weighted = 0; weighted < 2; weighted++) {
            const real *weight = weighted ? c : NULL;
            bagmean_forward(mean, piece, h, weight, sizes[s], N_H, WIDTH);
            for (int f = 0; f < N_H; f++)
                cr_expect_float_eq((double)mean[f], formula(weight, sizes[s], f), CLOSE, "number %d of %d rows", f,
                                   sizes[s]);
            cr_expect_eq(mean[N_H], 12345, "written beyond the end");
        }
}

Test(SUITE, weights_of_1_are_no_weights)
{
    real plain[N_H];
    for (int i = 0; i < MOST; i++) c[i] = 1;
    bagmean_forward(plain, piece, h, NULL, MOST, N_H, WIDTH);
    bagmean_forward(mean, piece, h, c, MOST, N_H, WIDTH);
    cr_expect_arr_eq(mean, plain, sizeof plain);
}

Test(SUITE, an_empty_bag_is_0)
{
    real dmean[N_H] = {1}, dh[WIDTH] = {7};
    for (int weighted = 0; weighted < 2; weighted++) {
        for (int f = 0; f < N_H; f++) mean[f] = 3;
        bagmean_forward(mean, piece, h, weighted ? c : NULL, 0, N_H, WIDTH);
        for (int f = 0; f < N_H; f++) cr_expect_eq(mean[f], 0);
        bagmean_backward(dh, dmean, weighted ? c : NULL, 0, N_H, WIDTH);
        cr_expect_eq(dh[0], 7);
    }
}

/* The mean is linear: the gradient of row i is c_i / Σ c of that of the mean, added to what is there. */
Test(SUITE, gradient)
{
    enum { N = 30 };
    for (int weighted = 0; weighted < 2; weighted++) {
        Rng rng = rng_stream(4, "bagmean", 0);
        const real *weight = weighted ? c : NULL;
        real dmean[N_H], dh[N * WIDTH];
        for (int f = 0; f < N_H; f++) dmean[f] = (real)rng_normal(&rng);
        for (int j = 0; j < N * WIDTH; j++) dh[j] = (real)(j % 5);
        bagmean_backward(dh, dmean, weight, N, N_H, WIDTH);
        for (int i = 0; i < N; i++)
            for (int f = 0; f < WIDTH; f++) {
                double want = (i * WIDTH + f) % 5;
                const real was = h[i * WIDTH + f];
                for (int side = -1; side <= 1 && f < N_H; side += 2) {
                    h[i * WIDTH + f] = (real)((double)was + side);
                    want += side * formula(weight, N, f) * (double)dmean[f] / 2;
                }
                h[i * WIDTH + f] = was;
                cr_expect_float_eq((double)dh[i * WIDTH + f], want, CLOSE * 4, "row %d number %d", i, f);
            }
    }
}
