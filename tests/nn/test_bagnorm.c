/* SPDX-License-Identifier: MIT
 *
 * test_bagnorm.c: the norm over bags against its formula, its gradient against finite differences (double), and prediction
 * by fitted statistics against the minibatch they were fitted on.
 */
#include "core/rng.h"
#include "nn/bagnorm.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define SUITE nn_bagnorm
#define CLOSE (REAL_IS_DOUBLE ? 1e-12 : 2e-5)

enum { MOST = 16, N_Z = 7 };

typedef struct {
    BagNorm l;
    ParamList list;
    real *theta, z[MOST * N_Z], x[MOST * N_Z], inv_std[N_Z];
    int n_bag;
} Rig;

/* Number f of the bag vectors has its own mean and deviation; number 3 is the same in all bags. */
static Rig *rig_make(int n_bag)
{
    Rig *r = calloc(1, sizeof *r);
    Rng rng = rng_stream(11, "bagnorm", (uint64_t)n_bag);
    bagnorm_init(&r->l, &r->list, N_Z);
    r->theta = calloc(r->list.size, sizeof *r->theta);
    param_start(&r->list, r->theta, 1);
    r->n_bag = n_bag;
    for (int b = 0; b < n_bag; b++)
        for (int f = 0; f < N_Z; f++)
            r->z[b * N_Z + f] = (real)(f == 3 ? 0.7 : 3 - f + (0.1 + 0.5 * f) * rng_normal(&rng));
    return r;
}

static void rig_free(Rig *r)
{
    free(r->theta);
    param_free(&r->list);
    free(r);
}

static double mean_of(const real *x, int f, int n)
{
    double sum = 0;
    for (int b = 0; b < n; b++) sum += (double)x[b * N_Z + f];
    return sum / n;
}

static double var_of(const real *x, int f, int n)
{
    double sum = 0;
    for (int b = 0; b < n; b++) sum += pow((double)x[b * N_Z + f] - mean_of(x, f, n), 2);
    return sum / n;
}

Test(SUITE, every_number_has_mean_0_and_variance_1)
{
    for (int n = 2; n <= MOST; n += 7) {
        Rig *r = rig_make(n);
        bagnorm_forward(r->x, r->inv_std, &r->l, r->z, n);
        for (int f = 0; f < N_Z; f++) {
            if (f == 3) continue;
            cr_expect_float_eq(mean_of(r->x, f, n), 0, CLOSE);
            cr_expect_float_eq(var_of(r->x, f, n), 1, 1e-5 / var_of(r->z, f, n), "number %d of %d bags", f, n);
            for (int b = 0; b < n; b++) {
                const double want =
                    ((double)r->z[b * N_Z + f] - mean_of(r->z, f, n)) / sqrt(var_of(r->z, f, n) + 1e-7);
                cr_expect_float_eq((double)r->x[b * N_Z + f], want, CLOSE, "number %d of bag %d", f, b);
            }
        }
        rig_free(r);
    }
}

Test(SUITE, a_constant_number_becomes_0)
{
    Rig *r = rig_make(5);
    real dx[5 * N_Z], dz[5 * N_Z] = {0};
    bagnorm_forward(r->x, r->inv_std, &r->l, r->z, 5);
    for (int b = 0; b < 5; b++) cr_expect_eq(r->x[b * N_Z + 3], 0);
    for (int j = 0; j < 5 * N_Z; j++) dx[j] = (real)(j % 3);
    bagnorm_backward(dz, &r->l, r->x, r->inv_std, dx, 5);
    for (int j = 0; j < 5 * N_Z; j++) cr_expect(isfinite((double)dz[j]));
    bagnorm_fit(r->theta, &r->l, r->z, r->l.n_z, 5);
    bagnorm_predict(r->x, &r->l, r->theta, r->z, 5);
    for (int b = 0; b < 5; b++) cr_expect_float_eq((double)r->x[b * N_Z + 3], 0, 1e-3);
    rig_free(r);
}

