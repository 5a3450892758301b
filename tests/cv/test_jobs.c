/* SPDX-License-Identifier: MIT
 *
 * test_jobs.c: the pool of jobs: each job once, shards, failures, signals, jobs of other processes.
 */
#include "core/log.h"
#include "core/parallel.h"
#include "cv/jobs.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>

enum { N = 24 };

static Jobs *jobs;
static atomic_int runs[N];
static int fails_at, fails_too, stops_at; /* numbers; -1: none */
static int foreign, looks;                /* a job that another process does; how often its files were looked at */
static StopFlag flag;

static Status run(void *context, int number)
{
    (void)context;
    runs[number]++;
    if (number == fails_at || number == fails_too) return fail(ERR_IO, "disk %d is full", number);
    if (number == stops_at) {
        flag = SIGTERM;
        return stop_check(&flag, " in job %d", number);
    }
    if (number == foreign) return OK;
    jobs_progress(jobs, number, 1);
    jobs_finish(jobs, number, "done");
    return OK;
}

static bool is_done(const void *context, int number)
{
    (void)context;
    return number == foreign && ++looks > 3;
}

static void name_job(char name[JOBS_NAME], const void *context, int number)
{
    (void)context;
    snprintf(name, JOBS_NAME, "job %d", number);
}

static Status stopped(const void *context, int n_done)
{
    (void)context;
    return stop_check(&flag, "; %d jobs are done", n_done);
}

static void set_up(void)
{
    log_level(LOG_QUIET);
    cr_assert_eq(parallel_start(4), OK);
    fails_at = fails_too = stops_at = foreign = -1;
}

TestSuite(cv_jobs, .init = set_up);

static void make(int n, int shard, int n_shard)
{
    const JobsSetup setup = {.n = n,
                             .shard = shard,
                             .n_shard = n_shard,
                             .title = "test",
                             .unit = "steps",
                             .noun = "jobs",
                             .stop = &flag,
                             .run = run,
                             .is_done = is_done,
                             .name = name_job,
                             .stopped = stopped};
    cr_assert_eq(jobs_new(&jobs, &setup), OK);
    for (int k = 0; k < n; k++) jobs_set_steps(jobs, k, 2);
    jobs_start(jobs);
}

Test(cv_jobs, each_once_in_both_ways)
{
    for (int side_by_side = 0; side_by_side < 2; side_by_side++) {
        make(N, 1, 1);
        cr_expect_eq(jobs_n_open(jobs), N);
        cr_assert_eq(jobs_run(jobs, 0, N, side_by_side), OK, "%s", status_sentence());
        jobs_end(jobs);
        for (int k = 0; k < N; k++) cr_expect_eq(runs[k], side_by_side + 1, "job %d", k);
        cr_expect_eq(jobs_n_done(jobs), N);
        cr_expect_eq(jobs_n_open(jobs), 0);
        jobs_free(jobs);
    }
}

Test(cv_jobs, a_range_and_a_shard)
{
    make(N, 2, 3);
    cr_expect_eq(jobs_n_open(jobs), N / 3);
    cr_assert_eq(jobs_run(jobs, 3, 12, false), OK);
    for (int k = 0; k < N; k++) cr_expect_eq(runs[k], k >= 3 && k < 12 && k % 3 == 1, "job %d", k);
    const int *open;
    cr_assert_eq(jobs_list(jobs, 0, N, &open), N / 3 - 3);
    cr_expect_eq(open[0], 1);
    cr_expect_eq(open[1], 13);
    cr_assert_eq(jobs_run(jobs, 0, N, true), OK);
    for (int k = 0; k < N; k++) cr_expect_eq(runs[k], k % 3 == 1, "job %d", k);
    jobs_free(jobs);
}

Test(cv_jobs, the_first_failure_in_order_is_reported_and_ends_it)
{
    fails_at = 5, fails_too = 6;
    make(N, 1, 1);
    cr_assert_eq(jobs_run(jobs, 0, N, false), ERR_IO);
    cr_expect_str_eq(status_sentence(), "job 5: disk 5 is full");
    cr_expect_eq(runs[6], 0);
    cr_expect_eq(jobs_n_done(jobs), 5);
    jobs_free(jobs);
    make(N, 1, 1);
    cr_assert_eq(jobs_run(jobs, 0, N, true), ERR_IO);
    cr_expect(strncmp(status_sentence(), "job 5: disk 5", 13) == 0 ||
              strncmp(status_sentence(), "job 6: disk 6", 13) == 0);
    jobs_free(jobs);
}

Test(cv_jobs, a_signal_ends_it)
{
    stops_at = 3;
    make(N, 1, 1);
    cr_assert_eq(jobs_run(jobs, 0, N, false), ERR_SIGTERM);
    cr_expect_str_eq(status_sentence(), "terminated; 3 jobs are done");
    cr_expect_eq(runs[4], 0);
    jobs_free(jobs);
}

Test(cv_jobs, a_job_of_another_process_is_waited_for)
{
    foreign = 2;
    make(4, 1, 1);
    cr_assert_eq(jobs_run(jobs, 0, 4, false), OK, "%s", status_sentence());
    cr_expect_eq(runs[2], 3, "left three times, then done");
    cr_expect_eq(jobs_n_done(jobs), 4);
    jobs_free(jobs);
}

Test(cv_jobs, how_many_fit)
{
    cr_expect_eq(jobs_at_once(3), 3);
    cr_expect_eq(jobs_at_once(9), 4);
    cr_expect(jobs_fit(2, 1));
    cr_expect(!jobs_fit(1, 1), "nothing to run beside it");
    cr_expect(!jobs_fit(2, 1e18));
    cr_assert_eq(parallel_start(1), OK);
    cr_expect(!jobs_fit(2, 1));
}

Test(cv_jobs, none_is_freed_too)
{
    jobs_free(NULL);
    make(0, 1, 1);
    cr_expect_eq(jobs_run(jobs, 0, 0, true), OK);
    jobs_free(jobs);
}
