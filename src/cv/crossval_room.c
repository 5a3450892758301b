/* SPDX-License-Identifier: MIT
 *
 * crossval_room.c: what the jobs of a cross-validation need: settings, memory, time.
 */
#include "cv/crossval_parts.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "run/configsearch.h"
#include "run/jobcost.h"

#include <stdint.h>

/* Up to so many instances of a minibatch, jobs run side by side. */
#define SMALL 16384

/* ---- settings ---- */

FoldJob crossval_which(const Crossval *c, int number)
{
    return search_job(&c->search, c->list.job[number]);
}

void crossval_configure(FoldConfig *own, const Crossval *c, FoldJob job)
{
    foldjob_config(own, search_config(&c->search, job), job);
}

JobSetup crossval_job(const Crossval *c, const Config *config, const char *folder)
{
    return (JobSetup){.config = config,
                      .folder = folder,
                      .resume = true,
                      .argc = c->in->argc,
                      .argv = c->in->argv,
                      .stop = c->in->stop,
                      .updated = c->in->updated};
}

/* ---- kinds of jobs ---- */

/* Jobs that may differ in their network: the trials of one inner fold, or the first job. */
static int first_kind(const Crossval *c)
{
    return c->list.rungs.n && c->list.n > c->list.n_outer ? c->list.n_outer : 0;
}

static int last_kind(const Crossval *c)
{
    return first_kind(c) ? first_kind(c) + c->list.rungs.width[0] : 1;
}

/* ---- side by side ---- */

/* Of a minibatch, on average: one large bag among many small ones changes little. */
static int instances(const Crossval *c)
{
    const TrainOptions *o = &c->in->config->train;
    const BagFile *file = c->dataset->cohort.file;
    const int n_bag = bagfile_n_bag(file);
    int64_t sum = 0;
    for (int b = 0; b < n_bag; b++) {
        const int n = bagfile_n(file, b);
        sum += o->draws > 0 && o->draws < n ? o->draws : n;
    }
    const int64_t n = n_bag ? sum * o->batch / n_bag : 0;
    return n < INT32_MAX ? (int)n : INT32_MAX;
}

bool crossval_side_by_side(const Crossval *c, int n_open)
{
    json_t *plan;
    if (jobs_at_once(n_open) < 2 || instances(c) > SMALL || !cache_is_whole(c->dataset->cache)) return false;
    FoldConfig own;
    int64_t most = 0;
    for (int n = first_kind(c); n < last_kind(c); n++) {
        crossval_configure(&own, c, crossval_which(c, n));
        const JobSetup setup = crossval_job(c, &own.config, "");
        if (job_plan_on(&plan, &setup, c->dataset) != OK) return false;
        const int64_t bytes = json_integer_value(json_object_get(plan, "memory_workspace"));
        json_decref(plan);
        most = bytes > most ? bytes : most;
    }
    return jobs_fit(n_open, (double)most);
}

Status crossval_check_model(const Crossval *c)
{
    for (int n = first_kind(c); n < last_kind(c); n++) {
        FoldConfig own;
        const FoldJob job = crossval_which(c, n);
        crossval_configure(&own, c, job);
        const JobSetup setup = crossval_job(c, &own.config, "");
        log_hush(n > first_kind(c)); /* what the first says of the data is the same for all */
        const Status status = job_check_on(&setup, c->dataset);
        log_hush(false);
        if (status != OK) return job.trial > 0 ? fail_at(status, "search: trial %d", job.trial - 1) : status;
    }
    return OK;
}

/* ---- dry run ---- */

/* Start k-mers are counted for all folds at once, and then for the inner folds of each. */
static Status add_cost(json_t *plan, const Crossval *c, int at_once)
{
    FoldConfig own;
    JobCost cost;
    crossval_configure(&own, c, crossval_which(c, 0));
    const JobSetup setup = crossval_job(c, &own.config, c->in->folder);
    TRY(jobcost_make(&cost, &setup, c->dataset, at_once > 1));
    const int n_fold = c->list.n_repeat * c->list.n_fold;
    const int n_cut = 1 + (configsearch_inner(c->in->config) ? n_fold : 0);
    const Cost whole = jobcost_whole(&cost, jobs_open_length(c->jobs), at_once, n_cut);
    const Cost none = jobcost_whole(&cost, 0, at_once, n_cut),
               one = jobcost_whole(&cost, jobs_mean_length(c->jobs), at_once, n_cut);
    json_object_set_new(plan, "seconds_pass", jsontext_real(cost.pass));
    json_object_set_new(plan, "seconds_job",
                        json_pack("[o, o]", jsontext_real(one.low - none.low), jsontext_real(one.high - none.high)));
    return cost_tell(plan, &whole);
}

Status crossval_describe(json_t **out, const Crossval *c)
{
    FoldConfig own;
    crossval_configure(&own, c, crossval_which(c, 0));
    const JobSetup setup = crossval_job(c, &own.config, c->in->folder);
    TRY(job_plan_on(out, &setup, c->dataset));
    const int mine = jobs_n_open(c->jobs), at_once = instances(c) <= SMALL ? jobs_at_once(mine) : mine > 0;
    json_object_set_new(*out, "n_repeats", json_integer(c->list.n_repeat));
    json_object_set_new(*out, "n_folds", json_integer(c->list.n_fold));
    json_object_set_new(*out, "n_models", json_integer(c->list.n_model));
    if (configsearch_inner(c->in->config))
        json_object_set_new(*out, "n_inner", json_integer(configsearch_inner(c->in->config)));
    if (search_is_on(&c->search)) json_object_set_new(*out, "n_trials", json_integer(c->search.trials.n));
    json_object_set_new(*out, "jobs", json_integer(jobs_n(c->jobs)));
    json_object_set_new(*out, "done", json_integer(jobs_n_done(c->jobs)));
    json_object_set_new(*out, "mine", json_integer(mine));
    json_object_set_new(*out, "at_once", json_integer(at_once));
    return c->in->label ? OK : add_cost(*out, c, at_once);
}
