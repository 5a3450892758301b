/* SPDX-License-Identifier: MIT
 *
 * predictor_tree.c: from words to model files. Nothing is read but JSON; each file is listed once, however many folds or tasks
 * ask for it.
 */
#include "core/file.h"
#include "core/jsontext.h"
#include "cv/foldjob.h"
#include "study/predictor_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 8 /* stacks of stacks */

/* ---- kinds of folders ---- */

static bool holds(const char *folder, const char *name)
{
    char path[PATH_ROOM];
    return file_exists_in(path, folder, name);
}

bool predictor_tree_is_stack(const char *folder)
{
    return holds(folder, "stack.json");
}

bool predictor_tree_is_method(const char *folder)
{
    return holds(folder, "models") && holds(folder, "predictions.tsv");
}

static Status load(json_t **out, const char *folder, const char *name)
{
    char path[PATH_ROOM];
    if (!path_join(path, folder, name)) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    TRY(jsontext_load(out, path, NULL));
    return *out ? OK : fail(ERR_MODEL, "%s is missing, or no JSON", path);
}

/* ---- nodes ---- */

static void free_node(PredictorNode *n)
{
    if (!n) return;
    for (int k = 0; k < n->n_child; k++) free_node(n->child[k]);
    free(n->child);
    free(n->model);
    free(n->room);
    free(n->name);
    free(n);
}

static Status new_node(PredictorNode **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the models");
    (*out)->slope = 1;
    (*out)->cutoff = NAN;
    return OK;
}

static Status add_path(int *number, PredictorTree *t, const char *path)
{
    for (*number = 0; *number < t->n_path; (*number)++)
        if (strcmp(t->path[*number], path) == 0) return OK;
    char **grown = realloc(t->path, ((size_t)t->n_path + 1) * sizeof *grown), *copy = strdup(path);
    if (grown) t->path = grown;
    if (grown && copy) {
        t->path[t->n_path++] = copy;
        return OK;
    }
    free(copy);
    return fail(ERR_MEMORY, "no memory for %d models", t->n_path + 1);
}

