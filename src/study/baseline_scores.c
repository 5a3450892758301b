/* SPDX-License-Identifier: MIT */
#include "core/jsontext.h"
#include "core/log.h"
#include "cv/chance.h"
#include "cv/tally.h"
#include "run/record.h"
#include "study/baseline_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const BaselineMethod *m;
    const BaselineRound *round;
    const RoundOutputs *outputs;
    double seconds; /* of a fold */
    int *member;    /* [n] scratch */
} RoundScorer;

static const real *outputs_of(const RoundScorer *s, int repeat)
{
    return s->outputs->output + (size_t)repeat * (size_t)s->m->b->n * (size_t)s->m->b->n_out;
}

static int list_tested(const RoundScorer *s, int part)
{
    int n = 0;
    const Partition *g = &s->round->at->part[part];
    for (int i = 0; i < g->n; i++)
        if (g->part[i] == PART_TEST) s->member[n++] = i;
    return n;
}

/* As a fold's summary.json of crossval. The loss of what is no logit has no meaning. */
static json_t *fold_json(const RoundScorer *s, int part)
{
    const Baseline *b = s->m->b;
    const char *task;
    json_t *scores;
    const int n = list_tested(s, part), repeat = part / s->round->at->n_fold;
    const Target *target = s->outputs->target + (size_t)part * (size_t)b->n_task;
    json_t *test = record_scores(target, &s->round->labels, outputs_of(s, repeat), s->member, n, b->config.seed);
    json_object_foreach(json_object_get(test, "tasks"), task, scores)
    {
        if (!s->m->rival->is_logit) json_object_set_new(scores, "loss", json_null());
    }
    return json_pack("{s:{s:o}, s:f, s:I}", "parts", "test", test, "seconds", s->seconds, "peak_memory",
                     (json_int_t)log_peak_memory());
}

/* The outputs of task k as crossval ranks them: fold after fold. */
static Status rank(FoldAuc *auc, const RoundScorer *s, int k)
{
    const Baseline *b = s->m->b;
    const BaselineSplits *at = s->round->at;
    const Labels *labels = &s->round->labels;
    const Target *t = &b->target[k];
    TRY(foldauc_new(auc, at->n_repeat, at->n_fold, b->n));
    for (int part = 0; part < at->n_part; part++) {
        const Partition *g = &at->part[part];
        const real *output = outputs_of(s, part / at->n_fold);
        for (int i = 0; i < g->n && task_of(t)->has_auc; i++) {
            if (g->part[i] != PART_TEST || labels->mask[(size_t)i * (size_t)b->n_task + (size_t)k] == 0) continue;
            const int label = labels->target[(size_t)i * (size_t)b->n_out + (size_t)t->at] > (real)0.5;
            TRY(foldauc_add(auc, (FoldRow){(double)output[i * b->n_out + t->at], label, i}));
        }
        foldauc_end_fold(auc);
    }
    return OK;
}

/* ---- a round's summary ---- */

static Status sum_folds(json_t **out, const RoundScorer *s, json_t **fold, FoldAuc *auc)
{
    const Baseline *b = s->m->b;
    const BaselineSplits *at = s->round->at;
    const TallySetup tally = {
        .config = &b->config, .target = b->target, .n_repeat = at->n_repeat, .n_fold = at->n_fold};
    for (int part = 0; part < at->n_part; part++) {
        fold[part] = fold_json(s, part);
        if (!fold[part]) return fail(ERR_MEMORY, "no memory for the scores of %d folds", at->n_part);
    }
    for (int k = 0; k < b->n_task; k++) TRY(rank(&auc[k], s, k));
    return tally_sum(out, &tally, fold, auc);
}

static Status sum_round(json_t **out, const RoundScorer *s)
{
    const int n_part = s->round->at->n_part, n_task = s->m->b->n_task;
    json_t **fold = calloc((size_t)n_part + 1, sizeof *fold);
    FoldAuc *auc = calloc((size_t)n_task + 1, sizeof *auc);
    Status status = fold && auc ? OK : fail(ERR_MEMORY, "no memory for the scores of %d folds", n_part);
    if (status == OK) status = sum_folds(out, s, fold, auc);
    for (int part = 0; fold && part < n_part; part++) json_decref(fold[part]);
    for (int k = 0; auc && k < n_task; k++) foldauc_free(&auc[k]);
    free((void *)fold);
    free(auc);
    return status;
}

/* ---- the main figure alone, for rounds of exchanged labels ---- */

/* Mean over folds where it is defined, then over repetitions, of a task's main score. */
static Status main_figure(double *out, const RoundScorer *s, int k)
{
    const BaselineSplits *at = s->round->at;
    double sum = 0;
    int n_repeat = 0;
    for (int repeat = 0; repeat < at->n_repeat; repeat++) {
        double of_repeat = 0;
        int n = 0;
        for (int fold = 0; fold < at->n_fold; fold++) {
            double score;
            const int n_bag = list_tested(s, repeat * at->n_fold + fold);
            TRY(record_main_score(&score, s->m->b->target, k, &s->round->labels, outputs_of(s, repeat), s->member,
                                  n_bag));
            if (isnan(score)) continue;
            of_repeat += score;
            n++;
        }
        if (n == 0) continue;
        sum += of_repeat / n;
        n_repeat++;
    }
    *out = n_repeat ? sum / n_repeat : NAN;
    return OK;
}

