/* SPDX-License-Identifier: MIT */
#include "cli/inspect_rival.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "rival/rivaltop.h"
#include "study/rivalfile.h"

#include <stdio.h>
#include <string.h>

#define TOP 10 /* features shown */

static const char residues[] =
    "It holds residues of the sequences that it was trained on: pass it on only to those who may have these data.";

/* ---- a model ---- */

static Status describe(json_t **out, const RivalFile *file)
{
    const Rival *rival = file->model.rival;
    const SplitOptions *splits = &file->file.config.splits;
    json_t *top;
    TRY(rivaltop_make(&top, &file->model, file->file.spec.alphabet, TOP));
    *out = json_pack("{s:s, s:s, s:i, s:i, s:s, s:O, s:b, s:o}", "method", rival->name, "line", rival->line, "repeat",
                     splits->repeat, "fold", splits->fold, "task", file->file.target[file->record.task].name,
                     "choice", file->record.choice ? file->record.choice : json_null(), "holds_residues",
                     rival->holds_residues, "top", top);
    return *out ? OK : fail(ERR_MEMORY, "%s: no memory to describe it", file->file.path);
}

Status inspect_rival_model(json_t **out, const char *path)
{
    RivalFile file;
    *out = NULL;
    TRY(rivalfile_read(&file, path));
    const Status status = describe(out, &file);
    rivalfile_free(&file);
    return status;
}

/* "C 10, inner_auc 0.86" */
static void print_choice(const json_t *choice)
{
    const char *key, *before = "";
    json_t *value;
    json_object_foreach((json_t *)(size_t)choice, key, value)
    {
        if (strcmp(key, "repeat") == 0 || strcmp(key, "fold") == 0) continue;
        if (json_is_number(value))
            printf("%s%s %.4g", before, key, json_number_value(value));
        else if (json_is_string(value))
            printf("%s%s %s", before, key, json_string_value(value));
        else
            continue;
        before = ", ";
    }
    printf("%s\n", *before ? "" : "nothing");
}

static void print_top(const json_t *top)
{
    size_t k;
    json_t *row;
    if (json_array_size(top) == 0) return;
    printf("\n%-40s weight\n", "feature");
    json_array_foreach(top, k, row)
    {
        const json_t *output = json_object_get(row, "output");
        printf("%-40s %.4g", jsontext_field(row, "feature"), jsontext_number(row, "weight"));
        if (output) printf(" (class %lld)", (long long)json_integer_value(output));
        printf("\n");
    }
}

void inspect_rival_print(const json_t *r)
{
    printf("\nmethod %s: %s\n", jsontext_field(r, "method"), jsontext_field(r, "line"));
    printf("repetition %lld, fold %lld, task %s; chosen by inner folds: ",
           (long long)json_integer_value(json_object_get(r, "repeat")),
           (long long)json_integer_value(json_object_get(r, "fold")), jsontext_field(r, "task"));
    print_choice(json_object_get(r, "choice"));
    if (json_is_true(json_object_get(r, "holds_residues"))) printf("%s\n", residues);
    print_top(json_object_get(r, "top"));
}

/* ---- folders ---- */

static bool first_model(char path[PATH_ROOM], const char *folder)
{
    char models[PATH_ROOM], name[RIVALFILE_NAME];
    rivalfile_name(name, 0, 0, 0);
    return path_join(models, folder, "models") && file_exists_in(path, models, name);
}

/* Null: a column that is not there any more. */
static Status residues_of(json_t **out, const char *folder, const char *column)
{
    char path[PATH_ROOM], model[PATH_ROOM];
    json_t *rival;
    const bool is_there = file_exists_in(path, folder, column);
    *out = is_there ? json_false() : json_null();
    if (!is_there || !first_model(model, path)) return OK;
    TRY(inspect_rival_model(&rival, model));
    *out = json_boolean(json_is_true(json_object_get(rival, "holds_residues")));
    json_decref(rival);
    return OK;
}

static Status describe_columns(json_t *columns, const json_t *stack, const char *folder)
{
    size_t k;
    json_t *column, *holds;
    json_array_foreach(json_object_get(stack, "columns"), k, column)
    {
        const char *way = jsontext_field(column, "path");
        TRY(residues_of(&holds, folder, way));
        json_array_append_new(columns, json_pack("{s:s, s:s, s:o}", "name", jsontext_field(column, "name"), "path",
                                                 way, "holds_residues", holds));
    }
    return OK;
}

static Status describe_stack(json_t *run, const char *folder, const char *path)
{
    json_t *stack, *columns = json_array();
    Status status = jsontext_load(&stack, path, NULL);
    if (status == OK) status = describe_columns(columns, stack, folder);
    json_decref(stack);
    json_object_set_new(run, "stack", json_pack("{s:o}", "columns", columns));
    return status;
}

Status inspect_rival_folder(json_t *run, const char *folder)
{
    char path[PATH_ROOM];
    if (file_exists_in(path, folder, "stack.json")) return describe_stack(run, folder, path);
    if (!first_model(path, folder)) return OK;
    json_t *method;
    TRY(inspect_rival_model(&method, path));
    json_object_set_new(run, "method", method);
    return OK;
}

static void print_chosen(const json_t *run, bool is_stack)
{
    const char *task;
    json_t *scores, *chosen;
    size_t k;
    json_object_foreach(json_object_get(run, "tasks"), task, scores)
    {
        json_array_foreach(json_object_get(scores, "chosen"), k, chosen)
        {
            printf("%s, repetition %lld, fold %lld: ", task,
                   (long long)json_integer_value(json_object_get(chosen, "repeat")),
                   (long long)json_integer_value(json_object_get(chosen, "fold")));
            print_choice(is_stack && json_object_get(chosen, "weight") ? json_object_get(chosen, "weight") : chosen);
        }
    }
}

static void print_method(const json_t *run, const json_t *method)
{
    printf("method %s: %s\n", jsontext_field(method, "method"), jsontext_field(method, "line"));
    if (json_is_true(json_object_get(method, "holds_residues"))) printf("%s\n", residues);
    printf("chosen by inner folds:\n");
    print_chosen(run, false);
    print_top(json_object_get(method, "top"));
    if (json_array_size(json_object_get(method, "top")) > 0) printf("(of the model of repetition 0, fold 0)\n\n");
}

static void print_columns(const json_t *stack)
{
    size_t k;
    json_t *column;
    json_array_foreach(json_object_get(stack, "columns"), k, column)
    {
        const json_t *holds = json_object_get(column, "holds_residues");
        printf("column %s at %s%s\n", jsontext_field(column, "name"), jsontext_field(column, "path"),
               json_is_true(holds)   ? ", whose models hold residues of the sequences that they were trained on"
               : json_is_null(holds) ? ", which is not there: the stack cannot predict without it"
                                     : "");
    }
}

void inspect_rival_print_folder(const json_t *run)
{
    const json_t *method = json_object_get(run, "method"), *stack = json_object_get(run, "stack");
    if (method) print_method(run, method);
    if (!stack) return;
    print_columns(stack);
    printf("chosen by inner folds%s:\n", json_is_true(json_object_get(run, "weigh")) ? ", weights of columns" : "");
    print_chosen(run, true);
}
