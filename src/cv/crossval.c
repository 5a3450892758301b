/* SPDX-License-Identifier: MIT */
#include "cv/crossval.h"
#include "cohort/grouping.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cv/crossval_folder.h"
#include "cv/ensemble.h"
#include "cv/foldjob.h"
#include "cv/tally.h"
#include "run/job.h"
#include "run/kmershare.h"
#include "run/runlock.h"
#include "run/stock.h"
#include "train/kmerstart.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Up to so many instances of a minibatch, jobs run side by side. */
#define SMALL 16384

typedef struct {
    int updates;    /* it will take */
    int told;       /* of them, how many are in the progress line */
    bool done;      /* seen to be */
    Status status;  /* of the attempt */
    char *sentence; /* where that failed */
} Job;

typedef struct {
    const CrossvalSetup *in;
    Stock stock;
    int n_fold, n_model, n_job; /* n_model: of a fold */
    Job *job;                   /* [n_job] number (repeat · n_fold + fold) · n_model + model */
    int *open;                  /* [n_job] those of a pass */
    pthread_mutex_t mutex;      /* of what follows */
    Progress progress;
    int64_t told; /* updates */
    int n_done;
    bool failed; /* begin no more */
} Crossval;

static FoldJob which(const Crossval *c, int number)
{
    const int fold = number / c->n_model;
    return (FoldJob){fold / c->n_fold, fold % c->n_fold, c->n_model > 1 ? number % c->n_model : -1};
}

static bool is_mine(const Crossval *c, int number)
{
    return number % c->in->n_shard == c->in->shard - 1;
}

static void look(Crossval *c, int number)
{
    Job *job = &c->job[number];
    if (job->done) return;
    job->done = foldjob_done(c->in->folder, c->in->config, which(c, number));
    c->n_done += job->done;
}

/* ---- getting ready ---- */

static int updates_of(const Config *config, int n_train)
{
    const TrainOptions *o = &config->train;
    const int64_t per_epoch = (n_train + o->batch - 1) / o->batch;
    const int64_t updates = o->updates > 0 ? o->updates : o->epochs * per_epoch;
    return updates < INT32_MAX ? (int)updates : INT32_MAX;
}

/* The fold of job `first` and the models behind it. */
static Status check_fold(Crossval *c, int first)
{
    Grouping g;
    const FoldJob job = which(c, first);
    const Status status = grouping_make(&g, &c->stock.folding, job.repeat, job.fold);
    if (status != OK) return fail_at(status, "repetition %d, fold %d", job.repeat, job.fold);
    for (int m = 0; m < c->n_model; m++) c->job[first + m].updates = updates_of(c->in->config, g.count[PART_TRAIN]);
    grouping_free(&g);
    return OK;
}

/* The parts of every fold: what is wrong with one is said before anything is done, and threads may use the folding. */
static Status check_jobs(Crossval *c)
{
    Folding *folding = &c->stock.folding;
    if (folding->n_repeat == 0)
        return fail(ERR_CONFIG, "%s holds parts, not folds (splits.file); train takes it",
                    c->in->config->splits.file);
    c->n_fold = folding->n_fold;
    c->n_model = c->in->config->crossval.ensemble;
    if (folding->n_repeat > INT32_MAX / c->n_fold / c->n_model)
        return fail(ERR_CONFIG, "splits: %d repetitions of %d folds are too many", folding->n_repeat, c->n_fold);
    c->n_job = folding->n_repeat * c->n_fold * c->n_model;
    c->job = calloc((size_t)c->n_job, sizeof *c->job);
    c->open = calloc((size_t)c->n_job, sizeof *c->open);
    if (!c->job || !c->open) return fail(ERR_MEMORY, "no memory for %d folds", c->n_job);
    for (int n = 0; n < c->n_job; n += c->n_model) TRY(check_fold(c, n));
    return OK;
}

static Status open_all(Crossval *c, const CrossvalSetup *in)
{
    *c = (Crossval){.in = in};
    pthread_mutex_init(&c->mutex, NULL);
    TRY(crossval_check(in->folder, in->force, in->resume));
    TRY(stock_open(&c->stock, in->config));
    TRY(check_jobs(c));
    for (int n = 0; n < c->n_job && in->resume; n++) look(c, n);
    return OK;
}

static void close_all(Crossval *c)
{
    for (int n = 0; c->job && n < c->n_job; n++) free(c->job[n].sentence);
    free(c->job);
    free(c->open);
    stock_close(&c->stock);
    pthread_mutex_destroy(&c->mutex);
}

