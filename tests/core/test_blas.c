/* SPDX-License-Identifier: MIT
 *
 * The three products against plain loops, on sizes below, at and above the block of rows.
 */
#include "core/blas.h"
#include "core/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static real *fill(uint64_t seed, int n)
{
    real *x = malloc(((size_t)n + 1) * sizeof *x);
    Rng rng = rng_stream(seed, "blas", 0);
    for (int i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
    return x;
}

typedef void Product(real *c, const real *a, const real *b, int n, int m, int k, bool add);

static void plain_nt(real *c, const real *a, const real *b, int n, int m, int k, bool add)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            double sum = add ? (double)c[i * m + j] : 0;
            for (int l = 0; l < k; l++) sum += (double)a[i * k + l] * (double)b[j * k + l];
            c[i * m + j] = (real)sum;
        }
}

static void plain_nn(real *c, const real *a, const real *b, int n, int k, int m, bool add)
{
    for (int i = 0; i < n; i++)
        for (int l = 0; l < k; l++) {
            double sum = add ? (double)c[i * k + l] : 0;
            for (int j = 0; j < m; j++) sum += (double)a[i * m + j] * (double)b[j * k + l];
            c[i * k + l] = (real)sum;
        }
}

static void plain_tn(real *c, const real *a, const real *b, int m, int k, int n, bool add)
{
    for (int j = 0; j < m; j++)
        for (int l = 0; l < k; l++) {
            double sum = add ? (double)c[j * k + l] : 0;
            for (int i = 0; i < n; i++) sum += (double)a[i * m + j] * (double)b[i * k + l];
            c[j * k + l] = (real)sum;
        }
}

/* Sizes as the product takes them; of c, a and b in elements. */
static void compare(Product *fast, Product *plain, int p, int q, int r, int n_c, int n_a, int n_b)
{
    for (int add = 0; add < 2; add++) {
        real *a = fill(1, n_a), *b = fill(2, n_b), *c = fill(3, n_c), *expected = fill(3, n_c);
        fast(c, a, b, p, q, r, add);
        plain(expected, a, b, p, q, r, add);
        for (int i = 0; i < n_c; i++)
            cr_assert_lt(fabs((double)(c[i] - expected[i])), 1e-4, "%d %d %d, add %d, place %d", p, q, r, add, i);
        free(a);
        free(b);
        free(c);
        free(expected);
    }
}

static const int rows[] = {0, 1, 7, BLAS_ROWS - 1, BLAS_ROWS, BLAS_ROWS + 1, 2 * BLAS_ROWS + 5};
static const int wide[][2] = {{1, 1}, {3, 5}, {32, 32}, {1, 17}};

Test(core_blas, products_are_those_of_plain_loops)
{
    cr_assert_eq(blas_start(), OK, "%s", status_sentence());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof wide / sizeof *wide; j++) {
            const int n = rows[i], m = wide[j][0], k = wide[j][1];
            compare(blas_nt, plain_nt, n, m, k, n * m, n * k, m * k);
            compare(blas_nn, plain_nn, n, k, m, n * k, n * m, m * k);
            compare(blas_tn, plain_tn, m, k, n, m * k, n * m, n * k);
        }
}

/* Rows are cut at fixed borders: whole blocks multiplied apart are the same bits. */
Test(core_blas, blocks_are_the_same_bits)
{
    enum { N = 2 * BLAS_ROWS + 9, M = 13, K = 29 };
    cr_assert_eq(blas_start(), OK);
    real *a = fill(1, N * K), *b = fill(2, M * K), *whole = fill(3, N * M), *apart = fill(4, N * M);
    blas_nt(whole, a, b, N, M, K, false);
    for (int at = 0; at < N; at += BLAS_ROWS)
        blas_nt(apart + at * M, a + at * K, b, N - at < BLAS_ROWS ? N - at : BLAS_ROWS, M, K, false);
    cr_assert_eq(memcmp(whole, apart, N * M * sizeof *whole), 0);
    free(a);
    free(b);
    free(whole);
    free(apart);
}

Test(core_blas, names_itself)
{
    cr_assert_eq(blas_start(), OK);
    cr_assert_gt(strlen(blas_kernel()), 0);
    cr_assert(strstr(blas_version(), "OpenBLAS"), "%s", blas_version());
}
