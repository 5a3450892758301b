/* SPDX-License-Identifier: MIT */
#include "study/sides.h"
#include "cohort/metric.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "study/runsummary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- folders ---- */

static Status load_summary(json_t **out, const char *folder)
{
    return runsummary_load(out, folder,
                           "give the folder of a finished run of hopsack train, crossval, baseline or stack");
}

static bool is_there(const Sides *s, const char *folder)
{
    for (int k = 0; k < s->n; k++)
        if (strcmp(s->side[k].folder, folder) == 0) return true;
    return false;
}

/* Takes over `summary`, also where it fails. */
static Status append(Sides *s, const char *folder, json_t *summary, bool is_method)
{
    Side *grown = realloc(s->side, ((size_t)s->n + 1) * sizeof *grown);
    if (!grown) {
        json_decref(summary);
        return fail(ERR_MEMORY, "no memory for %d runs", s->n + 1);
    }
    s->side = grown;
    s->side[s->n] = (Side){.summary = summary, .is_method = is_method};
    snprintf(s->side[s->n].folder, PATH_ROOM, "%s", folder);
    s->n++;
    if (sides_tasks(summary)) return OK;
    return fail(ERR_FORMAT, "%s/summary.json: holds no scores of test bags", folder);
}

/* A method may be given by itself too, to be the first. */
static Status add_methods(Sides *s, const char *folder, const json_t *methods)
{
    const char *name;
    json_t *method;
    json_object_foreach((json_t *)(size_t)methods, name, method)
    {
        char path[PATH_ROOM];
        if (strchr(name, '/') || !json_is_object(method))
            return fail(ERR_FORMAT, "%s/summary.json: '%.60s' is no method", folder, name);
        if (!path_join(path, folder, name)) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
        if (!is_there(s, path)) TRY(append(s, path, json_incref(method), true));
    }
    return OK;
}

static Status add_word(Sides *s, const char *word)
{
    char folder[PATH_ROOM];
    json_t *summary;
    if (snprintf(folder, sizeof folder, "%s", word) >= (int)sizeof folder)
        return fail(ERR_USAGE, "%.60s…: the path is too long", word);
    path_trim(folder);
    if (is_there(s, folder)) return fail(ERR_USAGE, "%s is given twice", folder);
    if (!file_is_folder(folder))
        return fail(file_exists(folder) ? ERR_USAGE : ERR_IO, "%s is no folder of a run", folder);
    TRY(load_summary(&summary, folder));
    const json_t *methods = json_object_get(summary, "methods");
    if (!json_is_object(methods))
        return append(s, folder, summary, json_object_get(json_object_get(summary, "settings"), "by_counts") != NULL);
    const Status status = add_methods(s, folder, methods);
    json_decref(summary);
    return status;
}

/* The last name of the folder, unless another has it too. */
static void name_sides(Sides *s)
{
    for (int k = 0; k < s->n; k++) {
        int n_same = 0;
        const char *name = path_last(s->side[k].folder);
        for (int j = 0; j < s->n; j++) n_same += strcmp(path_last(s->side[j].folder), name) == 0;
        escape_text(s->side[k].name, sizeof s->side[k].name, n_same > 1 ? s->side[k].folder : name);
    }
}

static Status read_table(StackTable *out, const char *folder)
{
    char path[PATH_ROOM];
    if (!path_join(path, folder, "predictions.tsv")) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    return stacktable_read(out, path, false);
}

/* A table without the rows of tasks that `other` has not; its rows are the caller's to free. */
static Status shared_rows(StackTable *out, const StackTable *t, const StackTable *other)
{
    const char *task = "";
    bool shared = false;
    *out = (StackTable){.table = t->table, .row = malloc(((size_t)t->n + 1) * sizeof *out->row)};
    if (!out->row) return fail(ERR_MEMORY, "no memory to compare %d test bags", t->n);
    for (int i = 0; i < t->n; i++) {
        if (i == 0 || strcmp(t->row[i].task, task) != 0) {
            task = t->row[i].task;
            shared = false;
            for (int j = 0; j < other->n && !shared; j++) shared = strcmp(other->row[j].task, task) == 0;
        }
        if (shared) out->row[out->n++] = t->row[i];
    }
    return OK;
}

