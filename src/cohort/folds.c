/* SPDX-License-Identifier: MIT */
#include "cohort/folds.h"
#include "cohort/column.h"
#include "core/log.h"
#include "data/text/cell.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups and batches ---- */

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
static void number_groups(int *group, const Named *named, int n)
{
    int last = -1;
    for (int i = 0; i < n; i++) {
        const bool same = i > 0 && cell_compare(named[i].text, named[i - 1].text) == 0 && !is_missing(named[i].text);
        if (!same) last++;
        group[named[i].member] = last;
    }
}

/* The same, but -1 for a missing cell and for a member without a label, which no fold is about. Returns how many there are. */
static int number_batches(int *batch, const Named *named, const Cohort *c)
{
    int n = 0;
    const char *last = NULL;
    for (int i = 0; i < c->n_row; i++) {
        const Named *own = &named[i];
        batch[own->member] = -1;
        if (is_missing(own->text) || !cohort_labelled(c, own->member)) continue;
        if (!last || cell_compare(own->text, last) != 0) n++;
        last = own->text;
        batch[own->member] = n - 1;
    }
    return n;
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

/* named [c->n_row] sorted by text; the caller's to free. use: "splits.group, or --group". */
static Status read_column(Named **out, const Cohort *c, const char *name, const char *use)
{
    int column;
    *out = NULL;
    if (!c->table) return fail(ERR_FORMAT, "the dataset has no label table, hence no column '%s' (%s)", name, use);
    TRY(column_find(&column, c->table, name, use));
    *out = malloc(((size_t)c->n_row + 1) * sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the column '%s' of %d bags", name, c->n_row);
    for (int i = 0; i < c->n_row; i++) (*out)[i] = (Named){table_cell(c->table, c->row[i], column), i};
    qsort(*out, (size_t)c->n_row, sizeof **out, by_text);
    return OK;
}

static Status read_groups(int **out, const Cohort *c, const char *name)
{
    Named *named;
    *out = NULL;
    if (!name) return OK;
    TRY(read_column(&named, c, name, "splits.group, or --group"));
    *out = malloc(((size_t)c->n_row + 1) * sizeof **out);
    if (*out) {
        number_groups(*out, named, c->n_row);
        report_groups(c->table, name, named, c->n_row);
    }
    free(named);
    return *out ? OK : fail(ERR_MEMORY, "no memory for the groups of %d bags", c->n_row);
}

static void report_batchless(const Folds *f)
{
    int n = 0, first = -1;
    for (int i = 0; i < f->cohort->n_row; i++) {
        if (f->batch[i] >= 0 || !cohort_labelled(f->cohort, i)) continue;
        if (n++ == 0) first = i;
    }
    if (n == 0 || f->options->kind != SPLIT_BATCH) return;
    log_warn("%s: %d labelled bag%s no value of '%s' (the first is '%s') and %s left out of all folds",
             bagfile_path(f->cohort->file), n, n == 1 ? " has" : "s have", f->options->batch, f->cohort->id[first],
             n == 1 ? "is" : "are");
}

static Status read_batches(Folds *f)
{
    Named *named;
    const Cohort *c = f->cohort;
    if (!f->options->batch) return OK;
    TRY(read_column(&named, c, f->options->batch, "splits.batch, or --batch-column"));
    f->batch = malloc(((size_t)c->n_row + 1) * sizeof *f->batch);
    if (f->batch) f->n_batch = number_batches(f->batch, named, c);
    free(named);
    if (!f->batch) return fail(ERR_MEMORY, "no memory for the batches of %d bags", c->n_row);
    report_batchless(f);
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

/* Each batch is a fold. */
static Status batches(int *fold, const Folds *f)
{
    memcpy(fold, f->batch, (size_t)f->cohort->n_row * sizeof *fold);
    return OK;
}

static Status drawn(int *fold, const Folds *f, int repeat)
{
    const Cohort *c = f->cohort;
    int *use = malloc(((size_t)c->n_row + 1) * sizeof *use);
    if (!use) return fail(ERR_MEMORY, "no memory for the folds of %d bags", c->n_row);
    for (int i = 0; i < c->n_row; i++) use[i] = cohort_labelled(c, i);
    const Status status = split_folds(fold, c->n_row, f->options, f->seed, repeat, use, folds_strata(f), f->group);
    free(use);
    return status;
}

bool folds_are_parts(const Folds *f)
{
    return f->table.part != NULL;
}

Status folds_assign(int *fold, const Folds *f, int repeat)
{
    if (f->options->file) return given(fold, f, repeat);
    return f->options->kind == SPLIT_BATCH ? batches(fold, f) : drawn(fold, f, repeat);
}

Status folds_hash(Folds *f)
{
    for (int i = 0; i < f->cohort->n && !f->hashed; i++)
        TRY(bagfile_hash(&f->hash[i], f->cohort->file, f->cohort->bag[i]));
    f->hashed = true;
    return OK;
}

/* ---- opening ---- */

static Status fold_batches(Folds *f)
{
    f->n_repeat = 1; /* there is nothing to draw */
    f->n_fold = f->n_batch;
    if (f->n_batch > 1) return OK;
    return fail(ERR_FORMAT,
                "%s: column '%s' has %d value%s in labelled bags; splits.kind batch needs two batches or more",
                bagfile_path(f->cohort->file), f->options->batch, f->n_batch, f->n_batch == 1 ? "" : "s");
}

/* Is the bag in no fold or part of a repetition of the table? */
static bool is_unlisted(const Folds *f, int i)
{
    for (int c = 0; c < f->table.n_column; c++) {
        const size_t at = (size_t)c * (size_t)f->cohort->n_row + (size_t)i;
        if (f->table.part ? f->table.part[at] == PART_NONE : f->table.fold[at] < 0) return true;
    }
    return false;
}

static void report_unlisted(const Folds *f)
{
    int n = 0, first = -1;
    for (int i = 0; i < f->cohort->n_row; i++) {
        if (!cohort_labelled(f->cohort, i) || !is_unlisted(f, i)) continue;
        if (n++ == 0) first = i;
    }
    if (n == 0) return;
    log_warn("%s: %d labelled bag%s no %s in it (the first is '%s') and %s left out of training and test%s",
             f->options->file, n, n == 1 ? " has" : "s have", f->table.part ? "part" : "fold", f->cohort->id[first],
             n == 1 ? "is" : "are", f->table.n_column > 1 ? " of that repetition" : "");
}

static Status open_parts(Folds *f)
{
    const SplitOptions *o = f->options;
    const size_t n = (size_t)f->cohort->n + 1;
    f->hash = calloc(n, sizeof *f->hash);
    if (!f->hash) return fail(ERR_MEMORY, "no memory for the parts of %d bags", f->cohort->n);
    TRY(read_groups(&f->group, f->cohort, o->group));
    f->n_repeat = o->n_repeat;
    f->n_fold = o->n_fold;
    TRY(read_batches(f));
    if (!o->file) return o->kind == SPLIT_BATCH ? fold_batches(f) : OK;
    TRY(split_read(&f->table, o, f->cohort->id, f->cohort->n_row));
    f->n_repeat = f->table.n_column;
    f->n_fold = f->table.n_fold;
    report_unlisted(f);
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

Status folds_view(Folds *out, const Folds *of, const Cohort *cohort, const SplitOptions *options)
{
    *out = *of;
    out->cohort = cohort;
    out->options = options;
    out->strata = NULL;
    if (options->file || options->kind != SPLIT_BATCH || of->options->kind == SPLIT_BATCH) return OK;
    out->table = (SplitTable){0};
    report_batchless(out);
    return fold_batches(out);
}

void folds_close_view(Folds *view)
{
    free(view->strata);
    *view = (Folds){0};
}

void folds_close(Folds *f)
{
    free(f->strata);
    free(f->group);
    free(f->batch);
    free(f->hash);
    split_free(&f->table);
    *f = (Folds){0};
}
