/* SPDX-License-Identifier: MIT */
#include "study/baseline.h"
#include "cohort/bagstats.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "cv/crossval_folder.h"
#include "run/leakwatch.h"
#include "run/manifest.h"
#include "study/baseline_files.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STATS .bags = BAG_VECTORS, .bags_words = "vectors", .rows = bagstats_make

/* clang-format off: a row a method */
const BaselineMethod baseline_methods[] = {
    {.name = "stats-logistic",
     .line = "logistic regression, C = 0.01, on mean, max and min of every feature",
     STATS,
     .classifier = &classifier_logistic,
     .cost = 0.01},
    {.name = "stats-svm1",
     .line = "SVM with RBF kernel, C = 1, on mean, max and min of every feature",
     STATS,
     .classifier = &classifier_svm,
     .cost = 1},
    {.name = "stats-svm10",
     .line = "SVM with RBF kernel, C = 10, on mean, max and min of every feature",
     STATS,
     .classifier = &classifier_svm,
     .cost = 10},
    {.name = NULL},
};
/* clang-format on */

const BaselineMethod *baseline_method(const char *name)
{
    for (const BaselineMethod *m = baseline_methods; m->name; m++)
        if (strcmp(m->name, name) == 0) return m;
    return NULL;
}

typedef struct {
    Status status;
    char *sentence;
} Failure;

typedef struct {
    const BaselineSetup *in;
    Config config; /* the setup's, not to be freed */
    Stock stock;
    int n_repeat, n_fold, n_job;
    Grouping *part;          /* [n_job] of fold job % n_fold of repetition job / n_fold */
    const FeatureRows *rows; /* of the method at work */
    int method;              /* its number */
    real *output;            /* [n_method, n_repeat, n, n_task] */
    double *seconds;         /* [n_method, n_job] */
    Failure *failure;        /* [n_job] of the method at work */
    pthread_mutex_t mutex;   /* of what follows */
    Progress progress;
    int done;
} Baseline;

/* ---- getting ready ---- */

static Status check_method(const BaselineMethod *m, const BagFile *file)
{
    if (bagfile_spec(file)->kind != m->bags)
        return fail(ERR_FORMAT,
                    "%s holds %s, and the baseline %s is for bags of %s; there is none for the others yet",
                    bagfile_path(file), bagfile_spec(file)->kind == BAG_VECTORS ? "vectors" : "sequences", m->name,
                    m->bags_words);
    if (!m->classifier->is_built)
        return fail(ERR_USAGE,
                    "the baseline %s needs %s, which was not there when hopsack was built: install %s-dev and build "
                    "again, or name other methods (--method)",
                    m->name, m->classifier->library, m->classifier->library);
    return OK;
}

static Status check_tasks(const Config *config, const Target *target)
{
    for (int k = 0; k < config->n_task; k++)
        if (!task_of(&target[k])->has_auc)
            return fail(ERR_CONFIG, "tasks.%d.kind is %s; baselines are for binary tasks", k, target[k].type->name);
    return OK;
}

/* The parts of every fold: what is wrong with one is said before anything is done. A table of parts is one fold. */
static Status open_folds(Baseline *b)
{
    Folding *f = &b->stock.folding;
    b->n_repeat = f->n_repeat ? f->n_repeat : 1;
    b->n_fold = f->n_repeat ? f->n_fold : 1;
    if (b->n_repeat > INT32_MAX / b->n_fold)
        return fail(ERR_CONFIG, "splits: %d repetitions of %d folds are too many", b->n_repeat, b->n_fold);
    b->n_job = b->n_repeat * b->n_fold;
    b->part = calloc((size_t)b->n_job, sizeof *b->part);
    if (!b->part) return fail(ERR_MEMORY, "no memory for %d folds", b->n_job);
    for (int job = 0; job < b->n_job; job++) {
        const Status status = grouping_make(&b->part[job], f, job / b->n_fold, job % b->n_fold);
        if (status != OK) return fail_at(status, "repetition %d, fold %d", job / b->n_fold, job % b->n_fold);
    }
    return OK;
}

static Status open_all(Baseline *b, const BaselineSetup *in)
{
    *b = (Baseline){.in = in, .config = *in->config};
    b->config.splits.validation = "none"; /* nothing is chosen */
    b->config.crossval.ensemble = 1;
    pthread_mutex_init(&b->mutex, NULL);
    TRY(crossval_check(in->folder, in->force, false));
    TRY(stock_open(&b->stock, &b->config));
    TRY(check_tasks(in->config, b->stock.target));
    for (int m = 0; m < in->n_method; m++) TRY(check_method(in->method[m], b->stock.cohort.file));
    return open_folds(b);
}

