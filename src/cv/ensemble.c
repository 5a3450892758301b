/* SPDX-License-Identifier: MIT
 *
 * ensemble.c: outputs are taken from the models' predictions.tsv, whose floats read back to the bit, so that no model has
 * to run again, and who joins them need not hold the bags.
 */
#include "cv/ensemble.h"
#include "cohort/task.h"
#include "core/number.h"
#include "run/evaluation.h"
#include "run/predictions.h"
#include "run/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const EnsembleSetup *in;
    FoldJob fold;
    FoldConfig own;
    Evaluation evaluation;
    double *sum; /* [n, n_out] of outputs, as predictions.tsv has them */
    double seconds;
    json_int_t parameters, peak_memory;
} Ensemble;

/* ---- the models ---- */

/* Row r, which must be the bag's and the task's. */
static Status add_row(double *sum, const Table *t, int r, const char *bag, const char *task)
{
    double value;
    if (r >= t->n_row || strcmp(table_cell(t, r, PREDICTION_BAG), bag) != 0 ||
        strcmp(table_cell(t, r, PREDICTION_TASK), task) != 0)
        return fail(ERR_FORMAT, "%s: its row %d is not of bag '%s' and task '%s'", t->path, r + 1, bag, task);
    if (!number_read(&value, table_cell(t, r, PREDICTION_OUTPUT)) || !isfinite(value))
        return fail(ERR_FORMAT, "%s:%d: '%s' is no number", t->path, t->line[r], table_cell(t, r, PREDICTION_OUTPUT));
    *sum += (double)(float)value; /* what was written */
    return OK;
}

static Status add_rows(Ensemble *e, const Table *t)
{
    const Evaluation *o = &e->evaluation;
    int r = 0;
    TRY(predictions_check(t));
    for (int i = 0; i < o->cohort->n; i++)
        for (int k = 0; o->partition.part[i] != PART_NONE && k < o->config->n_task; k++) {
            const Target *task = &o->target[k];
            double *sum = e->sum + (size_t)i * (size_t)o->labels.n_out + task->at;
            for (int c = 0; c < task->n_out; c++) TRY(add_row(&sum[c], t, r++, o->cohort->id[i], task->name));
        }
    return r == t->n_row ? OK : fail(ERR_FORMAT, "%s: holds %d rows, not %d", t->path, t->n_row, r);
}

static Status add_outputs(Ensemble *e, FoldJob job)
{
    char path[PATH_ROOM];
    Table table;
    TRY(foldjob_path(path, e->in->folder, job, "predictions.tsv"));
    TRY(table_read(&table, path));
    const Status status = add_rows(e, &table);
    table_free(&table);
    return status;
}

static Status add_model(Ensemble *e, int model)
{
    const FoldJob job = {.repeat = e->fold.repeat, .fold = e->fold.fold, .model = model, .inner = e->fold.inner};
    json_t *summary;
    TRY(foldjob_summary(&summary, e->in->folder, job));
    const json_int_t peak = json_integer_value(json_object_get(summary, "peak_memory"));
    e->seconds += json_number_value(json_object_get(summary, "seconds"));
    e->parameters = json_integer_value(json_object_get(summary, "parameters"));
    if (peak > e->peak_memory) e->peak_memory = peak;
    json_decref(summary);
    return add_outputs(e, job);
}

/* ---- together ---- */

/* There outputs may be in the column's unit. */
static void average(Ensemble *e)
{
    const Evaluation *o = &e->evaluation;
    const size_t n_out = (size_t)o->labels.n_out;
    for (int k = 0; k < o->config->n_task; k++) {
        const Target *t = &o->target[k];
        const TaskType *type = task_of(t);
        for (size_t i = 0; i < (size_t)o->cohort->n; i++)
            for (size_t at = i * n_out + (size_t)t->at, end = at + (size_t)t->n_out; at < end; at++) {
                const double mean = e->sum[at] / e->in->config->crossval.ensemble;
                o->output[at] = (real)(type->output_of_row ? type->output_of_row(t, mean) : mean);
            }
    }
}

static json_t *summary_json(const Ensemble *e, json_t *parts)
{
    return json_pack("{s:s, s:I, s:i, s:i, s:i, s:I, s:O, s:f, s:I}", "version", HOPSACK_VERSION, "seed",
                     (json_int_t)e->in->config->seed, "repeat", e->fold.repeat, "fold", e->fold.fold, "models",
                     e->in->config->crossval.ensemble, "parameters", e->parameters, "parts", parts, "seconds",
                     round(e->seconds * 1e3) / 1e3, "peak_memory", e->peak_memory);
}

static Status write_files(const Ensemble *e)
{
    char path[PATH_ROOM];
    Run run = {.metrics = NULL};
    TRY(foldjob_path(path, e->in->folder, e->fold, ""));
    if (snprintf(run.folder, sizeof run.folder, "%s", path) >= (int)sizeof run.folder)
        return fail(ERR_USAGE, "-o: the path is too long");
    TRY(evaluation_write(&e->evaluation, run_path(&run, "predictions.tsv")));
    json_t *parts = evaluation_scores(&e->evaluation), *summary = summary_json(e, parts);
    json_decref(parts);
    if (!summary) return fail(ERR_MEMORY, "no memory for the summary of %d models", e->in->config->crossval.ensemble);
    return run_write_json(&run, "summary.json", summary);
}

Status ensemble_make(const EnsembleSetup *setup, FoldJob fold)
{
    Ensemble e = {.in = setup, .fold = fold};
    e.fold.model = -1;
    Status status;
    foldjob_config(&e.own, setup->config, e.fold);
    TRY_DONE(evaluation_open(&e.evaluation, &e.own.config, setup->dataset));
    e.sum = calloc((size_t)e.evaluation.cohort->n * (size_t)e.evaluation.labels.n_out + 1, sizeof *e.sum);
    if (!e.sum) TRY_DONE(fail(ERR_MEMORY, "no memory for the outputs of %d bags", e.evaluation.cohort->n));
    for (int m = 0; m < setup->config->crossval.ensemble; m++) TRY_DONE(add_model(&e, m));
    average(&e);
    TRY_DONE(evaluation_settle(&e.evaluation));
    status = write_files(&e);
done:
    evaluation_free(&e.evaluation);
    free(e.sum);
    return status;
}