/* The statistics of one bag: it becomes 0, and nothing is divided by 0. */
Test(SUITE, statistics_of_one_bag_are_finite)
{
    Rig *r = rig_make(2);
    bagnorm_fit(r->theta, &r->l, r->z, r->l.n_z, 1);
    bagnorm_predict(r->x, &r->l, r->theta, r->z, 2);
    for (int f = 0; f < N_Z; f++) {
        cr_expect_float_eq((double)r->x[f], 0, 1e-3);
        cr_expect(isfinite((double)r->x[N_Z + f]));
    }
    rig_free(r);
}

Test(SUITE, prediction_after_fit_is_the_minibatch)
{
    Rig *r = rig_make(9);
    real fitted[9 * N_Z];
    bagnorm_forward(r->x, r->inv_std, &r->l, r->z, 9);
    bagnorm_fit(r->theta, &r->l, r->z, r->l.n_z, 9);
    bagnorm_predict(fitted, &r->l, r->theta, r->z, 9);
    for (int b = 0; b < 9; b++)
        for (int f = 0; f < N_Z; f++)
            if (f != 3) cr_expect_float_eq((double)fitted[b * N_Z + f], (double)r->x[b * N_Z + f], CLOSE * 10);
    for (int f = 0; f < N_Z; f++) {
        cr_expect_float_eq((double)r->theta[r->l.mean_at + (size_t)f], mean_of(r->z, f, 9), CLOSE);
        cr_expect_float_eq((double)r->theta[r->l.var_at + (size_t)f], var_of(r->z, f, 9), CLOSE * 10);
    }
    rig_free(r);
}

/* A model without a fit divides by about 1. */
Test(SUITE, its_tensors_are_frozen_and_start_as_the_identity)
{
    Rig *r = rig_make(4);
    cr_assert_eq(r->list.n, 2);
    cr_expect_str_eq(r->list.param[0].name, "bag_norm.mean");
    cr_expect_str_eq(r->list.param[1].name, "bag_norm.var");
    cr_expect_eq(param_learned(&r->list), 0);
    bagnorm_predict(r->x, &r->l, r->theta, r->z, 4);
    for (int j = 0; j < 4 * N_Z; j++) cr_expect_float_eq((double)r->x[j], (double)r->z[j], 1e-5);
    rig_free(r);
}

#if REAL_IS_DOUBLE
static double loss_of(Rig *r, const real *dx)
{
    double loss = 0;
    bagnorm_forward(r->x, r->inv_std, &r->l, r->z, r->n_bag);
    for (int j = 0; j < r->n_bag * N_Z; j++) loss += r->x[j] * dx[j];
    return loss;
}

Test(SUITE, gradient_goes_through_both_statistics)
{
    for (int n = 2; n <= MOST; n += 7) {
        Rig *r = rig_make(n);
        Rng rng = rng_stream(12, "bagnorm", (uint64_t)n);
        real dx[MOST * N_Z], dz[MOST * N_Z];
        for (int j = 0; j < n * N_Z; j++) dx[j] = rng_normal(&rng), dz[j] = j;
        bagnorm_forward(r->x, r->inv_std, &r->l, r->z, n);
        bagnorm_backward(dz, &r->l, r->x, r->inv_std, dx, n);
        for (int j = 0; j < n * N_Z; j++) {
            const real was = r->z[j], step = 1e-5;
            if (j % N_Z == 3) continue; /* where the variance is 0 a step is larger than ε */
            r->z[j] = was + step;
            const double up = loss_of(r, dx);
            r->z[j] = was - step;
            const double numeric = (up - loss_of(r, dx)) / (2 * step);
            r->z[j] = was;
            cr_expect_float_eq(dz[j] - j, numeric, 1e-6 * (1 + fabs(numeric)), "%d bags, entry %d: %g, not %g", n, j,
                               dz[j] - j, numeric);
        }
        rig_free(r);
    }
}
#endif
