/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "cv/crossval_folder.h"
#include "cv/tally.h"
#include "run/predictions.h"
#include "run/run.h"
#include "run/runfolder.h"
#include "study/baseline_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status method_path(char path[PATH_ROOM], const Baseline *b, const Rival *rival, const char *file)
{
    char folder[PATH_ROOM];
    TRY(runfolder_path(folder, b->in->folder, rival->name));
    if (*file) return runfolder_path(path, folder, file);
    snprintf(path, PATH_ROOM, "%s", folder);
    return OK;
}

/* ---- outputs of a round ---- */

typedef struct {
    const BaselineMethod *m;
    const BaselineRound *round;
    const RoundOutputs *outputs;
    TextOut *out;
} OutputTable;

static Prediction row_of(const OutputTable *t, int part, int i)
{
    const Baseline *b = t->m->b;
    const Labels *labels = &t->round->labels;
    return (Prediction){.bag = b->dataset.cohort.id[i],
                        .part = part_name[PART_TEST],
                        .repeat = part / t->round->at->n_fold,
                        .fold = part % t->round->at->n_fold,
                        .target = t->outputs->target + (size_t)part * (size_t)b->n_task,
                        .n_target = b->n_task,
                        .is_rank = !t->m->rival->is_logit,
                        .label = labels->target + (size_t)i * (size_t)b->n_out,
                        .mask = labels->mask + (size_t)i * (size_t)b->n_task};
}

static void write_tested(OutputTable *t)
{
    const Baseline *b = t->m->b;
    predictions_header(t->out);
    for (int part = 0; part < t->round->at->n_part; part++)
        for (int i = 0; i < b->n; i++) {
            if (t->round->at->part[part].part[i] != PART_TEST) continue;
            Prediction row = row_of(t, part, i);
            const size_t repeat = (size_t)(part / t->round->at->n_fold);
            row.output = t->outputs->output + (repeat * (size_t)b->n + (size_t)i) * (size_t)b->n_out;
            predictions_write(t->out, &row);
        }
}

/* Inner folds are drawn for each task, so a bag has a row a task; those without an output have none. */
static void write_inner(OutputTable *t, real *output)
{
    const Baseline *b = t->m->b;
    const BaselineSplits *at = t->round->at;
    predictions_inner_header(t->out);
    for (int part = 0; part < at->n_part; part++)
        for (int i = 0; i < b->n; i++) {
            const double *from = t->outputs->inner + ((size_t)part * (size_t)b->n + (size_t)i) * (size_t)b->n_out;
            for (int c = 0; c < b->n_out; c++) output[c] = (real)from[c];
            for (int k = 0; k < b->n_task; k++) {
                if (isnan(from[b->target[k].at])) continue;
                Prediction row = row_of(t, part, i);
                const size_t place = ((size_t)part * (size_t)b->n_task + (size_t)k) * (size_t)b->n + (size_t)i;
                row.part = PREDICTIONS_INNER;
                row.output = output;
                predictions_inner_write(t->out, &row, k, at->inner[place]);
            }
        }
}

static Status write_tables(OutputTable *t, const char *folder)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, folder, "predictions.tsv"));
    TRY(textout_open(&t->out, path, true));
    write_tested(t);
    TRY(textout_commit(t->out));
    TRY(runfolder_path(path, folder, "inner.tsv"));
    real *output = malloc(((size_t)t->m->b->n_out + 1) * sizeof *output);
    if (!output) return fail(ERR_MEMORY, "no memory for %d outputs", t->m->b->n_out);
    Status status = textout_open(&t->out, path, true);
    if (status == OK) {
        write_inner(t, output);
        status = textout_commit(t->out);
    }
    free(output);
    return status;
}

/* "permuted/03" below the method's folder, made level by level. */
static Status make_round(char folder[PATH_ROOM], const BaselineMethod *m, const BaselineRound *r)
{
    char name[64], below[PATH_ROOM];
    TRY(method_path(folder, m->b, m->rival, ""));
    baseline_rounds_folder(name, r);
    for (char *at = name, *end; *at; at = end) {
        end = at + strcspn(at, "/");
        if (*end) *end++ = '\0';
        TRY(file_make_inside(folder, at));
        TRY(runfolder_path(below, folder, at));
        snprintf(folder, PATH_ROOM, "%s", below);
    }
    return OK;
}

/* ---- a method ---- */