static Status reserve(Baseline *b)
{
    const size_t n_method = (size_t)b->in->n_method, n_job = (size_t)b->n_job;
    const size_t n = (size_t)b->n_repeat * (size_t)b->stock.cohort.n * (size_t)b->in->config->n_task;
    b->output = calloc(n_method * n + 1, sizeof *b->output);
    b->seconds = calloc(n_method * n_job + 1, sizeof *b->seconds);
    b->failure = calloc(n_job + 1, sizeof *b->failure);
    return b->output && b->seconds && b->failure ? OK : fail(ERR_MEMORY, "no memory for %d folds", b->n_job);
}

static void close_all(Baseline *b)
{
    for (int job = 0; job < b->n_job; job++) {
        if (b->part) grouping_free(&b->part[job]);
        if (b->failure) free(b->failure[job].sentence);
    }
    free(b->part);
    free(b->output);
    free(b->seconds);
    free(b->failure);
    stock_close(&b->stock);
    pthread_mutex_destroy(&b->mutex);
}

/* ---- one fold ---- */

typedef struct {
    int *train, *label, *test; /* [n] */
    double *score;             /* [n] */
    int n_train, n_test;
} Rows;

static Status rows_new(Rows *r, int n)
{
    const size_t room = (size_t)n + 1;
    *r = (Rows){.train = malloc(room * sizeof *r->train),
                .label = malloc(room * sizeof *r->label),
                .test = malloc(room * sizeof *r->test),
                .score = malloc(room * sizeof *r->score)};
    return r->train && r->label && r->test && r->score ? OK : fail(ERR_MEMORY, "no memory for %d bags", n);
}

static void rows_free(Rows *r)
{
    free(r->train);
    free(r->label);
    free(r->test);
    free(r->score);
}

/* Training bags whose label of this task is known, and all test bags. */
static Status choose(Rows *r, const Baseline *b, const Grouping *g, int task)
{
    const Labels *labels = &b->stock.cohort.labels;
    const Target *t = &b->stock.target[task];
    int positive = 0;
    r->n_train = r->n_test = 0;
    for (int i = 0; i < g->n; i++) {
        if (g->part[i] == PART_NONE) continue;
        if (g->part[i] == PART_TEST) {
            r->test[r->n_test++] = i;
            continue;
        }
        if (labels->mask[i * labels->n_target + task] == 0) continue;
        r->label[r->n_train] = labels->target[i * labels->n_out + t->at] > (real)0.5;
        positive += r->label[r->n_train];
        r->train[r->n_train++] = i;
    }
    if (positive > 0 && positive < r->n_train) return OK;
    return fail(ERR_FORMAT, "%s: all %d training bags of task '%s' are of one class; a classifier needs both",
                bagfile_path(b->stock.cohort.file), r->n_train, t->name);
}

static Status do_task(Rows *r, Baseline *b, int job, int task)
{
    const BaselineMethod *m = b->in->method[b->method];
    const size_t n = (size_t)b->stock.cohort.n, n_task = (size_t)b->in->config->n_task;
    real *output = b->output + ((size_t)b->method * (size_t)b->n_repeat + (size_t)(job / b->n_fold)) * n * n_task;
    FeatureRows scaled = {0};
    Status status;
    int n_used;
    TRY_DONE(choose(r, b, &b->part[job], task));
    TRY_DONE(featurerows_scale(&scaled, &n_used, b->rows, r->train, r->n_train));
    const ClassifierFold fold = {.rows = &scaled,
                                 .n_used = n_used,
                                 .train = r->train,
                                 .label = r->label,
                                 .test = r->test,
                                 .n_train = r->n_train,
                                 .n_test = r->n_test};
    TRY_DONE(classifier_run(r->score, m->classifier, &fold, m->cost));
    for (int i = 0; i < r->n_test; i++) output[(size_t)r->test[i] * n_task + (size_t)task] = (real)r->score[i];
done:
    featurerows_free(&scaled);
    return status;
}

static Status do_fold(Baseline *b, int job)
{
    Rows rows;
    const double begun = log_seconds();
    Status status = rows_new(&rows, b->stock.cohort.n);
    for (int k = 0; k < b->in->config->n_task && status == OK; k++) status = do_task(&rows, b, job, k);
    rows_free(&rows);
    b->seconds[b->method * b->n_job + job] = log_seconds() - begun;
    return status;
}

static bool is_stopped(const Baseline *b)
{
    return b->in->stop && *b->in->stop != 0;
}

