/* SPDX-License-Identifier: MIT */
#include "rival/bagproduct.h"
#include "core/parallel.h"
#include "core/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE rival_bagproduct

enum { MOST = 300, CELLS = 777 };

static double *features(int n, int n_cell)
{
    Rng rng = rng_stream(8, "features", (uint64_t)n);
    double *phi = calloc((size_t)(MOST + BAGPRODUCT_LANES) * CELLS, sizeof *phi);
    for (int i = 0; i < n; i++)
        for (int c = 0; c < n_cell; c++) phi[bagproduct_at(i, c, n_cell)] = rng_normal(&rng);
    return phi;
}

static void check(int n, int n_cell)
{
    static double fast[MOST * MOST], plain[MOST * MOST], three[MOST * MOST];
    const Index stride = n + n % 3;
    double *phi = features(n, n_cell);
    memset(fast, 0, sizeof fast);
    memset(plain, 0, sizeof plain);
    memset(three, 0, sizeof three);
    cr_assert_eq(parallel_start(1), OK);
    bagproduct_add(fast, stride, phi, n, n_cell);
    bagproduct_add_by(0, plain, stride, phi, n, n_cell);
    cr_assert_eq(parallel_start(3), OK);
    bagproduct_add(three, stride, phi, n, n_cell);
    cr_assert_eq(memcmp(fast, plain, sizeof fast), 0, "%d bags, %d cells", n, n_cell);
    for (int way = 1; way < bagproduct_ways(); way++) {
        memset(fast, 0, sizeof fast);
        bagproduct_add_by(way, fast, stride, phi, n, n_cell);
        cr_assert_eq(memcmp(fast, plain, sizeof fast), 0, "way %d: %d bags, %d cells", way, n, n_cell);
    }
    cr_assert_eq(memcmp(fast, three, sizeof fast), 0);
    for (int i = 0; i < n; i += 1 + n / 7)
        for (int j = 0; j < stride && i * stride + j < n * stride; j++) {
            double sum = 0;
            for (int c = 0; c < n_cell && j <= i; c++)
                sum += phi[bagproduct_at(i, c, n_cell)] * phi[bagproduct_at(j, c, n_cell)];
            cr_assert_float_eq(fast[i * stride + j], sum, 1e-10, "%d bags, %d cells: %d, %d", n, n_cell, i, j);
        }
    free(phi);
}

/* Sizes that divide by nothing; what is above the diagonal stays 0. */
Test(SUITE, products_are_sums)
{
    static const int bags[] = {1, 7, 8, 9, 128, 129, 291};
    for (size_t k = 0; k < sizeof bags / sizeof *bags; k++)
        for (int n_cell = 0; n_cell <= CELLS; n_cell += 259) check(bags[k], n_cell);
}
