/* SPDX-License-Identifier: MIT
 *
 * ensemble.h: the models of one fold together: the mean of their outputs before the sigmoid or softmax (of a regression in
 * the column's unit). It is written into the fold's own folder as predictions.tsv and summary.json, which hold what those
 * of a single model hold, but that
 *
 *     summary.json   {"version", "seed", "repeat", "fold", "models", "parameters", "parts", "seconds", "peak_memory"}
 *
 * counts the models, and the seconds of all.
 */
#ifndef HOPSACK_ENSEMBLE_H
#define HOPSACK_ENSEMBLE_H

#include "cv/foldjob.h"
#include "run/dataset.h"

typedef struct {
    const char *folder; /* of the run */
    const Config *config;
    Dataset *dataset;
} EnsembleSetup;

/* All jobs of the fold, or inner fold, must be done; its model is not looked at. Whole or not at all; made again it is the same. ERR_FORMAT: a model's files are
 * damaged. */
Status ensemble_make(const EnsembleSetup *setup, FoldJob fold);

#endif
