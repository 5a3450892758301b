/* SPDX-License-Identifier: MIT */
#include "study/baseline_files.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "cv/crossval_folder.h"
#include "cv/tally.h"
#include "run/predictions.h"
#include "run/record.h"
#include "run/run.h"
#include "run/runfolder.h"

#include <stdio.h>
#include <stdlib.h>

/* [n, n_task] of a method in a repetition. */
static const real *outputs(const BaselineResult *r, int method, int repeat)
{
    const size_t n = (size_t)r->dataset->cohort.n * (size_t)r->in->config->n_task;
    return r->output + ((size_t)method * (size_t)r->n_repeat + (size_t)repeat) * n;
}

/* ---- scores ---- */

/* As a fold's summary.json of crossval. The loss of what is no logit has no meaning. */
static json_t *fold_json(const BaselineResult *r, int method, int job, int *member)
{
    const Partition *g = &r->part[job];
    const char *task;
    json_t *scores;
    int n = 0;
    for (int i = 0; i < g->n; i++)
        if (g->part[i] == PART_TEST) member[n++] = i;
    json_t *test = record_scores(r->dataset->target, &r->dataset->cohort.labels, outputs(r, method, job / r->n_fold),
                                 member, n, r->in->config->seed);
    json_object_foreach(json_object_get(test, "tasks"), task, scores)
    {
        if (!r->in->method[method]->classifier->is_logit) json_object_set_new(scores, "loss", json_null());
    }
    return json_pack("{s:{s:o}, s:f, s:I}", "parts", "test", test, "seconds",
                     r->seconds[(size_t)method * (size_t)(r->n_repeat * r->n_fold) + (size_t)job], "peak_memory",
                     (json_int_t)log_peak_memory());
}

/* The outputs of task k as crossval ranks them: fold after fold. */
static Status rank(FoldAuc *auc, const BaselineResult *r, int method, int k)
{
    const Labels *labels = &r->dataset->cohort.labels;
    const int n_task = r->in->config->n_task;
    TRY(foldauc_new(auc, r->n_repeat, r->n_fold, r->dataset->cohort.n));
    for (int job = 0; job < r->n_repeat * r->n_fold; job++) {
        const Partition *g = &r->part[job];
        const real *output = outputs(r, method, job / r->n_fold);
        for (int i = 0; i < g->n; i++) {
            if (g->part[i] != PART_TEST || labels->mask[i * n_task + k] == 0) continue;
            const int label = labels->target[i * labels->n_out + r->dataset->target[k].at] > (real)0.5;
            TRY(foldauc_add(auc, (FoldRow){(double)output[i * n_task + k], label, i}));
        }
        foldauc_end_fold(auc);
    }
    return OK;
}

static Status sum_method(json_t **out, const BaselineResult *r, int method, json_t **fold, FoldAuc *auc)
{
    const int n_job = r->n_repeat * r->n_fold;
    const TallySetup tally = {
        .config = r->in->config, .target = r->dataset->target, .n_repeat = r->n_repeat, .n_fold = r->n_fold};
    int *member = malloc(((size_t)r->dataset->cohort.n + 1) * sizeof *member);
    bool good = member != NULL;
    for (int job = 0; job < n_job && good; job++) {
        fold[job] = fold_json(r, method, job, member);
        good = fold[job] != NULL;
    }
    free(member);
    if (!good) return fail(ERR_MEMORY, "no memory for the scores of %d folds", n_job);
    for (int k = 0; k < r->in->config->n_task; k++) TRY(rank(&auc[k], r, method, k));
    return tally_sum(out, &tally, fold, auc);
}

