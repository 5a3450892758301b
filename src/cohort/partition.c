/* SPDX-License-Identifier: MIT */
#include "cohort/partition.h"
#include "cohort/column.h"
#include "core/log.h"
#include "core/number.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts ---- */

static Status check_place(const Folds *f, int repeat, int fold)
{
    const SplitOptions *o = f->options;
    const char *where = o->file ? o->file : "splits.n_fold";
    if (fold >= f->n_fold)
        return fail(ERR_CONFIG, "splits.fold is %d, but %s has folds 0 to %d", fold, where, f->n_fold - 1);
    if (o->file && repeat >= f->n_repeat)
        return fail(ERR_CONFIG, "splits.repeat is %d, but %s has repetitions 0 to %d", repeat, where,
                    f->n_repeat - 1);
    return OK;
}

/* Batches may share groups. A bag whose group lies in the test batch too, or of training bags in the validation batch, is
 * left out of this fold. */
static Status leave_out_groups(Part *part, int *n_out, const Folds *f)
{
    const int n = f->cohort->n_row;
    Part *most = malloc(((size_t)n + 1) * sizeof *most);
    if (!most) return fail(ERR_MEMORY, "no memory for the groups of %d bags", n);
    for (int g = 0; g < n; g++) most[g] = PART_NONE;
    for (int i = 0; i < n; i++)
        if (part[i] > most[f->group[i]]) most[f->group[i]] = part[i];
    for (int i = 0; i < n; i++) {
        if (part[i] == PART_NONE || part[i] == most[f->group[i]]) continue;
        part[i] = PART_NONE;
        (*n_out)++;
    }
    free(most);
    return OK;
}

/* *n_out: bags left out because their group lies in several batches. */
static Status make_parts(Part *part, int *n_out, const Folds *f, int repeat, int fold)
{
    *n_out = 0;
    const Cohort *c = f->cohort;
    if (folds_are_parts(f)) {
        if (f->n_repeat > 1) TRY(check_place(f, repeat, 0));
        const size_t n = (size_t)c->n_row, first = f->n_repeat > 1 ? (size_t)repeat * n : 0;
        memcpy(part, f->table.part + first, n * sizeof *part);
        return OK;
    }
    TRY(check_place(f, repeat, fold));
    int *folds = malloc(((size_t)c->n_row + 1) * sizeof *folds);
    if (!folds) return fail(ERR_MEMORY, "no memory for the folds of %d bags", c->n_row);
    Status status = folds_assign(folds, f, repeat);
    const SplitFolds in = {.fold = folds,
                           .n = c->n_row,
                           .n_fold = f->n_fold,
                           .repeat = repeat,
                           .test = fold,
                           .seed = f->seed,
                           .class = folds_strata(f),
                           .group = f->group};
    if (status == OK) status = split_parts(part, f->options, &in);
    if (status == OK && f->options->kind == SPLIT_BATCH && f->group) status = leave_out_groups(part, n_out, f);
    free(folds);
    return status;
}

static void count_parts(Partition *g, const Cohort *c)
{
    memset(g->count, 0, sizeof g->count);
    for (int i = 0; i < g->n; i++) {
        if (i >= c->n_row || !cohort_labelled(c, i)) g->part[i] = PART_NONE;
        if (g->part[i] != PART_NONE) g->count[g->part[i]]++;
    }
}

/* What could be changed. */
static const char *way_out(const Folds *f)
{
    if (f->options->file) return "mend the table of splits.file";
    return "take fewer folds (splits.n_fold), splits.validation=none or a share, or name folds by --splits=FILE";
}

/* The class of all labelled bags of the training part, *n of them; -1: several. */
static int only_class(int *n, const Partition *g, const Cohort *c)
{
    int class = -1, differ = 0;
    *n = 0;
    for (int i = 0; i < g->n; i++) {
        if (g->part[i] != PART_TRAIN || c->labels.class[i] < 0) continue;
        if ((*n)++ == 0) class = c->labels.class[i];
        differ += c->labels.class[i] != class;
    }
    return differ ? -1 : class < 0 ? 0 : class;
}

