/* SPDX-License-Identifier: MIT
 *
 * A cross-validation and those that say what its figures are worth. All are of one dataset, whose bags are decoded once.
 */
#include "cohort/partition.h"
#include "cv/chance.h"
#include "cv/crossval.h"
#include "cv/crossval_folder.h"
#include "core/cost.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "run/runfolder.h"
#include "run/runlock.h"

#include <stdio.h>
#include <string.h>

/* ---- which ---- */

typedef enum { LEAVE_BATCH_OUT, BATCH_PERMUTED, PERMUTED, WITHOUT_INPUTS, N_FURTHER } FurtherKind;

/* A further cross-validation: its settings and its place. */
typedef struct {
    FurtherKind kind;
    Config config; /* shares everything with the run's */
    char permute[32], label[32], folder[PATH_ROOM];
} Further;

static int count_of(const Config *c, FurtherKind kind)
{
    if (kind == PERMUTED) return c->crossval.permute;
    if (kind == WITHOUT_INPUTS) return inputcolumns_on(&c->inputs) && c->crossval.without;
    if (!c->crossval.batches) return 0;
    return kind == BATCH_PERMUTED ? CHANCE_BATCHES : 1;
}

static void leave_inputs_out(Config *c)
{
    c->inputs = (InputOptions){0};
    c->model.input_dropout = 0;
    c->crossval.inner = 0; /* it is no column of a stack */
}

static Status describe(Further *f, const CrossvalSetup *in, FurtherKind kind, int number)
{
    static const char *const list[] = {RUNFOLDER_LEAVE_BATCH_OUT, RUNFOLDER_BATCH_PERMUTED, RUNFOLDER_PERMUTED,
                                       RUNFOLDER_WITHOUT};
    static const char *const permute[] = {"none", "batches", "labels", "none"};
    const bool is_one = kind == LEAVE_BATCH_OUT || kind == WITHOUT_INPUTS;
    f->kind = kind;
    f->config = *in->config;
    f->config.crossval.permute = 0;
    f->config.crossval.batches = false;
    f->config.crossval.without = true;
    f->config.search.throughout = false;
    snprintf(f->label, sizeof f->label, is_one ? "%s" : "%s/%02d", list[kind], number);
    snprintf(f->permute, sizeof f->permute, "%s:%d", permute[kind], number);
    if (kind == WITHOUT_INPUTS) leave_inputs_out(&f->config);
    if (!is_one) f->config.splits.permute = f->permute;
    if (kind == LEAVE_BATCH_OUT) {
        f->config.splits.kind = SPLIT_BATCH;
        f->config.splits.file = f->config.splits.place = NULL;
        f->config.place.splits = NULL;
        f->config.splits.columns = (OptionTexts){0};
    }
    return runfolder_path(f->folder, in->folder, f->label);
}

typedef Status Work(json_t **out, const CrossvalSetup *setup, Dataset *dataset);

/* What `force` removes has been removed with the run. A plan removes nothing. */
static CrossvalSetup setup_of(const Further *f, const CrossvalSetup *in, Work *work)
{
    CrossvalSetup own = *in;
    own.config = &f->config;
    own.folder = f->folder;
    own.label = f->label;
    own.force = in->force && work == crossval_plan_on;
    own.resume = !own.force;
    return own;
}

/* Two batches leave none to validate on. */
static void share_validation(Further *f, const Dataset *dataset)
{
    const char *validation = f->config.splits.validation;
    if (f->kind == LEAVE_BATCH_OUT && dataset->folds.n_batch < 3 && strcmp(validation, "previous") == 0)
        f->config.splits.validation = "0.2";
}

/* Is there anything to train on in every fold? Chance may leave one class alone. */
static Status check_folds(const Folds *folds)
{
    for (int r = 0; r < folds->n_repeat; r++)
        for (int k = 0; k < folds->n_fold; k++) TRY(partition_check(folds, r, k));
    return OK;
}

static Status open_view(Dataset *view, Further *f, Dataset *dataset)
{
    share_validation(f, dataset);
    TRY(dataset_view(view, dataset, &f->config));
    const Status status = check_folds(&view->folds);
    if (status != OK) dataset_close(view);
    return status;
}

/* ---- doing them ---- */

typedef struct {
    const CrossvalSetup *in;
    Dataset *dataset;
    json_t *sub[N_FURTHER]; /* by kind: array of summaries, null where there is none */
    char reason[1000];      /* why there is none with whole batches left out */
    json_int_t jobs, done;  /* of cross-validations that are not done */
    bool open;              /* is one not done, by others? */
    json_int_t n_run, mine; /* of a plan */
} Whole;

/* *out is the caller's to decref; NULL: not possible, as the sentence says. */
static Status do_one(json_t **out, Whole *w, FurtherKind kind, int number, Work *work)
{
    Further f;
    Dataset view = {0};
    *out = NULL;
    TRY(describe(&f, w->in, kind, number));
    Status status = open_view(&view, &f, w->dataset);
    if (status == ERR_FORMAT) {
        log_warn("%s is left out: %s", f.label, status_sentence());
        if (kind == LEAVE_BATCH_OUT) snprintf(w->reason, sizeof w->reason, "%s", status_sentence());
        return OK;
    }
    if (status != OK) return status;
    const CrossvalSetup setup = setup_of(&f, w->in, work);
    status = work(out, &setup, &view);
    dataset_close(&view);
    return status;
}

