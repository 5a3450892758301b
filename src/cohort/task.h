/* SPDX-License-Identifier: MIT
 *
 * task.h: the tasks of a config as targets of a model, and as JSON in a model file.
 */
#ifndef HOPSACK_TASK_H
#define HOPSACK_TASK_H

#include "core/option.h"
#include "model/target.h"

#include <jansson.h>

/* One entry of the list tasks. The fields of other kinds are 0. */
typedef struct {
    const char *name, *column;
    int kind;      /* place in target_types */
    double weight; /* of this task's loss, ≥ 0 */
    /* binary */
    const char *positive; /* NULL: found in the column */
    const char *negative; /* NULL: the one other value */
    double pos_weight;
    /* multiclass */
    OptionTexts classes;
    OptionNumbers class_weights; /* as many as classes, or none: all 1 */
    /* regression; NaN: from the training bags */
    double mean, std;
} TaskOptions;

/* target [n], the caller's to free; its texts belong to the options. */
Status task_targets(Target **out, const TaskOptions *task, int n);

json_t *task_json(const Target *target, int n_target);

/* Puts the classes that training settled on (a binary target's positive and negative) into the targets; texts belong to
 * `json`. ERR_MODEL where it does not describe them. */
Status task_settle(Target *target, int n_target, const json_t *json);

#endif
