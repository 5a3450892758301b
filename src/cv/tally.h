/* SPDX-License-Identifier: MIT
 *
 * tally.h: the folds of a finished cross-validation put together: predictions.tsv of all test bags, and summary.json:
 *
 *     {"version", "seed", "n_repeats", "n_folds", "n_models", "tasks": {name: {"kind", "n_bags", "n_folds", "n_repeats",
 *       "auc_mean", "auc_std_folds", "auc_std_repeats", "auc_pooled", "auc_ci95", "loss_mean", …, "seconds",
 *       "repeats": [{"repeat", the same but for std_repeats, "folds": [{"fold", "n_bags", "loss", "auc", …}]}]}},
 *      "auc_mean_tasks", … (taskmeans.h, where several tasks have an AUC), "seconds", "peak_memory"}
 *
 * SCORE_mean is the mean over folds where the score is defined, then over repetitions; SCORE_std_folds the standard
 * deviation (divisor n - 1) over all those folds; SCORE_std_repeats that over the repetitions' means; null where it
 * is not defined. SCORE_pooled is that of the test bags of all folds together, SCORE_ci95 its 95 % interval: of auc,
 * sensitivity and specificity, and of operating_sensitivity and operating_specificity where the folds have operating points
 * (run/record.h), which each chose on its own validation bags. A task's n_folds counts the folds where its first score is defined (those with both classes), over
 * all repetitions; n_bags the labelled test bags of a repetition. Seconds are those of all folds added up. n_models
 * are those of each fold, whose files are of all of them together (ensemble.h). With inner trainings inner_SCORE, of the main
 * score alone, is the mean over the inner folds of a fold (innertable.h).
 */
#ifndef HOPSACK_TALLY_H
#define HOPSACK_TALLY_H

#include "cohort/cohort.h"
#include "cv/foldauc.h"
#include "run/config.h"

#include <jansson.h>

typedef struct {
    const char *folder; /* of the run */
    const Config *config;
    const Cohort *cohort;
    const Target *target; /* [config->n_task] */
    int n_repeat, n_fold;
    const int *n_inner; /* [n_repeat · n_fold] inner folds of each; NULL: no inner trainings */
    int (*trial)(const void *context, int fold,
                 int inner); /* whose inner training it is; NULL: there are no trials */
    const void *context;
} TallySetup;

/* Reads every fold's files, and writes predictions.tsv. ERR_FORMAT: one of them is damaged. */
Status tally_make(json_t **summary, const TallySetup *setup);

/* The same summary of folds that have no files. fold [n_repeat · n_fold]: as their summary.json, of which "parts",
 * "seconds" and "peak_memory" are looked at; auc [n_task]: filled for tasks that have an AUC. Folder and cohort
 * are not looked at. */
Status tally_sum(json_t **summary, const TallySetup *setup, json_t **fold, FoldAuc *auc);

/* The summary as summary.md. It may have sentences "beside", which become remarks. */
Status tally_write_table(const char *path, const json_t *summary);

#endif