static json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void count(Whole *w, const json_t *result)
{
    w->n_run++;
    w->jobs += number_of(result, "jobs");
    w->done += number_of(result, "done");
    w->mine += number_of(result, "mine");
    if (!json_object_get(result, "tasks")) w->open = true;
}

static Status do_kind(Whole *w, FurtherKind kind, Work *work)
{
    json_t *result;
    w->sub[kind] = json_array();
    if (!w->sub[kind]) return fail(ERR_MEMORY, "no memory for the summaries");
    for (int k = 0; k < count_of(w->in->config, kind); k++) {
        TRY(do_one(&result, w, kind, k, work));
        if (result) count(w, result);
        json_array_append_new(w->sub[kind], result ? result : json_null());
    }
    return OK;
}

static Status do_all(Whole *w, Work *work)
{
    for (FurtherKind kind = LEAVE_BATCH_OUT; kind < N_FURTHER; kind++) TRY(do_kind(w, kind, work));
    return OK;
}

static void free_all(Whole *w)
{
    for (int kind = 0; kind < N_FURTHER; kind++) json_decref(w->sub[kind]);
}

/* ---- the summary ---- */

static bool has_further(const Config *c)
{
    return c->crossval.permute || c->crossval.batches || count_of(c, WITHOUT_INPUTS);
}

static void add_figures(const Whole *w, json_t *summary)
{
    const Config *c = w->in->config;
    json_t *tasks = json_object_get(summary, "tasks");
    const json_t *left_out = json_array_get(w->sub[LEAVE_BATCH_OUT], 0);
    if (c->crossval.batches) {
        chance_add_left_out(tasks, json_is_object(left_out) ? left_out : NULL, w->reason);
        chance_add_batch_permuted(tasks, w->sub[BATCH_PERMUTED]);
    }
    if (c->crossval.permute) chance_add_permuted(tasks, w->sub[PERMUTED]);
    if (count_of(c, WITHOUT_INPUTS)) chance_add_without(tasks, json_array_get(w->sub[WITHOUT_INPUTS], 0));
}

static Status write_summary(const Whole *w, json_t *summary)
{
    RunLock lock;
    TRY(runlock_acquire(&lock, w->in->folder, w->in->stop));
    const Status status = crossval_write_summary(w->in->folder, summary);
    runlock_release(&lock);
    return status;
}

/* Where others still work, the counts of jobs in place of the summary. */
static Status conclude(Whole *w, json_t **out)
{
    if (!w->open) {
        add_figures(w, *out);
        return write_summary(w, *out);
    }
    const json_int_t n_model = number_of(*out, "n_models");
    json_decref(*out);
    *out = json_pack("{s:I, s:I, s:I}", "n_models", n_model, "jobs", w->jobs, "done", w->done);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the result");
}

static Status run_all(json_t **out, Whole *w)
{
    TRY(crossval_run_on(out, w->in, w->dataset));
    if (!has_further(w->in->config)) return OK;
    count(w, *out);
    TRY(do_all(w, crossval_run_on));
    return conclude(w, out);
}

/* Further ones take as long for each of their jobs as the first one's, which may all be done. */
static Status add_cost(json_t *plan, json_int_t n_further)
{
    Cost cost = cost_told(plan);
    const json_t *job = json_object_get(plan, "seconds_job");
    cost.low += (double)n_further * json_number_value(json_array_get(job, 0));
    cost.high += (double)n_further * json_number_value(json_array_get(job, 1));
    return cost_tell(plan, &cost);
}

static Status plan_all(json_t **out, Whole *w)
{
    TRY(crossval_plan_on(out, w->in, w->dataset));
    if (!has_further(w->in->config)) return OK;
    const json_int_t first = number_of(*out, "mine");
    count(w, *out);
    TRY(do_all(w, crossval_plan_on));
    json_object_set_new(*out, "n_further", json_integer(w->n_run - 1));
    json_object_set_new(*out, "jobs", json_integer(w->jobs));
    json_object_set_new(*out, "done", json_integer(w->done));
    json_object_set_new(*out, "mine", json_integer(w->mine));
    return add_cost(*out, w->mine - first);
}

/* Baselines would lose their summary. */
static Status check_rivals(const char *folder)
{
    char path[PATH_ROOM];
    json_t *summary;
    TRY(runfolder_path(path, folder, "summary.json"));
    TRY(jsontext_load(&summary, path, NULL));
    const bool rivals = json_is_object(json_object_get(summary, "methods"));
    json_decref(summary);
    return rivals ? fail(ERR_IO, "%s holds baselines (hopsack baseline); name another folder", folder) : OK;
}

static Status on_dataset(json_t **out, const CrossvalSetup *setup, Status (*work)(json_t **out, Whole *w))
{
    Dataset dataset = {0};
    Whole w = {.in = setup, .dataset = &dataset};
    *out = NULL;
    TRY(crossval_check(setup->folder, setup->force, setup->resume));
    if (setup->resume) TRY(check_rivals(setup->folder));
    TRY(dataset_open(&dataset, setup->config));
    const Status status = work(out, &w);
    if (status != OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    free_all(&w);
    dataset_close(&dataset);
    return status;
}

Status crossval_run(json_t **out, const CrossvalSetup *setup)
{
    return on_dataset(out, setup, run_all);
}

Status crossval_plan(json_t **out, const CrossvalSetup *setup)
{
    return on_dataset(out, setup, plan_all);
}
