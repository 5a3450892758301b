/* SPDX-License-Identifier: MIT */
#include "cv/crossval.h"
#include "cohort/innerparts.h"
#include "cohort/smallclass.h"
#include "core/file.h"
#include "core/log.h"
#include "cv/crossval_folder.h"
#include "cv/ensemble.h"
#include "cv/foldkmers.h"
#include "cv/foldlist.h"
#include "cv/foldremarks.h"
#include "cv/jobs.h"
#include "cv/rivalnote.h"
#include "cv/tally.h"
#include "run/dataset.h"
#include "run/job.h"
#include "run/refit.h"
#include "run/remarks.h"
#include "run/runfolder.h"
#include "run/runlock.h"
#include "train/kmerstart.h"
#include "train/schedule.h"

#include <stdio.h>
#include <string.h>

/* Up to so many instances of a minibatch, jobs run side by side. */
#define SMALL 16384

typedef struct {
    const CrossvalSetup *in;
    Dataset *dataset; /* borrowed */
    FoldList list;
    Jobs *jobs; /* of the list */
} Crossval;

static FoldJob which(const Crossval *c, int number)
{
    return c->list.job[number];
}

/* What jobs are called. */
static const char *noun(const Crossval *c)
{
    return c->list.n_model > 1 || c->list.n > c->list.n_outer ? "models" : "folds";
}

static bool is_done(const void *context, int number)
{
    const Crossval *c = context;
    return foldjob_done(c->in->folder, c->in->config, which(c, number));
}

/* "rep00/fold03", "permuted/07/rep00/fold03" */
static void name_job(char name[JOBS_NAME], const void *context, int number)
{
    const Crossval *c = context;
    char own[FOLDJOB_NAME];
    foldjob_name(own, which(c, number));
    snprintf(name, JOBS_NAME, "%.24s%s%s", c->in->label ? c->in->label : "", c->in->label ? "/" : "", own);
}

static Status stopped(const void *context, int n_done)
{
    const Crossval *c = context;
    return stop_check(c->in->stop, "; %d of %d %s are done, and --resume goes on", n_done, jobs_n(c->jobs), noun(c));
}

static JobSetup job_setup(const Crossval *c, const Config *config, const char *folder)
{
    return (JobSetup){.config = config,
                      .folder = folder,
                      .resume = true,
                      .argc = c->in->argc,
                      .argv = c->in->argv,
                      .stop = c->in->stop,
                      .updated = c->in->updated};
}

/* ---- one job ---- */

typedef struct {
    Jobs *jobs;
    int number;
} Reporter;

static void evaluated(void *context, const LoopRecord *record)
{
    const Reporter *reporter = context;
    jobs_progress(reporter->jobs, reporter->number, record->update);
}

static void finish(Crossval *c, int number, const json_t *summary)
{
    char message[64] = "done";
    const char *task = c->dataset->target[0].name;
    const json_t *parts = json_object_get(summary, "parts"), *test = json_object_get(parts, "test");
    const json_t *scores = json_object_get(json_object_get(test, "tasks"), task);
    const char *score = metric_of(&c->dataset->target[0])->name[1];
    const json_t *value = json_object_get(scores, score);
    if (json_is_number(value))
        snprintf(message, sizeof message, "done: test %s %.4f", score, json_number_value(value));
    jobs_finish(c->jobs, number, message);
}

static Status run_job(Crossval *c, int number, const char *folder)
{
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, number));
    Reporter reporter = {c->jobs, number};
    json_t *summary;
    JobSetup setup = job_setup(c, &own.config, folder);
    setup.anew = true;
    setup.evaluated = evaluated;
    setup.context = &reporter;
    log_detail("%s begins", folder);
    file_batch_begin();
    Status status = job_run_on(&summary, &setup, c->dataset, NULL);
    const Status synced = file_batch_end();
    if (status == OK) status = synced;
    if (status != OK) return status;
    finish(c, number, summary);
    json_decref(summary);
    return OK;
}

/* Does the job unless another process is doing it. */
static Status try_job(void *context, int number)
{
    Crossval *c = context;
    char folder[PATH_ROOM], name[FOLDJOB_NAME];
    RunLock lock;
    TRY(foldjob_path(folder, c->in->folder, which(c, number), ""));
    foldjob_name(name, which(c, number));
    TRY(file_make_inside(c->in->folder, name));
    TRY(runlock_try(&lock, folder));
    if (lock.fd < 0) return OK;
    const Status status = is_done(c, number) ? OK : run_job(c, number, folder);
    runlock_release(&lock);
    return status;
}

/* ---- getting ready ---- */

/* An upper limit of a job's updates: a refit takes at most as many passes over its bags. */
static int64_t count_updates(const Config *config, const Partition *g)
{
    const int64_t updates = schedule_updates(&config->train, &config->model, g->count[PART_TRAIN]);
    if (g->count[PART_TRAIN] == 0) return updates;
    return updates + updates * refit_bags(&config->train, g->count) / g->count[PART_TRAIN];
}

