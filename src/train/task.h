/* SPDX-License-Identifier: MIT
 *
 * task.h: the tasks of a config as targets of a model, and as JSON in a model file.
 */
#ifndef HOPSACK_TASK_H
#define HOPSACK_TASK_H

#include "model/target.h"
#include "train/config.h"

#include <jansson.h>

/* target [config->n_task], the caller's to free; its texts belong to the config. */
Status task_targets(Target **out, const Config *config);

json_t *task_json(const Target *target, int n_target);

/* Puts the classes that training settled on (a binary target's positive and negative) into the targets; texts belong to
 * `json`. ERR_MODEL where it does not describe them. */
Status task_settle(Target *target, int n_target, const json_t *json);

#endif
