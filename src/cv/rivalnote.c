/* SPDX-License-Identifier: MIT */
#include "cv/rivalnote.h"
#include "cohort/metric.h"
#include "core/jsontext.h"
#include "core/path.h"
#include "data/text/table.h"
#include "run/remarks.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the same folds? ---- */

static int columns_of_folds(const Table *t)
{
    return t->n_column - (table_column(t, "group") == t->n_column - 1);
}

static bool same_rows(const Table *a, const Table *b)
{
    const int n_column = columns_of_folds(a);
    if (a->n_row != b->n_row || n_column != columns_of_folds(b)) return false;
    for (int r = 0; r < a->n_row; r++)
        for (int c = 0; c < n_column; c++)
            if (strcmp(table_cell(a, r, c), table_cell(b, r, c)) != 0) return false;
    return true;
}

static bool has_folds(const char *folder, const Table *splits)
{
    char path[PATH_ROOM];
    struct stat s;
    Table own;
    if (!path_join(path, folder, "splits.tsv") || stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return false;
    if (table_read(&own, path) != OK) return false;
    const bool same = same_rows(&own, splits);
    table_free(&own);
    return same;
}

/* ---- figures ---- */

static double score_of(const json_t *task, const char *score, json_int_t repeat, json_int_t fold)
{
    const json_t *folds = json_object_get(json_array_get(json_object_get(task, "repeats"), (size_t)repeat), "folds");
    const json_t *value = json_object_get(json_array_get(folds, (size_t)fold), score);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* What inner folds said of the method in a fold; NaN: nothing. */
static double inner_of(const json_t *task, const char *score, size_t place)
{
    char key[64];
    snprintf(key, sizeof key, "inner_%s", score);
    const json_t *value = json_object_get(json_array_get(json_object_get(task, "chosen"), place), key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const json_t *task_of_method(const json_t *method, const char *task)
{
    return json_object_get(json_object_get(method, "tasks"), task);
}

/* The method with the best inner figure in one outer fold, number `place` of the lists "chosen". NULL: none has one. */
static const char *best_method(const json_t *methods, const char *task, const char *score, size_t place)
{
    const char *name, *best = NULL;
    double most = -INFINITY;
    json_t *method;
    json_object_foreach((json_t *)(size_t)methods, name, method)
    {
        const double inner = inner_of(task_of_method(method, task), score, place);
        if (inner > most) best = name, most = inner;
    }
    return best;
}

typedef struct {
    double mean; /* test score of the methods chosen: over folds */
    int n_fold, n_most;
    const char *most; /* method chosen in most folds */
} RivalFigure;

static void count_method(RivalFigure *f, json_t *counts, const char *method)
{
    const int n = 1 + (int)json_integer_value(json_object_get(counts, method));
    json_object_set_new(counts, method, json_integer(n));
    if (n > f->n_most) f->n_most = n, f->most = method;
}

static RivalFigure figure_of(const json_t *methods, const char *task, const char *score)
{
    RivalFigure f = {.mean = NAN};
    json_t *counts = json_object();
    double sum = 0;
    const json_t *first = json_object_iter_value(json_object_iter((json_t *)(size_t)methods));
    const json_t *chosen = json_object_get(task_of_method(first, task), "chosen");
    for (size_t k = 0; k < json_array_size(chosen); k++) {
        const json_t *row = json_array_get(chosen, k);
        const char *best = best_method(methods, task, score, k);
        if (!best) continue;
        const double value = score_of(task_of_method(json_object_get(methods, best), task), score,
                                      json_integer_value(json_object_get(row, "repeat")),
                                      json_integer_value(json_object_get(row, "fold")));
        if (isnan(value)) continue;
        count_method(&f, counts, best);
        sum += value;
        f.n_fold++;
    }
    if (f.n_fold) f.mean = sum / f.n_fold;
    json_decref(counts);
    return f;
}

static void say_figure(json_t *remarks, const char *folder, const json_t *methods, const char *task,
                       const json_t *own)
{
    char key[64];
    const char *score = metric_main_of(json_string_value(json_object_get(own, "kind")));
    if (!score) return;
    snprintf(key, sizeof key, "%s_mean", score);
    const RivalFigure f = figure_of(methods, task, score);
    const json_t *mean = json_object_get(own, key);
    if (f.n_fold == 0 || !json_is_number(mean)) {
        remarks_append(remarks, "task '%.60s': %.300s/summary.md holds the baselines on these folds", task, folder);
        return;
    }
    remarks_append(
        remarks,
        "task '%.60s': on these folds the best baseline by inner folds has %s %.3f, against %.3f here (%.60s in %d "
        "of %d folds; %.300s/summary.md)",
        task, metric_title(score), f.mean, json_number_value(mean), f.most, f.n_most, f.n_fold, folder);
}

/* ---- folders beside ---- */

/* The methods of a baseline, the caller's to decref; NULL: it is none. */
static json_t *methods_of(const char *folder)
{
    char path[PATH_ROOM];
    json_t *summary = NULL;
    if (!path_join(path, folder, "summary.json") || jsontext_load(&summary, path, NULL) != OK) return NULL;
    json_t *methods = json_incref(json_object_get(summary, "methods"));
    json_decref(summary);
    if (json_is_object(methods) && json_object_size(methods) > 0) return methods;
    json_decref(methods);
    return NULL;
}

/* "" for the folder one is in. */
static void parent_of(char parent[PATH_ROOM], const char *run)
{
    size_t n = strlen(run);
    while (n > 1 && run[n - 1] == '/') n--;
    while (n > 0 && run[n - 1] != '/') n--;
    while (n > 1 && run[n - 1] == '/') n--;
    snprintf(parent, PATH_ROOM, "%.*s", (int)n, run);
}

/* Of the baselines on these folds, the one with the most methods; of equals the first by name. *methods NULL: there is none. */
static void find_baseline(char folder[PATH_ROOM], json_t **methods, const char *run, const Table *splits)
{
    char parent[PATH_ROOM], own[PATH_ROOM];
    struct dirent **entry = NULL;
    *methods = NULL;
    parent_of(parent, run);
    const int n = scandir(*parent ? parent : ".", &entry, NULL, alphasort);
    for (int k = 0; k < n; k++) {
        const char *name = entry[k]->d_name;
        const bool whole = *parent ? path_join(own, parent, name) : snprintf(own, PATH_ROOM, "%s", name) > 0;
        json_t *found = whole && name[0] != '.' && has_folds(own, splits) ? methods_of(own) : NULL;
        if (json_object_size(found) > json_object_size(*methods)) {
            json_decref(*methods);
            *methods = json_incref(found);
            snprintf(folder, PATH_ROOM, "%s", own);
        }
        json_decref(found);
        free(entry[k]);
    }
    free((void *)entry);
}

static void say_none(json_t *remarks, const char *run)
{
    int n = (int)strlen(run);
    while (n > 1 && run[n - 1] == '/') n--;
    n = n < 300 ? n : 300;
    remarks_append(
        remarks,
        "no baseline was run on these folds: hopsack baseline %.*s/config.yaml --splits=%.*s/splits.tsv -o "
        "%.*s-baseline",
        n, run, n, run, n, run);
}

json_t *rivalnote_make(const char *run, const json_t *tasks)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    Table splits;
    const char *name;
    json_t *task, *methods, *remarks = json_array();
    if (!path_join(path, run, "splits.tsv") || table_read(&splits, path) != OK) return remarks;
    find_baseline(folder, &methods, run, &splits);
    table_free(&splits);
    if (!methods) say_none(remarks, run);
    json_object_foreach((json_t *)(size_t)tasks, name, task)
    {
        if (methods) say_figure(remarks, folder, methods, name, task);
    }
    json_decref(methods);
    return remarks;
}
