/* SPDX-License-Identifier: MIT */
#include "cohort/folds.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups and batches ---- */

/* A cell without the blanks around it, which tell no donor from another. */
typedef struct {
    const char *text;
    size_t n;
    int member;
} Named;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static Named trimmed(const char *cell, int member)
{
    while (is_blank(*cell)) cell++;
    size_t n = strlen(cell);
    while (n > 0 && is_blank(cell[n - 1])) n--;
    return (Named){cell, n, member};
}

static int compare(const Named *x, const Named *y)
{
    const int order = memcmp(x->text, y->text, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

static int by_text(const void *a, const void *b)
{
    const Named *x = a, *y = b;
    const int order = compare(x, y);
    return order ? order : (x->member > y->member) - (x->member < y->member);
}

static bool is_missing(const Named *named)
{
    char text[32]; /* longer than any word for missing */
    if (named->n >= sizeof text) return false;
    memcpy(text, named->text, named->n);
    text[named->n] = 0;
    return table_missing(text);
}

/* Equal numbers for equal cells; a missing cell is a group of its own. Returns how many there are. */
static int number_groups(int *group, const Named *named, int n)
{
    int last = -1;
    for (int i = 0; i < n; i++) {
        const bool same = i > 0 && compare(&named[i], &named[i - 1]) == 0 && !is_missing(&named[i]);
        if (!same) last++;
        group[named[i].member] = last;
    }
    return last + 1;
}

/* The same, but -1 for a missing cell and for a member without a label, which no fold is about. */
static int number_batches(int *batch, const Named *named, const Cohort *c)
{
    int n = 0;
    const Named *last = NULL;
    for (int i = 0; i < c->n_row; i++) {
        const Named *own = &named[i];
        batch[own->member] = -1;
        if (is_missing(own) || !cohort_labelled(c, own->member)) continue;
        if (!last || compare(own, last) != 0) n++;
        last = own;
        batch[own->member] = n - 1;
    }
    return n;
}

/* named [c->n_row] sorted by text; the caller's to free. */
static Status read_column(Named **out, const Cohort *c, const char *name, const char *key, const char *flag)
{
    const int column = c->table ? table_column(c->table, name) : -1;
    *out = NULL;
    if (column < 0)
        return fail(ERR_FORMAT, "%s: no column '%s' (%s); name another with %s",
                    c->table ? c->table->path : "the dataset", name, key, flag);
    *out = malloc(((size_t)c->n_row + 1) * sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the column '%s' of %d bags", name, c->n_row);
    for (int i = 0; i < c->n_row; i++) (*out)[i] = trimmed(table_cell(c->table, c->row[i], column), i);
    qsort(*out, (size_t)c->n_row, sizeof **out, by_text);
    return OK;
}

static Status read_groups(int **out, const Cohort *c, const char *name)
{
    Named *named;
    *out = NULL;
    if (!name) return OK;
    TRY(read_column(&named, c, name, "splits.group", "--group"));
    *out = malloc(((size_t)c->n_row + 1) * sizeof **out);
    if (*out) (void)number_groups(*out, named, c->n_row);
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
    TRY(read_column(&named, c, f->options->batch, "splits.batch", "--batch-column"));
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
    const Status status = split_folds(fold, c->n_row, f->options, f->seed, repeat, use, c->labels.class, f->group);
    free(use);
    return status;
}

Status folds_assign(int *fold, const Folds *f, int repeat)
{
    if (f->options->file) return given(fold, f, repeat);
    return f->options->kind == SPLIT_BATCH ? batches(fold, f) : drawn(fold, f, repeat);
}

Status folds_hash(Folds *f, int member)
{
    if (f->hashed[member]) return OK;
    TRY(bagfile_hash(&f->hash[member], f->cohort->file, f->cohort->bag[member]));
    f->hashed[member] = true;
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

static Status open_parts(Folds *f)
{
    const SplitOptions *o = f->options;
    const size_t n = (size_t)f->cohort->n + 1;
    f->hash = calloc(n, sizeof *f->hash);
    f->hashed = calloc(n, sizeof *f->hashed);
    if (!f->hash || !f->hashed) return fail(ERR_MEMORY, "no memory for the parts of %d bags", f->cohort->n);
    TRY(read_groups(&f->group, f->cohort, o->group));
    f->n_repeat = o->n_repeat;
    f->n_fold = o->n_fold;
    TRY(read_batches(f));
    if (!o->file) return o->kind == SPLIT_BATCH ? fold_batches(f) : OK;
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
    free(f->batch);
    free(f->hash);
    free(f->hashed);
    split_free(&f->table);
    *f = (Folds){0};
}