/* The fold, or inner fold, of job `first` and the models behind it. */
static Status check_fold(Crossval *c, int first)
{
    Partition g;
    FoldConfig own;
    const FoldJob job = which(c, first);
    foldjob_config(&own, c->in->config, job);
    TRY(foldlist_at(innerparts_make(&g, &c->dataset->folds, &own.config.splits), job));
    for (int m = 0; m < c->list.n_model; m++) jobs_set_steps(c->jobs, first + m, count_updates(&own.config, &g));
    partition_free(&g);
    return OK;
}

static Status check_folds(Crossval *c)
{
    for (int n = 0; n < c->list.n; n += c->list.n_model) TRY(check_fold(c, n));
    return OK;
}

static Status new_jobs(Crossval *c)
{
    const JobsSetup setup = {.n = c->list.n,
                             .shard = c->in->shard,
                             .n_shard = c->in->n_shard,
                             .title = c->in->label ? c->in->label : "cross-validation",
                             .unit = "updates",
                             .noun = noun(c),
                             .stop = c->in->stop,
                             .context = c,
                             .run = try_job,
                             .is_done = is_done,
                             .name = name_job,
                             .stopped = stopped};
    return jobs_new(&c->jobs, &setup);
}

/* The parts of every fold: what is wrong with one is said before anything is done, and threads may use the folds. */
static Status check_jobs(Crossval *c)
{
    const SplitOptions *splits = &c->in->config->splits;
    if (!splits->file && splits->kind != SPLIT_BATCH)
        smallclass_report(&c->dataset->cohort, &c->dataset->target[0], c->dataset->folds.n_fold);
    TRY(foldlist_new(&c->list, c->dataset));
    TRY(new_jobs(c));
    return check_folds(c);
}

static Status check_content(const Crossval *c)
{
    const ContentSource source = dataset_source(c->dataset);
    return c->in->resume ? content_check(&source, c->in->folder) : OK;
}

static Status open_all(Crossval *c, const CrossvalSetup *in, Dataset *dataset)
{
    *c = (Crossval){.in = in, .dataset = dataset};
    if (in->config->splits.inner)
        return settings_fail(in->config->settings, "splits.inner",
                             "it is of a single training; crossval.inner (--inner=K) is for all folds");
    TRY(crossval_check(in->folder, in->force, in->resume));
    TRY(check_content(c)); /* labels */
    TRY(check_jobs(c));
    if (in->resume) jobs_refresh(c->jobs);
    return OK;
}

static void close_all(Crossval *c)
{
    jobs_free(c->jobs);
    foldlist_free(&c->list);
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

/* Small bags, all in memory, and memory for a workspace a thread. */
static bool side_by_side(Crossval *c, int n_open)
{
    json_t *plan;
    if (jobs_at_once(n_open) < 2 || instances(c) > SMALL || !cache_is_whole(c->dataset->cache)) return false;
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, 0));
    const JobSetup setup = job_setup(c, &own.config, "");
    if (job_plan_on(&plan, &setup, c->dataset) != OK) return false;
    const int64_t bytes = json_integer_value(json_object_get(plan, "memory_workspace"));
    json_decref(plan);
    return jobs_fit(n_open, (double)bytes);
}

/* ---- until all is done ---- */

static Status choose_kmers(Crossval *c, const int *open, int n_open)
{
    const Status status = foldkmers_choose(c->dataset, &c->list, open, n_open, c->in->folder, c->in->stop);
    const Status halted = stopped(c, jobs_n_done(c->jobs));
    return halted == OK ? status : halted;
}

/* Until all jobs of this process are done. */
static Status work(Crossval *c)
{
    const int *open, n_job = jobs_n(c->jobs), n_open = jobs_list(c->jobs, 0, n_job, &open);
    if (n_open == 0) return OK;
    if (kmerstart_is_on(NULL, &c->in->config->model)) TRY(choose_kmers(c, open, n_open));
    const bool parallel = side_by_side(c, n_open);
    jobs_start(c->jobs);
    TRY(jobs_run(c->jobs, 0, n_job, parallel));
    jobs_end(c->jobs);
    return OK;
}

/* ---- the end ---- */

static Status join_models(Crossval *c)
{
    const EnsembleSetup setup = {.folder = c->in->folder, .config = c->in->config, .dataset = c->dataset};
    for (int n = 0; c->list.n_model > 1 && n < c->list.n; n += c->list.n_model)
        TRY(ensemble_make(&setup, which(c, n)));
    return OK;
}

/* What the figures do not say by themselves; further cross-validations are read with the first. */
static void remark_company(const Crossval *c, json_t *summary)
{
    int kind, number;
    if (folds_parse_permute(&kind, &number, c->in->config->splits.permute) && kind >= 0) return;
    foldremarks_offer_batches(json_object_get(summary, "remarks"), c->in->config, &c->dataset->folds);
    json_object_set_new(summary, CROSSVAL_BESIDE, rivalnote_make(c->in->folder, json_object_get(summary, "tasks")));
}