static JobSetup job_setup(const Crossval *c, const Config *config, const char *folder)
{
    return (JobSetup){.config = config,
                      .folder = folder,
                      .resume = true,
                      .argc = c->in->argc,
                      .argv = c->in->argv,
                      .stop = c->in->stop};
}

/* ---- progress ---- */

typedef struct {
    Crossval *c;
    int number;
} Teller;

/* What jobs are called. */
static const char *noun(const Crossval *c)
{
    return c->n_model > 1 ? "models" : "folds";
}

static void tell(Crossval *c, int number, int updates)
{
    char note[64];
    pthread_mutex_lock(&c->mutex);
    c->told += updates - c->job[number].told;
    c->job[number].told = updates;
    snprintf(note, sizeof note, "%d of %d %s done", c->n_done, c->n_job, noun(c));
    log_hush(false);
    progress_tell(&c->progress, c->told, note);
    log_hush(true);
    pthread_mutex_unlock(&c->mutex);
}

static void evaluated(void *context, const LoopRecord *record)
{
    const Teller *teller = context;
    tell(teller->c, teller->number, record->update);
}

static void say_done(Crossval *c, int number, const json_t *summary)
{
    char name[FOLDJOB_NAME], said[64] = "";
    const char *task = c->stock.target[0].name;
    const json_t *parts = json_object_get(summary, "parts"), *test = json_object_get(parts, "test");
    const json_t *scores = json_object_get(json_object_get(test, "tasks"), task);
    const char *score = metric_of(&c->stock.target[0])->name[1];
    const json_t *value = json_object_get(scores, score);
    if (json_is_number(value)) snprintf(said, sizeof said, ": test %s %.4f", score, json_number_value(value));
    foldjob_name(name, which(c, number));
    pthread_mutex_lock(&c->mutex);
    c->n_done++;
    c->job[number].done = true;
    pthread_mutex_unlock(&c->mutex);
    tell(c, number, c->job[number].updates);
    pthread_mutex_lock(&c->mutex);
    log_hush(false);
    log_info("%s done%s", name, said);
    log_hush(true);
    pthread_mutex_unlock(&c->mutex);
}

static void begin_progress(Crossval *c)
{
    int64_t total = 0;
    for (int n = 0; n < c->n_job; n++) {
        if (!is_mine(c, n)) continue;
        total += c->job[n].updates;
        c->job[n].told = c->job[n].done ? c->job[n].updates : 0;
        c->told += c->job[n].told;
    }
    progress_start(&c->progress, "cross-validation", "updates", total);
    c->progress.first = c->progress.done = c->told;
}

/* ---- one job ---- */

static Status run_job(Crossval *c, int number, const char *folder)
{
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, number));
    Teller teller = {c, number};
    json_t *summary;
    JobSetup setup = job_setup(c, &own.config, folder);
    setup.anew = true;
    setup.evaluated = evaluated;
    setup.context = &teller;
    log_detail("%s begins", folder);
    file_batch_begin();
    Status status = job_run_on(&summary, &setup, &c->stock);
    const Status synced = file_batch_end();
    if (status == OK) status = synced;
    if (status != OK) return status;
    say_done(c, number, summary);
    json_decref(summary);
    return OK;
}

/* Does the job unless another is at it. */
static Status try_job(Crossval *c, int number)
{
    char folder[FOLDJOB_ROOM];
    RunLock lock;
    TRY(foldjob_path(folder, c->in->folder, which(c, number), ""));
    TRY(file_make_folder(folder));
    TRY(runlock_try(&lock, folder));
    if (lock.fd < 0) return OK;
    Status status = OK;
    if (!foldjob_done(c->in->folder, c->in->config, which(c, number))) status = run_job(c, number, folder);
    runlock_release(&lock);
    return status;
}

static bool is_stopped(const Crossval *c)
{
    return c->in->stop && *c->in->stop != 0;
}

static void attempt(void *context, int chunk, int thread)
{
    Crossval *c = context;
    Job *job = &c->job[c->open[chunk]];
    (void)thread;
    pthread_mutex_lock(&c->mutex);
    const bool leave = c->failed || is_stopped(c);
    pthread_mutex_unlock(&c->mutex);
    if (leave) return;
    log_hush(true);
    job->status = try_job(c, c->open[chunk]);
    log_hush(false);
    if (job->status == OK) return;
    job->sentence = strdup(status_sentence());
    pthread_mutex_lock(&c->mutex);
    c->failed = true;
    pthread_mutex_unlock(&c->mutex);
}

/* ---- all jobs ---- */

