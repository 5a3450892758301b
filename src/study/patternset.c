/* SPDX-License-Identifier: MIT */
#include "study/patternset.h"
#include "core/number.h"
#include "data/bagfile/bagfile.h"
#include "data/text/cell.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- memory ---- */

static Status make(PatternSet *out, const char *path, int n, int d)
{
    const size_t rows = (size_t)n, columns = (size_t)d;
    *out = (PatternSet){.n = n, .d = d, .path = path};
    out->x = calloc(rows * columns + 1, sizeof *out->x);
    out->name = calloc(rows + 1, sizeof *out->name);
    out->column = calloc(columns + 1, sizeof *out->column);
    if (out->x && out->name && out->column) return OK;
    patternset_free(out);
    return fail(ERR_MEMORY, "%s: no memory for %d patterns of %d entries", path, n, d);
}

void patternset_free(PatternSet *p)
{
    for (int i = 0; p->name && i < p->n; i++) free(p->name[i]);
    for (Index j = 0; p->column && j < p->d; j++) free(p->column[j]);
    free(p->x), free(p->name), free(p->column);
    *p = (PatternSet){0};
}

__attribute__((format(printf, 2, 3))) static Status put(char **to, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vasprintf(to, format, list);
    va_end(list);
    if (n >= 0) return OK;
    *to = NULL;
    return fail(ERR_MEMORY, "no memory for a name");
}

/* ---- tables ---- */

/* Which columns of a table are entries. */
typedef struct {
    int id;     /* column of IDs; -1: none */
    int n;      /* entries */
    int *place; /* [n] */
} EntryColumns;

static bool is_label(const char *name)
{
    static const char *const usual[] = {"label", "bag_label", "class", "target"};
    for (size_t k = 0; k < sizeof usual / sizeof *usual; k++)
        if (strcasecmp(name, usual[k]) == 0) return true;
    return false;
}

static bool is_skipped(const char *name, const char *const *skip, int n_skip)
{
    for (int k = 0; k < n_skip; k++)
        if (strcmp(name, skip[k]) == 0) return true;
    return false;
}

/* The first of the usual names of IDs; -1: none. */
static int usual_id(const Table *t)
{
    for (int k = 0;; k++) {
        const int column = table_usual_column(t, k);
        if (column != -1) return column < 0 ? -1 : column;
    }
}

static Status find_columns(EntryColumns *out, const Table *t, const char *const *skip, int n_skip)
{
    for (int k = 0; k < n_skip; k++)
        if (table_column(t, skip[k]) < 0)
            return fail(ERR_USAGE, "--skip=%s: %s has no such column", skip[k], t->path);
    out->id = usual_id(t);
    for (int c = 0; c < t->n_column; c++)
        if (c != out->id && !is_label(t->column[c]) && !is_skipped(t->column[c], skip, n_skip))
            out->place[out->n++] = c;
    return out->n > 0 ? OK : fail(ERR_FORMAT, "%s: no column is left that could hold entries of patterns", t->path);
}

/* Cues are matched by name. */
static Status check_columns(const EntryColumns *c, const Table *t)
{
    for (int j = 0; j < c->n; j++) TRY(table_check_once(t, c->place[j]));
    return OK;
}

static Status match_columns(EntryColumns *out, const Table *t, const PatternSet *patterns)
{
    out->id = usual_id(t);
    for (Index j = 0; j < patterns->d; j++) {
        const int c = table_column(t, patterns->column[j]);
        if (c < 0)
            return fail(ERR_FORMAT, "%s: column '%s' of the patterns (%s) is missing", t->path, patterns->column[j],
                        patterns->path);
        out->place[out->n++] = c;
    }
    return OK;
}

static Status read_cell(double *out, const Table *t, int row, int column, bool cues)
{
    bool comma;
    const char *cell = table_cell(t, row, column);
    *out = NAN;
    if (cell_missing(cell))
        return cues ? OK
                    : fail(ERR_FORMAT, "%s:%d: '%s' is empty; only cues have unknown entries", t->path, t->line[row],
                           t->column[column]);
    if (cell_number(out, &comma, cell) && isfinite(*out)) return OK;
    return fail(ERR_FORMAT, "%s:%d: '%s' in column '%s' is no number%s", t->path, t->line[row], cell,
                t->column[column], cues ? "" : "; --skip=COLUMN leaves a column out");
}

static Status fill(PatternSet *out, const Table *t, const EntryColumns *c, bool cues)
{
    TRY(make(out, t->path, t->n_row, c->n));
    for (int j = 0; j < c->n; j++) TRY(put(&out->column[j], "%s", t->column[c->place[j]]));
    for (int i = 0; i < t->n_row; i++) {
        if (c->id >= 0)
            TRY(put(&out->name[i], "%s", table_cell(t, i, c->id)));
        else
            TRY(put(&out->name[i], "%d", i + 1));
        for (int j = 0; j < c->n; j++) TRY(read_cell(&out->x[i * out->d + j], t, i, c->place[j], cues));
    }
    return OK;
}

