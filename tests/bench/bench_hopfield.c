/* SPDX-License-Identifier: MIT
 *
 * bench_hopfield.c: times Hopfield pooling on one thread. First the stages of an update of 16 bags of six vectors, 64
 * numbers each after the embedder, 8 heads of 32 (Tiger's shapes); then the whole update with network and AdamW; then an
 * update of the CNN with it (4 bags, 10 000 scored and 1 000 learned from in each) beside attention pooling.
 * Minimum and median of REPEATS runs, in microseconds.
 */
#include "core/log.h"
#include "core/parallel.h"
#include "nn/kernel.h"
#include "support/bags.h"
#include "support/vectors.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdio.h>

enum { REPEATS = 400, WARM = 20, BAGS = 16, ROWS = 98, N_H = 64, N_FEAT = 230, DRAWN = 10000, CNN_BAGS = 4 };

typedef struct {
    const char *name;
    double *seconds; /* [REPEATS] */
} Stage;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double say(const char *name, double *seconds, int n)
{
    qsort(seconds, (size_t)n, sizeof *seconds, ascending);
    printf("%-28s minimum %9.2f us, median %9.2f us\n", name, seconds[0] * 1e6, seconds[n / 2] * 1e6);
    return seconds[n / 2];
}

static int place_of(const char *embedder, const char *pooling)
{
    int at = 0;
    if (embedder)
        while (strcmp(embedder_types[at]->name, embedder) != 0) at++;
    else
        while (strcmp(pooling_types[at]->name, pooling) != 0) at++;
    return at;
}

static void settings(void *blob, const Option *rows, double dropout)
{
    test_options(blob, rows);
    for (; rows->name; rows++) {
        char *at = (char *)blob + rows->at;
        if (strcmp(rows->name, "dropout") == 0) *(double *)at = dropout;
        if (strcmp(rows->name, "beta") == 0) *(double *)at = 0.1;
        if (strcmp(rows->name, "output_size") == 0) *(int *)at = 64;
    }
}

/* ---- pooling alone ---- */

enum { PREPARE, SCORE, POOL, POOL_BACKWARD, SCORE_BACKWARD, FINISH, SUM, N_STAGE };

static void blocks(const PoolingType *type, void *self, bool back, real *a, real *h, real *dh, int columns)
{
    for (int at = 0; at < ROWS; at += KERNEL_BLOCK) {
        const Rows rows = {.from = at, .n = ROWS - at < KERNEL_BLOCK ? ROWS - at : KERNEL_BLOCK, .cached = at};
        if (back)
            type->score_backward(self, 0, dh + at * N_H, a + at * columns, h + at * N_H, &rows);
        else
            type->score(self, a + at * columns, h + at * N_H, &rows);
    }
}

static void pooling_stages(double dropout)
{
    static double seconds[N_STAGE][REPEATS];
    static const char *const name[] = {
        "prepare", "score", "pool", "pool_backward", "score_backward", "finish", "pooling of an update"};
    static real a[ROWS * 8], da[ROWS * 8], w[ROWS * 8], h[ROWS * N_H], dh[ROWS * N_H], z[BAGS * 64], dz[BAGS * 64];
    const PoolingType *type = pooling_type("hopfield");
    _Alignas(8) unsigned char blob[OPTION_BLOB] = {0};
    ParamList list = {0};
    Arena arena = {0};
    Rng rng = rng_stream(1, "bench", 0);
    int bounds[BAGS + 1];
    const PoolingBags bags = {.a = a, .h = h, .bounds = bounds, .n_bag = BAGS};
    void *self = calloc(1, type->size);
    const ModelSizes room = {.n_bag = BAGS, .n_row = ROWS, .n_keep = ROWS, .n_slot = 1, .n_thread = 1};
    for (int b = 0; b <= BAGS; b++) bounds[b] = ROWS * b / BAGS;
    for (int i = 0; i < ROWS * N_H; i++) h[i] = (real)fmax(0, rng_normal(&rng));
    for (int i = 0; i < BAGS * 64; i++) dz[i] = (real)rng_normal(&rng);
    settings(blob, type->options, dropout);
    if (type->init(self, &list, blob, N_H, N_H) != OK) exit(1);
    type->plan(self, &arena, &room);
    if (arena_reserve(&arena, "bench") != OK) exit(1);
    type->plan(self, &arena, &room);
    real *theta = calloc(list.size, sizeof *theta), *grad = calloc(list.size, sizeof *grad);
    param_start(&list, theta, 1);
    for (int i = -WARM; i < REPEATS; i++) {
        double t[N_STAGE];
        t[PREPARE] = log_seconds();
        type->prepare(self, theta, &(Pass){.seed = 1, .update = (uint64_t)(i + WARM)});
        t[SCORE] = log_seconds();
        blocks(type, self, false, a, h, dh, 8);
        t[POOL] = log_seconds();
        type->pool(self, z, w, &bags, true);
        t[POOL_BACKWARD] = log_seconds();
        memset(da, 0, sizeof da);
        type->pool_backward(self, da, dh, grad, dz, z, w, &bags);
        t[SCORE_BACKWARD] = log_seconds();
        type->zero(self, 0);
        blocks(type, self, true, da, h, dh, 8);
        t[FINISH] = log_seconds();
        type->finish(self, grad, 1);
        t[SUM] = log_seconds();
        for (int s = 0; i >= 0 && s < SUM; s++) seconds[s][i] = t[s + 1] - t[s];
        if (i >= 0) seconds[SUM][i] = t[SUM] - t[PREPARE];
    }
    for (int s = 0; s < N_STAGE; s++) say(name[s], seconds[s], REPEATS);
    arena_free(&arena);
    param_free(&list);
    free(theta), free(grad), free(self);
}