static Status check_training(const Partition *g, const Folds *f)
{
    int n;
    const Cohort *c = f->cohort;
    if (g->count[PART_TRAIN] == 0)
        return fail(ERR_FORMAT, "%s: the training part holds no labelled bag; %s", bagfile_path(c->file), way_out(f));
    const int class = c->labels.class ? only_class(&n, g, c) : -1;
    if (class < 0) return OK;
    const bool two = c->labels.n_class == 2;
    return fail(ERR_FORMAT, "%s: all %d labelled bag%s of the training part %s %s; a model needs %s: %s",
                bagfile_path(c->file), n, number_plural(n), n == 1 ? "is" : "are",
                !two         ? "of one class"
                : class == 1 ? "positive"
                             : "negative",
                two ? "both classes" : "several", way_out(f));
}

/* What the class is called: the cell of a bag that has it. */
static const char *class_name(const Cohort *c, int class)
{
    const int column = column_place(c->table, c->labels.column);
    for (int i = 0; i < c->n_row; i++)
        if (c->labels.class[i] == class) return table_cell(c->table, c->row[i], column);
    return "";
}

/* Of several classes a model cannot learn one that no training bag has; said of the first such part. */
static void check_classes(const Partition *g, Folds *f, int repeat, int fold)
{
    const Cohort *c = f->cohort;
    char where[48] = "";
    for (int class = 0; c->labels.class && c->labels.n_class > 2 && !f->lacks_class && class < c->labels.n_class;
         class ++) {
        bool trained = false, there = false;
        for (int i = 0; i < c->n_row; i++) {
            there |= c->labels.class[i] == class;
            trained |= c->labels.class[i] == class && g->part[i] == PART_TRAIN;
        }
        if (trained || !there) continue;
        if (!folds_are_parts(f)) snprintf(where, sizeof where, " (repetition %d, fold %d)", repeat, fold);
        log_warn("%s: the training part%s has no bag of class '%.60s', which its model cannot predict; use fewer "
                 "folds, or leave the class out",
                 bagfile_path(c->file), where, class_name(c, class));
        f->lacks_class = true;
    }
}

/* A part of one class has no AUC; said of the first such part. */
static void check_judged(const Partition *g, Folds *f, int repeat, int fold)
{
    const Cohort *c = f->cohort;
    char where[48] = "";
    for (Part part = PART_VALIDATION; c->labels.class && !f->one_class && part <= PART_TEST; part++) {
        int n = 0, class = -1, differ = 0;
        for (int i = 0; i < g->n; i++) {
            if (g->part[i] != part || c->labels.class[i] < 0) continue;
            if (n++ == 0) class = c->labels.class[i];
            differ += c->labels.class[i] != class;
        }
        if (n == 0 || differ > 0) continue;
        if (!folds_are_parts(f)) snprintf(where, sizeof where, " (repetition %d, fold %d)", repeat, fold);
        log_warn(
            "%s: all %d labelled bag%s of the %s part%s %s of one class, so %s; use fewer folds or another split",
            bagfile_path(c->file), n, number_plural(n), part_name[part], where, n == 1 ? "is" : "are",
            c->labels.n_class > 2 ? "it says nothing of the others" : "its AUC is undefined");
        f->one_class = true;
    }
}

/* ---- are the parts separate? ---- */

typedef struct {
    uint64_t key;
    int member;
} Keyed;

static int by_key(const void *a, const void *b)
{
    const Keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->member > y->member) - (x->member < y->member);
}

/* Members with equal keys in different parts: their number, and the first two. */
static int straddling(int pair[2], Keyed *key, int n, const Part *part)
{
    int found = 0;
    qsort(key, (size_t)n, sizeof *key, by_key);
    for (int i = 1; i < n; i++) {
        if (key[i].key != key[i - 1].key || part[key[i].member] == part[key[i - 1].member]) continue;
        if (found++ == 0) {
            pair[0] = key[i - 1].member;
            pair[1] = key[i].member;
        }
    }
    return found;
}