/* ---- joined ---- */

static json_t *task_at(json_t *summary, const char *name)
{
    return json_object_get(json_object_get(summary, "tasks"), name);
}

static void copy_keys(json_t *to, const json_t *from)
{
    static const char *const keys[] = {"n_bags",     "n_folds",  "auc_mean",  "auc_std_folds",
                                       "auc_pooled", "auc_ci95", "bacc_mean", "accuracy_mean",
                                       "r2_mean",    "mae_mean", NULL};
    for (const char *const *key = keys; *key; key++) {
        json_t *value = json_object_get(from, *key);
        if (value) json_object_set(to, *key, value);
    }
}

static Status add_batches(json_t *summary, const RoundScorer *s)
{
    const Baseline *b = s->m->b;
    json_t *own;
    TRY(sum_round(&own, s));
    for (int k = 0; k < b->n_task; k++) {
        json_t *row = json_object();
        copy_keys(row, task_at(own, b->target[k].name));
        json_object_set_new(task_at(summary, b->target[k].name), "leave_batch_out", row);
    }
    json_decref(own);
    return OK;
}

/* {"tasks": {name: {SCORE_mean}}} of a round, as chance.h reads summaries. */
static Status main_figures(json_t *tasks, const RoundScorer *s)
{
    const Baseline *b = s->m->b;
    for (int k = 0; k < b->n_task; k++) {
        char key[64];
        double figure;
        TRY(main_figure(&figure, s, k));
        snprintf(key, sizeof key, "%s_mean", metric_of(&b->target[k])->name[1]);
        json_object_set_new(tasks, b->target[k].name, json_pack("{s:o}", key, jsontext_real(figure)));
    }
    return OK;
}

static Status add_exchanged(json_t *summary, const BaselineMethod *m, RoundKind kind, RoundScorer *s)
{
    const Baseline *b = m->b;
    json_t *figures = json_array(), *tasks = json_object_get(summary, "tasks");
    Status status = OK;
    for (int r = 0; r < b->n_round && status == OK; r++) {
        if (b->round[r].kind != kind) continue;
        json_t *of_round = json_object();
        s->round = &b->round[r];
        s->outputs = &m->outputs[r];
        status = main_figures(of_round, s);
        json_array_append_new(figures, json_pack("{s:o}", "tasks", of_round));
    }
    if (json_array_size(figures) > 0 && kind == ROUND_PERMUTED) chance_add_permuted(tasks, figures);
    if (json_array_size(figures) > 0 && kind == ROUND_BATCH_PERMUTED) chance_add_batch_permuted(tasks, figures);
    json_decref(figures);
    return status;
}

/* [{"repeat", "fold", …what was chosen}] of a task. */
static void add_choices(json_t *summary, const BaselineMethod *m)
{
    const Baseline *b = m->b;
    for (int k = 0; k < b->n_task; k++) {
        json_t *list = json_array();
        for (int part = 0; part < b->plain.n_part; part++) {
            const json_t *choice = m->outputs[0].choice[part * b->n_task + k];
            json_t *row = json_pack("{s:i, s:i}", "repeat", part / b->plain.n_fold, "fold", part % b->plain.n_fold);
            if (choice) json_object_update_missing(row, (json_t *)(size_t)choice);
            json_array_append_new(list, row);
        }
        json_object_set_new(task_at(summary, b->target[k].name), "chosen", list);
    }
}

static Status sum_rounds(json_t **summary, const BaselineMethod *m, RoundScorer *s)
{
    const Baseline *b = m->b;
    s->round = &b->round[0];
    s->outputs = &m->outputs[0];
    TRY(sum_round(summary, s));
    add_choices(*summary, m);
    for (int r = 0; r < b->n_round; r++) {
        if (b->round[r].kind != ROUND_BATCHES) continue;
        s->round = &b->round[r];
        s->outputs = &m->outputs[r];
        TRY(add_batches(*summary, s));
    }
    if (b->no_batches) chance_add_left_out(json_object_get(*summary, "tasks"), NULL, b->no_batches);
    TRY(add_exchanged(*summary, m, ROUND_PERMUTED, s));
    return add_exchanged(*summary, m, ROUND_BATCH_PERMUTED, s);
}

Status baseline_scores_sum(json_t **summary, const BaselineMethod *m)
{
    RoundScorer s = {.m = m, .seconds = m->seconds / m->b->plain.n_part};
    *summary = NULL;
    s.member = malloc(((size_t)m->b->n + 1) * sizeof *s.member);
    Status status = s.member ? sum_rounds(summary, m, &s) : fail(ERR_MEMORY, "no memory for %d bags", m->b->n);
    free(s.member);
    if (status != OK && *summary) {
        json_decref(*summary);
        *summary = NULL;
    }
    return status;
}
