/* SPDX-License-Identifier: MIT
 *
 * test_end_to_end.c: DeepRC's example dataset, read from the HDF5 file that DeepRC wrote, through network, 30 updates and
 * scores: the numbers of the original. Needs the optional data folder.
 */
#include "cohort/split.h"
#include "data/bagfile/bagfile.h"
#include "support/bags.h"
#include "support/golden.h"
#include "cohort/metric.h"
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { N = 100, N_TRAIN = 60, BATCH = 4, UPDATES = 30 };
#define GROUP   (REAL_IS_DOUBLE ? "f64" : "f32")
#define TIGHT   (REAL_IS_DOUBLE ? 1e-10 : 5e-6)
#define STEPPED (REAL_IS_DOUBLE ? 1e-9 : 2e-5)

static Bag bag[N]; /* by row of the label table */
static real target[N];
static Arena arena;

static void read_bags(BagFile *file, const double *index)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < N; i++)
            if (pass == 0)
                bagfile_read_room(&arena, file, (int)index[i], COUNTS_NONE);
            else
                cr_assert_eq(bagfile_read(&bag[i], &arena, file, (int)index[i], COUNTS_NONE), OK);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
}

static void read_params(const Golden *g, const char *group, const ParamList *list, double *theta)
{
    for (int i = 0; i < list->n; i++) {
        char path[128];
        GoldenArray value;
        snprintf(path, sizeof path, "%s/%s", group, list->param[i].name);
        cr_assert(golden_read(&value, g, path), "%s", path);
        memcpy(theta + list->param[i].at, value.v, value.n * sizeof *theta);
        golden_free(&value);
    }
}

static Mil *model(Target *t)
{
    ModelOptions o = test_model(0, 0);
    BagSpec spec = TEST_SPEC(30);
    Mil *m;
    *t = (Target){.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    o.compat = COMPAT_DEEPRC;
    o.select_fraction = 0.1;
    cr_assert_eq(mil_new(&m, &o, &spec, t, 1), OK);
    cr_assert_eq(mil_plan(m, BATCH, 1000, true), OK);
    return m;
}

/* Scores of the bags of one part against the golden JSON. */
static void compare_scores(const Golden *g, const char *attr, Mil *m, const real *theta, const Target *t,
                           const int *p, const char *part, int from, int n)
{
    json_t *scores = golden_attr_json(g, GROUP, attr), *want = json_object_get(scores, part);
    MetricRank rank[N];
    double loss = 0;
    mil_prepare(m, theta);
    for (int i = 0; i < n; i++) {
        const int row = p[from + i];
        real y;
        mil_predict(m, &y, &bag[row], NULL);
        rank[i] = (MetricRank){.value = (double)y, .label = target[row] > 0};
        loss += t->type->loss(t, &y, &target[row]) / n;
    }
    cr_expect_float_eq(metric_auc(rank, n), json_number_value(json_object_get(want, "roc_auc")), 1e-12, "%s %s", attr,
                       part);
    cr_expect_float_eq(loss, json_number_value(json_object_get(want, "loss")), STEPPED, "%s %s", attr, part);
    json_decref(scores);
}

static void compare_parts(const Golden *g, const char *attr, Mil *m, const real *theta, const Target *t, const int *p)
{
    compare_scores(g, attr, m, theta, t, p, "test", 0, 20);
    compare_scores(g, attr, m, theta, t, p, "train", 20, N_TRAIN);
    compare_scores(g, attr, m, theta, t, p, "validation", 80, 20);
}

static void train(const Golden *g, Mil *m, real *theta, const int *p)
{
    const ParamList *list = mil_params(m);
    const OptimizerOptions o = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4};
    real *grad = calloc(list->size, sizeof *grad), *moments = calloc(2 * list->size, sizeof *moments);
    OptimizerState state = {.m = moments, .v = moments + list->size};
    GoldenArray want;
    char path[64];
    snprintf(path, sizeof path, "%s/train_loss", GROUP);
    cr_assert(golden_read(&want, g, path));
    for (int u = 0; u < UPDATES; u++) {
        Bag batch[BATCH];
        real y[BATCH], mask[BATCH] = {1, 1, 1, 1};
        for (int b = 0; b < BATCH; b++) {
            const int row = p[20 + (u * BATCH + b) % N_TRAIN];
            batch[b] = bag[row];
            y[b] = target[row];
        }
        memset(grad, 0, list->size * sizeof *grad);
        const double loss = mil_learn(
            m, grad, theta, &(Batch){.n_bag = BATCH, .bag = batch, .target = y, .mask = mask}, 0, (uint64_t)u, NULL);
        cr_expect_float_eq(loss, want.v[u], STEPPED * fabs(want.v[u]), "loss of update %d", u);
        optimizer_step(optimizer_type("adam"), theta, &state, &o, grad, list);
    }
    golden_free(&want);
    free(grad), free(moments);
}

Test(train_end_to_end, example_dataset)
{
    Golden g, params;
    GoldenArray index, label, raw;
    BagFile *file;
    Target t;
    int p[N];
    char path[4096];
    if (!golden_shared_file(path, "data/deeprc_example/repertoires.hdf5") ||
        !golden_open(&g, "deeprc_example_end_to_end.h5"))
        cr_skip_test("the example dataset is not on this machine");
    cr_assert(golden_open(&params, "deeprc_cnn9x32_default.h5"));
    cr_assert(golden_read(&index, &g, "metadata_row_to_hdf5_index"));
    cr_assert(golden_read(&label, &g, "target"));
    cr_assert_eq(bagfile_open(&file, path), OK, "%s", status_sentence());
    read_bags(file, index.v);
    for (int i = 0; i < N; i++) target[i] = (real)label.v[i];

    Mil *m = model(&t);
    const size_t n = mil_params(m)->size;
    double *values = calloc(n, sizeof *values);
    real *theta = calloc(n, sizeof *theta);
    read_params(&params, "params", mil_params(m), values);
    for (size_t i = 0; i < n; i++) theta[i] = (real)values[i];

    snprintf(path, sizeof path, "%s/raw_output_per_metadata_row", GROUP);
    cr_assert(golden_read(&raw, &g, path));
    mil_prepare(m, theta);
    for (int i = 0; i < N; i++) {
        real y;
        mil_predict(m, &y, &bag[i], NULL);
        cr_expect_float_eq((double)y, raw.v[i], TIGHT * 0.2, "output of row %d: %.12g, not %.12g", i, (double)y,
                           raw.v[i]);
    }
    split_numpy_permutation(p, N, 0);
    compare_parts(&g, "scores_before", m, theta, &t, p);
    train(&g, m, theta, p);
    compare_parts(&g, "scores_after_30_updates", m, theta, &t, p);
    if (REAL_IS_DOUBLE) {
        read_params(&g, "f64/params_after_30_updates", mil_params(m), values);
        for (size_t i = 0; i < n; i++) cr_expect_float_eq((double)theta[i], values[i], 2e-8, "parameter %zu", i);
    }
    free(values), free(theta);
    golden_free(&index), golden_free(&label), golden_free(&raw);
    golden_close(&g), golden_close(&params);
    bagfile_close(file);
    mil_free(m);
    arena_free(&arena);
}
