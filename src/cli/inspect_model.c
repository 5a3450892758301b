/* SPDX-License-Identifier: MIT */
#include "cli/inspect_model.h"
#include "cli/inspect_rival.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "core/safetensors.h"
#include "study/studyrun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a model ---- */

static const char *const type_name[] = {"F32", "F64", "I64", "U64", "U8"}; /* by TensorType */

static json_t *shape_json(const Tensor *t)
{
    json_t *shape = json_array();
    for (int d = 0; d < t->n_dim; d++) json_array_append_new(shape, json_integer(t->shape[d]));
    return shape;
}

static json_t *tensors_json(const TensorFile *file, int64_t *n_params)
{
    json_t *list = json_array();
    *n_params = 0;
    for (int k = 0; k < file->n; k++) {
        const Tensor *t = &file->tensor[k];
        int64_t size = 1;
        for (int d = 0; d < t->n_dim; d++) size *= t->shape[d];
        *n_params += size;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o}", "name", t->name, "type", type_name[t->type], "shape", shape_json(t)));
    }
    return list;
}

/* Hashes say nothing to a reader; their number does. */
static void count_bags(json_t *model)
{
    json_t *bags = json_object_get(model, "bag_hash"), *count = json_object(), *list;
    const char *part;
    json_object_foreach(bags, part, list)
    {
        json_object_set_new(count, part, json_integer((json_int_t)json_array_size(list)));
    }
    json_object_set_new(model, "bags_seen", count);
    json_object_del(model, "bag_hash");
}

static Status model_json(json_t **out, const char *path)
{
    TensorFile file;
    int64_t n_params;
    TRY(safetensors_read(&file, path));
    json_t *model = file.hopsack ? json_loads(file.hopsack, 0, NULL) : json_object();
    if (!json_is_object(model)) {
        json_decref(model);
        safetensors_free(&file);
        return fail(ERR_MODEL, "%s: its hopsack metadata is no JSON object", path);
    }
    if (file.hopsack) count_bags(model);
    json_object_set_new(model, "tensors", tensors_json(&file, &n_params));
    json_object_set_new(model, "parameters", json_integer(n_params));
    safetensors_free(&file);
    *out = model;
    return OK;
}

static void print_parts(const json_t *parts)
{
    const char *name;
    const json_t *scores;
    json_object_foreach((json_t *)(size_t)parts, name, scores)
    {
        scores_print(stdout, name, scores);
    }
}

/* ", calibrated: logit 0.935 * output + 0.768, operating point at output -0.137" */
static void print_settled(const json_t *task)
{
    const json_t *calibration = json_object_get(task, "calibration"), *cutoff = json_object_get(task, "cutoff");
    if (calibration)
        printf(", calibrated: logit %.4g * output + %.4g", json_number_value(json_object_get(calibration, "slope")),
               json_number_value(json_object_get(calibration, "shift")));
    if (cutoff) printf(", operating point at output %.4g", json_number_value(cutoff));
}

/* Of a lookup in the training set: whoever has the file has the samples. */
static void print_stored(const json_t *model)
{
    size_t k;
    const json_t *tensor;
    json_array_foreach(json_object_get(model, "tensors"), k, tensor)
    {
        if (strcmp(jsontext_field(tensor, "name"), "layers.0.stored_patterns") != 0) continue;
        printf("the file holds %lld training samples with their labels (model.layers: stored: training)\n",
               (long long)json_integer_value(json_array_get(json_object_get(tensor, "shape"), 0)));
    }
}

static void print_facts(const json_t *model)
{
    size_t k;
    const json_t *task, *bags = json_object_get(model, "bags_seen");
    printf("hopsack %s, ", jsontext_field(model, "version"));
    if (!json_object_get(model, "rival"))
        printf("kept at update %lld, ", (long long)json_integer_value(json_object_get(model, "update")));
    printf("seen %lld training and %lld validation bags\n",
           (long long)json_integer_value(json_object_get(bags, "train")),
           (long long)json_integer_value(json_object_get(bags, "validation")));
    print_stored(model);
    printf("bags of %s, alphabet %s, region %s\n", jsontext_field(model, "kind"), jsontext_field(model, "alphabet"),
           *jsontext_field(model, "region") ? jsontext_field(model, "region") : "unknown");
    json_array_foreach(json_object_get(model, "tasks"), k, task)
    {
        printf("task %s: %s, column '%s'", jsontext_field(task, "name"), jsontext_field(task, "kind"),
               jsontext_field(task, "column"));
        if (json_is_string(json_object_get(task, "positive")))
            printf(", positive '%s'", jsontext_field(task, "positive"));
        print_settled(task);
        printf("\n");
    }
    print_parts(json_object_get(model, "metrics"));
}

