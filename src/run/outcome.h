/* SPDX-License-Identifier: MIT
 *
 * outcome.h: the members of a cohort in one fold, and what a model says of them: labels as this training sees them, parts,
 * outputs; from those predictions.tsv, and the scores of each part.
 */
#ifndef HOPSACK_OUTCOME_H
#define HOPSACK_OUTCOME_H

#include "cohort/partition.h"
#include "run/stock.h"

#include <jansson.h>

typedef struct {
    const Config *config;
    const Cohort *cohort; /* of the stock, with labels as read */
    Target *target;       /* [n_task] this training's own */
    Labels labels;        /* the cohort's, but for targets normalised by the training bags */
    Partition partition;
    real *output; /* [n, n_out] of members with a part: the caller fills it */
} Outcome;

/* Parts and labels where splits.fold of splits.repeat is the test part. */
Status outcome_open(Outcome *out, const Config *config, Stock *stock);
void outcome_free(Outcome *o); /* accepts half-built ones */

Status outcome_write(const Outcome *o, const char *path); /* predictions.tsv; replaces the file */

/* {"train": as record_scores has it, "validation", "test"}, null where a part is empty. NULL: no memory. */
json_t *outcome_scores(const Outcome *o);

#endif