static Status add_model(PredictorNode *n, PredictorTree *t, const char *path)
{
    int *grown = realloc(n->model, ((size_t)n->n_model + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d models", t->n_path + 1);
    n->model = grown;
    if (!file_exists(path)) return fail(ERR_MODEL, "%s is missing", path);
    return add_path(&n->model[n->n_model++], t, path);
}

/* Where something is asked for: an outer fold of a task. */
typedef struct {
    int repeat, fold, task, depth;
} VoicePlace;

static Status method_node(PredictorNode *n, PredictorTree *t, const char *folder, VoicePlace at)
{
    char models[PATH_ROOM], path[PATH_ROOM], name[RIVALFILE_NAME];
    rivalfile_name(name, at.repeat, at.fold, at.task);
    if (!path_join(models, folder, "models") || !path_join(path, models, name))
        return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    return add_model(n, t, path);
}

/* The network of a fold, or those of its ensemble. */
static Status run_node(PredictorNode *n, PredictorTree *t, const char *folder, VoicePlace at)
{
    char path[PATH_ROOM];
    json_t *summary;
    if (!holds(folder, "rep00"))
        return fail(ERR_MODEL,
                    "%s: its models are not there (folder models of a method, rep00 of a run); bring them back, or "
                    "run it again",
                    folder);
    TRY(load(&summary, folder, "summary.json"));
    const int n_model = (int)json_integer_value(json_object_get(summary, "n_models"));
    json_decref(summary);
    for (int m = n_model > 1 ? 0 : -1; m < (n_model > 1 ? n_model : 0); m++) {
        TRY(foldjob_path(path, folder, (FoldJob){.repeat = at.repeat, .fold = at.fold, .model = m},
                         "model.safetensors"));
        TRY(add_model(n, t, path));
    }
    return OK;
}

/* ---- stacks ---- */

static int whole(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int)json_integer_value(value) : -1;
}

static const json_t *find_fold(const json_t *task, VoicePlace at)
{
    size_t k;
    json_t *fold;
    json_array_foreach(json_object_get(task, "folds"), k, fold)
    {
        if (whole(fold, "repeat") == at.repeat && whole(fold, "fold") == at.fold) return fold;
    }
    return NULL;
}

static Status column_folder(char path[PATH_ROOM], const char *folder, const json_t *columns, size_t k)
{
    const json_t *column = json_array_get(columns, k);
    const char *way = json_string_value(json_object_get(column, "path"));
    if (!way) return fail(ERR_MODEL, "%s/stack.json: is damaged: there is no column %zu", folder, k);
    if (*way == '/') snprintf(path, PATH_ROOM, "%s", way);
    if (*way != '/' && !path_join(path, folder, way)) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    if (file_is_folder(path)) return OK;
    return fail(
        ERR_IO,
        "%s: the column %s of the stack %s is not there; a stack needs its columns where they were as seen from "
        "it, so move both together",
        path, jsontext_field(column, "name"), folder);
}

static Status node_of(PredictorNode **out, PredictorTree *t, const char *folder, VoicePlace at);

/* A column of a stack that is a column has its name there. */
static Status name_node(PredictorNode *node, const json_t *columns, size_t k)
{
    if (node->name) return OK;
    node->name = strdup(jsontext_field(json_array_get(columns, k), "name"));
    return node->name ? OK : fail(ERR_MEMORY, "no memory for the columns");
}

static Status read_list(double *out, const json_t *list, int n, const char *folder)
{
    for (int k = 0; k < n; k++) {
        const json_t *value = json_array_get(list, (size_t)k);
        if (!json_is_number(value)) return fail(ERR_MODEL, "%s/stack.json: is damaged: weights are missing", folder);
        out[k] = json_number_value(value);
    }
    return OK;
}

/* Room for a blend of n columns with n_out outputs. */
static Status reserve_blend(PredictorNode *node, size_t n, size_t n_out)
{
    node->child = calloc(n + 1, sizeof(PredictorNode *));
    node->room = calloc(2 * n + n * n_out + n_out + 1, sizeof *node->room);
    if (!node->child || !node->room) return fail(ERR_MEMORY, "no memory for %zu columns", n);
    node->blend.weight = node->room;
    node->blend.scale = node->blend.weight + n;
    node->blend.shift = node->blend.scale + n;
    node->blend.bias = node->blend.shift + n * n_out;
    return OK;
}

static Status blend_node(PredictorNode *node, PredictorTree *t, const char *folder, const json_t *stack,
                         const json_t *weights, VoicePlace at)
{
    const json_t *columns = json_object_get(stack, "columns"), *bias = json_object_get(weights, "bias");
    const int n_out = (int)json_array_size(bias);
    if (n_out < 1 || n_out > TARGET_CLASSES) return fail(ERR_MODEL, "%s/stack.json: is damaged: no bias", folder);
    TRY(reserve_blend(node, json_array_size(columns), (size_t)n_out));
    TRY(read_list(node->blend.bias, bias, n_out, folder));
    for (size_t k = 0; k < json_array_size(columns); k++) {
        const json_t *column = json_array_get(json_object_get(weights, "columns"), k);
        char path[PATH_ROOM];
        TRY(read_list(node->blend.shift + k * (size_t)n_out, json_object_get(column, "shift"), n_out, folder));
        node->blend.weight[k] = jsontext_number(column, "weight");
        node->blend.scale[k] = jsontext_number(column, "scale");
        TRY(column_folder(path, folder, columns, k));
        TRY(node_of(&node->child[k], t, path, at));
        node->n_child++;
        TRY(name_node(node->child[k], columns, k));
    }
    return OK;
}

/* On top of what a stack that is a column itself did. */
static Status calibrate(PredictorNode *node, const char *folder, const json_t *calibration)
{
    double by[2];
    if (!calibration) return OK;
    TRY(read_list(by, calibration, 2, folder));
    node->slope *= by[0];
    node->shift = by[0] * node->shift + by[1];
    return OK;
}

static Status stack_node(PredictorNode **out, PredictorTree *t, const char *folder, const json_t *stack,
                         VoicePlace at)
{
    const json_t *task = json_array_get(json_object_get(stack, "tasks"), (size_t)at.task),
                 *fold = find_fold(task, at);
    const json_t *columns = json_object_get(stack, "columns"), *weights = json_object_get(fold, "weights");
    const int column = whole(fold, "column");
    char path[PATH_ROOM];
    if (json_is_object(weights)) {
        TRY(new_node(out));
        TRY(blend_node(*out, t, folder, stack, weights, at));
    } else if (column >= 0) {
        TRY(column_folder(path, folder, columns, (size_t)column));
        TRY(node_of(out, t, path, at));
        TRY(name_node(*out, columns, (size_t)column));
        TRY(calibrate(*out, folder, json_object_get(fold, "calibration")));
    } else
        return fail(ERR_MODEL, "%s/stack.json: is damaged: nothing is chosen for repetition %d, fold %d", folder,
                    at.repeat, at.fold);
    const json_t *cutoff = json_object_get(fold, "cutoff");
    (*out)->cutoff = json_is_number(cutoff) ? json_number_value(cutoff) : NAN;
    return OK;
}

/* *out is the caller's, also where it fails half-built. */
static Status node_of(PredictorNode **out, PredictorTree *t, const char *folder, VoicePlace at)
{
    *out = NULL;
    if (predictor_tree_is_stack(folder)) {
        json_t *stack;
        if (at.depth++ > DEPTH_MOST)
            return fail(ERR_MODEL, "%s: stacks of stacks go deeper than %d", folder, DEPTH_MOST);
        TRY(load(&stack, folder, "stack.json"));
        const Status status = stack_node(out, t, folder, stack, at);
        json_decref(stack);
        return status;
    }
    TRY(new_node(out));
    return predictor_tree_is_method(folder) ? method_node(*out, t, folder, at) : run_node(*out, t, folder, at);
}

/* ---- words ---- */

static Status add_voice(PredictorTree *t, PredictorVoice **out, VoicePlace at)
{
    PredictorVoice *grown = realloc(t->voice, ((size_t)t->n_voice + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d models", t->n_voice + 1);
    t->voice = grown;
    *out = &t->voice[t->n_voice++];
    **out = (PredictorVoice){.repeat = at.repeat, .fold = at.fold, .task = at.task};
    return OK;
}

static Status add_fold(PredictorTree *t, const char *folder, VoicePlace at)
{
    PredictorVoice *voice = NULL;
    TRY(add_voice(t, &voice, at));
    voice->is_method = !predictor_tree_is_stack(folder);
    return node_of(&voice->node, t, folder, at);
}

static Status name_tasks(PredictorTree *t, const json_t *tasks)
{
    const char *name;
    json_t *unused;
    t->task_name = calloc(json_object_size(tasks) + 1, sizeof *t->task_name);
    if (!t->task_name) return fail(ERR_MEMORY, "no memory for the tasks");
    json_object_foreach((json_t *)(size_t)tasks, name, unused)
    {
        t->task_name[t->n_task] = strdup(name);
        if (!t->task_name[t->n_task]) return fail(ERR_MEMORY, "no memory for the tasks");
        t->n_task++;
    }
    return OK;
}

/* Folds that had no test bag (of a table of parts) have no model in a stack. */
static Status add_stack(PredictorTree *t, const char *folder)
{
    json_t *stack, *task, *fold;
    size_t k, i;
    TRY(load(&stack, folder, "stack.json"));
    Status status = OK;
    json_array_foreach(json_object_get(stack, "tasks"), k, task)
    {
        json_array_foreach(json_object_get(task, "folds"), i, fold)
        {
            const VoicePlace at = {whole(fold, "repeat"), whole(fold, "fold"), (int)k, 0};
            if (status == OK && (json_object_get(fold, "column") || json_object_get(fold, "weights")))
                status = add_fold(t, folder, at);
        }
    }
    json_decref(stack);
    return status;
}

static Status add_method(PredictorTree *t, const char *folder, const json_t *summary)
{
    const int n_repeat = whole(summary, "n_repeats"), n_fold = whole(summary, "n_folds");
    if (n_repeat < 1 || n_fold < 1)
        return fail(ERR_MODEL, "%s: this method has not ended; hopsack baseline ends it", folder);
    for (int task = 0; task < t->n_task; task++)
        for (int r = 0; r < n_repeat; r++)
            for (int f = 0; f < n_fold; f++) TRY(add_fold(t, folder, (VoicePlace){r, f, task, 0}));
    return OK;
}

static Status add_file(PredictorTree *t, const char *path)
{
    PredictorVoice *voice = NULL;
    TRY(add_voice(t, &voice, (VoicePlace){0, 0, -1, 0}));
    voice->is_method = true;
    TRY(new_node(&voice->node));
    return add_model(voice->node, t, path);
}

static Status add_word(PredictorTree *t, const char *word)
{
    json_t *summary;
    if (!file_is_folder(word)) return add_file(t, word);
    TRY(load(&summary, word, "summary.json"));
    t->n_folder++;
    Status status = t->n_task ? OK : name_tasks(t, json_object_get(summary, "tasks"));
    if (status == OK) status = predictor_tree_is_stack(word) ? add_stack(t, word) : add_method(t, word, summary);
    json_decref(summary);
    return status;
}

Status predictor_tree_find(PredictorTree **out, const char *const *word, int n_word)
{
    PredictorTree *t = *out = calloc(1, sizeof **out);
    if (!t) return fail(ERR_MEMORY, "no memory for the models");
    for (int k = 0; k < n_word; k++) TRY(add_word(t, word[k]));
    return t->n_path > 0 ? OK : fail(ERR_MODEL, "%s: holds no model", word[0]);
}

void predictor_tree_free(PredictorTree *t)
{
    if (!t) return;
    for (int k = 0; k < t->n_path; k++) free(t->path[k]);
    for (int k = 0; k < t->n_voice; k++) free_node(t->voice[k].node);
    for (int k = 0; k < t->n_task; k++) free(t->task_name[k]);
    for (int k = 0; k < t->n_group; k++) {
        if (t->group[k].applier) t->group[k].rival->apply_close(t->group[k].applier);
        free(t->group[k].model);
        free(t->group[k].output);
    }
    for (int k = 0; k < BAGFILE_COUNTS; k++) cache_close(t->cache[k]);
    free(t->path), free(t->voice), free(t->task_name), free(t->rival), free(t->record);
    free(t->target_of), free(t->group), free(t->value), free(t->is_needed), free(t->is_out), free(t->n_used);
    free(t);
}