static Status add_method(json_t *methods, const BaselineResult *r, int method)
{
    const int n_job = r->n_repeat * r->n_fold, n_task = r->in->config->n_task;
    json_t **fold = calloc((size_t)n_job + 1, sizeof *fold), *summary;
    FoldAuc *auc = calloc((size_t)n_task + 1, sizeof *auc);
    Status status = fold && auc ? OK : fail(ERR_MEMORY, "no memory for the scores of %d folds", n_job);
    if (status == OK) status = sum_method(&summary, r, method, fold, auc);
    if (status == OK) json_object_set_new(methods, r->in->method[method]->name, summary);
    for (int job = 0; fold && job < n_job; job++) json_decref(fold[job]);
    for (int k = 0; auc && k < n_task; k++) foldauc_free(&auc[k]);
    free(fold);
    free(auc);
    return status;
}

Status baseline_sum(json_t **out, const BaselineResult *r)
{
    json_t *methods = json_object();
    double seconds = 0;
    *out = NULL;
    for (int m = 0; m < r->in->n_method; m++) {
        const Status status = add_method(methods, r, m);
        if (status != OK) {
            json_decref(methods);
            return status;
        }
        seconds += json_number_value(json_object_get(json_object_get(methods, r->in->method[m]->name), "seconds"));
    }
    *out = json_pack("{s:s, s:I, s:i, s:i, s:o, s:f, s:I}", "version", HOPSACK_VERSION, "seed",
                     (json_int_t)r->in->config->seed, "n_repeats", r->n_repeat, "n_folds", r->n_fold, "methods",
                     methods, "seconds", seconds, "peak_memory", (json_int_t)log_peak_memory());
    return *out ? OK : fail(ERR_MEMORY, "no memory for the summary");
}

/* ---- files ---- */

static Status write_predictions(const BaselineResult *r, int method, const char *path)
{
    const Cohort *c = &r->dataset->cohort;
    const int n_task = r->in->config->n_task;
    TextOut *out;
    TRY(textout_open(&out, path, true));
    predictions_header(out);
    for (int job = 0; job < r->n_repeat * r->n_fold; job++)
        for (int i = 0; i < c->n; i++) {
            if (r->part[job].part[i] != PART_TEST) continue;
            const Prediction p = {.bag = c->id[i],
                                  .part = part_name[PART_TEST],
                                  .repeat = job / r->n_fold,
                                  .fold = job % r->n_fold,
                                  .target = r->dataset->target,
                                  .n_target = n_task,
                                  .is_rank = !r->in->method[method]->classifier->is_logit,
                                  .output = outputs(r, method, job / r->n_fold) + (size_t)(i * n_task),
                                  .label = c->labels.target + (size_t)(i * n_task),
                                  .mask = c->labels.mask + (size_t)(i * n_task)};
            predictions_write(out, &p);
        }
    return textout_commit(out);
}

static Status write_method(const BaselineResult *r, int method, json_t *summary)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    TRY(runfolder_path(folder, r->in->folder, r->in->method[method]->name));
    TRY(file_make_inside(r->in->folder, r->in->method[method]->name));
    TRY(runfolder_path(path, folder, "predictions.tsv"));
    TRY(write_predictions(r, method, path));
    TRY(runfolder_path(path, folder, "summary.md"));
    TRY(tally_write_table(path, summary));
    return crossval_write_json(folder, "summary.json", summary);
}

/* "0.912", or "–" where it is not defined. */
static void print_score(TextOut *out, const char *before, const json_t *task, const char *key, const char *after)
{
    const json_t *value = json_object_get(task, key);
    if (json_is_number(value))
        textout_printf(out, "%s%.3f%s", before, json_number_value(value), after);
    else
        textout_printf(out, "%s–%s", before, after);
}

static void print_row(TextOut *out, const char *name, const json_t *task)
{
    const json_t *interval = json_object_get(task, "auc_ci95");
    textout_printf(out, "| %s |", name);
    print_score(out, " ", task, "auc_mean", "");
    print_score(out, " | ", task, "auc_std_repeats", "");
    print_score(out, " | ", task, "auc_std_folds", "");
    print_score(out, " | ", task, "auc_pooled", "");
    if (json_is_array(interval))
        textout_printf(out, " | %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
                       json_number_value(json_array_get(interval, 1)));
    else
        textout_printf(out, " | –");
    print_score(out, " | ", task, "accuracy_mean", "");
    textout_printf(out, " | %.1f |\n", json_number_value(json_object_get(task, "seconds")));
}

