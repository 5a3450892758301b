/* SPDX-License-Identifier: MIT */
#include "cv/foldremarks.h"
#include "run/remarks.h"

static const json_t *scores_of(const json_t *fold, const char *part, const char *task)
{
    return json_object_get(json_object_get(json_object_get(json_object_get(fold, "parts"), part), "tasks"), task);
}

static void add_one_class(json_t *remarks, json_t *const *fold, int n, const char *task)
{
    int folds = 0;
    for (int k = 0; k < n; k++) folds += remarks_one_class(scores_of(fold[k], "test", task));
    if (folds)
        remarks_append(
            remarks,
            "task '%.60s': in %d of %d folds all test bags are predicted to be of one class; look at the AUC, not at "
            "the accuracy",
            task, folds, n);
}

static void add_perfect(json_t *remarks, const char *task, const json_t *tally)
{
    const json_t *mean = json_object_get(tally, "auc_mean");
    const int n_bag = (int)json_integer_value(json_object_get(tally, "n_bags"));
    if (!json_is_number(mean) || json_number_value(mean) < 1 || n_bag < REMARKS_FEW) return;
    remarks_append(remarks,
                   "task '%.60s': a perfect AUC (%d bags) is rare; make sure that it is no leak (hopsack check)",
                   task, n_bag);
}

/* Means over the folds that have both; bags of validation in all of them. */
static void add_gap(json_t *remarks, json_t *const *fold, int n, const char *task)
{
    double learned = 0, found = 0;
    int folds = 0, bags = 0;
    for (int k = 0; k < n; k++) {
        const json_t *validation = scores_of(fold[k], "validation", task);
        const json_t *auc = json_object_get(validation, "auc");
        const json_t *train = json_object_get(scores_of(fold[k], "train", task), "auc");
        if (!json_is_number(auc) || !json_is_number(train)) continue;
        learned += json_number_value(train);
        found += json_number_value(auc);
        bags += (int)json_integer_value(json_object_get(validation, "n_bags"));
        folds++;
    }
    if (folds == 0 || bags < REMARKS_FEW || (learned - found) / folds < REMARKS_GAP) return;
    remarks_append(remarks,
                   "task '%.60s': the mean AUC %.3f in training is far above %.3f in validation; the models may "
                   "overfit their training bags, and only test scores count",
                   task, learned / folds, found / folds);
}

json_t *foldremarks_make(json_t *const *fold, int n, const json_t *tasks)
{
    const char *task;
    json_t *tally, *remarks = json_array();
    json_object_foreach((json_t *)(size_t)tasks, task, tally)
    {
        add_perfect(remarks, task, tally);
        add_one_class(remarks, fold, n, task);
        add_gap(remarks, fold, n, task);
    }
    return remarks;
}

json_t *foldremarks_classes(json_t *const *fold, int n, const char *task)
{
    const char *class;
    json_t *count, *out = NULL;
    for (int k = 0; k < n; k++)
        json_object_foreach(json_object_get(scores_of(fold[k], "test", task), "classes"), class, count)
        {
            if (!out) out = json_object();
            const json_int_t before = json_integer_value(json_object_get(out, class));
            json_object_set_new(out, class, json_integer(before + json_integer_value(count)));
        }
    return out;
}

void foldremarks_offer_batches(json_t *remarks, const Config *config, const Folds *folds)
{
    const SplitOptions *o = folds->options;
    if (!o->batch || config->crossval.batches || folds->n_batch < 2) return;
    if (!o->file && o->kind == SPLIT_BATCH) return;
    remarks_append(remarks,
                   "folds mix the %d batches of column '%.60s'; the same command with --resume --batches tests each "
                   "batch by models "
                   "of the others too (as --splits.kind=batch does), and shows by permuted labels whether batches "
                   "are recognised",
                   folds->n_batch, o->batch);
}
