/* SPDX-License-Identifier: MIT */
#include "cohort/folds.h"
#include "cohort/cell.h"
#include "cohort/column.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups ---- */

typedef struct {
    const char *text;
    int member;
} Named;

static int by_text(const void *a, const void *b)
{
    const Named *x = a, *y = b;
    const int order = cell_compare(x->text, y->text);
    return order ? order : (x->member > y->member) - (x->member < y->member);
}

static bool is_missing(const char *cell)
{
    return cell_missing(cell) || cell_unknown(cell);
}

/* Equal numbers for equal cells; a missing cell is a group of its own. */
static void number_groups(int *group, Named *named, int n)
{
    int last = -1;
    qsort(named, (size_t)n, sizeof *named, by_text);
    for (int i = 0; i < n; i++) {
        const bool same = i > 0 && cell_compare(named[i].text, named[i - 1].text) == 0 && !is_missing(named[i].text);
        if (!same) last++;
        group[named[i].member] = last;
    }
}

static int by_look(const void *a, const void *b)
{
    const Named *x = a, *y = b;
    const int order = cell_compare_alike(x->text, y->text);
    return order ? order : by_text(a, b);
}

/* Names the first two groups that a reader would take for one, and a word that is no group. Sorts `named`. */
static void report_groups(const Table *t, const char *column, Named *named, int n)
{
    int pair = 0, n_word = 0, word = 0;
    qsort(named, (size_t)n, sizeof *named, by_look);
    for (int i = 0; i < n; i++) {
        const char *text = named[i].text;
        const bool is_word = cell_unknown(text) && !cell_missing(text);
        if (is_word) n_word++, word = i;
        if (i == 0 || pair || is_missing(text)) continue;
        const char *before = named[i - 1].text;
        if (cell_alike(before, text) && cell_compare(before, text) != 0) pair = i;
    }
    if (pair)
        log_warn("%s: groups '%s' and '%s' of column '%s' look alike but are two; write them alike if they are one",
                 t->path, named[pair - 1].text, named[pair].text, column);
    if (n_word)
        log_warn("%s: '%s' in column '%s' counts as missing: each of these %d bags is a group of its own", t->path,
                 named[word].text, column, n_word);
}

static Status read_groups(int **out, const Cohort *c, const char *name)
{
    *out = NULL;
    if (!name) return OK;
    int column;
    if (!c->table)
        return fail(ERR_FORMAT, "the dataset has no label table, hence no column '%s' (splits.group)", name);
    TRY(column_find(&column, c->table, name, "splits.group, or --group"));
    const size_t n = (size_t)c->n_row;
    Named *named = malloc((n + 1) * sizeof *named);
    *out = malloc((n + 1) * sizeof **out);
    if (!named || !*out) {
        free(named);
        return fail(ERR_MEMORY, "no memory for the groups of %zu bags", n);
    }
    for (int i = 0; i < c->n_row; i++) named[i] = (Named){table_cell(c->table, c->row[i], column), i};
    number_groups(*out, named, c->n_row);
    report_groups(c->table, name, named, c->n_row);
    free(named);
    return OK;
}

/* ---- folds ---- */

static Status given(int *fold, const Folds *f, int repeat)
{
    const Cohort *c = f->cohort;
    const int *column = f->table.fold + (size_t)repeat * (size_t)c->n_row;
    for (int i = 0; i < c->n_row; i++) fold[i] = cohort_labelled(c, i) ? column[i] : -1;
    return OK;
}

static Status drawn(int *fold, const Folds *f, int repeat)
{
    const Cohort *c = f->cohort;
    int *use = malloc(((size_t)c->n_row + 1) * sizeof *use);
    if (!use) return fail(ERR_MEMORY, "no memory for the folds of %d bags", c->n_row);
    for (int i = 0; i < c->n_row; i++) use[i] = cohort_labelled(c, i);
    const Status status = split_folds(fold, c->n_row, f->options, f->seed, repeat, use, c->labels.class, f->group);
    free(use);
    return status;
}

bool folds_are_parts(const Folds *f)
{
    return f->table.part != NULL;
}

Status folds_assign(int *fold, const Folds *f, int repeat)
{
    return f->options->file ? given(fold, f, repeat) : drawn(fold, f, repeat);
}

Status folds_hash(Folds *f)
{
    for (int i = 0; i < f->cohort->n && !f->hashed; i++)
        TRY(bagfile_hash(&f->hash[i], f->cohort->file, f->cohort->bag[i]));
    f->hashed = true;
    return OK;
}

/* ---- opening ---- */

static Status open_parts(Folds *f)
{
    const SplitOptions *o = f->options;
    const size_t n = (size_t)f->cohort->n + 1;
    f->hash = calloc(n, sizeof *f->hash);
    if (!f->hash) return fail(ERR_MEMORY, "no memory for the parts of %d bags", f->cohort->n);
    TRY(read_groups(&f->group, f->cohort, o->group));
    f->n_repeat = o->n_repeat;
    f->n_fold = o->n_fold;
    if (!o->file) return OK;
    TRY(split_read(&f->table, o, f->cohort->id, f->cohort->n_row));
    f->n_repeat = f->table.n_column;
    f->n_fold = f->table.n_fold;
    return OK;
}

Status folds_open(Folds *out, const Cohort *cohort, const SplitOptions *options, uint64_t seed)
{
    /* config has checked that splits.seed is a number */
    *out = (Folds){
        .cohort = cohort, .options = options, .seed = options->seed ? strtoull(options->seed, NULL, 10) : seed};
    const Status status = open_parts(out);
    if (status != OK) folds_close(out);
    return status;
}

void folds_close(Folds *f)
{
    free(f->group);
    free(f->hash);
    split_free(&f->table);
    *f = (Folds){0};
}
