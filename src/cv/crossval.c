/* SPDX-License-Identifier: MIT */
#include "cv/crossval_parts.h"
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
#include "cv/searchtable.h"
#include "cv/tally.h"
#include "run/configsearch.h"
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

/* What jobs are called. */
static const char *noun(const Crossval *c)
{
    return c->list.n_model > 1 || c->list.n > c->list.n_outer ? "models" : "folds";
}

static bool is_done(const void *context, int number)
{
    const Crossval *c = context;
    const FoldJob job = crossval_which(c, number);
    return !search_is_open(&c->search, job) && foldjob_done(c->in->folder, search_config(&c->search, job), job);
}

/* "rep00/fold03", "permuted/07/rep00/fold03" */
static void name_job(char name[JOBS_NAME], const void *context, int number)
{
    const Crossval *c = context;
    char own[FOLDJOB_NAME];
    foldjob_name(own, crossval_which(c, number));
    snprintf(name, JOBS_NAME, "%.24s%s%s", c->in->label ? c->in->label : "", c->in->label ? "/" : "", own);
}

/* A shard does all of a fold: its search and what follows from it. */
static int fold_of(const void *context, int number)
{
    const Crossval *c = context;
    return crossval_which(c, number).repeat * c->list.n_fold + crossval_which(c, number).fold;
}

static Status stopped(const void *context, int n_done)
{
    const Crossval *c = context;
    return stop_check(c->in->stop, "; %d of %d %s are done, and --resume goes on", n_done, jobs_n(c->jobs), noun(c));
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
    const bool many = crossval_which(c, number).trial > 0; /* too many to tell of */
    const char *task = c->dataset->target[0].name;
    const json_t *parts = json_object_get(summary, "parts"), *test = json_object_get(parts, "test");
    const json_t *scores = json_object_get(json_object_get(test, "tasks"), task);
    const char *score = metric_of(&c->dataset->target[0])->name[1];
    const json_t *value = json_object_get(scores, score);
    if (json_is_number(value))
        snprintf(message, sizeof message, "done: test %s %.4f", score, json_number_value(value));
    jobs_finish(c->jobs, number, many ? NULL : message);
}

static Status run_job(Crossval *c, int number, const char *folder)
{
    FoldConfig own;
    const FoldJob job = crossval_which(c, number);
    crossval_configure(&own, c, job);
    Reporter reporter = {c->jobs, number};
    json_t *summary;
    JobSetup setup = crossval_job(c, &own.config, folder);
    setup.anew = true;
    setup.brief = job.trial > 0;
    setup.evaluated = evaluated;
    setup.context = &reporter;
    log_detail("%s begins", folder);
    file_batch_begin();
    Status status = job_run_on(&summary, &setup, c->dataset, NULL);
    if (status == ERR_DIVERGED && job.trial > 0) status = search_give_up(c->in->folder, job);
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
    TRY(foldjob_path(folder, c->in->folder, crossval_which(c, number), ""));
    foldjob_name(name, crossval_which(c, number));
    if (search_is_open(&c->search, crossval_which(c, number)))
        return fail(ERR_IO, "files of its search are gone; start again with --resume");
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
    const FoldJob job = crossval_which(c, first);
    crossval_configure(&own, c, job);
    TRY(foldlist_at(innerparts_make(&g, &c->dataset->folds, &own.config.splits), job));
    for (int m = 0; m < foldlist_each(&c->list, first); m++)
        jobs_set_steps(c->jobs, first + m,
                       count_updates(search_config(&c->search, crossval_which(c, first + m)), &g));
    partition_free(&g);
    return OK;
}

static Status check_folds(Crossval *c)
{
    for (int n = 0; n < c->list.n; n += foldlist_each(&c->list, n)) TRY(check_fold(c, n));
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
                             .lot = search_is_on(&c->search) ? fold_of : NULL,
                             .name = name_job,
                             .stopped = stopped};
    return jobs_new(&c->jobs, &setup);
}

