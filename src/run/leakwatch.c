/* SPDX-License-Identifier: MIT */
#include "run/leakwatch.h"
#include "cohort/column.h"
#include "cohort/task.h"
#include "core/number.h"
#include "data/vectors/leakreport.h"

#include <math.h>
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
    const int column = column_place(c->table, t->column);
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

static void inspect(Leaks *l, const Bag *bag, int number, const char *key, int n_feat)
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
        if (b + 1 < bagfile_n_bag(file)) cache_next(cache, b + 1);
        for (int k = 0; k < w->n_target; k++)
            inspect(w->leaks[k], bag, b, bagfile_key(file, b), bagfile_spec(file)->n_feat);
    }
    return OK;
}

/* ---- the report ---- */

static void report(const Watch *w)
{
    const BagFile *file = w->cohort->file;
    for (int k = 0; k < w->n_target; k++) {
        LeakFindings v;
        const LeakReport all = {.found = &v,
                                .path = bagfile_path(file),
                                .name = bagfile_feature_names(file),
                                .n_feat = bagfile_spec(file)->n_feat,
                                .n_bag = bagfile_n_bag(file)};
        LeakReport of_task = all;
        of_task.task = w->target[k].name;
        leaks_classify(&v, w->leaks[k], all.name);
        if (k == 0) leakreport_plain(&all); /* labels have no part in these */
        if (k == 0) leakreport_leaks(&all, ODD_ROW);
        if (k == 0) leakreport_order(&all);
        if (k == 0 && v.chance_number < LEAKWATCH_CHANCE) leakreport_leaks(&all, ODD_BAG);
        if (v.chance >= LEAKWATCH_CHANCE) continue;
        leakreport_leaks(&of_task, ODD_LABEL);
        leakreport_leaks(&of_task, ODD_INSTANCE_LABEL);
        leakreport_separating(&of_task,
                              "make sure that this is no leak, or make the dataset without (import has --skip)");
    }
}

Status leakwatch_report(const Cohort *cohort, const Target *target, int n_target, Cache *cache)
{
    Watch w = {.cohort = cohort, .target = target, .n_target = n_target};
    Cache *own = NULL;
    Status status = OK;
    if (bagfile_spec(cohort->file)->kind != BAG_VECTORS) return OK;
    if (!cache) TRY_DONE(cache_open(&own, cohort->file, COUNTS_NONE, 0)); /* one bag at a time */
    TRY_DONE(open_tasks(&w));
    TRY_DONE(walk(&w, cache ? cache : own));
    report(&w);
done:
    cache_close(own);
    for (int k = 0; w.leaks && k < n_target; k++) leaks_close(w.leaks[k]);
    free(w.leaks);
    free(w.label);
    return status;
}
