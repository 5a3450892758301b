/* SPDX-License-Identifier: MIT
 *
 * taskmeans.h: one number of a cross-validation with many tasks: the AUC of the test bags of a fold, averaged over the tasks whose
 * AUC is defined there, which have bags of both classes among them.
 *
 *     "auc_mean_tasks": mean over folds, then over repetitions; "auc_mean_tasks_std_folds", "auc_mean_tasks_std_repeats": its
 *     standard deviations (divisor n - 1); "auc_mean_tasks_folds": [[a number of each fold] of each repetition]
 *
 * null where it is not defined.
 */
#ifndef HOPSACK_TASKMEANS_H
#define HOPSACK_TASKMEANS_H

#include "model/target.h"

#include <jansson.h>

/* Adds these keys, where at least two tasks have an AUC. fold [n_repeat · n_fold]: as their summary.json. ERR_MEMORY. */
Status taskmeans_add(json_t *summary, json_t *const *fold, int n_repeat, int n_fold, const Target *target,
                     int n_task);

#endif
