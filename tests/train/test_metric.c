/* SPDX-License-Identifier: MIT */
#include "core/rng.h"
#include "support/golden.h"
#include "train/metric.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE train_metric
#define N     200

/* P(positive above negative) + ½ P(equal), pair by pair. */
static double auc_by_pairs(const MetricRank *x, int n)
{
    double wins = 0, pairs = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            if (x[i].label != 1 || x[j].label != 0) continue;
            wins += x[i].value > x[j].value ? 1 : x[i].value == x[j].value ? 0.5 : 0;
            pairs++;
        }
    return wins / pairs;
}

Test(SUITE, auc_equals_all_pairs)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        Rng rng = rng_stream(seed, "auc", 0);
        MetricRank x[N], copy[N];
        const int n = 2 + (int)rng_below(&rng, N - 2), levels = 1 + (int)rng_below(&rng, 30);
        for (int i = 0; i < n; i++) {
            x[i] = (MetricRank){(double)rng_below(&rng, (uint64_t)levels) / 7, rng_below(&rng, 3) == 0};
            copy[i] = x[i];
        }
        x[0].label = copy[0].label = 0;
        x[1].label = copy[1].label = 1;
        const double auc = metric_auc(x, n);
        cr_assert_float_eq(auc, auc_by_pairs(copy, n), 1e-12, "seed %d", (int)seed);
    }
}

Test(SUITE, auc_of_one_class_is_undefined)
{
    MetricRank x[3] = {{1, 1}, {2, 1}, {3, 1}};
    cr_assert(isnan(metric_auc(x, 3)));
    for (int i = 0; i < 3; i++) x[i].label = 0;
    cr_assert(isnan(metric_auc(x, 3)));
    cr_assert(isnan(metric_auc(x, 0)));
    x[0] = (MetricRank){NAN, 1};
    cr_assert(isnan(metric_auc(x, 3)));
}

static Target binary(void)
{
    return (Target){.type = target_type("binary"),
                    .name = "t",
                    .column = "t",
                    .weight = 1,
                    .n_out = 1,
                    .positive = "+",
                    .pos_weight = 1};
}

static double named(const Target *t, const double *score, const char *name)
{
    const MetricType *type = metric_of(t);
    for (int k = 0; k < type->n; k++)
        if (strcmp(type->name[k], name) == 0) return score[k];
    return NAN;
}

/* Logits 2 -1 0 3 -2 with labels 1 1 0 0 0, and a masked bag: 1 tp, 1 fn, 1 fp, 2 tn (0 is not above one half). */
Test(SUITE, counts_by_hand)
{
    const Target t = binary();
    const real y[6] = {2, -1, 0, 3, -2, 9}, label[6] = {1, 1, 0, 0, 0, 0}, mask[6] = {1, 1, 1, 1, 1, 0};
    MetricRank rank[6];
    double score[METRIC_MOST];
    const MetricInput in = {6, 1, 1, y, label, mask, rank};
    cr_assert_eq(metric_scores(score, &t, 0, &in), 5);
    cr_assert_float_eq(named(&t, score, "accuracy"), 3.0 / 5, 1e-12);
    cr_assert_float_eq(named(&t, score, "bacc"), (0.5 + 2.0 / 3) / 2, 1e-12);
    cr_assert_float_eq(named(&t, score, "f1"), 0.5, 1e-12);
    cr_assert_float_eq(named(&t, score, "auc"), 3.0 / 6, 1e-12);
    const double loss = log1p(exp(-2)) + log1p(exp(1)) + log(2) + log1p(exp(3)) + log1p(exp(-2));
    cr_assert_float_eq(named(&t, score, "loss"), loss / 5, 1e-6);
}

Test(SUITE, nothing_known_is_undefined)
{
    const Target t = binary();
    const real y[1] = {2}, label[1] = {1}, mask[1] = {0};
    MetricRank rank[1];
    double score[METRIC_MOST];
    const MetricInput in = {1, 1, 1, y, label, mask, rank};
    cr_assert_eq(metric_scores(score, &t, 0, &in), 0);
    for (int k = 0; k < metric_of(&t)->n; k++) cr_assert(isnan(score[k]));
}

/* The binary tasks of the original's own scores: ties and a probability of exactly one half are among them. */
static int compare_task(const Golden *g, const json_t *tasks, const json_t *scores, size_t index, size_t column)
{
    const json_t *task = json_array_get(tasks, index);
    if (strcmp(json_string_value(json_object_get(task, "type")), "binary") != 0) return 0;
    GoldenArray y, target;
    cr_assert(golden_read(&y, g, "complete/raw_outputs") && golden_read(&target, g, "complete/targets"));
    const int n = (int)y.shape[0], n_out = (int)y.shape[1];
    real output[N], label[N], mask[N];
    for (int i = 0; i < n; i++) {
        output[i] = (real)y.v[i * n_out + (int)column];
        label[i] = (real)target.v[i * n_out + (int)column];
        mask[i] = 1;
    }
    Target t = binary();
    t.pos_weight = json_number_value(json_object_get(task, "pos_weight"));
    MetricRank rank[N];
    double score[METRIC_MOST];
    const MetricInput in = {n, 1, 1, output, label, mask, rank};
    metric_scores(score, &t, 0, &in);
    const char *column_name = json_string_value(json_object_get(task, "column"));
    const json_t *want = json_object_get(scores, column_name);
    cr_assert_not_null(want, "no scores of %s", column_name);
    const double tolerance = sizeof(real) == 8 ? 1e-9 : 2e-6;
    cr_assert_float_eq(named(&t, score, "auc"), json_number_value(json_object_get(want, "roc_auc")), 1e-12);
    cr_assert_float_eq(named(&t, score, "bacc"), json_number_value(json_object_get(want, "bacc")), 1e-12);
    cr_assert_float_eq(named(&t, score, "f1"), json_number_value(json_object_get(want, "f1")), 1e-12);
    cr_assert_float_eq(named(&t, score, "loss"), json_number_value(json_object_get(want, "loss")), tolerance);
    golden_free(&y);
    golden_free(&target);
    return 1;
}

/* Our copy of the scores holds its tasks; the complete file leaves them to the model file they came from. */
static json_t *tasks_of(const Golden *g)
{
    json_t *tasks = golden_attr_json(g, "/", "tasks");
    if (tasks) return tasks;
    Golden model;
    cr_assert(golden_open(&model, "deeprc_lstm8_multitask.h5"));
    tasks = golden_attr_json(&model, "/", "tasks");
    golden_close(&model);
    return tasks;
}

Test(SUITE, scores_of_the_original)
{
    Golden g;
    cr_assert(golden_open(&g, "deeprc_scores.h5"));
    json_t *tasks = tasks_of(&g);
    json_t *scores = golden_attr_json(&g, REAL_IS_DOUBLE ? "complete/f64" : "complete/f32", "scores");
    cr_assert(tasks && scores);
    size_t column = 0;
    int compared = 0;
    for (size_t k = 0; k < json_array_size(tasks); k++) {
        compared += compare_task(&g, tasks, scores, k, column);
        column += (size_t)json_integer_value(json_object_get(json_array_get(tasks, k), "n_outputs"));
    }
    cr_assert_eq(compared, 2);
    json_decref(tasks);
    json_decref(scores);
    golden_close(&g);
}
