/* SPDX-License-Identifier: MIT
 *
 * baseline_files.h: what comes of the rivals' outputs: scores, and the files of a run of them.
 */
#ifndef HOPSACK_BASELINE_FILES_H
#define HOPSACK_BASELINE_FILES_H

#include "cohort/partition.h"
#include "run/dataset.h"
#include "study/baseline.h"

typedef struct {
    const BaselineSetup *in;
    const Dataset *dataset;
    int n_repeat, n_fold;
    const Partition *part; /* [n_repeat · n_fold] */
    const real *output;    /* [n_method, n_repeat, cohort n, n_task] of test bags */
    const double *seconds; /* [n_method, n_repeat · n_fold] */
} BaselineResult;

/* ERR_IO where a link, or anything but a file or a folder, stands at a name of a method. Touches nothing. */
Status baseline_check(const BaselineSetup *setup);

/* summary.json over all methods. */
Status baseline_sum(json_t **out, const BaselineResult *result);

/* Writes the folder. */
Status baseline_write(const BaselineResult *result, const json_t *summary);

#endif