/* Jobs of this process that are not done yet, in order. */
static int list_open(Crossval *c)
{
    int n_open = 0;
    for (int n = 0; n < c->n_job; n++) {
        if (!is_mine(c, n)) continue;
        look(c, n);
        if (!c->job[n].done) c->open[n_open++] = n;
    }
    return n_open;
}

/* Of a minibatch, on average: one large bag among many small ones changes little. */
static int instances(const Crossval *c)
{
    const TrainOptions *o = &c->in->config->train;
    const BagFile *file = c->stock.cohort.file;
    const int n_bag = bagfile_n_bag(file);
    int64_t sum = 0;
    for (int b = 0; b < n_bag; b++) {
        const int n = bagfile_n(file, b);
        sum += o->draws > 0 && o->draws < n ? o->draws : n;
    }
    const int64_t n = n_bag ? sum * o->batch / n_bag : 0;
    return n < INT32_MAX ? (int)n : INT32_MAX;
}

/* Small bags, all in memory, and room for a workspace a thread. */
static bool side_by_side(Crossval *c, int n_open)
{
    json_t *plan;
    const int n = n_open < parallel_threads() ? n_open : parallel_threads();
    if (n < 2 || instances(c) > SMALL || !cache_is_whole(c->stock.cache)) return false;
    FoldConfig own;
    foldjob_config(&own, c->in->config, which(c, 0));
    const JobSetup setup = job_setup(c, &own.config, "");
    if (job_plan_on(&plan, &setup, &c->stock) != OK) return false;
    const int64_t bytes = json_integer_value(json_object_get(plan, "memory_workspace"));
    json_decref(plan);
    return bytes * n < memory_available() / 2;
}

static Status stopped(const Crossval *c)
{
    const bool term = *c->in->stop == SIGTERM;
    return fail(term ? ERR_SIGTERM : ERR_SIGINT, "%s; %d of %d %s are done, and --resume goes on",
                term ? "terminated" : "interrupted", c->n_done, c->n_job, noun(c));
}

/* What the first job that failed said. */
static Status verdict(Crossval *c)
{
    char name[FOLDJOB_NAME];
    for (int n = 0; n < c->n_job; n++) {
        const Job *job = &c->job[n];
        if (job->status == OK || job->status == ERR_SIGINT || job->status == ERR_SIGTERM) continue;
        foldjob_name(name, which(c, n));
        return fail(job->status, "%s: %s", name, job->sentence ? job->sentence : status_words(job->status));
    }
    return is_stopped(c) ? stopped(c) : OK;
}

/* ---- k-mers to start from ---- */

/* A job with a checkpoint reads its k-mers from its folder. */
static bool needs_kmers(const Crossval *c, int number)
{
    char path[FOLDJOB_ROOM];
    return foldjob_path(path, c->in->folder, which(c, number), "checkpoint.safetensors") != OK || !file_exists(path);
}

/* Folds of a repetition that open jobs need k-mers for, ascending; returns how many. */
static int list_folds(int *fold, const Crossval *c, int n_open, int repeat)
{
    int n = 0;
    for (int i = 0; i < n_open; i++) {
        const FoldJob job = which(c, c->open[i]);
        if (job.repeat != repeat || (n && fold[n - 1] == job.fold) || !needs_kmers(c, c->open[i])) continue;
        fold[n++] = job.fold;
    }
    return n;
}

static void report_kmers(const Crossval *c)
{
    int n = 0, least = KMERS_MOST, most = 0;
    for (size_t k = 0; k < c->stock.n_kmers; k++) {
        if (!c->stock.kmers[k]) continue;
        const int chosen = c->stock.kmers[k]->n;
        least = chosen < least ? chosen : least;
        most = chosen > most ? chosen : most;
        n++;
    }
    if (n) log_info("kernels start from %d to %d k-mers in %d folds (kmers.tsv of each)", least, most, n);
}

/* For all jobs before the first begins: together, since folds share bags, and by all threads. */
static Status choose_kmers(Crossval *c, int n_open)
{
    int *fold = calloc((size_t)c->n_fold + 1, sizeof *fold);
    Status status = fold ? OK : fail(ERR_MEMORY, "no memory for %d folds", c->n_fold);
    for (int r = 0; status == OK && r < c->stock.folding.n_repeat; r++) {
        const int n = list_folds(fold, c, n_open, r);
        if (n) status = kmershare_fill(&c->stock, r, fold, n, c->in->stop);
    }
    free(fold);
    if (status == OK) report_kmers(c);
    return is_stopped(c) ? stopped(c) : status;
}

/* ---- until all is done ---- */