static Status write_summary(Crossval *c, json_t **out)
{
    const CrossvalSetup *in = c->in;
    const TallySetup tally = {.folder = in->folder,
                              .config = in->config,
                              .cohort = &c->dataset->cohort,
                              .target = c->dataset->target,
                              .n_repeat = c->list.n_repeat,
                              .n_fold = c->list.n_fold,
                              .n_inner = c->in->config->crossval.inner ? c->list.n_inner : NULL};
    TRY(join_models(c));
    TRY(tally_make(out, &tally));
    TRY(dataset_check(c->dataset)); /* of a run that was done already */
    json_object_set(*out, "check", c->dataset->check);
    remarks_check(json_object_get(*out, "remarks"), c->dataset->check);
    remarks_inputs(json_object_get(*out, "remarks"), c->dataset->model.n_input);
    if (!in->label) remark_company(c, *out);
    return crossval_write_summary(in->folder, *out);
}

/* Whoever sees that all jobs are done writes the summary; two who do write the same. */
static Status conclude(Crossval *c, json_t **out)
{
    RunLock lock;
    jobs_refresh(c->jobs);
    if (jobs_n_done(c->jobs) < jobs_n(c->jobs)) {
        *out = json_pack("{s:i, s:i, s:i}", "n_models", c->list.n_model, "jobs", jobs_n(c->jobs), "done",
                         jobs_n_done(c->jobs));
        return *out ? OK : fail(ERR_MEMORY, "no memory for the result");
    }
    TRY(runlock_acquire(&lock, c->in->folder, c->in->stop));
    const Status status = write_summary(c, out);
    runlock_release(&lock);
    return status;
}

/* Can the first job begin? Its model, data and memory are those of all. */
static Status check_model(Crossval *c)
{
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, 0));
    const JobSetup setup = job_setup(c, &own.config, "");
    return job_check_on(&setup, c->dataset);
}

/* Before the folder is made, or anything of an older run removed, all is known that can be. */
static Status prepare(Crossval *c)
{
    const CrossvalFolder folder = {.folder = c->in->folder,
                                   .config = c->in->config,
                                   .dataset = c->dataset,
                                   .force = c->in->force,
                                   .resume = c->in->resume,
                                   .argc = c->in->argc,
                                   .argv = c->in->argv,
                                   .stop = c->in->stop};
    const bool all_done = jobs_n_done(c->jobs) == jobs_n(c->jobs);
    if (all_done && crossval_is_kept(&folder)) return OK; /* nothing but the summary is left */
    TRY(dataset_fill(c->dataset));
    TRY(check_model(c));
    TRY(check_content(c));
    TRY(check_folds(c)); /* contents too, now they are known */
    if (c->in->begin) c->in->begin();
    if (c->in->force) runfolder_warn_foreign(c->in->folder);
    return crossval_begin(&folder);
}

Status crossval_run_on(json_t **out, const CrossvalSetup *setup, Dataset *dataset)
{
    Crossval c;
    Status status;
    *out = NULL;
    TRY_DONE(open_all(&c, setup, dataset));
    TRY_DONE(prepare(&c));
    TRY_DONE(work(&c));
    TRY_DONE(conclude(&c, out));
done:
    if (status != OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    close_all(&c);
    return status;
}

/* ---- dry run ---- */

static Status plan(Crossval *c, json_t **out)
{
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, 0));
    const JobSetup setup = job_setup(c, &own.config, c->in->folder);
    TRY(job_plan_on(out, &setup, c->dataset));
    const int mine = jobs_n_open(c->jobs), at_once = instances(c) <= SMALL ? jobs_at_once(mine) : mine > 0;
    json_object_set_new(*out, "n_repeats", json_integer(c->list.n_repeat));
    json_object_set_new(*out, "n_folds", json_integer(c->list.n_fold));
    json_object_set_new(*out, "n_models", json_integer(c->list.n_model));
    if (c->in->config->crossval.inner)
        json_object_set_new(*out, "n_inner", json_integer(c->in->config->crossval.inner));
    json_object_set_new(*out, "jobs", json_integer(jobs_n(c->jobs)));
    json_object_set_new(*out, "done", json_integer(jobs_n_done(c->jobs)));
    json_object_set_new(*out, "mine", json_integer(mine));
    json_object_set_new(*out, "at_once", json_integer(at_once));
    return OK;
}

Status crossval_plan_on(json_t **out, const CrossvalSetup *setup, Dataset *dataset)
{
    Crossval c;
    *out = NULL;
    Status status = open_all(&c, setup, dataset);
    if (status == OK) status = plan(&c, out);
    close_all(&c);
    return status;
}
