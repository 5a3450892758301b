/* SPDX-License-Identifier: MIT */
#include "cv/taskmeans.h"
#include "cohort/task.h"
#include "core/jsontext.h"
#include "cv/foldrates.h"
#include "cv/foldspread.h"

#include <math.h>
#include <stdlib.h>

/* Of a fold; NaN: no task has an AUC there. */
static double fold_mean(const json_t *fold, const Target *target, int n_task)
{
    double sum = 0;
    int n = 0;
    for (int k = 0; k < n_task; k++) {
        const json_t *auc = json_object_get(foldrates_test(fold, target[k].name), "auc");
        if (!task_of(&target[k])->has_auc || !json_is_number(auc)) continue;
        sum += json_number_value(auc);
        n++;
    }
    return n > 0 ? sum / n : NAN;
}

static json_t *list_folds(const double *value, int n_repeat, int n_fold)
{
    json_t *out = json_array();
    for (int r = 0; r < n_repeat; r++) {
        json_t *folds = json_array();
        for (int f = 0; f < n_fold; f++) json_array_append_new(folds, jsontext_real(value[r * n_fold + f]));
        json_array_append_new(out, folds);
    }
    return out;
}

/* value [n_repeat · n_fold], means [n_repeat] */
static void add(json_t *summary, const double *value, double *means, int n_repeat, int n_fold)
{
    for (int r = 0; r < n_repeat; r++) means[r] = foldspread_of(value + r * n_fold, n_fold).mean;
    const FoldSpread folds = foldspread_of(value, n_repeat * n_fold), repeats = foldspread_of(means, n_repeat);
    json_object_set_new(summary, "auc_mean_tasks", jsontext_real(repeats.mean));
    json_object_set_new(summary, "auc_mean_tasks_std_folds", jsontext_real(folds.std));
    json_object_set_new(summary, "auc_mean_tasks_std_repeats", jsontext_real(repeats.std));
    json_object_set_new(summary, "auc_mean_tasks_folds", list_folds(value, n_repeat, n_fold));
}

Status taskmeans_add(json_t *summary, json_t *const *fold, int n_repeat, int n_fold, const Target *target, int n_task)
{
    int n = 0;
    const int n_job = n_repeat * n_fold;
    for (int k = 0; k < n_task; k++) n += task_of(&target[k])->has_auc;
    if (n < 2) return OK;
    double *value = malloc(((size_t)n_job + (size_t)n_repeat) * sizeof *value);
    if (!value) return fail(ERR_MEMORY, "no memory for the means of %d folds", n_job);
    for (int job = 0; job < n_job; job++) value[job] = fold_mean(fold[job], target, n_task);
    add(summary, value, value + n_job, n_repeat, n_fold);
    free(value);
    return OK;
}
