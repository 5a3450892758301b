/* SPDX-License-Identifier: MIT */
#include "run/record.h"
#include "cohort/proportion.h"
#include "cohort/task.h"
#include "core/jsontext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *score_json(const Target *t, const double *score)
{
    const MetricType *type = metric_of(t);
    json_t *scores = json_object();
    for (int j = 0; j < type->n; j++) json_object_set_new(scores, type->name[j], jsontext_real(score[j]));
    return scores;
}

json_t *record_json(const LoopRecord *r, const Target *target, int n_target)
{
    json_t *tasks = json_object();
    for (int k = 0; k < n_target; k++)
        json_object_set_new(tasks, target[k].name, score_json(&target[k], r->score[k]));
    json_t *record = json_pack("{s:i, s:f, s:s, s:f, s:f, s:o, s:o}", "update", r->update, "epoch", r->epoch, "part",
                               part_name[r->part], "lr", r->lr, "seconds", round(r->seconds * 1e3) / 1e3, "loss",
                               jsontext_real(r->loss), "tasks", tasks);
    if (record && !isnan(r->value)) json_object_set_new(record, "value", jsontext_real(r->value));
    return record;
}

/* ---- scores of some members ---- */

typedef struct {
    MetricInput in;
    real *output, *target, *mask; /* what `in` points to */
    MetricRank *rank;             /* [n + METRIC_RESAMPLES] what follows the first n is for resampling */
    int *count;                   /* [n] for resampling */
} Gathered;

static void release(Gathered *g)
{
    free(g->output);
    free(g->target);
    free(g->mask);
    free(g->rank);
    free(g->count);
}

static bool gather(Gathered *g, const Labels *labels, const real *output, const int *member, int n)
{
    const size_t rows = (size_t)n + 1, n_out = (size_t)labels->n_out, n_target = (size_t)labels->n_target;
    g->output = calloc(rows * n_out, sizeof(real));
    g->target = calloc(rows * n_out, sizeof(real));
    g->mask = calloc(rows * n_target, sizeof(real));
    g->rank = calloc(rows + METRIC_RESAMPLES, sizeof *g->rank);
    g->count = calloc(rows, sizeof *g->count);
    if (!g->output || !g->target || !g->mask || !g->rank || !g->count) return false;
    for (size_t i = 0; i < (size_t)n; i++) {
        const size_t from = (size_t)member[i];
        memcpy(g->output + i * n_out, output + from * n_out, n_out * sizeof(real));
        memcpy(g->target + i * n_out, labels->target + from * n_out, n_out * sizeof(real));
        memcpy(g->mask + i * n_target, labels->mask + from * n_target, n_target * sizeof(real));
    }
    g->in = (MetricInput){.n_bag = n,
                          .n_out = labels->n_out,
                          .n_target = labels->n_target,
                          .output = g->output,
                          .target = g->target,
                          .mask = g->mask,
                          .rank = g->rank};
    return true;
}

/* Null where the area is not defined, absent where the kind has none. */
static void add_interval(json_t *scores, const Gathered *g, const Target *t, int index, uint64_t seed)
{
    const MetricInput *in = &g->in;
    double interval[2];
    int found = 0;
    if (!task_of(t)->has_auc) return;
    for (int b = 0; b < in->n_bag; b++) {
        if (in->mask[b * in->n_target + index] == 0) continue;
        const size_t at = (size_t)b * (size_t)in->n_out + (size_t)t->at;
        g->rank[found++] = (MetricRank){(double)g->output[at], g->target[at] > (real)0.5};
    }
    Rng rng = rng_stream(seed, "bootstrap", (uint64_t)index);
    metric_auc_interval(interval, g->rank, found, &rng, g->count, g->rank + found);
    json_object_set_new(scores, "auc_ci95",
                        isnan(interval[0]) ? json_null() : json_pack("[f, f]", interval[0], interval[1]));
}

/* By label: bags, and those that are called what they are. */
typedef struct {
    int n[2], hit[2];
} Called;

