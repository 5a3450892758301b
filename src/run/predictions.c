/* SPDX-License-Identifier: MIT */
#include "run/predictions.h"
#include "cohort/task.h"
#include "core/number.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const column[PREDICTION_COLUMNS] = {"bag",         "task", "class",  "target", "output",
                                                       "probability", "part", "repeat", "fold"};

static void header(TextOut *out, const char *end)
{
    for (int c = 0; c < PREDICTION_COLUMNS; c++)
        textout_printf(out, "%s%s", column[c], c + 1 < PREDICTION_COLUMNS ? "\t" : end);
}

void predictions_header(TextOut *out)
{
    header(out, "\n");
}

void predictions_inner_header(TextOut *out)
{
    header(out, "\tinner\n");
}

Status predictions_check(const Table *t)
{
    bool right = t->n_column == PREDICTION_COLUMNS;
    for (int c = 0; right && c < PREDICTION_COLUMNS; c++) right = strcmp(t->column[c], column[c]) == 0;
    return right ? OK : fail(ERR_FORMAT, "%s: is no predictions.tsv of ours", t->path);
}

static void place_cell(TextOut *out, int number)
{
    if (number >= 0)
        textout_printf(out, "\t%d", number);
    else
        textout_printf(out, "\t");
}

/* inner -1: no such column */
static void write_row(TextOut *out, const Prediction *p, const Target *t, const TaskRow *row, int output, int inner)
{
    char buffer[NUMBER_ROOM];
    const double probability = p->is_rank && !t->is_calibrated ? (double)NAN : row->probability;
    textout_cell(out, p->bag);
    textout_printf(out, "\t");
    textout_cell(out, t->name);
    textout_printf(out, "\t");
    textout_cell(out, task_output_name(t, output));
    textout_printf(out, "\t%s", number_text_float(buffer, (float)row->label));
    textout_printf(out, "\t%s", number_text_float(buffer, (float)row->output));
    textout_printf(out, "\t%s", number_text_float(buffer, (float)probability));
    textout_printf(out, "\t%s", p->part);
    place_cell(out, p->repeat);
    place_cell(out, p->fold);
    if (inner >= 0) place_cell(out, inner);
    textout_printf(out, "\n");
}

static void write_rows(TextOut *out, const Prediction *p, int task, int inner)
{
    const Target *t = &p->target[task];
    const bool known = p->mask && p->mask[task] != 0;
    TaskRow row[TARGET_CLASSES];
    assert(t->n_out <= TARGET_CLASSES);
    task_of(t)->rows(row, t, p->output + t->at, known ? p->label + t->at : NULL);
    for (int k = 0; k < t->n_out; k++) write_row(out, p, t, &row[k], k, inner);
}

void predictions_write(TextOut *out, const Prediction *p)
{
    for (int k = 0; k < p->n_target; k++) write_rows(out, p, k, -1);
}

void predictions_inner_write(TextOut *out, const Prediction *p, int task, int inner)
{
    write_rows(out, p, task, inner);
}
