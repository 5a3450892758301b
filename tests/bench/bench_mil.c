/* SPDX-License-Identifier: MIT
 *
 * bench_mil.c: times the network on generated bags: the gradient-free pass over a large bag, and a training update with
 * drawing (batch 4, 10 000 draws, top tenth), on one thread and on all. Prints minimum and median of REPEATS runs, and
 * beside them a fixed loop of multiplications and additions that tells a quiet machine from a crowded one.
 */
#include "core/blas.h"
#include "core/log.h"
#include "core/parallel.h"
#include "model/mil.h"
#include "nn/kernel.h"
#include "support/bags.h"
#include "train/optimizer.h"
#include "train/sampler.h"

#include <stdio.h>

enum { N = 100000, N_BAG = 4, DRAWS = 10000, REPEATS = 40, WARM = 5 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double yardstick(void)
{
    volatile float start_value = 1, sink;
    float x = start_value;
    const double start = log_seconds();
    for (int i = 0; i < 1000000; i++) x = x * 0.9999f + 0.0002f;
    sink = x;
    (void)sink;
    return (log_seconds() - start) * 1e3;
}

static void say(const char *what, int threads, double *seconds, double items)
{
    qsort(seconds, REPEATS, sizeof *seconds, ascending);
    printf(
        "%-8s threads %d: minimum %8.3f ms, median %8.3f ms, %6.2f M sequences/s (median %6.2f), yardstick %.2f ms\n",
        what, threads, seconds[0] * 1e3, seconds[REPEATS / 2] * 1e3, items / seconds[0] / 1e6,
        items / seconds[REPEATS / 2] / 1e6, yardstick());
}

typedef struct {
    Mil *m;
    real *theta, *grad, *moments;
    TestBag *big;
    Bag drawn[N_BAG];
    Arena room[N_BAG];
    uint64_t update;
} Bench;

static void draw(void *context, int b, int thread)
{
    static uint64_t bits[N_BAG][(N + 63) / 64];
    Bench *x = context;
    Rng rng = rng_stream(1, "draw", x->update * N_BAG + (uint64_t)b);
    (void)thread;
    arena_rewind(&x->room[b]);
    sampler_draw(&x->drawn[b], &x->room[b], &x->big[b].bag, 20, DRAWS, false, &rng, bits[b]);
}

static void update(Bench *x)
{
    static const real target[N_BAG] = {0, 1, 0, 1}, mask[N_BAG] = {1, 1, 1, 1};
    const size_t n = mil_params(x->m)->size;
    OptimizerState state = {.m = x->moments, .v = x->moments + n, .step = x->update};
    OptimizerOptions o = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4};
    parallel_for(N_BAG, draw, x);
    memset(x->grad, 0, n * sizeof *x->grad);
    mil_learn(x->m, x->grad, x->theta, &(Batch){.n_bag = N_BAG, .bag = x->drawn, .target = target, .mask = mask}, 0,
              x->update, NULL);
    optimizer_step(optimizer_type("adam"), x->theta, &state, &o, x->grad, mil_params(x->m));
    x->update++;
}

static void run(TestBag *big, int threads)
{
    double seconds[REPEATS];
    real y[1];
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    BagSpec spec = TEST_SPEC(18);
    ModelOptions o = test_model(0, 0);
    Bench x = {.big = big};
    o.select_fraction = 0.1;
    if (parallel_start(threads) != OK || mil_new(&x.m, &o, &spec, &target, 1) != OK) exit(1);
    const size_t n = mil_params(x.m)->size;
    x.theta = calloc(n, sizeof *x.theta), x.grad = calloc(n, sizeof *x.grad), x.moments = calloc(2 * n, sizeof(real));
    param_start(mil_params(x.m), x.theta, 0);
    if (mil_plan(x.m, 1, N, false) != OK) exit(1);
    for (int i = -WARM; i < REPEATS; i++) {
        const double start = log_seconds();
        mil_prepare(x.m, x.theta);
        mil_predict(x.m, y, &big[0].bag, NULL);
        if (i >= 0) seconds[i] = log_seconds() - start;
    }
    say("pass", threads, seconds, N);
    for (int b = 0; b < N_BAG; b++) {
        sampler_plan(&x.room[b], &spec, N, DRAWS, false);
        if (arena_reserve(&x.room[b], "bench") != OK) exit(1);
    }
    if (mil_plan(x.m, N_BAG, DRAWS, true) != OK) exit(1);
    for (int i = -WARM; i < REPEATS; i++) {
        const double start = log_seconds();
        update(&x);
        if (i >= 0) seconds[i] = log_seconds() - start;
    }
    say("update", threads, seconds, N_BAG * DRAWS);
    mil_free(x.m);
    for (int b = 0; b < N_BAG; b++) arena_free(&x.room[b]);
    free(x.theta), free(x.grad), free(x.moments);
}

int main(void)
{
    TestBag big[N_BAG];
    for (int b = 0; b < N_BAG; b++) {
        int *len = test_lengths(N, 11, 18, (uint64_t)b);
        test_bag(&big[b], len, N, false, (uint64_t)b);
        free(len);
    }
    printf("kernels %s, BLAS %s\n", kernel_active()->level, blas_kernel());
    run(big, 1);
    run(big, 2);
    for (int b = 0; b < N_BAG; b++) test_bag_free(&big[b]);
    return 0;
}