/* Until all jobs of this process are done. What another process holds is waited for, and taken up if that one dies. */
static Status work(Crossval *c)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    int n_open = list_open(c), before = -1;
    bool waiting = false;
    if (n_open == 0) return OK;
    if (kmerstart_is_on(NULL, &c->in->config->model)) TRY(choose_kmers(c, n_open));
    const bool parallel = side_by_side(c, n_open);
    begin_progress(c);
    for (; n_open > 0; before = n_open, n_open = list_open(c)) {
        if (n_open == before) {
            if (!waiting) log_info("waiting for %d %s that other processes are at", n_open, noun(c));
            waiting = true;
            nanosleep(&pause, NULL);
        }
        if (parallel)
            parallel_for(n_open, attempt, c);
        else
            for (int i = 0; i < n_open; i++) attempt(c, i, 0);
        TRY(verdict(c));
    }
    progress_end(&c->progress, NULL);
    return OK;
}

/* ---- the end ---- */

static Status join_models(Crossval *c)
{
    const EnsembleSetup setup = {.folder = c->in->folder, .config = c->in->config, .stock = &c->stock};
    for (int n = 0; c->n_model > 1 && n < c->n_job; n += c->n_model) {
        const FoldJob job = which(c, n);
        TRY(ensemble_make(&setup, job.repeat, job.fold));
    }
    return OK;
}

static Status write_summary(Crossval *c, json_t **out)
{
    const CrossvalSetup *in = c->in;
    const TallySetup tally = {.folder = in->folder,
                              .config = in->config,
                              .cohort = &c->stock.cohort,
                              .target = c->stock.target,
                              .n_repeat = c->n_job / c->n_fold / c->n_model,
                              .n_fold = c->n_fold};
    char path[FOLDJOB_ROOM];
    TRY(join_models(c));
    TRY(tally_make(out, &tally));
    snprintf(path, sizeof path, "%s/summary.md", in->folder);
    TRY(tally_write_table(path, *out));
    return crossval_write_json(in->folder, "summary.json", *out);
}

/* Whoever sees that all jobs are done writes the summary; two who do write the same. */
static Status conclude(Crossval *c, json_t **out)
{
    RunLock lock;
    for (int n = 0; n < c->n_job; n++) look(c, n);
    if (c->n_done < c->n_job) {
        *out = json_pack("{s:i, s:i, s:i}", "n_models", c->n_model, "jobs", c->n_job, "done", c->n_done);
        return *out ? OK : fail(ERR_MEMORY, "no memory for the result");
    }
    TRY(runlock_take(&lock, c->in->folder, c->in->stop));
    const Status status = write_summary(c, out);
    runlock_release(&lock);
    return status;
}

static Status prepare(Crossval *c)
{
    const CrossvalFolder folder = {.folder = c->in->folder,
                                   .config = c->in->config,
                                   .stock = &c->stock,
                                   .force = c->in->force,
                                   .resume = c->in->resume,
                                   .argc = c->in->argc,
                                   .argv = c->in->argv,
                                   .stop = c->in->stop};
    if (c->n_done == c->n_job) return OK; /* nothing but the summary is left */
    TRY(stock_fill(&c->stock));
    if (c->in->begin) c->in->begin();
    return crossval_begin(&folder);
}

Status crossval_run(json_t **out, const CrossvalSetup *setup)
{
    Crossval c;
    Status status;
    *out = NULL;
    TRY_DONE(open_all(&c, setup));
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
    TRY(job_plan_on(out, &setup, &c->stock));
    int mine = 0;
    for (int n = 0; n < c->n_job; n++) mine += is_mine(c, n) && !c->job[n].done;
    const int at_once = instances(c) <= SMALL && mine > 1 ? parallel_threads() : 1;
    json_object_set_new(*out, "n_repeats", json_integer(c->n_job / c->n_fold / c->n_model));
    json_object_set_new(*out, "n_folds", json_integer(c->n_fold));
    json_object_set_new(*out, "n_models", json_integer(c->n_model));
    json_object_set_new(*out, "jobs", json_integer(c->n_job));
    json_object_set_new(*out, "done", json_integer(c->n_done));
    json_object_set_new(*out, "mine", json_integer(mine));
    json_object_set_new(*out, "at_once", json_integer(at_once < mine ? at_once : mine));
    return OK;
}

Status crossval_plan(json_t **out, const CrossvalSetup *setup)
{
    Crossval c;
    *out = NULL;
    Status status = open_all(&c, setup);
    if (status == OK) status = plan(&c, out);
    close_all(&c);
    return status;
}