static Status report_straddling(const Partition *g, const Folds *f, const char *what, int found, const int pair[2],
                                bool is_error)
{
    const Cohort *c = f->cohort;
    const bool are_batches = f->options->file && f->options->batch && !folds_are_parts(f);
    const char *a = c->id[pair[0]], *b = c->id[pair[1]];
    const char *in_a = part_name[g->part[pair[0]]], *in_b = part_name[g->part[pair[1]]];
    if (is_error)
        return fail(ERR_FORMAT,
                    "%s: %s lie in different parts (%d; for example '%s' in %s and '%s' in %s); mend the split, or "
                    "leave out splits.group%s",
                    bagfile_path(c->file), what, found, a, in_a, b, in_b,
                    are_batches ? "; if the folds are batches, splits.kind=batch leaves such bags out" : "");
    log_warn("%s: %s lie in different parts (%d; for example '%s' in %s and '%s' in %s)", bagfile_path(c->file), what,
             found, a, in_a, b, in_b);
    return OK;
}

static Status check_separate(const Partition *g, Folds *f)
{
    Keyed *key = malloc(((size_t)g->n + 1) * sizeof *key);
    int n = 0, pair[2];
    Status status = OK;
    if (!key) return fail(ERR_MEMORY, "no memory to compare %d bags", g->n);
    for (int i = 0; i < g->n; i++)
        if (g->part[i] != PART_NONE) key[n++] = (Keyed){g->hash[i], i};
    int found = f->hashed ? straddling(pair, key, n, g->part) : 0;
    if (found && (f->group || !atomic_exchange(&f->warned, true)))
        status = report_straddling(g, f, "bags with equal content", found, pair, f->group != NULL);
    if (status == OK && f->group) {
        for (int i = 0; i < n; i++) key[i].key = (uint64_t)f->group[key[i].member];
        found = straddling(pair, key, n, g->part);
        if (found) status = report_straddling(g, f, "bags of one group", found, pair, true);
    }
    free(key);
    return status;
}

static void report_shared(Folds *f, int n_out)
{
    if (n_out && !atomic_exchange(&f->shared, true))
        log_warn("%s: bags whose '%s' lies in the tested batch or the validation batch too are left out of a fold "
                 "(%d of one)",
                 bagfile_path(f->cohort->file), f->options->group, n_out);
}

static Status make(Partition *g, Folds *f, int repeat, int fold)
{
    int n_out;
    TRY(make_parts(g->part, &n_out, f, repeat, fold));
    report_shared(f, n_out);
    count_parts(g, f->cohort);
    TRY(check_training(g, f));
    check_classes(g, f, repeat, fold);
    check_judged(g, f, repeat, fold);
    return check_separate(g, f);
}

static Status reserve(Partition *out, const Folds *folds)
{
    const int n = folds->cohort->n;
    *out = (Partition){.n = n, .hash = folds->hash, .part = malloc(((size_t)n + 1) * sizeof *out->part)};
    if (!out->part) return fail(ERR_MEMORY, "no memory for the parts of %d bags", n);
    for (int i = 0; i < n; i++) out->part[i] = PART_NONE;
    return OK;
}

Status partition_check(const Folds *folds, int repeat, int fold)
{
    Partition g;
    TRY(reserve(&g, folds));
    int n_out;
    Status status = make_parts(g.part, &n_out, folds, repeat, fold);
    count_parts(&g, folds->cohort);
    if (status == OK) status = check_training(&g, folds);
    partition_free(&g);
    return status;
}

Status partition_make(Partition *out, Folds *folds, int repeat, int fold)
{
    TRY(reserve(out, folds));
    const Status status = make(out, folds, repeat, fold);
    if (status != OK) partition_free(out);
    return status;
}

Status partition_recount(Partition *g, const Folds *folds)
{
    count_parts(g, folds->cohort);
    return check_training(g, folds);
}

void partition_free(Partition *g)
{
    if (!g) return;
    free(g->part);
    *g = (Partition){0};
}