/* Of the tasks that both have: a task more is no reason not to compare the others. */
static Status check_same(const Side *first, const Side *side)
{
    StackTable a = {.n = 0}, b = {.n = 0};
    Status status = OK;
    TRY_DONE(shared_rows(&a, &first->test, &side->test));
    TRY_DONE(shared_rows(&b, &side->test, &first->test));
    status = a.n == 0 ? fail(ERR_FORMAT, "%s and %s have no task of the same name", first->name, side->name)
                      : stacktable_same(&a, &b, first->name, side->name);
done:
    free(a.row);
    free(b.row);
    return status;
}

/* Where the first one cannot be read, nothing is compared. Of the others it is a remark. */
static Status read_tables(Sides *s)
{
    TRY(read_table(&s->side[0].test, s->side[0].folder));
    for (int k = 1; k < s->n; k++) {
        Side *side = &s->side[k];
        Status status = read_table(&side->test, side->folder);
        if (status == OK) status = check_same(&s->side[0], side);
        if (status == ERR_MEMORY) return status;
        if (status == OK) continue;
        stacktable_free(&side->test);
        side->lack = strdup(status_sentence());
        if (!side->lack) return fail(ERR_MEMORY, "no memory for %d runs", s->n);
    }
    return OK;
}

Status sides_open(Sides *out, const char *const *word, int n_word)
{
    Status status = OK;
    *out = (Sides){0};
    for (int k = 0; k < n_word; k++) TRY_DONE(add_word(out, word[k]));
    if (out->n == 0) TRY_DONE(fail(ERR_FORMAT, "%s/summary.json: holds no method", word[0]));
    name_sides(out);
    TRY_DONE(read_tables(out));
done:
    if (status != OK) sides_close(out);
    return status;
}

void sides_close(Sides *s)
{
    for (int k = 0; k < s->n; k++) {
        json_decref(s->side[k].summary);
        stacktable_free(&s->side[k].test);
        free(s->side[k].lack);
    }
    free(s->side);
    free(s->kept);
    *s = (Sides){0};
}

/* Its name is not enough: it may stand for the whole folder. */
bool sides_is_nuisance(const Side *side)
{
    return side->is_method && strncmp(path_last(side->folder), "nuisance", 8) == 0;
}

/* ---- scores ---- */

const json_t *sides_tasks(const json_t *summary)
{
    const json_t *tasks = json_object_get(summary, "tasks");
    if (!tasks) tasks = json_object_get(json_object_get(json_object_get(summary, "parts"), "test"), "tasks");
    return json_is_object(tasks) && json_object_size(tasks) > 0 ? tasks : NULL;
}

const json_t *sides_task(const json_t *summary, const char *task)
{
    const json_t *scores = json_object_get(sides_tasks(summary), task);
    return json_is_object(scores) ? scores : NULL;
}