static void print_task(TextOut *out, const BaselineResult *r, const json_t *summary, const char *task)
{
    const json_t *methods = json_object_get(summary, "methods");
    textout_printf(out, "\n## ");
    textout_text(out, task);
    textout_printf(out, "\n\n| method | AUC | ± repetitions | ± folds | pooled | 95 %% interval | accuracy | "
                        "seconds |\n|---|---|---|---|---|---|---|---|\n");
    for (int m = 0; m < r->in->n_method; m++) {
        const char *name = r->in->method[m]->name;
        const json_t *tasks = json_object_get(json_object_get(methods, name), "tasks");
        print_row(out, name, json_object_get(tasks, task));
    }
}

static Status write_table(const BaselineResult *r, const json_t *summary, const char *path)
{
    TextOut *out;
    TRY(textout_open(&out, path, true));
    textout_printf(out, "# Baselines: %d repetition%s of %d fold%s\n\n", r->n_repeat, r->n_repeat == 1 ? "" : "s",
                   r->n_fold, r->n_fold == 1 ? "" : "s");
    for (int m = 0; m < r->in->n_method; m++)
        textout_printf(out, "* `%s`: %s\n", r->in->method[m]->name, r->in->method[m]->line);
    for (int k = 0; k < r->in->config->n_task; k++) print_task(out, r, summary, r->dataset->target[k].name);
    textout_printf(
        out,
        "\nTrained on all bags outside the test fold, standardised by them. AUC: mean over folds, then over "
        "repetitions.\nhopsack %s, seed %lld.\n",
        json_string_value(json_object_get(summary, "version")),
        (long long)json_integer_value(json_object_get(summary, "seed")));
    return textout_commit(out);
}

static Status begin_folder(const BaselineResult *r)
{
    const CrossvalFolder folder = {.folder = r->in->folder,
                                   .config = r->dataset->config,
                                   .dataset = r->dataset,
                                   .force = r->in->force,
                                   .argc = r->in->argc,
                                   .argv = r->in->argv,
                                   .stop = r->in->stop};
    TRY(crossval_begin(&folder));
    const Folds *f = &r->dataset->folds;
    if (!folds_are_parts(f) || f->n_repeat > 1) return OK;
    Run run = {.metrics = NULL}; /* the splits are one column of parts: as train writes them */
    snprintf(run.folder, sizeof run.folder, "%s", r->in->folder);
    return run_write_splits(&run, &r->dataset->cohort, &r->part[0]);
}

Status baseline_check(const BaselineSetup *setup)
{
    static const char *const files[] = {"", "/predictions.tsv", "/summary.md", "/summary.json", NULL};
    char folder[PATH_ROOM], path[PATH_ROOM + 32];
    for (int m = 0; m < setup->n_method; m++) {
        TRY(runfolder_path(folder, setup->folder, setup->method[m]->name));
        for (const char *const *file = files; *file; file++) {
            snprintf(path, sizeof path, "%s%s", folder, *file);
            TRY(file_check_own(path, file == files));
        }
    }
    return OK;
}

Status baseline_write(const BaselineResult *r, const json_t *summary)
{
    char path[PATH_ROOM];
    const json_t *methods = json_object_get(summary, "methods");
    TRY(begin_folder(r));
    for (int m = 0; m < r->in->n_method; m++)
        TRY(write_method(r, m, json_object_get(methods, r->in->method[m]->name)));
    TRY(runfolder_path(path, r->in->folder, "summary.md"));
    TRY(write_table(r, summary, path));
    return crossval_write_json(r->in->folder, "summary.json", (json_t *)(size_t)summary);
}