static void attempt(void *context, int job, int thread)
{
    Baseline *b = context;
    (void)thread;
    if (is_stopped(b)) return;
    b->failure[job].status = do_fold(b, job);
    if (b->failure[job].status != OK) b->failure[job].sentence = strdup(status_sentence());
    pthread_mutex_lock(&b->mutex);
    progress_tell(&b->progress, ++b->done, b->in->method[b->method]->name);
    pthread_mutex_unlock(&b->mutex);
}

/* ---- all folds ---- */

static Status verdict(const Baseline *b)
{
    for (int job = 0; job < b->n_job; job++) {
        const Failure *f = &b->failure[job];
        if (f->status == OK) continue;
        return fail(f->status, "%s, repetition %d, fold %d: %s", b->in->method[b->method]->name, job / b->n_fold,
                    job % b->n_fold, f->sentence ? f->sentence : status_words(f->status));
    }
    if (!is_stopped(b)) return OK;
    const bool term = *b->in->stop == SIGTERM;
    return fail(term ? ERR_SIGTERM : ERR_SIGINT, "%s; nothing was written", term ? "terminated" : "interrupted");
}

/* Scaled rows and the library's own copy of them: 28 bytes a number, for each fold at work. */
static bool side_by_side(const Baseline *b)
{
    const double bytes = 28.0 * (double)b->rows->start[b->rows->n] * parallel_threads();
    return bytes < (double)memory_available() / 2;
}

static Status run_method(Baseline *b)
{
    const BaselineMethod *m = b->in->method[b->method];
    if (m->classifier->start) m->classifier->start();
    if (side_by_side(b))
        parallel_for(b->n_job, attempt, b);
    else
        for (int job = 0; job < b->n_job; job++) attempt(b, job, 0);
    return verdict(b);
}

/* Members with a part in any fold. */
static Status find_used(bool **out, const Baseline *b)
{
    const int n = b->stock.cohort.n;
    *out = calloc((size_t)n + 1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for %d bags", n);
    for (int job = 0; job < b->n_job; job++)
        for (int i = 0; i < n; i++) (*out)[i] |= b->part[job].part[i] != PART_NONE;
    return OK;
}

/* Methods that share their rows follow one another in the table; the rows are made once. */
static Status run_methods(Baseline *b)
{
    FeatureRows rows = {0};
    bool *use = NULL;
    Status status;
    TRY_DONE(find_used(&use, b));
    progress_start(&b->progress, "baselines", "folds", (int64_t)b->n_job * b->in->n_method);
    for (int m = 0; m < b->in->n_method; m++) {
        const BaselineMethod *const *method = b->in->method;
        if (m == 0 || method[m]->rows != method[m - 1]->rows) {
            featurerows_free(&rows);
            TRY_DONE(method[m]->rows(&rows, &b->stock.cohort, use));
        }
        b->rows = &rows;
        b->method = m;
        TRY_DONE(run_method(b));
    }
    progress_end(&b->progress, NULL);
done:
    featurerows_free(&rows);
    free(use);
    return status;
}

static Status conclude(Baseline *b, json_t **out)
{
    const BaselineResult result = {.in = b->in,
                                   .stock = &b->stock,
                                   .n_repeat = b->n_repeat,
                                   .n_fold = b->n_fold,
                                   .part = b->part,
                                   .output = b->output,
                                   .seconds = b->seconds};
    TRY(baseline_sum(out, &result));
    return baseline_write(&result, *out);
}

Status baseline_run(json_t **out, const BaselineSetup *setup)
{
    Baseline b;
    Status status;
    *out = NULL;
    TRY_DONE(open_all(&b, setup));
    TRY_DONE(reserve(&b));
    TRY_DONE(manifest_data(&b.stock.data, setup->config));
    TRY_DONE(leakwatch_say(&b.stock.cohort, b.stock.target, setup->config->n_task, NULL));
    if (setup->begin) setup->begin();
    TRY_DONE(run_methods(&b));
    TRY_DONE(conclude(&b, out));
done:
    if (status != OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    close_all(&b);
    return status;
}

Status baseline_plan(json_t **out, const BaselineSetup *setup)
{
    Baseline b;
    *out = NULL;
    Status status = open_all(&b, setup);
    if (status == OK) {
        json_t *methods = json_array();
        const int *count = b.part[0].count;
        for (int m = 0; m < setup->n_method; m++) json_array_append_new(methods, json_string(setup->method[m]->name));
        *out =
            json_pack("{s:i, s:i, s:{s:i, s:i}, s:o}", "n_repeats", b.n_repeat, "n_folds", b.n_fold, "bags", "train",
                      count[PART_TRAIN] + count[PART_VALIDATION], "test", count[PART_TEST], "methods", methods);
        if (!*out) status = fail(ERR_MEMORY, "no memory for the plan");
    }
    close_all(&b);
    return status;
}
