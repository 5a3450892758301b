/* SPDX-License-Identifier: MIT
 *
 * Folds or parts from a table. IDs are matched as those of label tables are (join.h). The bag column is `bag` or
 * `bag_id`, else what table_id_column finds.
 */
#include "cohort/split.h"
#include "core/number.h"
#include "data/text/join.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- columns ---- */

static Status find_id_column(int *id, const Table *t)
{
    *id = table_column(t, "bag");
    if (*id < 0) *id = table_column(t, "bag_id");
    return *id < 0 ? table_id_column(id, t, "auto") : OK;
}

static bool names_folds(const char *column)
{
    const char *const beginning[] = {"rep", "fold", "seed", "split"};
    if (strncasecmp(column, "repertoire", 10) == 0) return false; /* an ID */
    for (size_t i = 0; i < sizeof beginning / sizeof *beginning; i++)
        if (strncasecmp(column, beginning[i], strlen(beginning[i])) == 0) return true;
    return false;
}

/* column [n_column of the table]: those that hold folds. */
static Status find_fold_columns(int *column, int *n, const Table *t, int id, const OptionTexts *asked)
{
    *n = 0;
    for (int i = 0; i < asked->n; i++) {
        const int c = table_column(t, asked->text[i]);
        if (c < 0)
            return fail(ERR_FORMAT, "%s: no column '%s', which splits.columns asks for", t->path, asked->text[i]);
        for (int j = 0; j < *n; j++)
            if (column[j] == c) return fail(ERR_CONFIG, "splits.columns: '%s' stands twice", asked->text[i]);
        column[(*n)++] = c;
    }
    if (asked->n) return OK;
    for (int c = 0; c < t->n_column; c++)
        if (c != id && names_folds(t->column[c])) column[(*n)++] = c;
    if (*n == 0)
        return fail(ERR_FORMAT,
                    "%s: no column named part, and none whose name begins with rep, fold, seed or split; "
                    "name them with splits.columns",
                    t->path);
    return OK;
}

/* ---- cells ---- */

static Status read_parts(SplitTable *out, const Table *t, int column, const int *row_of_bag, int n)
{
    out->part = malloc(((size_t)n + 1) * sizeof *out->part);
    if (!out->part) return fail(ERR_MEMORY, "parts of %d bags: out of memory", n);
    for (int i = 0; i < n; i++) out->part[i] = PART_NONE;
    for (int i = 0; i < n; i++) {
        const int r = row_of_bag[i];
        const char *cell = r < 0 ? "" : table_cell(t, r, column);
        int part = 0;
        if (table_missing(cell)) continue;
        while (part < 3 && strcmp(cell, part_name[part]) != 0) part++;
        if (part == 3)
            return fail(ERR_FORMAT, "%s:%d: part '%s' is none of train, validation, test", t->path, t->line[r], cell);
        out->part[i] = (Part)part;
    }
    return OK;
}

static Status read_fold(int *fold, const Table *t, int r, int column)
{
    const char *cell = table_cell(t, r, column);
    int64_t number;
    *fold = -1;
    if (table_missing(cell)) return OK;
    if (!number_read_int(&number, cell) || number < 0 || number >= 100000)
        return fail(ERR_FORMAT, "%s:%d: column %s: '%s' is no fold number (0, 1, …)", t->path, t->line[r],
                    t->column[column], cell);
    *fold = (int)number;
    return OK;
}

/* Every fold of 0 … n_fold-1 has a bag in each column. */
static Status check_folds(const SplitTable *s, const Table *t, const int *column, int n)
{
    int *count = malloc(((size_t)s->n_fold + 1) * sizeof *count);
    if (!count) return fail(ERR_MEMORY, "%d folds: out of memory", s->n_fold);
    Status status = OK;
    for (int c = 0; c < s->n_column && status == OK; c++) {
        const int *fold = s->fold + (size_t)c * (size_t)n;
        memset(count, 0, (size_t)s->n_fold * sizeof *count);
        for (int i = 0; i < n; i++)
            if (fold[i] >= 0) count[fold[i]]++;
        for (int f = 0; f < s->n_fold && status == OK; f++)
            if (count[f] == 0)
                status =
                    fail(ERR_FORMAT, "%s: column %s: no bag is in fold %d; number the folds 0 to %d without a gap",
                         t->path, t->column[column[c]], f, s->n_fold - 1);
    }
    free(count);
    return status;
}

static Status read_folds(SplitTable *out, const Table *t, const int *column, int n_column, const int *row_of_bag,
                         int n)
{
    const size_t size = (size_t)n_column * (size_t)n;
    out->n_column = n_column;
    out->fold = malloc((size + 1) * sizeof *out->fold);
    if (!out->fold) return fail(ERR_MEMORY, "folds of %d bags: out of memory", n);
    for (size_t i = 0; i < size; i++) out->fold[i] = -1;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < n_column && row_of_bag[i] >= 0; c++) {
            int *fold = &out->fold[(size_t)c * (size_t)n + (size_t)i];
            TRY(read_fold(fold, t, row_of_bag[i], column[c]));
            if (*fold >= out->n_fold) out->n_fold = *fold + 1;
        }
    if (out->n_fold < 2) return fail(ERR_FORMAT, "%s: all bags are in one fold; two are the least", t->path);
    return check_folds(out, t, column, n);
}

static Status read_columns(SplitTable *out, const SplitOptions *options, const Table *t, const int *row_of_bag,
                           int *column, int id, int n)
{
    const OptionTexts *asked = &options->columns;
    const bool asks_part = asked->n == 0 || (asked->n == 1 && strcmp(asked->text[0], "part") == 0);
    const int part = table_column(t, "part");
    if (part >= 0 && asks_part) return read_parts(out, t, part, row_of_bag, n);
    int n_column;
    TRY(find_fold_columns(column, &n_column, t, id, asked));
    return read_folds(out, t, column, n_column, row_of_bag, n);
}

Status split_read(SplitTable *out, const SplitOptions *options, const char *const *bag_id, int n)
{
    *out = (SplitTable){0};
    Table t;
    TRY(table_read(&t, options->place ? options->place : options->file));
    Status status;
    int id;
    int *row_of_bag = malloc(((size_t)n + 1) * sizeof *row_of_bag);
    int *column = malloc(((size_t)t.n_column + 1) * sizeof *column);
    if (!row_of_bag || !column) TRY_DONE(fail(ERR_MEMORY, "%s: out of memory", options->file));
    TRY_DONE(find_id_column(&id, &t));
    TRY_DONE(join_ids(row_of_bag, bag_id, n, "the dataset", &t, id));
    TRY_DONE(read_columns(out, options, &t, row_of_bag, column, id, n));
done:
    free(column);
    free(row_of_bag);
    table_free(&t);
    if (status != OK) split_free(out);
    return status;
}

void split_free(SplitTable *t)
{
    if (!t) return;
    free(t->fold);
    free(t->part);
    *t = (SplitTable){0};
}
