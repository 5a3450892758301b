/* SPDX-License-Identifier: MIT
 *
 * bench_vectors.c: updates and predictions of bags of feature vectors: 16 of the size of Tiger's (6 instances of 230
 * numbers), 16 of documents with 66 552 sparse features, 16 of 1 000 instances; two layers of 64 units.
 */
#include "core/blas.h"
#include "core/log.h"
#include "core/parallel.h"
#include "model/mil.h"
#include "nn/dense.h"
#include "nn/kernel.h"
#include "support/bags.h"
#include "support/vectors.h"

#include <stdio.h>

enum { N_BAG = 16, REPEATS = 300, WARM = 20 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say(const char *what, int threads, double *seconds, int n)
{
    qsort(seconds, (size_t)n, sizeof *seconds, ascending);
    printf("%-44s threads %d: minimum %8.4f ms, median %8.4f ms\n", what, threads, seconds[0] * 1e3,
           seconds[n / 2] * 1e3);
}

typedef struct {
    const char *name;
    int n_feat, n_most;
    bool sparse;
    VectorBag owner[N_BAG];
    Bag bag[N_BAG];
} Set;

/* Bags of 1 … n_most instances, two in three features 0, or with 17 numbers an instance. */
static void make(Set *s)
{
    Rng rng = rng_stream(1, "sizes", 0);
    for (int b = 0; b < N_BAG; b++) {
        const int n = s->n_most > 100 ? s->n_most : 1 + (int)rng_below(&rng, (uint64_t)s->n_most);
        vector_bag(&s->owner[b], n, s->sparse ? 51 : s->n_feat, (uint64_t)b);
        s->bag[b] = s->sparse ? s->owner[b].sparse : s->owner[b].dense;
        if (!s->sparse) continue;
        for (int i = 0; i < n; i++) /* spread over all features, ascending still */
            for (int j = 0; j < s->owner[b].rows[i].n; j++)
                ((int32_t *)(uintptr_t)s->owner[b].rows[i].feature)[j] *= s->n_feat / 51;
    }
}

static int choice(const char *pooling)
{
    int p = 0;
    while (strcmp(pooling_types[p]->name, pooling) != 0) p++;
    return p;
}

static int mlp(void)
{
    int e = 0;
    while (strcmp(embedder_types[e]->name, "mlp") != 0) e++;
    return e;
}

static void run(const Set *s, const char *pooling, double dropout, int threads)
{
    static const real target_of[N_BAG] = {0, 1, 0, 1}, mask[N_BAG] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    double seconds[REPEATS];
    char what[80];
    Mil *m;
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = s->n_feat, .sparse = s->sparse};
    ModelOptions o = test_model(mlp(), choice(pooling));
    o.select = SELECT_ALL;
    test_number(o.embedder_options, embedder_types[o.embedder]->options, "dropout", dropout);
    if (parallel_start(threads) != OK || mil_new(&m, &o, &spec, &target, 1) != OK) exit(1);
    if (mil_plan(m, N_BAG, s->n_most, true) != OK) exit(1);
    const size_t n = mil_params(m)->size;
    const int repeats = s->n_most > 100 || s->sparse ? 40 : REPEATS;
    real *theta = calloc(n, sizeof *theta), *grad = calloc(n, sizeof *grad), y[1];
    param_start(mil_params(m), theta, 0);
    const Batch batch = {.n_bag = N_BAG, .bag = s->bag, .target = target_of, .mask = mask};
    for (int i = -WARM; i < repeats; i++) {
        const double start = log_seconds();
        mil_learn(m, grad, theta, &batch, 0, (uint64_t)(i + WARM), NULL);
        if (i >= 0) seconds[i] = log_seconds() - start;
    }
    snprintf(what, sizeof what, "%s, mlp%s + %s: update", s->name, dropout > 0 ? " with dropout" : "", pooling);
    say(what, threads, seconds, repeats);
    mil_prepare(m, theta);
    for (int i = -WARM; i < repeats; i++) {
        const double start = log_seconds();
        for (int b = 0; b < N_BAG; b++) mil_predict(m, y, &s->bag[b], NULL);
        if (i >= 0) seconds[i] = log_seconds() - start;
    }
    snprintf(what, sizeof what, "%s, mlp + %s: 16 predictions", s->name, pooling);
    say(what, threads, seconds, repeats);
    mil_free(m);
    free(theta), free(grad);
}