/* What a method's figures depend on beside the folder's config. */
static json_t *settings_json(const Baseline *b)
{
    char operating[32]; /* as text: a whole number may be read back as another type than it was written */
    json_t *columns = json_array();
    snprintf(operating, sizeof operating, "%d %.9g", (int)b->in->settle.cutoff.kind, b->in->settle.cutoff.wanted);
    for (int k = 0; k < b->in->columns.n; k++) json_array_append_new(columns, json_string(b->in->columns.text[k]));
    return json_pack("{s:b, s:b, s:o, s:i, s:s, s:i}", "by_counts", b->in->by_counts, "calibrate",
                     b->in->settle.calibrate, "columns", columns, "inner", b->in->n_inner, "operating", operating,
                     "permute", b->in->n_permute);
}

static void add_single(json_t *summary, const BaselineMethod *m)
{
    const char *task;
    json_t *area;
    json_object_foreach(m->single, task, area)
    {
        json_object_set(json_object_get(json_object_get(summary, "tasks"), task), "single", area);
    }
}

Status baseline_files_method(json_t **summary, const BaselineMethod *m)
{
    const Baseline *b = m->b;
    char folder[PATH_ROOM], path[PATH_ROOM];
    TRY(baseline_scores_sum(summary, m));
    json_object_set_new(*summary, "settings", settings_json(b));
    add_single(*summary, m);
    for (int r = 0; r < b->n_round; r++) {
        OutputTable t = {.m = m, .round = &b->round[r], .outputs = &m->outputs[r]};
        TRY(make_round(folder, m, t.round));
        TRY(write_tables(&t, folder));
    }
    TRY(method_path(path, b, m->rival, "summary.md"));
    TRY(tally_write_table(path, *summary));
    TRY(method_path(folder, b, m->rival, ""));
    return crossval_write_json(folder, "summary.json", *summary);
}

/* ---- an earlier run ---- */

/* The flag whose value differs, of keys of settings_json(); its name outlives both. */
static const char *first_other(const json_t *now, const json_t *then)
{
    static const char *const flag[][2] = {{"by_counts", "weight"},    {"calibrate", "calibrate"},
                                          {"columns", "columns"},     {"inner", "inner"},
                                          {"operating", "operating"}, {"permute", "permute"}};
    for (size_t k = 0; k < sizeof flag / sizeof *flag; k++)
        if (!json_equal(json_object_get(now, flag[k][0]), json_object_get(then, flag[k][0]))) return flag[k][1];
    return "inner";
}

Status baseline_files_done(json_t **summary, const char **other, const Baseline *b, const Rival *rival)
{
    char path[PATH_ROOM];
    *summary = NULL;
    *other = NULL;
    TRY(method_path(path, b, rival, "summary.json"));
    if (!file_exists(path)) return OK;
    TRY(jsontext_load(summary, path, NULL));
    json_t *now = settings_json(b);
    const json_t *then = json_object_get(*summary, "settings");
    if (!json_equal(now, then)) {
        *other = first_other(now, then);
        json_decref(*summary);
        *summary = NULL;
    }
    json_decref(now);
    return OK;
}

/* ---- the folder ---- */

/* All of the run that was there goes before anything is done anew: a method of it must not pass for one of this run. */
static Status clear_all(const Baseline *b)
{
    for (int m = 0; m < b->n_method; m++) TRY(baseline_clear(b, b->method[m]));
    return OK;
}

Status baseline_files_begin(const Baseline *b)
{
    const CrossvalFolder folder = {.folder = b->in->folder,
                                   .config = b->dataset.config,
                                   .dataset = &b->dataset,
                                   .force = b->in->force,
                                   .resume = b->in->resume,
                                   .argc = b->in->argc,
                                   .argv = b->in->argv,
                                   .stop = b->in->stop};
    TRY(crossval_begin(&folder));
    if (b->in->force) TRY(clear_all(b));
    const Folds *f = &b->dataset.folds;
    if (!folds_are_parts(f) || f->n_repeat > 1) return OK;
    Run run = {.metrics = NULL}; /* the splits are one column of parts: as train writes them */
    snprintf(run.folder, sizeof run.folder, "%s", b->in->folder);
    return run_write_splits(&run, &b->dataset.cohort, &b->plain.part[0]);
}

Status baseline_files_finish(const Baseline *b, const json_t *summary)
{
    char path[PATH_ROOM];
    TRY(runfolder_path(path, b->in->folder, "summary.md"));
    TRY(baseline_table_write(path, b, summary));
    return crossval_write_json(b->in->folder, "summary.json", (json_t *)(size_t)summary);
}