double sides_score(const json_t *task, const char *score)
{
    char key[80];
    snprintf(key, sizeof key, "%.60s_mean", score);
    const json_t *value = json_object_get(task, key);
    if (!value) value = json_object_get(task, score);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

const char *sides_main(const json_t *task)
{
    const char *kind = json_string_value(json_object_get(task, "kind"));
    return kind ? metric_main_of(kind) : metric_main(task);
}

/* ---- differences ---- */

static Status measure(SidesGap *out, const TestRows *a, const TestRows *b)
{
    FoldAuc of_a = {0}, of_b = {0};
    Rng rng = rng_stream(0, "paired bootstrap", 0);
    Status status = OK;
    TRY_DONE(testrows_auc(&of_a, a));
    TRY_DONE(testrows_auc(&of_b, b));
    out->difference = foldauc_mean(&of_a, 0, of_a.n_repeat) - foldauc_mean(&of_b, 0, of_b.n_repeat);
    TRY_DONE(foldauc_difference(out->interval, &of_a, &of_b, &rng));
    out->known = !isnan(out->difference);
done:
    foldauc_free(&of_a);
    foldauc_free(&of_b);
    return status;
}

static Status compare(SidesGap *out, const Side *side, const Side *first, const char *task)
{
    TestRows rows = {0}, of_first = {0};
    *out = (SidesGap){.difference = NAN, .interval = {NAN, NAN}};
    const char *score = sides_main(sides_task(side->summary, task));
    if (side->lack || !score || strcmp(score, "auc") != 0) return OK;
    Status status = OK;
    TRY_DONE(testrows_of(&rows, &side->test, task));
    TRY_DONE(testrows_of(&of_first, &first->test, task));
    if (rows.n > 0 && rows.n == of_first.n) TRY_DONE(measure(out, &rows, &of_first));
done:
    testrows_free(&rows);
    testrows_free(&of_first);
    return status;
}

Status sides_gap(SidesGap *out, Sides *s, const char *task, int k)
{
    for (int i = 0; i < s->n_kept; i++) {
        const struct SidesKept *kept = &s->kept[i];
        *out = kept->gap;
        if (kept->k == k && strcmp(kept->task, task) == 0) return OK;
    }
    TRY(compare(out, &s->side[k], &s->side[0], task));
    struct SidesKept *grown = realloc(s->kept, ((size_t)s->n_kept + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d comparisons", s->n_kept + 1);
    s->kept = grown;
    s->kept[s->n_kept++] = (struct SidesKept){task, k, *out};
    return OK;
}

/* ---- as JSON ---- */

static json_t *interval_json(const double interval[2])
{
    return json_pack("[o, o]", jsontext_real(interval[0]), jsontext_real(interval[1]));
}

static bool add_gap(json_t *run, const Side *side, const SidesGap *gap, bool has_task)
{
    if (gap->known)
        return json_object_set_new(run, "difference", jsontext_real(gap->difference)) == 0 &&
               json_object_set_new(run, "difference_ci95", interval_json(gap->interval)) == 0;
    const char *reason = side->lack ? side->lack : has_task ? NULL : "it has no such task";
    return !reason || json_object_set_new(run, "reason", json_string(reason)) == 0;
}

static Status lacks_memory(const Sides *s)
{
    return fail(ERR_MEMORY, "no memory for %d runs", s->n);
}

/* JSON holds UTF-8 alone, so the folder is escaped. */
static Status add_run(json_t *runs, Sides *s, const char *task, const char *score, int k)
{
    SidesGap gap = {0};
    char key[80], folder[4 * PATH_ROOM];
    const Side *side = &s->side[k];
    const json_t *scores = sides_task(side->summary, task);
    if (k > 0) TRY(sides_gap(&gap, s, task, k));
    snprintf(key, sizeof key, "%.60s_ci95", score);
    json_t *interval = json_object_get(scores, key), *n_bag = json_object_get(scores, "n_bags");
    json_t *run =
        json_pack("{s:s, s:s, s:o, s:O, s:O}", "name", side->name, "folder",
                  escape_text(folder, sizeof folder, side->folder), score, jsontext_real(sides_score(scores, score)),
                  key, interval ? interval : json_null(), "n_bags", n_bag ? n_bag : json_null());
    if (json_array_append_new(runs, run) != 0) return lacks_memory(s);
    return k == 0 || add_gap(run, side, &gap, scores != NULL) ? OK : lacks_memory(s);
}

static Status add_task(json_t *tasks, Sides *s, const char *task, const json_t *scores)
{
    const char *main = sides_main(scores), *score = main ? main : "loss";
    json_t *runs = json_array();
    json_t *of_task = json_pack("{s:s, s:s, s:o}", "score", score, "against", s->side[0].name, "runs", runs);
    if (json_object_set_new(tasks, task, of_task) != 0) return lacks_memory(s);
    for (int k = 0; k < s->n; k++) TRY(add_run(runs, s, task, score, k));
    return OK;
}

Status sides_json(json_t **out, Sides *s)
{
    const char *name;
    json_t *scores, *tasks = json_object();
    Status status = OK;
    *out = json_pack("{s:o}", "tasks", tasks);
    if (!*out) return lacks_memory(s);
    json_object_foreach((json_t *)(size_t)sides_tasks(s->side[0].summary), name, scores)
    {
        TRY_DONE(add_task(tasks, s, name, scores));
    }
done:
    if (status == OK) return OK;
    json_decref(*out);
    *out = NULL;
    return status;
}