/* Two layers of 98 rows, 230 → 64 → 64, part by part. */
typedef struct {
    Dense d[2];
    real *x, *y[2], *dy[2], *theta, *grad;
} Layers;

#define TIME(what, code)                                                                                             \
    do {                                                                                                             \
        double seconds[REPEATS];                                                                                     \
        for (int r_ = -WARM; r_ < REPEATS; r_++) {                                                                   \
            const double start_ = log_seconds();                                                                     \
            code;                                                                                                    \
            if (r_ >= 0) seconds[r_] = log_seconds() - start_;                                                       \
        }                                                                                                            \
        say(what, 1, seconds, REPEATS);                                                                              \
    } while (0)

static void backward(Layers *l, int n)
{
    dense_slope(l->dy[1], &l->d[1], l->y[1], n);
    memset(l->dy[0], 0, (size_t)n * 64 * sizeof(real));
    dense_input(l->dy[0], &l->d[1], l->dy[1], n);
    dense_slope(l->dy[0], &l->d[0], l->y[0], n);
    dense_weights(l->grad, &l->d[1], l->y[0], l->dy[1], n);
    dense_weights(l->grad, &l->d[0], l->x, l->dy[0], n);
}

static void layers(void)
{
    enum { N = 98 };
    Layers l = {.x = calloc(N * 240, sizeof(real))};
    ParamList list = {0};
    Arena arena = {0};
    Linear linear[2];
    if (parallel_start(1) != OK) exit(1);
    linear_init_uniform(&linear[0], &list, "a", 230, 64);
    linear_init_uniform(&linear[1], &list, "b", 64, 64);
    for (int j = 0; j < 2; j++) dense_init(&l.d[j], &linear[j], j ? 64 : 240, ACTIVATION_RELU);
    for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < 2; j++) {
            dense_plan(&l.d[j], &arena, 0, 1);
            l.y[j] = ARENA_TAKE(&arena, real, N * 64);
            l.dy[j] = ARENA_TAKE(&arena, real, N * 64);
        }
        l.theta = ARENA_TAKE(&arena, real, list.size);
        l.grad = ARENA_TAKE(&arena, real, list.size);
        if (pass == 0 && arena_reserve(&arena, "bench") != OK) exit(1);
    }
    param_start(&list, l.theta, 0);
    memset(l.grad, 0, list.size * sizeof(real));
    for (int i = 0; i < N * 64; i++) l.dy[1][i] = 1e-3f;
    for (int i = 0; i < N * 240; i++) l.x[i] = (real)(i % 7) - 3;
    TIME("98 rows, 230 -> 64 -> 64: prepare", for (int j = 0; j < 2; j++) dense_prepare(&l.d[j], l.theta));
    TIME("98 rows, 230 -> 64 -> 64: forward", dense_forward(l.y[0], &l.d[0], l.x, N);
         dense_forward(l.y[1], &l.d[1], l.y[0], N));
    TIME("98 rows, 230 -> 64 -> 64: backward", backward(&l, N));
    free(l.x);
    arena_free(&arena);
    param_free(&list);
}

int main(void)
{
    static Set sets[] = {{.name = "6 x 230", .n_feat = 230, .n_most = 12},
                         {.name = "8 x 66552 sparse", .n_feat = 66552, .n_most = 15, .sparse = true},
                         {.name = "1000 x 166", .n_feat = 166, .n_most = 1000}};
    static const char *const poolings[] = {"attention", "gated", "mean"};
    printf("kernels %s, BLAS %s\n", kernel_active()->level, blas_kernel());
    layers();
    for (int s = 0; s < 3; s++) {
        make(&sets[s]);
        for (int threads = 1; threads <= 2; threads++)
            for (int p = 0; p < 3; p++) run(&sets[s], poolings[p], 0, threads);
        run(&sets[s], "mean", 0.5, 1);
        for (int b = 0; b < N_BAG; b++) vector_bag_free(&sets[s].owner[b]);
    }
    return 0;
}
