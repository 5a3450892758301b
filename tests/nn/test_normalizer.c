/* SPDX-License-Identifier: MIT
 *
 * test_normalizer.c: sparse weights against a threshold found by bisection, by hand, and their gradients against
 * differences.
 */
#include "core/rng.h"
#include "nn/normalizer.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MOST = 300 };
static const Normalizer sparse[] = {NORMALIZER_SPARSEMAX, NORMALIZER_ENTMAX15};

static double weight_of(Normalizer kind, double z, double tau)
{
    const double above = fmax((kind == NORMALIZER_ENTMAX15 ? z / 2 : z) - tau, 0);
    return kind == NORMALIZER_ENTMAX15 ? above * above : above;
}

/* Weights of z [n] by bisection of τ. */
static void bisect(double *p, const real *z, Normalizer kind, int n)
{
    double low = -1e4, high = 1e4;
    for (int step = 0; step < 200; step++) {
        const double tau = (low + high) / 2;
        double sum = 0;
        for (int i = 0; i < n; i++) sum += weight_of(kind, (double)z[i], tau);
        if (sum > 1)
            low = tau;
        else
            high = tau;
    }
    for (int i = 0; i < n; i++) p[i] = weight_of(kind, (double)z[i], high);
}

Test(nn_normalizer, by_bisection)
{
    real z[MOST], p[MOST];
    double want[MOST], scratch[MOST];
    for (int round = 0; round < 200; round++) {
        Rng rng = rng_stream(7, "scores", (uint64_t)round);
        const int n = 1 + (int)rng_below(&rng, MOST);
        const double spread = pow(10, 3 * rng_uniform(&rng) - 2);
        for (int i = 0; i < n; i++) z[i] = (real)(spread * rng_normal(&rng) + 5);
        if (n > 4) z[2] = z[1]; /* a tie */
        for (int k = 0; k < 2; k++) {
            double sum = 0;
            normalizer_sparse(p, z, sparse[k], n, 1, scratch);
            bisect(want, z, sparse[k], n);
            for (int i = 0; i < n; i++) {
                sum += (double)p[i];
                cr_expect_float_eq((double)p[i], want[i], REAL_IS_DOUBLE ? 1e-11 : 1e-6, "%d of round %d", i, round);
            }
            cr_expect_float_eq(sum, 1, 1e-5);
        }
    }
}

/* z = (1, 0.5, -3): sparsemax τ = 0.25. entmax15 of (2, 0): u + v = 1/2·2 apart and u² + v² = 1: (1, 0). */
Test(nn_normalizer, by_hand)
{
    const real a[] = {1, (real)0.5, -3}, b[] = {2, 0}, c[] = {1, 1, 1, 1};
    real p[4];
    double scratch[4];
    normalizer_sparse(p, a, NORMALIZER_SPARSEMAX, 3, 1, scratch);
    cr_expect(p[0] == (real)0.75 && p[1] == (real)0.25 && p[2] == 0, "%g %g %g", (double)p[0], (double)p[1],
              (double)p[2]);
    normalizer_sparse(p, b, NORMALIZER_ENTMAX15, 2, 1, scratch);
    cr_expect(p[0] == 1 && p[1] == 0, "%g %g", (double)p[0], (double)p[1]);
    for (int k = 0; k < 2; k++) {
        normalizer_sparse(p, c, sparse[k], 4, 1, scratch);
        for (int i = 0; i < 4; i++) cr_expect_float_eq((double)p[i], 0.25, 1e-7);
    }
}

Test(nn_normalizer, columns_masks_and_what_is_no_number)
{
    const real a[] = {3, 7, -(real)INFINITY, 7, 2, 7};
    real p[6] = {9, 9, 9, 9, 9, 9}, none[2] = {-(real)INFINITY, -(real)INFINITY}, bad[2] = {1, (real)NAN};
    double scratch[3];
    for (int k = 0; k < 2; k++) {
        normalizer_sparse(p, a, sparse[k], 3, 2, scratch);
        cr_expect(p[1] == 9 && p[3] == 9 && p[5] == 9, "other columns stay");
        cr_expect(p[2] == 0 && p[0] > 0, "a masked entry has no weight");
        normalizer_sparse(p, none, sparse[k], 2, 1, scratch);
        cr_expect(p[0] == 0 && p[1] == 0, "nothing to see");
        normalizer_sparse(p, bad, sparse[k], 2, 1, scratch);
        cr_expect(isnan(p[0]) && isnan(p[1]));
        p[1] = p[3] = 9;
    }
}

/* dz of a random loss Σ c p, as every layer computes it. */
Test(nn_normalizer, gradient)
{
    enum { N = 9 };
    real z[N], p[N], q[N], c[N];
    double scratch[N];
    if (!REAL_IS_DOUBLE) cr_skip_test("differences need double");
    for (int round = 0; round < 20; round++) {
        Rng rng = rng_stream(8, "gradient", (uint64_t)round);
        for (int i = 0; i < N; i++) z[i] = (real)(0.7 * rng_normal(&rng)), c[i] = (real)rng_normal(&rng);
        for (int k = 0; k < 2; k++) {
            double mean = 0, sum = 0;
            normalizer_sparse(p, z, sparse[k], N, 1, scratch);
            for (int i = 0; i < N; i++) {
                mean += (double)(normalizer_gain(sparse[k], p[i]) * c[i]);
                sum += (double)normalizer_gain(sparse[k], p[i]);
            }
            for (int i = 0; i < N; i++) {
                double slope = 0;
                const real was = z[i];
                for (int side = -1; side <= 1; side += 2) {
                    z[i] = was + (real)(side * 1e-7);
                    normalizer_sparse(q, z, sparse[k], N, 1, scratch);
                    for (int j = 0; j < N; j++) slope += side * (double)(c[j] * q[j]) / 2e-7;
                }
                z[i] = was;
                const double got = (double)normalizer_gain(sparse[k], p[i]) * ((double)c[i] - mean / sum);
                cr_expect_float_eq(got, slope, 1e-5, "round %d, %d: %g, not %g", round, i, got, slope);
            }
        }
    }
}
