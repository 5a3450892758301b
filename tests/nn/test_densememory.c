/* SPDX-License-Identifier: MIT
 *
 * test_densememory.c: recorded runs of binary networks, exactly; energies that never rise; capacity beyond the network
 * of 1982.
 */
#include "core/rng.h"
#include "nn/densememory.h"
#include "nn/hopfield82.h"
#include "support/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, MOST_PATTERNS = 128 };
static int overlap[4096]; /* scratch of sweeps */

static void signs(int8_t *to, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = (int8_t)from[i];
}

static void order_of(int32_t *to, const double *from, int d)
{
    for (int j = 0; j < d; j++) to[j] = (int32_t)from[j];
}

static bool is_state(const int8_t *s, const double *want, int d)
{
    for (int j = 0; j < d; j++)
        if (s[j] != want[j]) return false;
    return true;
}

Test(nn_densememory, classical)
{
    Golden g;
    static int8_t x[MOST_PATTERNS * MOST];
    static double w[MOST * MOST];
    int8_t s[MOST], next[MOST];
    int32_t turn[MOST];
    if (!golden_open(&g, "hopfield_binary.h5")) cr_skip_test("hopfield_binary.h5 is not here");
    GoldenArray patterns = golden_member(&g, "classical", "patterns"), weights = golden_member(&g, "classical", "W");
    GoldenArray start = golden_member(&g, "classical", "start"), order = golden_member(&g, "classical", "order");
    GoldenArray final = golden_member(&g, "classical", "final"),
                energy = golden_member(&g, "classical", "energy_per_sweep");
    GoldenArray step = golden_member(&g, "classical", "one_synchronous_update");
    const int d = (int)patterns.shape[1], n_sweep = (int)order.shape[0];
    signs(x, patterns.v, patterns.n);
    hopfield82_weights(w, x, (int)patterns.shape[0], d);
    for (size_t i = 0; i < weights.n; i++) cr_expect_eq(w[i], weights.v[i], "W[%zu]", i);
    for (int q = 0; q < start.shape[0]; q++) {
        signs(s, start.v + q * d, (size_t)d);
        hopfield82_step(next, w, NULL, s, d);
        cr_expect(is_state(next, step.v + q * d, d), "start %d: all units at once", q);
        for (int t = 0; t <= n_sweep; t++) {
            cr_expect_eq(hopfield82_energy(w, NULL, s, d), energy.v[q * (n_sweep + 1) + t], "start %d, sweep %d", q,
                         t);
            if (t == n_sweep) break;
            order_of(turn, order.v + t * d, d);
            hopfield82_sweep(s, w, NULL, turn, d, d);
        }
        cr_expect(is_state(s, final.v + q * d, d), "start %d: where it ends", q);
    }
    GoldenArray *const all[] = {&patterns, &weights, &start, &order, &final, &energy, &step};
    for (int i = 0; i < 7; i++) golden_free(all[i]);
    golden_close(&g);
}

static DenseMemory memory_of(const Golden *g, const char *name, const int8_t *x, const GoldenArray *patterns)
{
    DenseMemory m = {.x = x, .n = (int)patterns->shape[0], .d = (int)patterns->shape[1]};
    char *kind = golden_attr_text(g, name, "interaction");
    if (strcmp(kind, "exp") == 0)
        m.kind = DENSE_EXP;
    else {
        cr_assert(kind[0] == 'n', "%s: interaction %s", name, kind);
        m.kind = strstr(kind, "_rectified") ? DENSE_RECTIFIED : DENSE_POWER;
        m.power = kind[1] - '0';
    }
    free(kind);
    return m;
}

static void dense(const Golden *g, const char *name)
{
    static int8_t x[MOST_PATTERNS * MOST];
    int8_t s[MOST];
    int32_t turn[MOST];
    GoldenArray patterns = golden_member(g, name, "patterns"), start = golden_member(g, name, "start"),
                order = golden_member(g, name, "order");
    GoldenArray final = golden_member(g, name, "final"), energy = golden_member(g, name, "energy_per_sweep");
    signs(x, patterns.v, patterns.n);
    const DenseMemory m = memory_of(g, name, x, &patterns);
    const int n_energy = (int)energy.shape[1];
    const double tolerance =
        m.kind == DENSE_EXP ? 1e-12 : 1e-15; /* integers, whose powers are recorded with rounding */
    order_of(turn, order.v, m.d);
    for (int q = 0; q < start.shape[0]; q++) {
        signs(s, start.v + q * m.d, (size_t)m.d);
        for (int t = 0; t < n_energy; t++) {
            const double want = energy.v[q * n_energy + t];
            const double mine = densememory_energy(&m, s);
            cr_expect(fabs(mine - want) <= tolerance * fabs(want), "%s: start %d, sweep %d: %.17g, not %.17g", name,
                      q, t, mine, want);
            if (m.kind == DENSE_EXP) cr_expect_float_eq(densememory_log_energy(&m, s), log(-want), 1e-12);
            if (t + 1 < n_energy) densememory_sweep(s, &m, turn, m.d, overlap);
        }
        cr_expect(is_state(s, final.v + q * m.d, m.d), "%s: where start %d ends", name, q);
    }
    golden_free(&patterns), golden_free(&start), golden_free(&order), golden_free(&final), golden_free(&energy);
}

