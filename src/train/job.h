/* SPDX-License-Identifier: MIT
 *
 * job.h: one training from a config to a run folder: dataset, labels, parts, loop, files.
 */
#ifndef HOPSACK_JOB_H
#define HOPSACK_JOB_H

#include "train/config.h"

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

typedef struct {
    const Config *config;
    const char *folder;
    bool force;
    int argc; /* command line, for the manifest */
    char **argv;
    const volatile sig_atomic_t *stop; /* see loop.h */
    void (*begin)(void); /* called before the first file is made, where signals begin to matter; or NULL */
} JobSetup;

/* Trains and writes the folder. *summary, the caller's to decref, is what summary.json holds. Where the loss diverges or
 * a signal comes, the model kept so far is written and the Status says so. */
Status job_run(json_t **summary, const JobSetup *setup);

/* What job_run would do, writing nothing: {"bags", "updates", "parameters", "memory"}. */
Status job_plan(json_t **plan, const JobSetup *setup);

#endif