/* `patterns` NULL: stored ones. */
static Status read_table(PatternSet *out, const char *path, const PatternSet *patterns, const char *const *skip,
                         int n_skip)
{
    Table t;
    TRY(table_read(&t, path));
    const size_t room = (size_t)t.n_column + (patterns ? (size_t)patterns->d : 0) + 1;
    EntryColumns c = {.place = malloc(room * sizeof *c.place)};
    Status status = c.place ? OK : fail(ERR_MEMORY, "%s: no memory for %d columns", path, t.n_column);
    if (status == OK) status = patterns ? match_columns(&c, &t, patterns) : find_columns(&c, &t, skip, n_skip);
    if (status == OK) status = check_columns(&c, &t);
    if (status == OK) status = fill(out, &t, &c, patterns != NULL);
    out->path = path;
    free(c.place);
    table_free(&t);
    return status;
}

/* ---- datasets ---- */

static void copy_vector(double *to, const Bag *bag, int i, int d)
{
    for (int j = 0; bag->x && j < d; j++) to[j] = bag->x[(Index)i * d + j];
    for (int k = 0; !bag->x && k < bag->sparse[i].n; k++) to[bag->sparse[i].feature[k]] = bag->sparse[i].value[k];
}

static Status read_bag(PatternSet *out, int *n, BagFile *file, int b)
{
    Bag bag;
    Arena arena = {0};
    Status status;
    TRY_DONE(bagfile_read_alone(&bag, &arena, file, b, COUNTS_NONE));
    for (int i = 0; i < bag.n; i++, ++*n) {
        copy_vector(out->x + *n * out->d, &bag, i, (int)out->d);
        if (bag.n == 1)
            TRY_DONE(put(&out->name[*n], "%s", bagfile_key(file, b)));
        else
            TRY_DONE(put(&out->name[*n], "%s:%d", bagfile_key(file, b), bag.row[i]));
    }
done:
    arena_free(&arena);
    return status;
}

static Status fill_from(PatternSet *out, const char *path, BagFile *file)
{
    int n = 0;
    const BagSpec *spec = bagfile_spec(file);
    const char *const *name = bagfile_feature_names(file);
    if (spec->kind != BAG_VECTORS) return fail(ERR_FORMAT, "%s holds sequences; patterns are vectors", path);
    if (bagfile_n_total(file) > INT32_MAX / 2) return fail(ERR_FORMAT, "%s has too many instances", path);
    TRY(make(out, path, (int)bagfile_n_total(file), spec->n_feat));
    for (int j = 0; j < spec->n_feat; j++)
        TRY(name ? put(&out->column[j], "%s", name[j]) : put(&out->column[j], "f%d", j));
    for (int b = 0; b < bagfile_n_bag(file); b++) TRY(read_bag(out, &n, file, b));
    return OK;
}

static Status read_dataset(PatternSet *out, const char *path)
{
    BagFile *file;
    TRY(bagfile_open(&file, path));
    const Status status = fill_from(out, path, file);
    bagfile_close(file);
    return status;
}

/* ---- both ---- */

static Status check(PatternSet *p, Status status)
{
    if (status == OK && p->n == 0) status = fail(ERR_FORMAT, "%s has no rows", p->path);
    if (status != OK) patternset_free(p);
    return status;
}

Status patternset_read(PatternSet *out, const char *path, const char *const *skip, int n_skip)
{
    bool dataset;
    *out = (PatternSet){0};
    TRY(bagfile_recognise(&dataset, path));
    if (dataset && n_skip > 0) return fail(ERR_USAGE, "--skip names columns of a table; %s is a dataset", path);
    return check(out, dataset ? read_dataset(out, path) : read_table(out, path, NULL, skip, n_skip));
}

static Status check_features(const PatternSet *cues, const PatternSet *patterns)
{
    if (cues->d != patterns->d)
        return fail(ERR_FORMAT, "%s has %td features, the patterns (%s) have %td", cues->path, cues->d,
                    patterns->path, patterns->d);
    for (Index j = 0; j < cues->d; j++)
        if (strcmp(cues->column[j], patterns->column[j]) != 0)
            return fail(ERR_FORMAT, "%s: feature %td is '%s', that of the patterns (%s) '%s'", cues->path, j + 1,
                        cues->column[j], patterns->path, patterns->column[j]);
    return OK;
}

Status patternset_read_cues(PatternSet *out, const char *path, const PatternSet *patterns)
{
    bool dataset;
    *out = (PatternSet){0};
    TRY(bagfile_recognise(&dataset, path));
    if (!dataset) return check(out, read_table(out, path, patterns, NULL, 0));
    Status status = read_dataset(out, path);
    if (status == OK) status = check_features(out, patterns);
    return check(out, status);
}
