/* SPDX-License-Identifier: MIT
 *
 * Folds or parts from a table. IDs are matched as those of label tables are: as given, then without folder and last
 * extension. The bag column is `bag` or `bag_id`, else what table_id_column finds.
 */
#include "data/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- IDs ---- */

typedef struct {
    const char *text;
    size_t len;
    int bag;
} Name;

typedef struct {
    Name *whole, *stem; /* [n] each, sorted */
    int n;
} NameIndex;

static Name stem_of(const char *id, int bag)
{
    const char *slash = strrchr(id, '/');
    const char *base = slash ? slash + 1 : id;
    const char *dot = strrchr(base, '.');
    return (Name){.text = base, .len = dot && dot > base ? (size_t)(dot - base) : strlen(base), .bag = bag};
}

static int compare_names(const void *a, const void *b)
{
    const Name *x = a, *y = b;
    const size_t shorter = x->len < y->len ? x->len : y->len;
    const int order = memcmp(x->text, y->text, shorter);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static Status index_new(NameIndex *index, const char *const *bag_id, int n)
{
    *index = (NameIndex){.whole = malloc(2 * ((size_t)n + 1) * sizeof(Name)), .n = n};
    if (!index->whole) return fail(ERR_MEMORY, "index of %d bags: out of memory", n);
    index->stem = index->whole + n;
    for (int i = 0; i < n; i++) {
        index->whole[i] = (Name){.text = bag_id[i], .len = strlen(bag_id[i]), .bag = i};
        index->stem[i] = stem_of(bag_id[i], i);
    }
    qsort(index->whole, (size_t)n, sizeof(Name), compare_names);
    qsort(index->stem, (size_t)n, sizeof(Name), compare_names);
    return OK;
}

/* -1: unknown; -2: two bags answer to it. */
static int index_find(const NameIndex *index, const char *id)
{
    const Name whole = {.text = id, .len = strlen(id)}, stem = stem_of(id, 0);
    const Name *hit = bsearch(&whole, index->whole, (size_t)index->n, sizeof(Name), compare_names);
    if (hit) return hit->bag;
    hit = bsearch(&stem, index->stem, (size_t)index->n, sizeof(Name), compare_names);
    if (!hit) return -1;
    const bool before = hit > index->stem && compare_names(hit - 1, hit) == 0;
    const bool after = hit + 1 < index->stem + index->n && compare_names(hit + 1, hit) == 0;
    return before || after ? -2 : hit->bag;
}

/* bag_of_row [n_row]; every bag at most once. */
static Status match_rows(int *bag_of_row, const Table *t, int id, const char *const *bag_id, int n)
{
    NameIndex index = {0};
    Status status = OK;
    int *row_of_bag = calloc((size_t)n + 1, sizeof *row_of_bag); /* row + 1 */
    TRY_DONE(index_new(&index, bag_id, n));
    if (!row_of_bag) TRY_DONE(fail(ERR_MEMORY, "index of %d bags: out of memory", n));
    for (int r = 0; r < t->n_row; r++) {
        const char *cell = table_cell(t, r, id);
        const int bag = index_find(&index, cell);
        if (bag == -1) TRY_DONE(fail(ERR_FORMAT, "%s:%d: bag '%s' is not in the dataset", t->path, t->line[r], cell));
        if (bag == -2)
            TRY_DONE(fail(ERR_FORMAT, "%s:%d: bag '%s' could be either of two; write the ID in full", t->path,
                          t->line[r], cell));
        if (row_of_bag[bag])
            TRY_DONE(fail(ERR_FORMAT, "%s:%d: bag '%s' was listed in line %d already", t->path, t->line[r], cell,
                          t->line[row_of_bag[bag] - 1]));
        row_of_bag[bag] = r + 1;
        bag_of_row[r] = bag;
    }
done:
    free(index.whole);
    free(row_of_bag);
    return status;
}

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

static Status read_parts(SplitTable *out, const Table *t, int column, const int *bag_of_row, int n)
{
    out->part = malloc(((size_t)n + 1) * sizeof *out->part);
    if (!out->part) return fail(ERR_MEMORY, "parts of %d bags: out of memory", n);
    for (int i = 0; i < n; i++) out->part[i] = PART_NONE;
    for (int r = 0; r < t->n_row; r++) {
        const char *cell = table_cell(t, r, column);
        int part = 0;
        if (table_missing(cell)) continue;
        while (part < 3 && strcmp(cell, part_name[part]) != 0) part++;
        if (part == 3)
            return fail(ERR_FORMAT, "%s:%d: part '%s' is none of train, validation, test", t->path, t->line[r], cell);
        out->part[bag_of_row[r]] = (Part)part;
    }
    return OK;
}

static Status read_fold(int *fold, const Table *t, int r, int column)
{
    const char *cell = table_cell(t, r, column);
    char *end;
    *fold = -1;
    if (table_missing(cell)) return OK;
    errno = 0;
    const long number = strtol(cell, &end, 10);
    if (errno || end == cell || *end || number < 0 || number >= 100000)
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

static Status read_folds(SplitTable *out, const Table *t, const int *column, int n_column, const int *bag_of_row,
                         int n)
{
    const size_t size = (size_t)n_column * (size_t)n;
    out->n_column = n_column;
    out->fold = malloc((size + 1) * sizeof *out->fold);
    if (!out->fold) return fail(ERR_MEMORY, "folds of %d bags: out of memory", n);
    for (size_t i = 0; i < size; i++) out->fold[i] = -1;
    for (int r = 0; r < t->n_row; r++)
        for (int c = 0; c < n_column; c++) {
            int fold;
            TRY(read_fold(&fold, t, r, column[c]));
            out->fold[(size_t)c * (size_t)n + (size_t)bag_of_row[r]] = fold;
            if (fold >= out->n_fold) out->n_fold = fold + 1;
        }
    if (out->n_fold < 2) return fail(ERR_FORMAT, "%s: all bags are in one fold; two are the least", t->path);
    return check_folds(out, t, column, n);
}

static Status read_columns(SplitTable *out, const SplitOptions *options, const Table *t, const int *bag_of_row,
                           int *column, int id, int n)
{
    const int part = table_column(t, "part");
    if (part >= 0 && options->columns.n == 0) return read_parts(out, t, part, bag_of_row, n);
    int n_column;
    TRY(find_fold_columns(column, &n_column, t, id, &options->columns));
    return read_folds(out, t, column, n_column, bag_of_row, n);
}

Status split_read(SplitTable *out, const SplitOptions *options, const char *const *bag_id, int n)
{
    *out = (SplitTable){0};
    Table t;
    TRY(table_read(&t, options->file));
    Status status;
    int id;
    int *bag_of_row = malloc(((size_t)t.n_row + 1) * sizeof *bag_of_row);
    int *column = malloc(((size_t)t.n_column + 1) * sizeof *column);
    if (!bag_of_row || !column) TRY_DONE(fail(ERR_MEMORY, "%s: out of memory", options->file));
    TRY_DONE(find_id_column(&id, &t));
    TRY_DONE(match_rows(bag_of_row, &t, id, bag_id, n));
    TRY_DONE(read_columns(out, options, &t, bag_of_row, column, id, n));
done:
    free(column);
    free(bag_of_row);
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