Test(nn_densememory, recorded)
{
    Golden g;
    if (!golden_open(&g, "hopfield_binary.h5")) cr_skip_test("hopfield_binary.h5 is not here");
    GoldenNames names = golden_list(&g, "/");
    cr_assert_eq(names.n, 6);
    for (int i = 0; i < names.n; i++)
        if (strcmp(names.name[i], "classical") != 0) dense(&g, names.name[i]);
    golden_names_free(&names);
    golden_close(&g);
}

/* ---- properties ---- */

static void random_signs(int8_t *x, int n, Rng *rng)
{
    for (int i = 0; i < n; i++) x[i] = rng_u64(rng) >> 63 ? 1 : -1;
}

static void any_order(int32_t *order, int d, Rng *rng)
{
    int turn[MOST];
    for (int j = 0; j < d; j++) turn[j] = j;
    rng_shuffle(rng, turn, d);
    for (int j = 0; j < d; j++) order[j] = turn[j];
}

Test(nn_densememory, energy_never_rises)
{
    static const struct {
        DenseKind kind;
        int power;
    } kinds[] = {{DENSE_POWER, 2}, {DENSE_POWER, 3}, {DENSE_POWER, 4}, {DENSE_RECTIFIED, 3}, {DENSE_EXP, 0}};
    int8_t x[20 * MOST], s[MOST];
    int32_t order[MOST];
    for (uint64_t seed = 0; seed < 50; seed++)
        for (int k = 0; k < 5; k++) {
            Rng rng = rng_stream(seed, "dense", (uint64_t)k);
            const DenseMemory m = {kinds[k].kind, kinds[k].power, x, 20, 5 + (int)rng_below(&rng, 30)};
            random_signs(x, m.n * m.d, &rng), random_signs(s, m.d, &rng), any_order(order, m.d, &rng);
            double e = densememory_energy(&m, s);
            int t = 0;
            for (; t < 100 && densememory_sweep(s, &m, order, m.d, overlap) > 0; t++) {
                const double now = densememory_energy(&m, s);
                cr_expect(now <= e, "seed %d, kind %d: energy rises from %g to %g", (int)seed, k, e, now);
                e = now;
            }
            cr_expect_lt(t, 100, "seed %d, kind %d: does not settle", (int)seed, k);
        }
}

Test(nn_densememory, classical_energy_never_rises)
{
    static double w[MOST * MOST];
    int8_t x[10 * MOST], s[MOST];
    int32_t order[MOST];
    double theta[MOST];
    const int d = 40;
    for (uint64_t seed = 0; seed < 50; seed++) {
        Rng rng = rng_stream(seed, "classical", 0);
        random_signs(x, 10 * d, &rng), random_signs(s, d, &rng), any_order(order, d, &rng);
        for (int j = 0; j < d; j++) theta[j] = 0.3 * rng_normal(&rng);
        hopfield82_weights(w, x, 10, d);
        double e = hopfield82_energy(w, theta, s, d);
        int t = 0;
        for (; t < 100 && hopfield82_sweep(s, w, theta, order, d, d) > 0; t++) {
            const double now = hopfield82_energy(w, theta, s, d);
            cr_expect(now <= e + 1e-12, "seed %d: energy rises from %g to %g", (int)seed, e, now);
            e = now;
        }
        cr_expect_lt(t, 100, "seed %d: does not settle", (int)seed);
    }
}

/* 60 patterns of 24 units: far beyond 0.138 d for the network of 1982, easy for exponentials. */
Test(nn_densememory, exponentials_store_more)
{
    static double w[MOST * MOST];
    int8_t x[60 * 24], s[24];
    int32_t order[24];
    int dense_kept = 0, classical_kept = 0;
    Rng rng = rng_stream(5, "capacity", 0);
    const DenseMemory m = {DENSE_EXP, 0, x, 60, 24};
    random_signs(x, m.n * m.d, &rng), any_order(order, m.d, &rng);
    hopfield82_weights(w, x, m.n, m.d);
    for (int i = 0; i < m.n; i++) {
        memcpy(s, x + i * m.d, sizeof s);
        dense_kept += densememory_sweep(s, &m, order, m.d, overlap) == 0;
        memcpy(s, x + i * m.d, sizeof s);
        classical_kept += hopfield82_sweep(s, w, NULL, order, m.d, m.d) == 0;
    }
    cr_expect_gt(dense_kept, 57, "%d of 60 kept", dense_kept);
    cr_expect_lt(classical_kept, 5, "%d of 60 kept", classical_kept);
}

/* 2000 units: exponents that no double holds. */
Test(nn_densememory, large_exponents)
{
    enum { D = 2000 };
    static int8_t x[2 * D], s[D];
    static int32_t order[D];
    Rng rng = rng_stream(1, "large", 0);
    const DenseMemory m = {DENSE_EXP, 0, x, 2, D};
    random_signs(x, 2 * D, &rng);
    memcpy(s, x, D);
    for (int j = 0; j < D; j++) order[j] = j;
    for (int j = 0; j < D; j += 5) s[j] = (int8_t)-s[j];
    cr_expect_eq(densememory_sweep(s, &m, order, D, overlap), D / 5);
    cr_expect_eq(memcmp(s, x, D), 0);
    cr_expect_float_eq(densememory_log_energy(&m, s), D, 1e-9);
}
