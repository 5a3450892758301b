/* SPDX-License-Identifier: MIT */
#include "core/rng.h"
#include "support/golden.h"
#include "cohort/metric.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE cohort_metric
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

/* Figures are those of sklearn.metrics.average_precision_score. */
Test(SUITE, average_precision)
{
    MetricRank plain[] = {{-3.1, 0}, {-2.0, 0}, {-1.2, 0}, {-0.7, 1}, {-0.4, 0}, {0.1, 0},
                          {0.3, 1},  {0.9, 0},  {1.4, 1},  {2.2, 1},  {2.9, 1},  {3.5, 1}};
    MetricRank ties[] = {{2, 1}, {2, 0}, {1, 1}, {1, 1}, {1, 0}, {0, 0}}, one[] = {{1, 1}, {2, 1}};
    MetricRank undefined[] = {{1, 1}, {(double)NAN, 0}};
    cr_assert_float_eq(metric_ap(plain, 12), 0.9166666666666665, 1e-12);
    cr_assert_float_eq(metric_ap(ties, 6), 0.5666666666666667, 1e-12);
    MetricRank perfect[12] = {{0, 0}, {0, 0}}; /* a sum of ten tenths is less than 1 */
    for (int i = 2; i < 12; i++) perfect[i] = (MetricRank){i, 1};
    cr_assert_eq(metric_ap(perfect, 12), 1);
    cr_assert(isnan(metric_ap(one, 2)) && isnan(metric_ap(one, 0)) && isnan(metric_ap(undefined, 2)));
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

/* ---- the original's own numbers for six tasks of three kinds ---- */

enum { TASKS = 6, MOST_OUT = 16 };

typedef struct {
    Golden g;
    Target target[TASKS];
    double class_weights[TASKS][MOST_OUT];
    int n, n_out;
    real *output, *label, *mask; /* [n, n_out] twice, [n, TASKS] */
} Scored;

static double number(const json_t *task, const char *key)
{
    return json_number_value(json_object_get(task, key));
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

static void read_tasks(Scored *s)
{
    json_t *tasks = tasks_of(&s->g), *weight;
    size_t k;
    for (int i = 0, at = 0; i < TASKS; i++) {
        const json_t *task = json_array_get(tasks, (size_t)i);
        s->target[i] = (Target){.type = target_type(json_string_value(json_object_get(task, "type"))),
                                .at = at,
                                .n_out = (int)number(task, "n_outputs"),
                                .n_class = (int)number(task, "n_outputs"),
                                .weight = number(task, "task_weight"),
                                .pos_weight = number(task, "pos_weight"),
                                .mean = number(task, "mean"),
                                .std = number(task, "std"),
                                .class_weights = s->class_weights[i]};
        at += s->target[i].n_out;
        json_array_foreach(json_object_get(task, "class_weights"), k, weight)
        {
            s->class_weights[i][k] = json_number_value(weight);
        }
    }
    json_decref(tasks);
}

/* Only a regression knows missing labels here: of the other kinds the original makes one class or the other. */
static void read_scored(Scored *s, const char *group)
{
    GoldenArray y, target;
    char path[64];
    cr_assert(golden_open(&s->g, "deeprc_scores.h5"));
    snprintf(path, sizeof path, "%s/raw_outputs", group);
    cr_assert(golden_read(&y, &s->g, path));
    snprintf(path, sizeof path, "%s/targets", group);
    cr_assert(golden_read(&target, &s->g, path));
    s->n = (int)y.shape[0];
    s->n_out = (int)y.shape[1];
    s->output = calloc(y.n, sizeof(real));
    s->label = calloc(y.n, sizeof(real));
    s->mask = calloc((size_t)s->n * TASKS, sizeof(real));
    read_tasks(s);
    for (size_t i = 0; i < y.n; i++)
        s->output[i] = (real)y.v[i], s->label[i] = isnan(target.v[i]) ? 0 : (real)target.v[i];
    for (int b = 0; b < s->n; b++)
        for (int k = 0; k < TASKS; k++) s->mask[b * TASKS + k] = !isnan(target.v[b * s->n_out + s->target[k].at]);
    golden_free(&y);
    golden_free(&target);
}

static void scored_free(Scored *s)
{
    free(s->output);
    free(s->label);
    free(s->mask);
    golden_close(&s->g);
}

#define GROUP     (REAL_IS_DOUBLE ? "f64" : "f32")
#define TOLERANCE (REAL_IS_DOUBLE ? 1e-9 : 3e-6)

/* The scores of one task; those the original computed in single precision even in its double run are compared so. */
static void compare_scores(Scored *s, int k, const json_t *want)
{
    static const struct {
        const char *ours, *theirs;
        double tolerance;
    } names[] = {{"auc", "roc_auc", 1e-12}, {"bacc", "bacc", 1e-12}, {"f1", "f1", 1e-12}, {"loss", "loss", 0},
                 {"r2", "r2", 1e-6},        {"mae", "mae", 1e-6},    {"mse", "mse", 1e-6}};
    const Target *t = &s->target[k];
    MetricRank rank[N];
    double score[METRIC_MOST];
    const MetricInput in = {s->n, s->n_out, TASKS, s->output, s->label, s->mask, rank};
    cr_assert_leq(s->n, N);
    cr_assert_eq(metric_scores(score, t, k, &in), s->n);
    int compared = 0;
    for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
        const json_t *value = json_object_get(want, names[j].theirs);
        if (!value) continue;
        const double tolerance = names[j].tolerance > 0 ? names[j].tolerance : TOLERANCE;
        cr_expect_float_eq(named(t, score, names[j].ours), json_number_value(value),
                           tolerance * fmax(1, fabs(json_number_value(value))), "task %d: %s", k, names[j].ours);
        compared++;
    }
    cr_assert_geq(compared, 1);
}

Test(SUITE, scores_of_the_original)
{
    static const char *const column[TASKS] = {"b1", "b2", "r1", "r2", "m1", "m2"};
    Scored s = {0};
    read_scored(&s, "complete");
    json_t *scores = golden_attr_json(&s.g, REAL_IS_DOUBLE ? "complete/f64" : "complete/f32", "scores");
    for (int k = 0; k < TASKS; k++) compare_scores(&s, k, json_object_get(scores, column[k]));
    json_decref(scores);
    scored_free(&s);
}

/* Predictions, weighted losses and their gradient; where the original's gradient is not a number, ours is 0. */
static void compare_losses(const char *group)
{
    Scored s = {0};
    GoldenArray p, losses, gradient;
    char path[64];
    read_scored(&s, group);
    snprintf(path, sizeof path, "%s/%s/predictions", group, GROUP);
    cr_assert(golden_read(&p, &s.g, path));
    snprintf(path, sizeof path, "%s/%s/losses_weighted", group, GROUP);
    cr_assert(golden_read(&losses, &s.g, path));
    snprintf(path, sizeof path, "%s/%s/grad_raw_outputs", group, GROUP);
    cr_assert(golden_read(&gradient, &s.g, path));
    for (int k = 0; k < TASKS; k++) {
        Target t = s.target[k];
        int known = 0;
        for (int b = 0; b < s.n; b++) known += s.mask[b * TASKS + k] != 0;
        for (int b = 0; b < s.n; b++) {
            const size_t at = (size_t)(b * s.n_out + t.at);
            real dy[MOST_OUT] = {0};
            double mine[MOST_OUT];
            if (s.mask[b * TASKS + k] != 0) {
                const double weight = (double)(float)t.weight,
                             loss = weight * t.type->loss(&t, s.output + at, s.label + at);
                cr_expect_float_eq(loss, losses.v[k * s.n + b], TOLERANCE * fmax(1, fabs(loss)), "%s: loss", group);
                t.type->loss_backward(dy, &t, s.output + at, s.label + at, weight / known);
            }
            Target normalised = t;
            normalised.mean = 0, normalised.std = 1;
            t.type->predict(mine, &normalised, s.output + at);
            for (int o = 0; o < t.n_out; o++) {
                const double want = gradient.v[at + (size_t)o];
                cr_expect_float_eq(mine[o], p.v[at + (size_t)o], TOLERANCE, "%s: prediction", group);
                cr_expect_float_eq((double)dy[o], isnan(want) ? 0 : want, TOLERANCE, "%s: gradient of task %d", group,
                                   k);
            }
        }
    }
    golden_free(&p), golden_free(&losses), golden_free(&gradient);
    scored_free(&s);
}

Test(SUITE, losses_of_the_original)
{
    compare_losses("complete");
}

Test(SUITE, missing_labels_have_no_gradient)
{
    compare_losses("missing");
}

/* The interval is that of samples drawn and ranked one by one. */
Test(SUITE, interval_equals_plain_resampling)
{
    enum { BAGS = 11 };
    static MetricRank rank[BAGS], sorted[BAGS], sample[BAGS], areas[METRIC_RESAMPLES];
    static double plain[METRIC_RESAMPLES];
    int count[BAGS], n_plain = 0;
    double interval[2];
    Rng rng = rng_stream(5, "test interval", 0);
    for (int i = 0; i < BAGS; i++) rank[i] = (MetricRank){(double)rng_below(&rng, 9), (int)rng_below(&rng, 5) == 0};
    memcpy(sorted, rank, sizeof rank);
    cr_assert(!isnan(metric_auc(sorted, BAGS)));
    Rng one = rng_stream(5, "test interval", 1), other = one;
    metric_auc_interval(interval, rank, BAGS, &one, count, areas);
    for (int k = 0; k < METRIC_RESAMPLES; k++) {
        for (int i = 0; i < BAGS; i++) sample[i] = sorted[rng_below(&other, BAGS)];
        const double area = metric_auc(sample, BAGS);
        if (!isnan(area)) plain[n_plain++] = area;
    }
    cr_assert_lt(n_plain, METRIC_RESAMPLES, "no sample had one class only");
    for (int e = 0; e < 2; e++) {
        const int want = e ? (int)ceil(0.975 * (n_plain - 1)) : (int)(0.025 * (n_plain - 1));
        int below = 0, upto = 0;
        for (int k = 0; k < n_plain; k++) below += plain[k] < interval[e], upto += plain[k] <= interval[e];
        cr_assert(below <= want && want < upto, "%g is number %d to %d, not %d", interval[e], below, upto, want);
    }
    for (int i = 0; i < BAGS; i++) rank[i].label = 1;
    metric_auc_interval(interval, rank, BAGS, &one, count, areas);
    cr_assert(isnan(interval[0]) && isnan(interval[1]));
}
