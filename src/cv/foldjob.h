/* SPDX-License-Identifier: MIT
 *
 * foldjob.h: a job of a cross-validation: one model of one fold of one repetition, in a folder of its own below the run's.
 *
 *     RUN/rep00/fold03/             what `train --splits.repeat=0 --splits.fold=3` writes, and `lock`
 *     RUN/rep00/fold03/model01/     with crossval.ensemble: the same with --seed=SEED+1 --splits.seed=SEED; then the fold's
 *                                   own folder holds what all models together say (ensemble.h)
 *     RUN/rep00/fold03/inner02/     with crossval.inner=5: the same with --splits.inner=2/5; with an ensemble the folder of all,
 *     RUN/rep00/fold03/inner02/model01/
 *
 *     RUN/rep00/fold03/trial07/inner02/   with a search, in place of the folder above: the same with the settings of trial 7. It
 *                                   has one model, whatever crossval.ensemble is, of which only the predictions are kept
 *     RUN/rep00/fold03/trial07/rung00/inner02/   with search.halving: the same, trained for a part of the length (rungs.h)
 *     RUN/rep00/fold03/trial07/     with search.throughout: a training of the outer fold with the settings of trial 7
 *
 * It is done when its config.yaml is that of this run and its summary.json, which is written last, is whole. Whoever
 * holds its lock does it, and nobody else.
 */
#ifndef HOPSACK_FOLDJOB_H
#define HOPSACK_FOLDJOB_H

#include "core/path.h"
#include "run/config.h"

#include <jansson.h>
#include <stdbool.h>

#define FOLDJOB_NAME 64 /* bytes of a name */

typedef struct {
    int repeat, fold;
    int model; /* of the ensemble; -1: the fold itself, whose only model it may be */
    int inner; /* 1 + the number of an inner fold; 0 or less: none */
    int trial; /* 1 + the number of a trial of a search, whose inner training this is; 0: none, or not known yet */
    int slot;  /* 1 + its place among the trials of its rung; 0: no search */
    int rung;  /* 1 + the number of a rung that is not the last; 0: the last, of the whole length */
} FoldJob;

/* The settings of a job: those of the run, or of a trial, with its place and its seed. */
typedef struct {
    Config config;  /* shares everything with the run's, not to be freed */
    char seed[24];  /* of the splits, which are the run's */
    char inner[32]; /* splits.inner */
} FoldConfig;

/* "rep00/fold03", "rep00/fold03/model01", "rep00/fold03/inner02/model01", "rep00/fold03/trial07/inner02",
 * "rep00/fold03/trial07/rung00/inner02" */
void foldjob_name(char name[FOLDJOB_NAME], FoldJob job);
Status foldjob_path(char path[PATH_ROOM], const char *run, FoldJob job, const char *file); /* file: "" */

void foldjob_config(FoldConfig *out, const Config *config, FoldJob job); /* must stay where it is */

bool foldjob_done(const char *run, const Config *config, FoldJob job);

/* Its summary.json, the caller's to decref. ERR_FORMAT, ERR_IO. */
Status foldjob_summary(json_t **out, const char *run, FoldJob job);

#endif
