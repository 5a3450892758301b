/* SPDX-License-Identifier: MIT */
#include "cv/foldlist.h"
#include "cohort/innerparts.h"
#include "core/log.h"
#include "run/configsearch.h"

#include <stdlib.h>

Status foldlist_at(Status status, FoldJob job)
{
    return status == OK ? OK : fail_at(status, "repetition %d, fold %d", job.repeat, job.fold);
}

static FoldJob fold_of(const FoldList *list, int fold)
{
    return (FoldJob){.repeat = fold / list->n_fold, .fold = fold % list->n_fold, .model = -1};
}

static void report_few(const Dataset *dataset, int n_few, FoldJob first)
{
    if (n_few)
        log_warn(
            "%s: in %d fold%s (the first: repetition %d, fold %d) the smallest class has too few bags or groups for "
            "two inner folds, so %s",
            bagfile_path(dataset->cohort.file), n_few, n_few == 1 ? "" : "s", first.repeat, first.fold,
            configsearch_is_on(dataset->config) ? "nothing can be chosen there and the first trial is taken"
                                                : "no inner training predicts them");
}

/* On permuted labels the other inner folds may lack a class: then there are none. */
static Status check_inner(int *n_inner, Dataset *dataset, FoldJob job)
{
    for (job.inner = 1; job.inner <= *n_inner; job.inner++) {
        FoldConfig own;
        Partition parts;
        foldjob_config(&own, dataset->config, job);
        const Status status = innerparts_make(&parts, &dataset->folds, &own.config.splits);
        if (status == OK) partition_free(&parts);
        if (status == ERR_FORMAT) *n_inner = 0;
        if (status != OK && status != ERR_FORMAT) return status;
    }
    return OK;
}

/* Jobs of an inner fold, in all rungs. */
static int jobs_each(const FoldList *list)
{
    int n = 0;
    for (int k = 0; k < list->rungs.n; k++) n += list->rungs.width[k];
    return n ? n : list->n_model;
}

static Status count_inner(FoldList *list, Dataset *dataset)
{
    const InnerPlace place = {0, configsearch_inner(dataset->config)};
    const int each = jobs_each(list);
    int n_few = 0;
    FoldJob first = {0};
    for (int f = 0; place.n && f < list->n_repeat * list->n_fold; f++) {
        const FoldJob job = fold_of(list, f);
        Status status = innerparts_draw(NULL, &list->n_inner[f], &dataset->folds, &place, job.repeat, job.fold);
        TRY(foldlist_at(status, job));
        TRY(foldlist_at(check_inner(&list->n_inner[f], dataset, job), job));
        if (list->n_inner[f] == 0 && n_few++ == 0) first = job;
        if (list->n_inner[f] > (INT32_MAX - list->n) / each)
            return fail(ERR_CONFIG, "%d inner folds of each fold are too many", place.n);
        list->n += list->n_inner[f] * each;
    }
    report_few(dataset, n_few, first);
    return OK;
}

static void add_models(FoldList *list, FoldJob job)
{
    for (int m = 0; m < list->n_model; m++) {
        job.model = list->n_model > 1 ? m : -1;
        list->job[list->n++] = job;
    }
}

/* In the first rung the places are the trials. */
static void add_trials(FoldList *list, FoldJob job, int rung)
{
    job.rung = rung + 1 < list->rungs.n ? rung + 1 : 0;
    for (job.slot = 1; job.slot <= list->rungs.width[rung]; job.slot++) {
        job.trial = rung == 0 ? job.slot : 0;
        list->job[list->n++] = job;
    }
}

static void add_throughout(FoldList *list, FoldJob job)
{
    for (job.slot = 1; job.slot <= list->rungs.width[0]; job.slot++) {
        job.trial = job.slot;
        list->job[list->n++] = job;
    }
}

/* The inner folds: the trials of a rung; -1: models. */
static void list_inner(FoldList *list, int rung)
{
    for (int f = 0; f < list->n_repeat * list->n_fold; f++)
        for (int i = 1; i <= list->n_inner[f]; i++) {
            FoldJob job = fold_of(list, f);
            job.inner = i;
            if (rung >= 0)
                add_trials(list, job, rung);
            else
                add_models(list, job);
        }
}

static void list_jobs(FoldList *list)
{
    const int n_fold = list->n_repeat * list->n_fold;
    list->n = 0;
    for (int f = 0; f < n_fold; f++) add_models(list, fold_of(list, f));
    list->n_outer = list->n;
    if (list->rungs.n == 0) list_inner(list, -1);
    for (int rung = 0; rung < list->rungs.n; rung++) {
        list->rung_at[rung] = list->n;
        list_inner(list, rung);
    }
    list->rung_at[list->rungs.n] = list->n;
    for (int f = 0; list->throughout && f < n_fold; f++) add_throughout(list, fold_of(list, f));
}

Status foldlist_new(FoldList *out, Dataset *dataset, const Rungs *rungs, bool throughout)
{
    const Folds *folds = &dataset->folds;
    *out = (FoldList){.n_repeat = folds->n_repeat,
                      .n_fold = folds->n_fold,
                      .n_model = dataset->config->crossval.ensemble,
                      .rungs = *rungs,
                      .throughout = throughout && rungs->n > 0};
    if (out->n_repeat > INT32_MAX / out->n_fold / out->n_model)
        return fail(ERR_CONFIG, "splits: %d repetitions of %d folds are too many", out->n_repeat, out->n_fold);
    const int n_fold = out->n_repeat * out->n_fold;
    out->n = n_fold * out->n_model;
    out->n_inner = calloc((size_t)n_fold + 1, sizeof *out->n_inner);
    if (!out->n_inner) return fail(ERR_MEMORY, "no memory for %d folds", n_fold);
    for (int f = 0; f < n_fold; f++) { /* costs nothing, so all folds come before contents are compared */
        const FoldJob job = fold_of(out, f);
        TRY(foldlist_at(partition_check(folds, job.repeat, job.fold), job));
    }
    TRY(count_inner(out, dataset));
    if (out->throughout && out->rungs.width[0] > (INT32_MAX - out->n) / n_fold)
        return fail(ERR_CONFIG, "%d trials in %d folds are too many", out->rungs.width[0], n_fold);
    if (out->throughout) out->n += n_fold * out->rungs.width[0];
    out->job = calloc((size_t)out->n + 1, sizeof *out->job);
    if (!out->job) return fail(ERR_MEMORY, "no memory for %d trainings", out->n);
    list_jobs(out);
    return OK;
}

void foldlist_free(FoldList *list)
{
    free(list->job);
    free(list->n_inner);
    *list = (FoldList){0};
}

int foldlist_each(const FoldList *list, int number)
{
    const FoldJob job = list->job[number];
    if (job.slot == 0) return list->n_model;
    if (job.inner == 0) return list->rungs.width[0];
    return list->rungs.width[job.rung > 0 ? job.rung - 1 : list->rungs.n - 1];
}