static void print_checkpoint(const json_t *model)
{
    const json_t *state = json_object_get(model, "checkpoint");
    const long long kept = json_integer_value(json_object_get(state, "kept_update"));
    const json_t *loss = json_object_get(state, "kept_loss");
    printf("hopsack %s, checkpoint of update %lld after %.1f s; model/ is that state,",
           jsontext_field(model, "version"), (long long)json_integer_value(json_object_get(state, "update")),
           json_number_value(json_object_get(state, "seconds")));
    if (kept == 0)
        printf(" best/ is empty: no evaluation has chosen a state\n");
    else if (json_is_number(loss))
        printf(" best/ that of update %lld, validation loss %.5g\n", kept, json_number_value(loss));
    else
        printf(" best/ that of update %lld\n", kept);
}

static void print_tensors(const json_t *model)
{
    size_t k, d;
    const json_t *tensor, *size;
    printf("\n%-56s %-5s shape\n", "tensor", "type");
    json_array_foreach(json_object_get(model, "tensors"), k, tensor)
    {
        printf("%-56s %-5s [", jsontext_field(tensor, "name"), jsontext_field(tensor, "type"));
        json_array_foreach(json_object_get(tensor, "shape"), d, size)
        {
            printf("%s%lld", d ? ", " : "", (long long)json_integer_value(size));
        }
        printf("]\n");
    }
    printf("%lld parameters\n", (long long)json_integer_value(json_object_get(model, "parameters")));
}

static void print_model(const json_t *model)
{
    if (json_object_get(model, "checkpoint"))
        print_checkpoint(model);
    else if (json_object_get(model, "version"))
        print_facts(model);
    else
        printf("tensors of another program: no hopsack metadata\n");
    print_tensors(model);
}

/* Of another method: its choice and its features say more than a network's settings. */
static Status add_rival(json_t *model, const char *path)
{
    json_t *facts;
    if (!json_object_get(model, "rival")) return OK;
    TRY(inspect_rival_model(&facts, path));
    json_object_set_new(model, "rival", facts);
    return OK;
}

Status inspect_model(const char *path, bool json)
{
    json_t *model = NULL, *shown;
    TRY(model_json(&model, path));
    Status status = add_rival(model, path);
    if (status != OK) {
        json_decref(model);
        return status;
    }
    if (json) return print_json(model);
    status = print_escaped(&shown, model);
    if (status == OK) {
        const json_t *rival = json_object_get(shown, "rival");
        printf("model ");
        print_lines(stdout, path);
        print_model(shown);
        if (rival) inspect_rival_print(rival);
        if (!rival && json_object_get(model, "config")) printf("\nconfig\n");
        if (!rival) print_lines(stdout, jsontext_field(model, "config"));
        json_decref(shown);
    }
    json_decref(model);
    return status;
}

/* ---- a run ---- */

static const char *const run_files[] = {"config.yaml",
                                        "manifest.json",
                                        "metrics.jsonl",
                                        "bags.tsv",
                                        "splits.tsv",
                                        "model.safetensors",
                                        "summary.json",
                                        "summary.md",
                                        "predictions.tsv",
                                        "inner.tsv",
                                        "trials.tsv",
                                        "stack.json",
                                        "kmers.tsv",
                                        "checkpoint.safetensors",
                                        NULL};

static json_t *files_json(const char *folder)
{
    char path[PATH_ROOM];
    json_t *list = json_array();
    for (const char *const *file = run_files; *file; file++)
        if (file_exists_in(path, folder, *file)) json_array_append_new(list, json_string(*file));
    return list;
}

/* The summary, or {} of a run that has not ended, with what stands in the folder. */
static Status run_json(json_t **out, const char *folder)
{
    char path[PATH_ROOM];
    json_error_t error;
    const bool finished = file_exists_in(path, folder, "summary.json");
    json_t *run = finished ? NULL : json_object();
    if (finished) TRY(jsontext_load(&run, path, &error));
    if (!json_is_object(run)) {
        json_decref(run);
        return fail(ERR_FORMAT, "%s:%d: not the summary of a run: %s", path, error.line, error.text);
    }
    json_object_set_new(run, "finished", json_boolean(finished));
    json_object_set_new(run, "files", files_json(folder));
    const Status status = inspect_rival_folder(run, folder);
    if (status != OK) {
        json_decref(run);
        return status;
    }
    if (!finished && json_array_size(json_object_get(run, "files")) == 0) {
        json_decref(run);
        TRY(studyrun_refuse(folder));
        return fail(ERR_FORMAT, "%s: neither a run nor a dataset nor a model", folder);
    }
    *out = run;
    return OK;
}