static Called call_bags(const Gathered *g, const Target *t, int index, bool operating)
{
    Called c = {0};
    for (int b = 0; b < g->in.n_bag; b++) {
        double p;
        if (!metric_known(&g->in, index, b)) continue;
        const real *y = metric_output(&g->in, t, b);
        const int label = *metric_label(&g->in, t, b) > (real)0.5;
        t->type->predict(&p, t, y);
        const bool positive = operating ? (double)*y > t->cutoff : p > 0.5;
        c.n[label]++;
        c.hit[label] += positive == label;
    }
    return c;
}

static void add_share(json_t *scores, const char *name, int hit, int n, bool with_value)
{
    char key[64];
    double interval[2];
    proportion_interval(interval, hit, n);
    if (with_value) json_object_set_new(scores, name, n > 0 ? json_real((double)hit / n) : json_null());
    snprintf(key, sizeof key, "%s_ci95", name);
    json_object_set_new(scores, key, n > 0 ? json_pack("[f, f]", interval[0], interval[1]) : json_null());
}

/* Sensitivity and specificity: intervals of those at probability 0.5, which are among the scores, and those at the operating
 * point. */
static void add_rates(json_t *scores, const Gathered *g, const Target *t, int index)
{
    double p;
    const real cutoff = (real)t->cutoff;
    if (!task_of(t)->has_auc) return;
    const Called half = call_bags(g, t, index, false), operating = call_bags(g, t, index, true);
    add_share(scores, "sensitivity", half.hit[1], half.n[1], false);
    add_share(scores, "specificity", half.hit[0], half.n[0], false);
    if (!t->has_cutoff) return;
    t->type->predict(&p, t, &cutoff);
    json_object_set_new(scores, "operating_cutoff", json_real(t->cutoff));
    json_object_set_new(scores, "operating_probability", json_real(p));
    add_share(scores, "operating_sensitivity", operating.hit[1], operating.n[1], true);
    add_share(scores, "operating_specificity", operating.hit[0], operating.n[0], true);
}

/* Bags of each class; absent where labels are numbers. */
static void add_classes(json_t *scores, const Gathered *g, const Target *t, int index)
{
    const int n_class = task_n_class(t);
    json_t *classes = n_class ? json_object() : NULL;
    for (int class = 0; class < n_class; class ++) {
        int n = 0;
        for (int b = 0; b < g->in.n_bag; b++)
            n += metric_known(&g->in, index, b) && task_label_class(t, metric_label(&g->in, t, b)) == class;
        json_object_set_new(classes, task_class_name(t, class), json_integer(n));
    }
    if (classes) json_object_set_new(scores, "classes", classes);
}

json_t *record_scores(const Target *target, const Labels *labels, const real *output, const int *member, int n,
                      uint64_t seed)
{
    Gathered g = {0};
    json_t *tasks = NULL;
    double loss = 0, score[METRIC_MOST];
    if (!gather(&g, labels, output, member, n)) goto done;
    tasks = json_object();
    for (int k = 0; k < labels->n_target; k++) {
        const int known = metric_scores(score, &target[k], k, &g.in);
        json_t *scores = score_json(&target[k], score);
        if (known > 0) loss += (double)(float)target[k].weight * score[0];
        add_interval(scores, &g, &target[k], k, seed);
        add_rates(scores, &g, &target[k], k);
        json_object_set_new(scores, "n_bags", json_integer(known));
        add_classes(scores, &g, &target[k], k);
        json_object_set_new(tasks, target[k].name, scores);
    }
done:
    release(&g);
    return tasks ? json_pack("{s:i, s:o, s:o}", "n_bags", n, "loss", jsontext_real(loss), "tasks", tasks) : NULL;
}

Status record_main_score(double *out, const Target *target, int task, const Labels *labels, const real *output,
                         const int *member, int n)
{
    Gathered g = {0};
    double score[METRIC_MOST];
    const bool good = gather(&g, labels, output, member, n);
    if (good) metric_scores(score, &target[task], task, &g.in);
    *out = good ? score[1] : (double)NAN;
    release(&g);
    return good ? OK : fail(ERR_MEMORY, "no memory for the scores of %d bags", n);
}
