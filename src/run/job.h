/* SPDX-License-Identifier: MIT
 *
 * job.h: one training from a config to a run folder: dataset, labels, parts, loop, files.
 */
#ifndef HOPSACK_JOB_H
#define HOPSACK_JOB_H

#include "core/stop.h"
#include "run/dataset.h"
#include "run/runlock.h"
#include "train/loop.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {
    const Config *config;
    const char *folder;
    bool force;
    bool resume; /* continues the run in the folder, or begins one where there is none; see resume.h for its config */
    bool
        brief; /* one of many in a search: keeps no model, a state only while it takes long, and says nothing of its fit */
    bool anew; /* a checkpoint that cannot be used is passed over, and training begins anew: to the same bits */
    int argc;  /* command line, for the manifest */
    char **argv;
    const StopFlag *stop;        /* see stop.h */
    void (*updated)(int update); /* see loop.h */
    void (*begin)(void);         /* called before the first file is made, where signals begin to matter; or NULL */
    void (*evaluated)(void *context, const LoopRecord *record); /* tells of an evaluation; NULL: a line on stderr */
    void *context;
} JobSetup;

/* Is what this setup would resume at its end already? Then *summary, the caller's to decref, is what summary.json holds,
 * else NULL. */
Status job_finished(json_t **summary, const JobSetup *setup);

/* Trains and writes the folder. *summary, the caller's to decref, is what summary.json holds, which is written last.
 * Where the loss diverges or a signal comes, the model kept so far is written and the Status says so. A run resumed comes
 * to the same bits as one that was never interrupted; one at its end only says so. */
Status job_run(json_t **summary, const JobSetup *setup);

/* The same on a dataset that is open and filled and may serve others at the same time. The setup's config is the dataset's but
 * for splits.repeat and splits.fold. The folder's lock is taken as soon as the folder is there, unless it is held; NULL: the
 * caller holds it. */
Status job_run_on(json_t **summary, const JobSetup *setup, Dataset *dataset, RunLock *lock);

/* Could job_run_on begin? Makes the network and what training needs in memory, and frees them. Touches no file. */
Status job_check_on(const JobSetup *setup, Dataset *dataset);

/* What job_run would do, writing nothing: {"bags", "updates", "parameters", "memory_bags", "memory_workspace"}, and
 * by job_plan what cost_tell adds. */
Status job_plan(json_t **plan, const JobSetup *setup);
Status job_plan_on(json_t **plan, const JobSetup *setup, Dataset *dataset);

#endif
