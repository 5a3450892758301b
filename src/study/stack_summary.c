/* SPDX-License-Identifier: MIT */
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "cv/chance.h"
#include "run/remarks.h"
#include "study/stack_parts.h"
#include "study/stackscore.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *task_at(const json_t *summary, const Target *t)
{
    return json_object_get(json_object_get(summary, "tasks"), t->name);
}

/* ---- each column ---- */

static const StackChoice *choice_at(const Stack *s, int job, int task)
{
    return &s->main.outcome.choice[job * s->main.frame.n_task + task];
}

static int n_job(const Stack *s)
{
    return s->main.frame.n_repeat * s->main.frame.n_fold;
}

/* Over the outer folds: the inner figure, and how often it was chosen, or its weight. */
typedef struct {
    double inner, weight;
    int n_chosen;
} ColumnSum;

static ColumnSum sum_column(const Stack *s, int column, int task)
{
    ColumnSum sum = {.n_chosen = 0};
    int n = 0, n_used = 0;
    for (int job = 0; job < n_job(s); job++) {
        const StackChoice *c = choice_at(s, job, task);
        if (s->main.frame.block[job * s->main.frame.n_task + task].n_test == 0) continue;
        sum.n_chosen += c->column == column;
        sum.weight += c->blend.weight[column];
        n_used++;
        if (isnan(c->figure[column])) continue;
        sum.inner += c->figure[column];
        n++;
    }
    sum.inner = n ? sum.inner / n : NAN;
    sum.weight /= n_used ? n_used : 1;
    return sum;
}

static void copy_own(json_t *to, const json_t *own, const Target *t)
{
    char mean[64], std[64];
    const char *score = metric_of(t)->name[1];
    snprintf(mean, sizeof mean, "%s_mean", score);
    snprintf(std, sizeof std, "%s_std_folds", score);
    const char *const keys[] = {mean, std, "auc_ci95", NULL};
    for (const char *const *key = keys; *key; key++) {
        json_t *value = json_object_get(own, *key);
        if (value) json_object_set(to, *key, value);
    }
}

/* "columns" and "carried_by" of a task; own [n_column] are the columns' summaries. */
static void add_columns(json_t *task, const Stack *s, int k, json_t *const *own)
{
    const Target *t = &s->main.frame.target[k];
    json_t *columns = json_object();
    double most = -1;
    int first = 0;
    for (int c = 0; c < s->columns.n; c++) {
        const ColumnSum sum = sum_column(s, c, k);
        const double share = s->in->weigh ? sum.weight : sum.n_chosen;
        json_t *row = json_object();
        copy_own(row, task_at(own[c], t), t);
        json_object_set_new(row, "inner_mean", jsontext_real(sum.inner));
        if (s->in->weigh)
            json_object_set_new(row, "weight_mean", jsontext_real(sum.weight));
        else
            json_object_set_new(row, "n_chosen", json_integer(sum.n_chosen));
        json_object_set_new(columns, s->columns.column[c].name, row);
        if (share <= most) continue;
        most = share;
        first = c;
    }
    json_object_set_new(task, "columns", columns);
    json_object_set_new(task, "carried_by", json_string(s->columns.column[first].name));
}

static Status add_own(json_t *summary, const Stack *s)
{
    Status status = OK;
    json_t **own = calloc((size_t)s->columns.n + 1, sizeof(json_t *));
    if (!own) return fail(ERR_MEMORY, "no memory for %d columns", s->columns.n);
    for (int c = 0; status == OK && c < s->columns.n; c++)
        status = stackscore_column(&own[c], &s->main.frame, &s->main.side[c].test, s->seed);
    for (int k = 0; status == OK && k < s->main.frame.n_task; k++)
        add_columns(task_at(summary, &s->main.frame.target[k]), s, k, own);
    for (int c = 0; c < s->columns.n; c++) json_decref(own[c]);
    free((void *)own);
    return status;
}

/* ---- each outer fold ---- */

/* What one fold made of the columns. */
static json_t *choice_json(const Stack *s, const StackBlock *b, const StackChoice *c)
{
    json_t *out = json_pack("{s:i, s:i}", "repeat", b->repeat, "fold", b->fold), *inner = json_object(),
           *weight = json_object();
    for (int k = 0; k < s->columns.n; k++) {
        json_object_set_new(inner, s->columns.column[k].name, jsontext_real(c->figure[k]));
        json_object_set_new(weight, s->columns.column[k].name, jsontext_real(c->blend.weight[k]));
    }
    if (c->column >= 0)
        json_object_set_new(out, "column", json_string(s->columns.column[c->column].name));
    else
        json_object_set_new(out, "C", jsontext_real(c->blend.cost));
    if (c->column >= 0)
        json_decref(weight);
    else
        json_object_set_new(out, "weight", weight);
    json_object_set_new(out, "inner", inner);
    return out;
}

static void add_choices(json_t *summary, const Stack *s)
{
    const StackFrame *f = &s->main.frame;
    for (int k = 0; k < f->n_task; k++) {
        json_t *list = json_array();
        int n_blind = 0;
        for (int job = 0; job < n_job(s); job++) {
            const StackBlock *b = &f->block[job * f->n_task + k];
            const StackChoice *c = choice_at(s, job, k);
            if (b->n_test == 0) continue;
            json_array_append_new(list, choice_json(s, b, c));
            n_blind += c->blind;
        }
        json_object_set_new(task_at(summary, &f->target[k]), "chosen", list);
        if (n_blind)
            remarks_append(s->remarks,
                           "task '%.60s': in %d outer fold%s no inner figure is defined, and the first column, %s, "
                           "stands there",
                           f->target[k].name, n_blind, number_plural(n_blind), s->columns.column[0].name);
    }
}

/* ---- rounds ---- */

static void add_rounds(json_t *summary, const Stack *s)
{
    json_t *tasks = json_object_get(summary, "tasks");
    const json_t *left_out = json_array_get(s->round[STACK_BATCHES], 0);
    if (left_out) chance_add_left_out(tasks, left_out, NULL);
    if (json_array_size(s->round[STACK_PERMUTED]) > 0) chance_add_permuted(tasks, s->round[STACK_PERMUTED]);
    if (json_array_size(s->round[STACK_BATCH_PERMUTED]) > 0)
        chance_add_batch_permuted(tasks, s->round[STACK_BATCH_PERMUTED]);
}

/* ---- all of it ---- */

static void add_heads(json_t *summary, const Stack *s)
{
    json_t *names = json_array(), *remarks = json_object_get(summary, "remarks");
    for (int k = 0; k < s->columns.n; k++) json_array_append_new(names, json_string(s->columns.column[k].name));
    json_object_set_new(summary, "weigh", json_boolean(s->in->weigh));
    json_object_set_new(summary, "columns", names);
    json_object_set(summary, "left_out", s->columns.left_out);
    json_array_extend(remarks, s->remarks);
}

Status stack_summary_make(json_t **out, const Stack *s)
{
    TRY(stackround_score(out, &s->main, s->seed));
    TRY(add_own(*out, s));
    add_choices(*out, s);
    add_rounds(*out, s);
    add_heads(*out, s);
    return OK;
}
