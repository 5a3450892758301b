/* SPDX-License-Identifier: MIT
 *
 * report_trials.c: the settings that a search tried, from the trials.tsv of its run. Their figures are of inner folds; test
 * bags have no part in them.
 */
#include "cohort/metric.h"
#include "core/file.h"
#include "core/memtext.h"
#include "core/number.h"
#include "data/text/table.h"
#include "study/report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 40 /* trials */

/* A trial over all folds. */
typedef struct {
    int number, chosen, n; /* folds that chose it; folds with a figure */
    double sum;            /* of these figures */
    int row;               /* of the table, with its settings */
} TriedTrial;

static double mean_of(const TriedTrial *t)
{
    return t->n ? t->sum / t->n : (double)NAN;
}

/* The best first; those without a figure last; equal ones by number. */
static int compare(const void *a, const void *b)
{
    const TriedTrial *x = a, *y = b;
    const double mx = x->n ? mean_of(x) : -INFINITY, my = y->n ? mean_of(y) : -INFINITY;
    return mx > my ? -1 : mx < my ? 1 : x->number - y->number;
}

/* Returns the number of trials; trial [rows of t]. */
static int sum_up(TriedTrial *trial, const Table *t)
{
    int n = 0;
    const int number = table_column(t, "trial"), mean = table_column(t, "mean"), chosen = table_column(t, "chosen");
    for (int row = 0; row < t->n_row; row++) {
        int64_t of;
        double value;
        if (!number_read_int(&of, table_cell(t, row, number)) || of < 0 || of > INT32_MAX) continue;
        int k = 0;
        while (k < n && trial[k].number != of) k++;
        if (k == n) trial[n++] = (TriedTrial){.number = (int)of, .row = row};
        trial[k].chosen += strcmp(table_cell(t, row, chosen), "1") == 0;
        if (!number_read(&value, table_cell(t, row, mean))) continue;
        trial[k].sum += value;
        trial[k].n++;
    }
    return n;
}

/* "train.lr=0.001; model.pooling.dropout=0.5", the caller's to free. */
static Status settings_of(char **text, const Table *t, int row)
{
    size_t n = 0;
    bool begun = false;
    FILE *out = open_memstream(text, &n);
    for (int c = table_column(t, "chosen") + 1; out && c < t->n_column; c++) {
        const char *cell = table_cell(t, row, c);
        if (!*cell || strcmp(t->column[c], "test") == 0) continue;
        fprintf(out, "%s%s=%s", begun ? "; " : "", t->column[c], cell);
        begun = true;
    }
    if (out && !begun) fputs("the config as it is", out);
    return memtext_close(out, text) ? OK : fail(ERR_MEMORY, "no memory for the trials");
}

static Status write_rows(Report *r, const Table *t, const TriedTrial *trial, int n)
{
    for (int k = 0; k < n && k < SHOWN; k++) {
        char *settings;
        TRY(settings_of(&settings, t, trial[k].row));
        page_row(&r->page);
        page_head_cell(&r->page, settings);
        free(settings);
        page_number(&r->page, trial[k].number, 0);
        page_number(&r->page, mean_of(&trial[k]), 3);
        page_number(&r->page, trial[k].chosen, 0);
        page_row_end(&r->page);
    }
    return OK;
}

static Status write_table(Report *r, const Table *t)
{
    char caption[200];
    const char *const head[] = {"settings", "trial", "mean over inner folds", "chosen in folds"};
    TriedTrial *trial = calloc((size_t)t->n_row + 1, sizeof *trial);
    if (!trial) return fail(ERR_MEMORY, "no memory for %d trials", t->n_row);
    const int n = sum_up(trial, t);
    qsort(trial, (size_t)n, sizeof *trial, compare);
    if (n > SHOWN)
        snprintf(caption, sizeof caption,
                 "Trials of the search, the best %d of %d by inner folds; trials.tsv of the run has all", SHOWN, n);
    else
        snprintf(caption, sizeof caption, "Trials of the search, the best by inner folds first");
    page_table(&r->page, caption, head, 4, 3);
    const Status status = write_rows(r, t, trial, n);
    page_table_end(&r->page);
    free(trial);
    return status;
}

Status report_trials(Report *r)
{
    char path[PATH_ROOM];
    Table t;
    if (!json_object_get(r->summary, "search") || !file_exists_in(path, r->in->run, "trials.tsv")) return OK;
    TRY(table_read_any(&t, path));
    Status status = OK;
    if (table_column(&t, "trial") >= 0 && table_column(&t, "mean") >= 0 && table_column(&t, "chosen") >= 0)
        status = write_table(r, &t);
    else
        status = fail(ERR_FORMAT, "%s: has no columns trial, mean and chosen; the file is damaged", path);
    table_free(&t);
    return status;
}
