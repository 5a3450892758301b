/* SPDX-License-Identifier: MIT */
#include "study/baseline.h"
#include "cohort/bagstats.h"
#include "core/log.h"
#include "cv/crossval_folder.h"
#include "cv/jobs.h"
#include "run/leakwatch.h"
#include "run/manifest.h"
#include "study/baseline_files.h"

#include <stdio.h>
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
    const BaselineSetup *in;
    Config config; /* the setup's, not to be freed */
    Dataset dataset;
    int n_repeat, n_fold, n_part;
    Partition *part;         /* [n_part] of fold part % n_fold of repetition part / n_fold */
    Jobs *jobs;              /* number method · n_part + part */
    const FeatureRows *rows; /* of the method at work */
    real *output;            /* [n_method, n_repeat, n, n_task] */
    double *seconds;         /* [n_method, n_part] */
} Baseline;

static int method_of(const Baseline *b, int number)
{
    return number / b->n_part;
}

static int part_of(const Baseline *b, int number)
{
    return number % b->n_part;
}

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

/* Once the bags are hashed, contents are compared too. */
static Status check_parts(Baseline *b)
{
    for (int part = 0; part < b->n_part; part++) {
        partition_free(&b->part[part]);
        const Status status = partition_make(&b->part[part], &b->dataset.folds, part / b->n_fold, part % b->n_fold);
        if (status != OK) return fail_at(status, "repetition %d, fold %d", part / b->n_fold, part % b->n_fold);
    }
    return OK;
}

/* The parts of every fold: what is wrong with one is said before anything is done. A table of parts is one fold. */
static Status open_folds(Baseline *b)
{
    Folds *f = &b->dataset.folds;
    b->n_repeat = f->n_repeat;
    b->n_fold = f->n_fold;
    if (b->n_repeat > INT32_MAX / b->n_fold / b->in->n_method)
        return fail(ERR_CONFIG, "splits: %d repetitions of %d folds are too many", b->n_repeat, b->n_fold);
    b->n_part = b->n_repeat * b->n_fold;
    b->part = calloc((size_t)b->n_part, sizeof *b->part);
    if (!b->part) return fail(ERR_MEMORY, "no memory for %d folds", b->n_part);
    return check_parts(b);
}

static Status open_all(Baseline *b, const BaselineSetup *in)
{
    *b = (Baseline){.in = in, .config = *in->config};
    b->config.splits.validation = "none"; /* nothing is chosen */
    b->config.crossval.ensemble = 1;
    TRY(crossval_check(in->folder, in->force, false));
    TRY(baseline_check(in));
    TRY(dataset_open(&b->dataset, &b->config));
    TRY(check_tasks(in->config, b->dataset.target));
    for (int m = 0; m < in->n_method; m++) TRY(check_method(in->method[m], b->dataset.cohort.file));
    return open_folds(b);
}

static void close_all(Baseline *b)
{
    for (int part = 0; b->part && part < b->n_part; part++) partition_free(&b->part[part]);
    jobs_free(b->jobs);
    free(b->part);
    free(b->output);
    free(b->seconds);
    dataset_close(&b->dataset);
}

/* ---- one fold ---- */

typedef struct {
    int *train, *label, *test; /* [n] */
    double *score;             /* [n] */
    int n_train, n_test;
} FoldBags;

static Status rows_new(FoldBags *r, int n)
{
    const size_t room = (size_t)n + 1;
    *r = (FoldBags){.train = malloc(room * sizeof *r->train),
                    .label = malloc(room * sizeof *r->label),
                    .test = malloc(room * sizeof *r->test),
                    .score = malloc(room * sizeof *r->score)};
    return r->train && r->label && r->test && r->score ? OK : fail(ERR_MEMORY, "no memory for %d bags", n);
}

static void rows_free(FoldBags *r)
{
    free(r->train);
    free(r->label);
    free(r->test);
    free(r->score);
}

/* Training bags whose label of this task is known, and all test bags. */
static Status choose(FoldBags *r, const Baseline *b, const Partition *g, int task)
{
    const Labels *labels = &b->dataset.cohort.labels;
    const Target *t = &b->dataset.target[task];
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
                bagfile_path(b->dataset.cohort.file), r->n_train, t->name);
}

