/* SPDX-License-Identifier: MIT */
#include "run/leakwatch.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"
#include "data/vectors/leaks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const Cohort *cohort;
    const Target *target; /* [n_target] */
    int n_target;
    LeakLabel *label; /* [n_target, n_bag] in the file's order */
    Leaks **leaks;    /* [n_target] */
} Watch;

/* ---- labels ---- */

/* The number that the cell has; else the class's, for a column of codes repeats the label too. */
static float number_of(const char *cell, int class)
{
    double value;
    return number_read(&value, cell) ? (float)value : class >= 0 ? (float)class : NAN;
}

static void find_labels(LeakLabel *label, const Cohort *c, const Target *t, int index)
{
    const Labels *l = &c->labels;
    const int column = table_column(c->table, t->column);
    const bool two = task_n_class(t) == 2;
    for (int i = 0; i < c->n; i++) {
        LeakLabel *of = &label[c->bag[i]];
        *of = (LeakLabel){NAN, -1};
        if (c->row[i] < 0 || l->mask[(size_t)i * (size_t)l->n_target + (size_t)index] == 0) continue;
        const int class = task_label_class(t, l->target + (size_t)i * (size_t)l->n_out + (size_t)t->at);
        *of = (LeakLabel){number_of(table_cell(c->table, c->row[i], column), class), two ? class : -1};
    }
}

static Status open_tasks(Watch *w)
{
    const BagFile *file = w->cohort->file;
    const size_t n_bag = (size_t)bagfile_n_bag(file);
    w->label = calloc((size_t)w->n_target * n_bag + 1, sizeof *w->label);
    w->leaks = calloc((size_t)w->n_target + 1, sizeof(Leaks *));
    if (!w->label || !w->leaks) return fail(ERR_MEMORY, "no memory to look for leaks in %zu bags", n_bag);
    for (int k = 0; k < w->n_target; k++) {
        LeakLabel *label = w->label + (size_t)k * n_bag;
        find_labels(label, w->cohort, &w->target[k], k);
        TRY(leaks_open(&w->leaks[k], bagfile_spec(file)->n_feat, (int)n_bag, label));
    }
    return OK;
}

/* ---- the pass ---- */

static void look_at(Leaks *l, const Bag *bag, int number, const char *key, int n_feat)
{
    leaks_bag(l, number, key, bag->n);
    for (int i = 0; i < bag->n; i++)
        if (bag->x)
            leaks_dense(l, bag->x + (size_t)i * (size_t)n_feat);
        else
            leaks_row(l, &bag->sparse[i]);
}

static Status walk(Watch *w, Cache *cache)
{
    const BagFile *file = w->cohort->file;
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        const Bag *bag;
        TRY(cache_bag(cache, &bag, b, 0));
        for (int k = 0; k < w->n_target; k++)
            look_at(w->leaks[k], bag, b, bagfile_key(file, b), bagfile_spec(file)->n_feat);
    }
    return OK;
}

/* ---- saying ---- */

/* t NULL: the labels have no part in it. */
static void say_leaks(const Watch *w, const LeakFindings *v, const Target *t, Odd odd)
{
    const BagFile *file = w->cohort->file;
    char list[400], task[80] = "";
    int n = 0;
    for (int i = 0; i < v->n_odd; i++) n += v->feature[i].odd == odd;
    if (n == 0) return;
    leaks_list(list, sizeof list, v, odd, bagfile_feature_names(file));
    if (t) snprintf(task, sizeof task, " (task '%.60s')", t->name);
    log_warn(
        "%s: feature%s %s: %s %s%s, which gives the answer away; make the dataset without %s (import has --skip), "
        "and train on that",
        bagfile_path(file), n > 1 ? "s" : "", list, n > 1 ? "each" : "it", odd_words[odd], task,
        n > 1 ? "them" : "it");
}

static void say_separating(const Watch *w, const LeakFindings *v, const Target *t)
{
    const BagFile *file = w->cohort->file;
    char list[400];
    if (v->n_separating == 0) return;
    leaks_list(list, sizeof list, v, ODD_SEPARATES, bagfile_feature_names(file));
    log_warn(
        "%s: %d feature%s alone tell%s the labels of task '%s' apart without error: %s; make sure that this is no "
        "leak, or make the dataset without (import has --skip)",
        bagfile_path(file), v->n_separating, v->n_separating > 1 ? "s" : "", v->n_separating > 1 ? "" : "s", t->name,
        list);
}

/* What the label has no part in. */
static void say_all(const Watch *w, const LeakFindings *v)
{
    const BagFile *file = w->cohort->file;
    const int n_feat = bagfile_spec(file)->n_feat, n_bag = bagfile_n_bag(file);
    if (v->n_constant == n_feat)
        log_warn("%s: all %d features are the same in every instance; nothing can be learned from them",
                 bagfile_path(file), n_feat);
    else if (v->n_constant > 0)
        log_info("%s: %d of %d features are the same in every instance", bagfile_path(file), v->n_constant, n_feat);
    if (v->n_single > 0)
        log_info("%s: %d of %d bags %s one instance", bagfile_path(file), v->n_single, n_bag,
                 v->n_single > 1 ? "have" : "has");
    if (v->chance_number < LEAKWATCH_CHANCE) say_leaks(w, v, NULL, ODD_BAG);
}

static void say(const Watch *w)
{
    for (int k = 0; k < w->n_target; k++) {
        LeakFindings v;
        leaks_judge(&v, w->leaks[k]);
        if (k == 0) say_all(w, &v);
        if (v.chance >= LEAKWATCH_CHANCE) continue;
        say_leaks(w, &v, &w->target[k], ODD_LABEL);
        say_leaks(w, &v, &w->target[k], ODD_INSTANCE_LABEL);
        say_separating(w, &v, &w->target[k]);
    }
}

Status leakwatch_say(const Cohort *cohort, const Target *target, int n_target, Cache *cache)
{
    Watch w = {.cohort = cohort, .target = target, .n_target = n_target};
    Cache *own = NULL;
    Status status = OK;
    if (bagfile_spec(cohort->file)->kind != BAG_VECTORS) return OK;
    if (!cache) TRY_DONE(cache_open(&own, cohort->file, COUNTS_NONE, 0)); /* one bag at a time */
    TRY_DONE(open_tasks(&w));
    TRY_DONE(walk(&w, cache ? cache : own));
    say(&w);
done:
    cache_close(own);
    for (int k = 0; w.leaks && k < n_target; k++) leaks_close(w.leaks[k]);
    free(w.leaks);
    free(w.label);
    return status;
}
