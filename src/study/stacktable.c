/* SPDX-License-Identifier: MIT */
#include "study/stacktable.h"
#include "cohort/partition.h"
#include "core/number.h"
#include "run/predictions.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INNER_COLUMN PREDICTION_COLUMNS /* behind those of predictions.tsv */

/* ---- reading ---- */

static int by_key(const StackRow *a, const StackRow *b)
{
    if (a->repeat != b->repeat) return a->repeat < b->repeat ? -1 : 1;
    if (a->fold != b->fold) return a->fold < b->fold ? -1 : 1;
    const int task = strcmp(a->task, b->task), bag = strcmp(a->bag, b->bag);
    return task ? task : bag ? bag : strcmp(a->class, b->class);
}

static int by_row(const void *a, const void *b)
{
    return by_key(a, b);
}

static Status bad_cell(const Table *t, int row, int column)
{
    return fail(ERR_FORMAT, "%s:%d: '%.60s' is no %s", t->path, t->line[row], table_cell(t, row, column),
                t->column[column]);
}

static Status read_whole(int *out, const Table *t, int row, int column)
{
    int64_t value;
    if (!number_read_int(&value, table_cell(t, row, column)) || value < 0 || value > 1000000)
        return bad_cell(t, row, column);
    *out = (int)value;
    return OK;
}

/* An empty cell is NaN. Our tables hold numbers of single precision; larger ones have no sums of squares. */
static Status read_number(double *out, const Table *t, int row, int column)
{
    const char *cell = table_cell(t, row, column);
    *out = NAN;
    return !*cell || (number_read(out, cell) && fabs(*out) <= FLT_MAX) ? OK : bad_cell(t, row, column);
}

/* A test bag without one could not be ranked; an inner one may lack it where there were too few bags for inner fits. */
static Status read_output(double *out, const Table *t, int row, bool inner)
{
    TRY(read_number(out, t, row, PREDICTION_OUTPUT));
    return inner || !isnan(*out) ? OK
                                 : fail(ERR_FORMAT, "%s:%d: there is no output for bag '%.60s'", t->path,
                                        t->line[row], table_cell(t, row, PREDICTION_BAG));
}

static Status read_row(StackRow *r, const Table *t, int row, bool inner)
{
    *r = (StackRow){.task = table_cell(t, row, PREDICTION_TASK),
                    .bag = table_cell(t, row, PREDICTION_BAG),
                    .class = table_cell(t, row, PREDICTION_CLASS),
                    .probability = table_cell(t, row, PREDICTION_PROBABILITY),
                    .inner = -1,
                    .place = row};
    TRY(read_whole(&r->repeat, t, row, PREDICTION_REPEAT));
    TRY(read_whole(&r->fold, t, row, PREDICTION_FOLD));
    TRY(read_number(&r->label, t, row, PREDICTION_TARGET));
    TRY(read_output(&r->output, t, row, inner));
    return inner ? read_whole(&r->inner, t, row, INNER_COLUMN) : OK;
}

static Status check_head(const Table *t, bool inner)
{
    Table head = *t;
    if (!inner) return predictions_check(t);
    head.n_column--;
    if (t->n_column == PREDICTION_COLUMNS + 1 && strcmp(t->column[INNER_COLUMN], "inner") == 0 &&
        predictions_check(&head) == OK)
        return OK;
    return fail(ERR_FORMAT, "%s: is no inner.tsv of ours", t->path);
}

static Status read_rows(StackTable *out, bool inner)
{
    const Table *t = &out->table;
    const char *part = inner ? "inner" : part_name[PART_TEST];
    TRY(check_head(t, inner));
    out->row = malloc(((size_t)t->n_row + 1) * sizeof *out->row);
    if (!out->row) return fail(ERR_MEMORY, "%s: no memory for %d rows", t->path, t->n_row);
    for (int r = 0; r < t->n_row; r++) {
        if (strcmp(table_cell(t, r, PREDICTION_PART), part) != 0) continue;
        if (inner && !*table_cell(t, r, PREDICTION_TARGET)) continue;
        TRY(read_row(&out->row[out->n], t, r, inner));
        out->n++;
    }
    qsort(out->row, (size_t)out->n, sizeof *out->row, by_row);
    for (int i = 1; i < out->n; i++)
        if (by_key(&out->row[i - 1], &out->row[i]) == 0)
            return fail(ERR_FORMAT, "%s:%d: bag '%.60s' stands there twice for repetition %d, fold %d", t->path,
                        t->line[out->row[i].place], out->row[i].bag, out->row[i].repeat, out->row[i].fold);
    return out->n ? OK : fail(ERR_FORMAT, "%s: holds no row of part %s", t->path, part);
}

Status stacktable_read(StackTable *out, const char *path, bool inner)
{
    *out = (StackTable){.n = 0};
    TRY(table_read(&out->table, path));
    const Status status = read_rows(out, inner);
    if (status != OK) stacktable_free(out);
    return status;
}

void stacktable_free(StackTable *t)
{
    free(t->row);
    table_free(&t->table);
    *t = (StackTable){.n = 0};
}

/* ---- comparing ---- */

static Status lacks(const StackRow *row, const char *has, const char *lacks_it)
{
    return fail(ERR_FORMAT,
                "%s and %s are not about the same bags: '%.60s' (task '%.60s', repetition %d, fold %d) is in the "
                "first and not in the second; use the same splits for all (--splits=RUN/splits.tsv)",
                has, lacks_it, row->bag, row->task, row->repeat, row->fold);
}

/* Numbers were normalised by the training bags of each model and back, in single precision. */
static bool same_label(double a, double b)
{
    return isnan(a) ? isnan(b) != 0 : fabs(a - b) <= 1e-5 * (1 + fabs(a));
}

Status stacktable_same(const StackTable *a, const StackTable *b, const char *name_a, const char *name_b)
{
    for (int i = 0; i < a->n || i < b->n; i++) {
        const int order = i == a->n ? 1 : i == b->n ? -1 : by_key(&a->row[i], &b->row[i]);
        if (order < 0) return lacks(&a->row[i], name_a, name_b);
        if (order > 0) return lacks(&b->row[i], name_b, name_a);
        if (same_label(a->row[i].label, b->row[i].label)) continue;
        return fail(ERR_FORMAT, "%s and %s have other labels for bag '%.60s' (task '%.60s', repetition %d, fold %d)",
                    name_a, name_b, a->row[i].bag, a->row[i].task, a->row[i].repeat, a->row[i].fold);
    }
    return OK;
}
