/* SPDX-License-Identifier: MIT
 *
 * Folds or parts from a table, each column a repetition. IDs are matched as those of label tables are (join.h). The bag column is `bag` or
 * `bag_id`, else what table_id_column finds.
 */
#include "cohort/split.h"
#include "cohort/split_foreign.h"
#include "core/file.h"
#include "core/log.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "data/text/cell.h"
#include "data/text/join.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where the values of bag i are. */
typedef struct {
    const Table *table;
    const int *row; /* [n] -1: the table does not list the bag */
    int n;
    int *column; /* [n_column] */
    int n_column;
} SplitSource;

/* ---- words ---- */

static int part_of(const char *cell)
{
    static const char *const words[][5] = {
        {"train", "training", NULL}, {"validation", "val", "valid", "dev", NULL}, {"test", "testing", NULL}};
    for (int part = PART_TRAIN; part <= PART_TEST; part++)
        for (int i = 0; words[part][i]; i++)
            if (strcasecmp(cell, words[part][i]) == 0) return part;
    return -1;
}

static const char *cell_of(const SplitSource *s, int i, int column)
{
    const char *cell = s->row[i] < 0 ? "" : table_cell(s->table, s->row[i], s->column[column]);
    return cell_missing(cell) ? "" : cell;
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

/* kfold, cv_split: only where no name begins so. */
static bool mentions_folds(const char *column)
{
    return strcasestr(column, "fold") || strcasestr(column, "split");
}

/* Are all cells train, validation or test? */
static bool has_words(const Table *t, int column)
{
    int n = 0;
    for (int r = 0; r < t->n_row; r++) {
        const char *cell = table_cell(t, r, column);
        if (cell_missing(cell)) continue;
        if (part_of(cell) < 0) return false;
        n++;
    }
    return n > 0;
}

static Status no_columns(const Table *t)
{
    Shortlist list = {0};
    for (int c = 0; c < t->n_column; c++) shortlist_add(&list, "%.60s", t->column[c]);
    return fail(
        ERR_FORMAT,
        "%s: no column is named part, begins with rep or seed, or has fold or split in its name; its columns are "
        "%s. Name those of folds with splits.columns",
        t->path, list.text);
}

/* Those that are asked for; else `part`; else those with the name of folds; else those of train, validation and test. */
static Status find_columns(SplitSource *s, int id, const OptionTexts *asked)
{
    const Table *t = s->table;
    for (int i = 0; i < asked->n; i++) {
        const int c = table_column(t, asked->text[i]);
        if (c < 0)
            return fail(ERR_FORMAT, "%s: no column '%s', which splits.columns asks for", t->path, asked->text[i]);
        for (int j = 0; j < s->n_column; j++)
            if (s->column[j] == c) return fail(ERR_CONFIG, "splits.columns: '%s' stands twice", asked->text[i]);
        s->column[s->n_column++] = c;
    }
    if (asked->n) return OK;
    const int part = table_column(t, "part");
    if (part >= 0 && part != id) s->column[s->n_column++] = part;
    for (int c = 0; c < t->n_column && part < 0; c++)
        if (c != id && names_folds(t->column[c])) s->column[s->n_column++] = c;
    for (int c = 0, none = s->n_column == 0; none && c < t->n_column; c++)
        if (c != id && mentions_folds(t->column[c])) s->column[s->n_column++] = c;
    for (int c = 0, none = s->n_column == 0; none && c < t->n_column; c++)
        if (c != id && has_words(t, c)) s->column[s->n_column++] = c;
    return s->n_column > 0 ? OK : no_columns(t);
}

/* ---- parts ---- */

/* A column with one of the words holds parts. */
static bool holds_parts(const SplitSource *s, int column)
{
    for (int i = 0; i < s->n; i++)
        if (part_of(cell_of(s, i, column)) >= 0) return true;
    return strcmp(s->table->column[s->column[column]], "part") == 0;
}

static Status check_kinds(bool *parts, const SplitSource *s)
{
    *parts = holds_parts(s, 0);
    for (int c = 1; c < s->n_column; c++)
        if (holds_parts(s, c) != *parts)
            return fail(
                ERR_FORMAT,
                "%s: of the columns '%s' and '%s' one holds train, validation and test, the other folds; name "
                "those of one kind with splits.columns",
                s->table->path, s->table->column[s->column[0]], s->table->column[s->column[c]]);
    return OK;
}

static Status read_parts(SplitTable *out, const SplitSource *s)
{
    const size_t size = (size_t)s->n_column * (size_t)s->n;
    out->part = malloc((size + 1) * sizeof *out->part);
    if (!out->part) return fail(ERR_MEMORY, "parts of %d bags: out of memory", s->n);
    out->n_column = s->n_column;
    out->n_fold = 1;
    for (int c = 0; c < s->n_column; c++)
        for (int i = 0; i < s->n; i++) {
            const char *cell = cell_of(s, i, c);
            const int part = *cell ? part_of(cell) : PART_NONE;
            if (*cell && part < 0)
                return fail(ERR_FORMAT, "%s:%d: part '%s' is none of train, validation, test", s->table->path,
                            s->table->line[s->row[i]], cell);
            out->part[(size_t)c * (size_t)s->n + (size_t)i] = (Part)part;
        }
    return OK;
}

/* ---- folds ---- */

/* The number of `fold_2`, `Fold 2` and `2`. */
static const char *number_of(const char *cell)
{
    if (strncasecmp(cell, "fold", 4) != 0) return cell;
    cell += 4;
    return cell + strspn(cell, " _-");
}

static Status read_fold(int *fold, const SplitSource *s, int i, int column)
{
    const char *cell = cell_of(s, i, column);
    double number;
    *fold = -1;
    if (!*cell) return OK;
    if (!number_read(&number, number_of(cell)) || number < 0 || number >= 100000 || number != floor(number))
        return fail(ERR_FORMAT, "%s:%d: column %s: '%s' is no fold number (0, 1, …)", s->table->path,
                    s->table->line[s->row[i]], s->table->column[s->column[column]], cell);
    *fold = (int)number;
    return OK;
}

/* Every fold of 0 … n_fold-1 has a bag in each column. */
static Status check_folds(const SplitTable *out, const SplitSource *s)
{
    int *count = malloc(((size_t)out->n_fold + 1) * sizeof *count);
    if (!count) return fail(ERR_MEMORY, "%d folds: out of memory", out->n_fold);
    Status status = OK;
    for (int c = 0; c < out->n_column && status == OK; c++) {
        const int *fold = out->fold + (size_t)c * (size_t)s->n;
        memset(count, 0, (size_t)out->n_fold * sizeof *count);
        for (int i = 0; i < s->n; i++)
            if (fold[i] >= 0) count[fold[i]]++;
        for (int f = 0; f < out->n_fold && status == OK; f++)
            if (count[f] == 0)
                status =
                    fail(ERR_FORMAT,
                         "%s: column %s: no bag is in fold %d; number the folds 0 to %d (or from 1) without a gap",
                         s->table->path, s->table->column[s->column[c]], f, out->n_fold - 1);
    }
    free(count);
    return status;
}

/* Folds that are numbered from 1 in every column. */
static void start_at_zero(SplitTable *out, const SplitSource *s)
{
    const size_t size = (size_t)s->n_column * (size_t)s->n;
    for (size_t i = 0; i < size; i++)
        if (out->fold[i] == 0) return;
    for (size_t i = 0; i < size; i++) out->fold[i] -= out->fold[i] > 0;
    out->n_fold--;
    log_info("%s: folds are numbered from 1; fold 1 is fold 0 here", s->table->path);
}

static Status read_folds(SplitTable *out, const SplitSource *s)
{
    const size_t size = (size_t)s->n_column * (size_t)s->n;
    out->n_column = s->n_column;
    out->fold = malloc((size + 1) * sizeof *out->fold);
    if (!out->fold) return fail(ERR_MEMORY, "folds of %d bags: out of memory", s->n);
    for (int c = 0; c < s->n_column; c++)
        for (int i = 0; i < s->n; i++) {
            int *fold = &out->fold[(size_t)c * (size_t)s->n + (size_t)i];
            TRY(read_fold(fold, s, i, c));
            if (*fold >= out->n_fold) out->n_fold = *fold + 1;
        }
    start_at_zero(out, s);
    if (out->n_fold < 2) return fail(ERR_FORMAT, "%s: all bags are in one fold; two are the least", s->table->path);
    return check_folds(out, s);
}

/* ---- the file ---- */

/* A run is easily taken for its table. */
static Status check_folder(const char *path)
{
    char table[PATH_ROOM];
    if (!file_is_folder(path) || !file_exists_in(table, path, "splits.tsv")) return OK;
    return fail(ERR_USAGE, "--splits=%s: is a folder; its table is %s", path, table);
}

static Status open_table(Table *out, const char *path)
{
    Table other;
    TRY(check_folder(path));
    if (split_foreign_is_json(path)) return split_foreign_json(out, path);
    TRY(table_read(out, path));
    if (table_column(out, "bag") >= 0 || !split_foreign_is_clam(out)) return OK;
    const Status status = split_foreign_clam(&other, out);
    table_free(out);
    if (status == OK) *out = other;
    return status;
}

static Status read_columns(SplitTable *out, SplitSource *s, const SplitOptions *options, int id)
{
    bool parts;
    TRY(find_columns(s, id, &options->columns));
    TRY(check_kinds(&parts, s));
    return parts ? read_parts(out, s) : read_folds(out, s);
}

Status split_read(SplitTable *out, const SplitOptions *options, const char *const *bag_id, int n)
{
    *out = (SplitTable){0};
    Table t;
    TRY(open_table(&t, options->place ? options->place : options->file));
    t.path = options->file;
    Status status;
    int id;
    int *row_of_bag = malloc(((size_t)n + 1) * sizeof *row_of_bag);
    SplitSource s = {.table = &t, .row = row_of_bag, .n = n};
    s.column = malloc(((size_t)t.n_column + (size_t)options->columns.n + 1) * sizeof *s.column);
    if (!row_of_bag || !s.column) TRY_DONE(fail(ERR_MEMORY, "%s: out of memory", options->file));
    TRY_DONE(find_id_column(&id, &t));
    TRY_DONE(join_ids(row_of_bag, bag_id, n, "the dataset", &t, id));
    TRY_DONE(read_columns(out, &s, options, id));
done:
    free(s.column);
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
