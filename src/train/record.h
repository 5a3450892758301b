/* SPDX-License-Identifier: MIT
 *
 * record.h: scores as JSON: a line of metrics.jsonl, a part of summary.json, the metrics in a model.
 *
 *     {"update", "epoch", "part", "lr", "seconds", "loss", "tasks": {name: {"loss", "auc", …}}}     undefined: null
 */
#ifndef HOPSACK_RECORD_H
#define HOPSACK_RECORD_H

#include "train/loop.h"

#include <jansson.h>

json_t *record_json(const LoopRecord *record, const Target *target, int n_target);

/* Scores alone: {"n_bags", "loss", "tasks"}, and n_bags in each task: those whose label is known. */
json_t *record_scores(const LoopRecord *record, const Target *target, int n_target);

#endif