/* The parts of every fold: what is wrong with one is said before anything is done, and threads may use the folds. */
static Status check_jobs(Crossval *c)
{
    const SplitOptions *splits = &c->in->config->splits;
    if (!splits->file && splits->kind != SPLIT_BATCH)
        smallclass_report(&c->dataset->cohort, &c->dataset->target[0], c->dataset->folds.n_fold, true);
    TRY(search_open(&c->search, c->in->config));
    TRY(foldlist_new(&c->list, c->dataset, &c->search.rungs, c->in->config->search.throughout));
    TRY(search_begin(&c->search, &c->list, c->dataset->target));
    TRY(new_jobs(c));
    return check_folds(c);
}

static Status check_content(const Crossval *c)
{
    const ContentSource source = dataset_source(c->dataset);
    return c->in->resume ? content_check(&source, c->in->folder) : OK;
}

/* What is done already. */
static Status refresh(Crossval *c)
{
    TRY(search_choose(&c->search, c->in->folder));
    jobs_refresh(c->jobs);
    return OK;
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
    if (in->resume) TRY(refresh(c));
    return OK;
}

static void close_all(Crossval *c)
{
    jobs_free(c->jobs);
    search_close(&c->search);
    foldlist_free(&c->list);
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
    const bool parallel = crossval_side_by_side(c, n_open);
    jobs_start(c->jobs);
    for (int k = 0; k < c->list.rungs.n; k++) {
        TRY(jobs_run(c->jobs, c->list.rung_at[k], c->list.rung_at[k + 1], parallel));
        TRY(search_choose(&c->search, c->in->folder));
    }
    TRY(jobs_run(c->jobs, 0, n_job, parallel));
    jobs_end(c->jobs);
    return OK;
}

/* ---- the end ---- */

static Status join_models(Crossval *c)
{
    for (int n = 0; c->list.n_model > 1 && n < c->list.n && c->list.job[n].slot == 0; n += c->list.n_model) {
        const EnsembleSetup setup = {.folder = c->in->folder,
                                     .config = search_config(&c->search, crossval_which(c, n)),
                                     .dataset = c->dataset};
        TRY(ensemble_make(&setup, crossval_which(c, n)));
    }
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

/* With halving, the trials of the last rung were kept by all inner folds: none can predict its own bags honestly. */
static bool has_inner_outputs(const Crossval *c)
{
    return configsearch_inner(c->in->config) && c->list.rungs.n < 2;
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
                              .n_inner = has_inner_outputs(c) ? c->list.n_inner : NULL,
                              .trial = search_is_on(&c->search) ? search_without : NULL,
                              .context = &c->search};
    TRY(join_models(c));
    TRY(tally_make(out, &tally));
    if (search_is_on(&c->search)) {
        TRY(search_read_throughout(&c->search, in->folder));
        TRY(searchtable_write(&c->search, in->folder));
        TRY(searchtable_add(*out, &c->search));
    }
    TRY(dataset_check(c->dataset)); /* of a run that was done already */
    json_object_set(*out, "check", c->dataset->check);
    remarks_check(json_object_get(*out, "remarks"), c->dataset->check);
    remarks_inputs(json_object_get(*out, "remarks"), c->dataset->model.n_input, in->config->crossval.without);
    if (!in->label) remark_company(c, *out);
    return crossval_write_summary(in->folder, *out);
}

/* Whoever sees that all jobs are done writes the summary; two who do write the same. */
static Status conclude(Crossval *c, json_t **out)
{
    RunLock lock;
    TRY(refresh(c));
    if (jobs_n_done(c->jobs) < jobs_n(c->jobs)) {
        *out = json_pack("{s:i, s:i, s:i}", "n_models", c->list.n_model, "jobs", jobs_n(c->jobs), "done",
                         jobs_n_done(c->jobs));
        if (*out && search_is_on(&c->search)) json_object_set_new(*out, "n_trials", json_integer(c->search.trials.n));
        return *out ? OK : fail(ERR_MEMORY, "no memory for the result");
    }
    TRY(runlock_acquire(&lock, c->in->folder, c->in->stop));
    const Status status = write_summary(c, out);
    runlock_release(&lock);
    return status;
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
    TRY(crossval_check_model(c));
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

Status crossval_plan_on(json_t **out, const CrossvalSetup *setup, Dataset *dataset)
{
    Crossval c;
    *out = NULL;
    Status status = open_all(&c, setup, dataset);
    if (status == OK) status = crossval_describe(out, &c);
    close_all(&c);
    return status;
}