static Status do_task(FoldBags *r, Baseline *b, int number, int task)
{
    const int method = method_of(b, number), part = part_of(b, number);
    const BaselineMethod *m = b->in->method[method];
    const size_t n = (size_t)b->dataset.cohort.n, n_task = (size_t)b->in->config->n_task;
    real *output = b->output + ((size_t)method * (size_t)b->n_repeat + (size_t)(part / b->n_fold)) * n * n_task;
    FeatureRows scaled = {0};
    Status status;
    int n_used;
    TRY_DONE(choose(r, b, &b->part[part], task));
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

static Status run_job(void *context, int number)
{
    Baseline *b = context;
    FoldBags rows;
    const double begun = log_seconds();
    Status status = rows_new(&rows, b->dataset.cohort.n);
    for (int k = 0; k < b->in->config->n_task && status == OK; k++) status = do_task(&rows, b, number, k);
    rows_free(&rows);
    b->seconds[number] = log_seconds() - begun;
    if (status == OK) jobs_finish(b->jobs, number, NULL);
    return status;
}

static void name_job(char name[JOBS_NAME], const void *context, int number)
{
    const Baseline *b = context;
    const int part = part_of(b, number);
    snprintf(name, JOBS_NAME, "%s, repetition %d, fold %d", b->in->method[method_of(b, number)]->name,
             part / b->n_fold, part % b->n_fold);
}

static Status stopped(const void *context, int n_done)
{
    const Baseline *b = context;
    (void)n_done;
    return stop_check(b->in->stop, "; nothing was written");
}

/* ---- all folds ---- */

/* Scaled rows and the library's own copy of them take 28 bytes a number. */
static Status run_method(Baseline *b, int method)
{
    const Classifier *classifier = b->in->method[method]->classifier;
    const double bytes = 28.0 * (double)b->rows->start[b->rows->n];
    if (classifier->start) classifier->start();
    return jobs_run(b->jobs, method * b->n_part, (method + 1) * b->n_part, jobs_fit(b->n_part, bytes));
}

/* Members with a part in any fold. */
static Status find_used(bool **out, const Baseline *b)
{
    const int n = b->dataset.cohort.n;
    *out = calloc((size_t)n + 1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for %d bags", n);
    for (int part = 0; part < b->n_part; part++)
        for (int i = 0; i < n; i++) (*out)[i] |= b->part[part].part[i] != PART_NONE;
    return OK;
}

/* Methods that share their rows follow one another in the table; the rows are made once. */
static Status run_methods(Baseline *b)
{
    FeatureRows rows = {0};
    bool *use = NULL;
    Status status;
    TRY_DONE(find_used(&use, b));
    jobs_start(b->jobs);
    for (int m = 0; m < b->in->n_method; m++) {
        const BaselineMethod *const *method = b->in->method;
        if (m == 0 || method[m]->rows != method[m - 1]->rows) {
            featurerows_free(&rows);
            TRY_DONE(method[m]->rows(&rows, &b->dataset.cohort, use));
        }
        b->rows = &rows;
        TRY_DONE(run_method(b, m));
    }
    jobs_end(b->jobs);
done:
    featurerows_free(&rows);
    free(use);
    return status;
}

/* ---- all of it ---- */

static Status reserve(Baseline *b)
{
    const size_t n_method = (size_t)b->in->n_method;
    const size_t n = (size_t)b->n_repeat * (size_t)b->dataset.cohort.n * (size_t)b->in->config->n_task;
    b->output = calloc(n_method * n + 1, sizeof *b->output);
    b->seconds = calloc(n_method * (size_t)b->n_part + 1, sizeof *b->seconds);
    if (!b->output || !b->seconds) return fail(ERR_MEMORY, "no memory for %d folds", b->n_part);
    const JobsSetup setup = {.n = b->in->n_method * b->n_part,
                             .shard = 1,
                             .n_shard = 1,
                             .title = "baselines",
                             .unit = "folds",
                             .noun = "folds",
                             .stop = b->in->stop,
                             .context = b,
                             .run = run_job,
                             .name = name_job,
                             .stopped = stopped};
    return jobs_new(&b->jobs, &setup);
}

static Status conclude(Baseline *b, json_t **out)
{
    const BaselineResult result = {.in = b->in,
                                   .dataset = &b->dataset,
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
    TRY_DONE(leakwatch_report(&b.dataset.cohort, b.dataset.target, setup->config->n_task, NULL));
    TRY_DONE(dataset_identify(&b.dataset)); /* of bags that have just been decoded */
    TRY_DONE(check_parts(&b));
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
