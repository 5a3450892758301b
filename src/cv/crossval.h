/* SPDX-License-Identifier: MIT
 *
 * crossval.h: k-fold cross-validation, repeated. Every (repetition, fold), or every model of one with crossval.ensemble, is
 * a job (foldjob.h), and so is every inner training: a training that depends on config, data and its number alone. Threads,
 * processes and machines take jobs from the same folder; none is done twice, and a process that dies loses at most what its
 * jobs did since their last checkpoints.
 *
 * Jobs run side by side, one a thread, where bags are so small that threads inside a training would mostly wait for one
 * another; else one after the other. The results are the same bits.
 */
#ifndef HOPSACK_CROSSVAL_H
#define HOPSACK_CROSSVAL_H

#include "core/stop.h"
#include "run/dataset.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const Config *config; /* splits.repeat and splits.fold are not looked at */
    const char *folder;
    bool force, resume; /* resume: the folder may hold a run of these settings, unfinished or not */
    int shard, n_shard; /* does the jobs number shard - 1, shard - 1 + n_shard, …; 1 of 1: all */
    int argc;           /* command line, for the manifests */
    char **argv;
    const StopFlag *stop;        /* see stop.h */
    void (*updated)(int update); /* see loop.h */
    void (*begin)(void);         /* called before the first file is made; or NULL */
    const char *label;           /* of a further cross-validation, "permuted/03"; NULL: it is none */
} CrossvalSetup;

/* Does the jobs, and those of further cross-validations (crossval.permute, crossval.batches) in folders of their own within the
 * run's, and writes the summary if no other is left. *out, the caller's to decref, is what summary.json holds, or
 * {"n_models", "jobs", "done"} where others' jobs are not done yet. */
Status crossval_run(json_t **out, const CrossvalSetup *setup);

/* What crossval_run would do, writing nothing: {"n_repeats", "n_folds", "n_models", "jobs", "done", "mine",
 * "at_once", "bags", "refit_bags", "updates", "parameters", "memory_bags", "memory_workspace"}, what cost_tell adds, of all jobs
 * that this process has to do, "seconds_pass", of the outputs of one model on all bags, and "seconds_job", the range of one job;
 * bags, updates and memory_… are those of the first job. With crossval.inner also "n_inner", and with further cross-validations
 * their number, "n_further"; jobs are those of all. */
Status crossval_plan(json_t **out, const CrossvalSetup *setup);

/* One cross-validation without further ones, on a dataset that was opened for the config, or is a view for it. *out as above;
 * "tasks" is there if all jobs are done. */
Status crossval_run_on(json_t **out, const CrossvalSetup *setup, Dataset *dataset);
Status crossval_plan_on(json_t **out, const CrossvalSetup *setup, Dataset *dataset);

#endif
