/* SPDX-License-Identifier: MIT */
#include "cv/jobs.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    int64_t steps, counted; /* of the progress line; of them, those in it */
    bool is_done;
    Status status;  /* of the attempt */
    char *sentence; /* where that failed */
} JobState;

struct Jobs {
    JobsSetup in;
    JobState *state;       /* [n] */
    int *open;             /* [n] numbers of a pass */
    pthread_mutex_t mutex; /* of what follows, and of `state` while jobs run */
    Progress progress;
    int64_t counted; /* steps */
    int n_done;
    bool failed; /* begin no more */
};

Status jobs_new(Jobs **out, const JobsSetup *setup)
{
    Jobs *jobs = *out = calloc(1, sizeof *jobs);
    if (!jobs) return fail(ERR_MEMORY, "no memory for %d %s", setup->n, setup->noun);
    jobs->in = *setup;
    jobs->state = calloc((size_t)setup->n + 1, sizeof *jobs->state);
    jobs->open = calloc((size_t)setup->n + 1, sizeof *jobs->open);
    pthread_mutex_init(&jobs->mutex, NULL);
    if (!jobs->state || !jobs->open) return fail(ERR_MEMORY, "no memory for %d %s", setup->n, setup->noun);
    for (int n = 0; n < setup->n; n++) jobs->state[n].steps = 1;
    return OK;
}

void jobs_free(Jobs *jobs)
{
    if (!jobs) return;
    for (int n = 0; jobs->state && n < jobs->in.n; n++) free(jobs->state[n].sentence);
    pthread_mutex_destroy(&jobs->mutex);
    free(jobs->state);
    free(jobs->open);
    free(jobs);
}

/* ---- which are done ---- */

static bool is_mine(const Jobs *jobs, int number)
{
    const int lot = jobs->in.lot ? jobs->in.lot(jobs->in.context, number) : number;
    return lot % jobs->in.n_shard == jobs->in.shard - 1;
}

static void refresh(Jobs *jobs, int number)
{
    JobState *state = &jobs->state[number];
    if (state->is_done || !jobs->in.is_done) return;
    state->is_done = jobs->in.is_done(jobs->in.context, number);
    jobs->n_done += state->is_done;
}

void jobs_refresh(Jobs *jobs)
{
    for (int n = 0; n < jobs->in.n; n++) refresh(jobs, n);
}

int jobs_list(Jobs *jobs, int first, int end, const int **number)
{
    int n_open = 0;
    for (int n = first; n < end; n++) {
        if (!is_mine(jobs, n)) continue;
        refresh(jobs, n);
        if (!jobs->state[n].is_done) jobs->open[n_open++] = n;
    }
    if (number) *number = jobs->open;
    return n_open;
}

int jobs_n(const Jobs *jobs)
{
    return jobs->in.n;
}

int jobs_n_done(const Jobs *jobs)
{
    return jobs->n_done;
}

int jobs_n_open(const Jobs *jobs)
{
    int n_open = 0;
    for (int n = 0; n < jobs->in.n; n++) n_open += is_mine(jobs, n) && !jobs->state[n].is_done;
    return n_open;
}

/* By job 0's, of the open jobs or all of this process; *n: their number. */
static double length(const Jobs *jobs, bool all, int *n)
{
    double steps = 0;
    *n = 0;
    for (int k = 0; k < jobs->in.n; k++) {
        if (!is_mine(jobs, k) || (jobs->state[k].is_done && !all)) continue;
        steps += (double)jobs->state[k].steps;
        ++*n;
    }
    return jobs->state[0].steps > 0 ? steps / (double)jobs->state[0].steps : 0;
}

double jobs_open_length(const Jobs *jobs)
{
    int n;
    return length(jobs, false, &n);
}

double jobs_mean_length(const Jobs *jobs)
{
    int n;
    const double all = length(jobs, true, &n);
    return n ? all / n : 0;
}

/* ---- progress ---- */

void jobs_set_steps(Jobs *jobs, int number, int64_t steps)
{
    jobs->state[number].steps = steps;
}