/* The k-mers that kernels started from; nothing of a run that does not start so. */
static void print_start(const json_t *run)
{
    const json_t *list = json_object_get(json_object_get(run, "start"), "kmers"), *kmer;
    size_t k;
    if (!list) return;
    printf("kernels started from %zu k-mers", json_array_size(list));
    json_array_foreach(list, k, kmer)
    {
        printf("%s %s", k ? "" : ":", json_string_value(kmer));
    }
    printf("\n");
}

static void print_files(const json_t *run)
{
    size_t k;
    const json_t *file;
    printf("files:");
    json_array_foreach(json_object_get(run, "files"), k, file)
    {
        printf(" %s", json_string_value(file));
    }
    printf("\n");
}

static void print_train(const json_t *run)
{
    printf("hopsack %s, fold %lld, %lld updates, kept that of update %lld, %lld parameters\n",
           jsontext_field(run, "version"), (long long)json_integer_value(json_object_get(run, "fold")),
           (long long)json_integer_value(json_object_get(run, "updates")),
           (long long)json_integer_value(json_object_get(run, "kept_update")),
           (long long)json_integer_value(json_object_get(run, "parameters")));
    print_parts(json_object_get(run, "parts"));
}

static void print_ensemble(const json_t *run)
{
    printf("hopsack %s, fold %lld, the mean of %lld models of %lld parameters\n", jsontext_field(run, "version"),
           (long long)json_integer_value(json_object_get(run, "fold")),
           (long long)json_integer_value(json_object_get(run, "models")),
           (long long)json_integer_value(json_object_get(run, "parameters")));
    print_parts(json_object_get(run, "parts"));
}

/* What folds chose; nothing of a run without a search. */
static void print_search(const json_t *run)
{
    const json_t *search = json_object_get(run, "search"), *list = json_object_get(search, "chosen"), *trial;
    size_t k;
    if (!search) return;
    printf("search (%s): %lld trials on %lld inner folds of each fold; chosen:\n", jsontext_field(search, "kind"),
           (long long)json_integer_value(json_object_get(search, "trials")),
           (long long)json_integer_value(json_object_get(search, "inner_folds")));
    json_array_foreach(list, k, trial)
    {
        const char *settings = jsontext_field(trial, "settings");
        printf("  trial %lld in %lld fold%s: %s\n", (long long)json_integer_value(json_object_get(trial, "trial")),
               (long long)json_integer_value(json_object_get(trial, "folds")),
               number_plural(json_integer_value(json_object_get(trial, "folds"))),
               *settings ? settings : "the config as it is");
    }
}

static void print_crossval(const json_t *run)
{
    const long long n_model = json_integer_value(json_object_get(run, "n_models"));
    printf("hopsack %s, cross-validation: repetitions %lld, folds %lld", jsontext_field(run, "version"),
           (long long)json_integer_value(json_object_get(run, "n_repeats")),
           (long long)json_integer_value(json_object_get(run, "n_folds")));
    if (n_model > 1) printf(", each the mean of %lld models", n_model);
    printf("\n");
    scores_print_crossval(stdout, NULL, run);
    scores_print_chance(stdout, run);
    print_search(run);
}

static void print_methods(const json_t *run)
{
    printf("hopsack %s, methods of hopsack baseline\n", jsontext_field(run, "version"));
    scores_print_methods(stdout, json_object_get(run, "methods"));
}

static void print_run(const json_t *run)
{
    if (json_is_true(json_object_get(run, "finished"))) {
        if (json_object_get(run, "methods"))
            print_methods(run);
        else if (json_object_get(run, "tasks"))
            print_crossval(run);
        else if (json_object_get(run, "models"))
            print_ensemble(run);
        else
            print_train(run);
        printf("%.1f s, %.1f MB peak\n", json_number_value(json_object_get(run, "seconds")),
               json_number_value(json_object_get(run, "peak_memory")) / 1e6);
    } else
        printf("not finished\n");
    print_start(run);
    inspect_rival_print_folder(run);
    print_files(run);
}

Status inspect_model_run(const char *folder, bool json)
{
    json_t *run = NULL, *shown;
    TRY(run_json(&run, folder));
    if (json) return print_json(run);
    const Status status = print_escaped(&shown, run);
    json_decref(run);
    TRY(status);
    printf("run ");
    print_lines(stdout, folder);
    print_run(shown);
    json_decref(shown);
    return OK;
}