/* ---- whole updates ---- */

static double updates(const char *name, const ModelOptions *o, const BagSpec *spec, const Bag *bag, int n_bag,
                      int n_max, int repeats)
{
    static double seconds[REPEATS];
    static const real target[BAGS] = {0, 1, 0, 1, 1, 0, 0, 1}, mask[BAGS] = {1, 1, 1, 1, 1, 1, 1, 1};
    Target task = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    Mil *m;
    if (mil_new(&m, o, spec, &task, 1) != OK || mil_plan(m, n_bag, n_max, true) != OK) exit(1);
    const size_t n = mil_params(m)->size;
    real *theta = calloc(n, sizeof *theta), *grad = calloc(n, sizeof *grad), *moments = calloc(2 * n, sizeof(real));
    OptimizerState state = {.m = moments, .v = moments + n};
    const OptimizerOptions step = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01};
    param_start(mil_params(m), theta, 0);
    for (int i = -3; i < repeats; i++) {
        const double start = log_seconds();
        memset(grad, 0, n * sizeof *grad);
        mil_learn(m, grad, theta, &(Batch){.n_bag = n_bag, .bag = bag, .target = target, .mask = mask}, 0,
                  (uint64_t)(i + 3), NULL);
        optimizer_step(optimizer_type("adamw"), theta, &state, &step, grad, mil_params(m));
        if (i >= 0) seconds[i] = log_seconds() - start;
    }
    const double median = say(name, seconds, repeats);
    free(theta), free(grad), free(moments);
    mil_free(m);
    return median;
}

static void vectors(double dropout)
{
    VectorBag owner[BAGS];
    Bag bag[BAGS];
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT};
    ModelOptions o = test_model(place_of("mlp", NULL), place_of(NULL, "hopfield"));
    o.select = SELECT_ALL;
    settings(o.pooling_options, pooling_types[o.pooling]->options, dropout);
    for (int b = 0; b < BAGS; b++) {
        vector_bag(&owner[b], ROWS * (b + 1) / BAGS - ROWS * b / BAGS, N_FEAT, (uint64_t)b);
        bag[b] = owner[b].dense;
    }
    updates("update, 16 bags of vectors", &o, &spec, bag, BAGS, 7, REPEATS);
    for (int b = 0; b < BAGS; b++) vector_bag_free(&owner[b]);
}

static void sequences(void)
{
    TestBag owner[CNN_BAGS];
    Bag bag[CNN_BAGS];
    const BagSpec spec = TEST_SPEC(18);
    double median[2];
    for (int b = 0; b < CNN_BAGS; b++) {
        int *len = test_lengths(DRAWN, 11, 18, (uint64_t)b);
        test_bag(&owner[b], len, DRAWN, false, (uint64_t)b);
        bag[b] = owner[b].bag;
        free(len);
    }
    for (int k = 0; k < 2; k++) {
        ModelOptions o = test_model(0, place_of(NULL, k ? "hopfield" : "attention"));
        o.select_fraction = 0.1;
        median[k] = updates(k ? "update, CNN with Hopfield" : "update, CNN with attention", &o, &spec, bag, CNN_BAGS,
                            DRAWN, 40);
    }
    printf("Hopfield pooling takes %.2f times as long\n", median[1] / median[0]);
    for (int b = 0; b < CNN_BAGS; b++) test_bag_free(&owner[b]);
}

int main(void)
{
    if (parallel_start(1) != OK) return 1;
    printf("kernels %s\n", kernel_active()->level);
    pooling_stages(0.75);
    vectors(0.75);
    sequences();
    return 0;
}