void jobs_start(Jobs *jobs)
{
    int64_t total = 0;
    for (int n = 0; n < jobs->in.n; n++) {
        JobState *state = &jobs->state[n];
        if (!is_mine(jobs, n)) continue;
        total += state->steps;
        state->counted = state->is_done ? state->steps : 0;
        jobs->counted += state->counted;
    }
    progress_start(&jobs->progress, jobs->in.title, jobs->in.unit, total);
    jobs->progress.first = jobs->progress.done = jobs->counted;
}

void jobs_end(Jobs *jobs)
{
    progress_end(&jobs->progress, NULL);
}

/* The caller holds the mutex. */
static void report(Jobs *jobs, int number, int64_t steps)
{
    char note[64];
    jobs->counted += steps - jobs->state[number].counted;
    jobs->state[number].counted = steps;
    snprintf(note, sizeof note, "%d of %d %s done", jobs->n_done, jobs->in.n, jobs->in.noun);
    progress_update(&jobs->progress, jobs->counted, note);
}

void jobs_progress(Jobs *jobs, int number, int64_t steps)
{
    pthread_mutex_lock(&jobs->mutex);
    log_hush(false);
    report(jobs, number, steps);
    log_hush(true);
    pthread_mutex_unlock(&jobs->mutex);
}

void jobs_finish(Jobs *jobs, int number, const char *message)
{
    char name[JOBS_NAME];
    jobs->in.name(name, jobs->in.context, number);
    pthread_mutex_lock(&jobs->mutex);
    jobs->n_done++;
    jobs->state[number].is_done = true;
    log_hush(false);
    report(jobs, number, jobs->state[number].steps);
    if (message) log_info("%s %s", name, message);
    log_hush(true);
    pthread_mutex_unlock(&jobs->mutex);
}

/* ---- doing them ---- */

int jobs_at_once(int n)
{
    const int threads = parallel_threads();
    return n < threads ? n : threads;
}

bool jobs_fit(int n, double bytes)
{
    const int at_once = jobs_at_once(n);
    return at_once > 1 && bytes * at_once < (double)(memory_available() / 2);
}

static void attempt(void *context, int chunk, int thread)
{
    Jobs *jobs = context;
    const int number = jobs->open[chunk];
    JobState *state = &jobs->state[number];
    (void)thread;
    pthread_mutex_lock(&jobs->mutex);
    const bool leave = jobs->failed || stop_is_set(jobs->in.stop);
    pthread_mutex_unlock(&jobs->mutex);
    if (leave) return;
    log_hush(true);
    state->status = jobs->in.run(jobs->in.context, number);
    log_hush(false);
    if (state->status == OK) return;
    state->sentence = strdup(status_sentence());
    pthread_mutex_lock(&jobs->mutex);
    jobs->failed = true;
    pthread_mutex_unlock(&jobs->mutex);
}

static Status verdict(const Jobs *jobs)
{
    char name[JOBS_NAME];
    for (int n = 0; n < jobs->in.n; n++) {
        const JobState *state = &jobs->state[n];
        if (state->status == OK || stop_is_cause(state->status)) continue;
        jobs->in.name(name, jobs->in.context, n);
        return fail(state->status, "%s: %s", name, state->sentence ? state->sentence : status_words(state->status));
    }
    return stop_is_set(jobs->in.stop) ? jobs->in.stopped(jobs->in.context, jobs->n_done) : OK;
}

static void pass(Jobs *jobs, int n_open, bool side_by_side)
{
    if (side_by_side)
        parallel_for(n_open, attempt, jobs);
    else
        for (int i = 0; i < n_open; i++) attempt(jobs, i, 0);
}

/* A pass that leaves as many open as the one before met only jobs that other processes are doing. */
Status jobs_run(Jobs *jobs, int first, int end, bool side_by_side)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    bool waiting = false;
    for (int before = -1, n_open; (n_open = jobs_list(jobs, first, end, NULL)) > 0; before = n_open) {
        if (n_open == before) {
            if (!waiting) log_info("waiting for %d %s that other processes are at", n_open, jobs->in.noun);
            waiting = true;
            nanosleep(&pause, NULL);
        }
        pass(jobs, n_open, side_by_side);
        TRY(verdict(jobs));
    }
    return OK;
}
