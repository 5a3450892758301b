/* SPDX-License-Identifier: MIT
 *
 * evaluation.h: the members of a cohort in one fold, and what a model says of them: labels as this training sees them, parts,
 * outputs; from those predictions.tsv, and the scores of each part.
 */
#ifndef HOPSACK_EVALUATION_H
#define HOPSACK_EVALUATION_H

#include "cohort/partition.h"
#include "run/dataset.h"

#include <jansson.h>

typedef struct {
    const Config *config;
    const Cohort *cohort; /* of the dataset, with labels as read */
    Target *target;       /* [n_task] this training's own */
    Labels labels;        /* the cohort's, but for targets normalised by the training bags */
    Partition partition;
    real *output; /* [n, n_out] of members with a part: the caller fills it */
} Evaluation;

/* Parts and labels where splits.fold of splits.repeat is the test part; those of an inner training if splits.inner is set.
 * ERR_CONFIG: train.calibrate, and the validation part is empty. */
Status evaluation_open(Evaluation *out, const Config *config, Dataset *dataset);
void evaluation_free(Evaluation *o); /* accepts half-built ones */

/* Outputs of one part as in `from` [n, n_out]; the others stay. */
void evaluation_restore(Evaluation *o, Part part, const real *from);

/* Once outputs are there: settles probabilities and operating points of the targets by those of the validation part, as
 * train.calibrate and train.operating say; warns where it has one class only. ERR_DIVERGED: an output of a part is not a
 * finite number. */
Status evaluation_settle(Evaluation *o);

Status evaluation_write(const Evaluation *o, const char *path); /* predictions.tsv; replaces the file */

/* {"train": as record_scores has it, "validation", "test"}, null where a part is empty. NULL: no memory. */
json_t *evaluation_scores(const Evaluation *o);

#endif
