/* SPDX-License-Identifier: MIT */
#include "study/stackcolumn.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "study/runsummary.h"
#include "study/studyrun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which folders ---- */

static Status load_summary(json_t **out, const char *folder)
{
    return runsummary_load(out, folder,
                           "stack takes the folder of hopsack baseline, of one of its methods, or of a finished "
                           "hopsack crossval --inner=K");
}

static bool holds(const char *folder, const char *inside, const char *file)
{
    char where[PATH_ROOM], path[PATH_ROOM];
    return path_join(where, folder, *inside ? inside : ".") && file_exists_in(path, where, file);
}

/* Takes over `summary`, also where it fails. */
static Status append(StackColumns *c, const char *folder, json_t *summary)
{
    StackColumn *grown = realloc(c->column, ((size_t)c->n + 1) * sizeof *grown);
    if (!grown) {
        json_decref(summary);
        return fail(ERR_MEMORY, "no memory for %d columns", c->n + 1);
    }
    c->column = grown;
    c->column[c->n] = (StackColumn){.summary = summary};
    snprintf(c->column[c->n].folder, PATH_ROOM, "%s", folder);
    c->n++;
    for (int k = 0; k + 1 < c->n; k++)
        if (strcmp(c->column[k].folder, folder) == 0) return fail(ERR_USAGE, "%s is given twice", folder);
    return OK;
}

/* Trials that all inner folds kept have no honest inner outputs. */
static bool has_halving(const json_t *summary)
{
    return json_object_get(json_object_get(summary, "search"), "halving") != NULL;
}

/* Why, and the way out. */
static void leave_out(StackColumns *c, const char *folder, const json_t *summary)
{
    json_t *sentence;
    if (has_halving(summary))
        sentence = json_sprintf("%s has no inner.tsv and is left out: its search kept trials by all inner folds "
                                "(search.halving); run it without to have it chosen among",
                                folder);
    else if (!json_object_get(summary, "n_folds"))
        sentence = json_sprintf(
            "%s is a single training and is left out; stack takes runs of hopsack crossval --inner=K", folder);
    else if (holds(folder, "", "rep00"))
        sentence =
            json_sprintf("%s has no inner.tsv and is left out; to have it chosen among: hopsack crossval … --inner=5 "
                         "--resume -o %s",
                         folder, folder);
    else
        sentence = json_sprintf(
            "%s has no inner.tsv and is left out; to have it chosen among, run hopsack baseline again", folder);
    json_array_append_new(c->left_out, sentence);
}

static Status add_folder(StackColumns *c, const char *folder)
{
    json_t *summary;
    TRY(load_summary(&summary, folder));
    if (holds(folder, "", "inner.tsv")) return append(c, folder, summary);
    leave_out(c, folder, summary);
    json_decref(summary);
    return OK;
}

/* Methods in the order of the summary. */
static Status add_methods(StackColumns *c, const char *folder, const json_t *methods)
{
    const char *name;
    json_t *unused;
    json_object_foreach((json_t *)(size_t)methods, name, unused)
    {
        char path[PATH_ROOM];
        if (strchr(name, '/')) return fail(ERR_FORMAT, "%s/summary.json: '%.60s' is no method", folder, name);
        if (!path_join(path, folder, name)) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
        TRY(add_folder(c, path));
    }
    return OK;
}

static Status add_word(StackColumns *c, const char *word)
{
    char folder[PATH_ROOM];
    json_t *summary, *text = json_string(word);
    json_decref(text);
    if (!text)
        return fail(ERR_USAGE, "%s: the path is not UTF-8 text, which stack.json cannot hold; rename it", word);
    if (snprintf(folder, sizeof folder, "%s", word) >= (int)sizeof folder)
        return fail(ERR_USAGE, "%.60s…: the path is too long", word);
    path_trim(folder);
    TRY(studyrun_refuse(folder));
    TRY(load_summary(&summary, folder));
    const json_t *methods = json_object_get(summary, "methods");
    const Status status = json_is_object(methods) ? add_methods(c, folder, methods) : add_folder(c, folder);
    json_decref(summary);
    return status;
}

/* The last name of the folder, unless another has it too. */
static void name_columns(StackColumns *c)
{
    for (int k = 0; k < c->n; k++) {
        int n_same = 0;
        const char *name = path_last(c->column[k].folder);
        for (int j = 0; j < c->n; j++) n_same += strcmp(path_last(c->column[j].folder), name) == 0;
        escape_text(c->column[k].name, sizeof c->column[k].name, n_same > 1 ? c->column[k].folder : name);
    }
}

Status stackcolumn_find(StackColumns *out, const char *const *word, int n)
{
    Status status = OK;
    *out = (StackColumns){.left_out = json_array()};
    for (int k = 0; k < n; k++) TRY_DONE(add_word(out, word[k]));
    name_columns(out);
    if (out->n == 0)
        TRY_DONE(fail(ERR_FORMAT, "no column is left: %s",
                      json_string_value(json_array_get(out->left_out, 0))
                          ? json_string_value(json_array_get(out->left_out, 0))
                          : "the folders hold no method"));
done:
    if (status != OK) stackcolumn_free(out);
    return status;
}

void stackcolumn_free(StackColumns *c)
{
    for (int k = 0; k < c->n; k++) json_decref(c->column[k].summary);
    free(c->column);
    json_decref(c->left_out);
    *c = (StackColumns){.n = 0};
}

/* ---- their tables ---- */

static Status read_table(StackTable *out, const StackColumn *column, const char *inside, bool inner)
{
    char where[PATH_ROOM], path[PATH_ROOM];
    const char *file = inner ? "inner.tsv" : "predictions.tsv";
    if (!path_join(where, column->folder, inside) || !path_join(path, *inside ? where : column->folder, file))
        return fail(ERR_USAGE, "%.60s…: the path is too long", column->folder);
    return stacktable_read(out, path, inner);
}

Status stackcolumn_read(StackSide *out, const StackColumns *c, const char *inside)
{
    Status status = OK;
    memset(out, 0, (size_t)c->n * sizeof *out);
    for (int k = 0; k < c->n; k++) {
        TRY_DONE(read_table(&out[k].test, &c->column[k], inside, false));
        TRY_DONE(read_table(&out[k].inner, &c->column[k], inside, true));
        if (k == 0) continue;
        TRY_DONE(stacktable_same(&out[0].test, &out[k].test, out[0].test.table.path, out[k].test.table.path));
        TRY_DONE(stacktable_same(&out[0].inner, &out[k].inner, out[0].inner.table.path, out[k].inner.table.path));
    }
done:
    if (status != OK) stackcolumn_release(out, c->n);
    return status;
}

void stackcolumn_release(StackSide *side, int n)
{
    for (int k = 0; side && k < n; k++) {
        stacktable_free(&side[k].test);
        stacktable_free(&side[k].inner);
    }
}

void stackcolumn_have(int *lacking, const StackColumns *c, const char *inside)
{
    *lacking = -1;
    for (int k = 0; k < c->n && *lacking < 0; k++) {
        const char *folder = c->column[k].folder;
        if (!holds(folder, inside, "predictions.tsv") || !holds(folder, inside, "inner.tsv")) *lacking = k;
    }
}
