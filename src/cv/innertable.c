/* SPDX-License-Identifier: MIT
 *
 * innertable.c: an inner training is a training as others: its test part are the bags of its inner fold.
 */
#include "cv/innertable.h"
#include "cohort/split.h"
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/textout.h"
#include "cv/foldjob.h"
#include "run/predictions.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INNER "inner"

/* ---- rows ---- */

static void write_head(TextOut *out, const Table *t)
{
    for (int c = 0; c < PREDICTION_COLUMNS; c++) textout_printf(out, "%s\t", t->column[c]);
    textout_printf(out, INNER "\n");
}

static void write_rows(TextOut *out, const Table *t, int inner)
{
    for (int r = 0; r < t->n_row; r++) {
        if (strcmp(table_cell(t, r, PREDICTION_PART), part_name[PART_TEST]) != 0) continue;
        for (int c = 0; c < PREDICTION_COLUMNS; c++) {
            textout_cell(out, c == PREDICTION_PART ? INNER : table_cell(t, r, c));
            textout_write(out, "\t", 1);
        }
        textout_printf(out, "%d\n", inner);
    }
}

static Status add_rows(TextOut *out, bool *begun, const char *run, FoldJob job)
{
    char path[PATH_ROOM];
    Table table;
    TRY(foldjob_path(path, run, job, "predictions.tsv"));
    TRY(table_read(&table, path));
    const Status status = predictions_check(&table);
    if (status == OK && !*begun) write_head(out, &table);
    if (status == OK) write_rows(out, &table, job.inner - 1);
    *begun = true;
    table_free(&table);
    return status;
}

/* ---- scores ---- */

static json_t *scores_of(const json_t *summary, const char *task)
{
    const json_t *test = json_object_get(json_object_get(summary, "parts"), part_name[PART_TEST]);
    return json_object_get(json_object_get(test, "tasks"), task);
}

typedef struct {
    double sum;
    int n;
} InnerMean;

static Status add_scores(InnerMean *mean, const TallySetup *in, FoldJob job)
{
    json_t *summary;
    TRY(foldjob_summary(&summary, in->folder, job));
    for (int k = 0; k < in->config->n_task; k++) {
        const Target *t = &in->target[k];
        const json_t *value = json_object_get(scores_of(summary, t->name), metric_of(t)->name[1]);
        if (!json_is_number(value)) continue;
        mean[k].sum += json_number_value(value);
        mean[k].n++;
    }
    json_decref(summary);
    return OK;
}

static void set_scores(const json_t *fold, const TallySetup *in, const InnerMean *mean)
{
    char key[64];
    for (int k = 0; k < in->config->n_task; k++) {
        const Target *t = &in->target[k];
        snprintf(key, sizeof key, INNER "_%s", metric_of(t)->name[1]);
        json_object_set_new(scores_of(fold, t->name), key,
                            jsontext_real(mean[k].n ? mean[k].sum / mean[k].n : (double)NAN));
    }
}

/* ---- all folds ---- */

static Status add_fold(TextOut *out, bool *begun, const json_t *summary, const TallySetup *in, int fold)
{
    InnerMean *mean = calloc((size_t)in->config->n_task + 1, sizeof *mean);
    Status status = mean ? OK : fail(ERR_MEMORY, "no memory for the scores of %d inner folds", in->n_inner[fold]);
    for (int i = 1; i <= in->n_inner[fold] && status == OK; i++) {
        const FoldJob job = {.repeat = fold / in->n_fold,
                             .fold = fold % in->n_fold,
                             .model = -1,
                             .inner = i,
                             .trial = in->trial ? 1 + in->trial(in->context, fold, i - 1) : 0};
        status = add_rows(out, begun, in->folder, job);
        if (status == OK) status = add_scores(mean, in, job);
    }
    if (status == OK) set_scores(summary, in, mean);
    free(mean);
    return status;
}

Status innertable_make(json_t *const *fold, const TallySetup *setup)
{
    char path[PATH_ROOM];
    TextOut *out;
    Status status = OK;
    bool begun = false;
    snprintf(path, sizeof path, "%s/inner.tsv", setup->folder);
    TRY(textout_open(&out, path, true));
    for (int f = 0; f < setup->n_repeat * setup->n_fold; f++) TRY_DONE(add_fold(out, &begun, fold[f], setup, f));
    if (begun) return textout_commit(out);
done:
    textout_drop(out); /* there was nothing to be written, or something failed */
    return status;
}
