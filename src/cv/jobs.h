/* SPDX-License-Identifier: MIT
 *
 * jobs.h: a pool of jobs. A job is a pure function of config, data and its number, so neither the order of jobs nor how many
 * of them run at the same time changes a result. A caller
 *
 *     jobs_new          describes them: numbers 0 … n-1
 *     jobs_refresh         marks those that are done already, by their files
 *     jobs_set_steps    sets how much of the progress line each takes
 *     jobs_start        begins the progress line
 *     jobs_run          does a range of them; the first failure ends it
 *     jobs_end          ends the progress line
 *
 * and from within a job calls jobs_progress and, at its end, jobs_finish. While a job runs, the log of its thread is hushed
 * (log_hush): of many jobs only the progress line and the message of each at its end are printed.
 *
 * Several processes may share the jobs of a folder. `run` then leaves a job that another process has locked, with OK and without
 * jobs_finish; jobs_run waits until `is_done` holds for it, and does it if that process dies.
 */
#ifndef HOPSACK_JOBS_H
#define HOPSACK_JOBS_H

#include "core/stop.h"

#include <stddef.h>
#include <stdint.h>

#define JOBS_NAME 96 /* bytes of a job's name */

typedef struct {
    int n;
    int shard, n_shard;       /* this process does the lots shard - 1, shard - 1 + n_shard, …; 1 of 1: all */
    const char *title, *unit; /* of the progress line: "cross-validation", "updates" */
    const char *noun;         /* of jobs: "folds" */
    const StopFlag *stop;     /* no job begins after a signal; may be NULL */
    void *context;            /* of the functions */
    Status (*run)(void *context, int number);         /* by several threads at the same time */
    bool (*is_done)(const void *context, int number); /* by its files; NULL: jobs_finish alone tells */
    int (*lot)(const void *context, int number);      /* of a job, what a shard takes as a whole; NULL: its number */
    void (*name)(char name[JOBS_NAME], const void *context, int number);
    Status (*stopped)(const void *context, int n_done); /* the sentence after a signal: stop_check with its rest */
} JobsSetup;

typedef struct Jobs Jobs;

Status jobs_new(Jobs **out, const JobsSetup *setup);
void jobs_free(Jobs *jobs); /* accepts NULL */

int jobs_n(const Jobs *jobs);
int jobs_n_done(const Jobs *jobs);
int jobs_n_open(const Jobs *jobs); /* of this process, not done */

void jobs_refresh(Jobs *jobs);

/* Numbers of this process's jobs from `first` to before `end` that are not done, after a look at their files; *number [n] is
 * the pool's, valid until the next call. Returns their count. */
int jobs_list(Jobs *jobs, int first, int end, const int **number);

void jobs_set_steps(Jobs *jobs, int number, int64_t steps); /* before jobs_start; 1 unless set */
/* Steps in those of job 0: of this process's open jobs; of one of its jobs, done or not, on average. */
double jobs_open_length(const Jobs *jobs);
double jobs_mean_length(const Jobs *jobs);
void jobs_start(Jobs *jobs);
void jobs_end(Jobs *jobs);

/* May `n` jobs, `bytes` of memory each, run side by side? Not with one thread, nor where they would take more than half of the
 * memory that is left. */
bool jobs_fit(int n, double bytes);

/* How many jobs of `n` that fit run at the same time. */
int jobs_at_once(int n);

/* Does the jobs of this process from `first` to before `end`: one a thread, or one after the other, each by all threads. Returns
 * the failure of the first job in their order that has one, "name: sentence"; or what `stopped` returns. */
Status jobs_run(Jobs *jobs, int first, int end, bool side_by_side);

void jobs_progress(Jobs *jobs, int number, int64_t steps); /* done so far of that job's */

/* The job is done; `message`, unless NULL, is logged behind its name: "rep00/fold03 done: test auc 0.8". */
void jobs_finish(Jobs *jobs, int number, const char *message);

#endif
