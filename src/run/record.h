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

/* Scores of some members of a cohort: {"n_bags", "loss", "tasks": {name: {"n_bags", "loss", "auc", "auc_ci95", …}}};
 * n_bags of a task: those whose label is known. `member` [n] are rows of labels and of output [labels->n, n_out].
 * auc_ci95 (metric.h) resamples from stream (seed, "bootstrap", task). sensitivity_ci95 and specificity_ci95 are Wilson's
 * (proportion.h). Where the target has an operating point: operating_cutoff (an output), operating_probability,
 * operating_sensitivity, operating_specificity and their intervals. NULL: no memory. */
json_t *record_scores(const Target *target, const Labels *labels, const real *output, const int *member, int n,
                      uint64_t seed);

/* Its main score of one task alone, the first behind the loss (metric.h). NaN where it is not defined; ERR_MEMORY. */
Status record_main_score(double *out, const Target *target, int task, const Labels *labels, const real *output,
                         const int *member, int n);

#endif
