/* SPDX-License-Identifier: MIT */
#include "study/stackframe.h"
#include "cohort/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tasks ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int task_index(const StackFrame *f, const char *name)
{
    for (int k = 0; k < f->n_task; k++)
        if (strcmp(f->target[k].name, name) == 0) return k;
    return -1;
}

static Status add_task(StackFrame *f, const char *name)
{
    Target *grown = realloc(f->target, ((size_t)f->n_task + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d tasks", f->n_task + 1);
    f->target = grown;
    f->target[f->n_task++] =
        (Target){.name = name, .column = name, .weight = 1, .pos_weight = 1, .mean = 0, .std = 1};
    return OK;
}

/* In the order of the file. */
static Status list_tasks(StackFrame *f)
{
    const StackTable *t = f->test;
    const char **name = malloc(((size_t)t->table.n_row + 1) * sizeof *name);
    Status status = name ? OK : fail(ERR_MEMORY, "no memory for %d rows", t->n);
    for (int r = 0; name && r < t->table.n_row; r++) name[r] = NULL;
    for (int i = 0; status == OK && i < t->n; i++) name[t->row[i].place] = t->row[i].task;
    for (int r = 0; status == OK && r < t->table.n_row; r++)
        if (name[r] && task_index(f, name[r]) < 0) status = add_task(f, name[r]);
    free((void *)name);
    return status;
}

/* Classes as they stand in the rows of a task's first bag. */
static Status list_classes(Target *t, const StackTable *table)
{
    const StackRow *row = table->row, *end = table->row + table->n;
    while (row < end && strcmp(row->task, t->name) != 0) row++;
    const StackRow *first = row;
    int n = 0;
    while (row < end && strcmp(row->task, t->name) == 0 && strcmp(row->bag, first->bag) == 0) row++, n++;
    if (n > TARGET_CLASSES) return fail(ERR_FORMAT, "%s: %d outputs of one bag", table->table.path, n);
    t->classes = malloc(((size_t)n + 1) * sizeof *t->classes);
    if (!t->classes) return fail(ERR_MEMORY, "no memory for %d classes", n);
    for (int k = 0; k < n; k++) t->classes[k] = first[k].class;
    t->found = true;
    t->n_class = t->n_out = n;
    return OK;
}

/* The class that is not the positive one, from the counts of the summary; NULL: not known. */
static const char *other_class(const json_t *classes, const char *positive)
{
    const char *name, *other = NULL;
    json_t *unused;
    json_object_foreach((json_t *)(size_t)classes, name, unused)
    {
        if (strcmp(name, positive) != 0) other = name;
    }
    return other;
}

static Status settle_task(Target *t, const StackTable *table, const json_t *summary)
{
    const json_t *task = json_object_get(json_object_get(summary, "tasks"), t->name);
    const char *kind = json_string_value(json_object_get(task, "kind"));
    t->type = kind ? target_type(kind) : NULL;
    if (!t->type)
        return fail(ERR_FORMAT, "%s: its summary.json says no kind of task '%.60s'", table->table.path, t->name);
    TRY(list_classes(t, table));
    if (t->type->n_out == 0) return OK;
    if (t->n_out != t->type->n_out)
        return fail(ERR_FORMAT, "%s: task '%.60s' is %s and has %d outputs", table->table.path, t->name, kind,
                    t->n_out);
    t->positive = t->classes[0];
    t->negative = other_class(json_object_get(task, "classes"), t->positive);
    return OK;
}

static Status make_tasks(StackFrame *f, const json_t *summary)
{
    TRY(list_tasks(f));
    for (int k = 0; k < f->n_task; k++) {
        TRY(settle_task(&f->target[k], f->test, summary));
        f->target[k].at = f->n_out;
        f->n_out += f->target[k].n_out;
    }
    return OK;
}

/* ---- blocks ---- */

static void count_folds(StackFrame *f)
{
    for (int i = 0; i < f->test->n; i++) {
        const StackRow *r = &f->test->row[i];
        if (r->repeat >= f->n_repeat) f->n_repeat = r->repeat + 1;
        if (r->fold >= f->n_fold) f->n_fold = r->fold + 1;
    }
}

static StackBlock *block_of(const StackFrame *f, const StackRow *r)
{
    const int task = task_index(f, r->task);
    if (task < 0 || r->repeat >= f->n_repeat || r->fold >= f->n_fold) return NULL;
    return &f->block[(r->repeat * f->n_fold + r->fold) * f->n_task + task];
}

/* Rows of one bag: all outputs of its task, in their order. */
static Status check_bag(const StackFrame *f, const StackTable *table, int i, const StackBlock *b)
{
    const StackRow *row = &table->row[i];
    const Target *t = &f->target[b->task];
    for (int o = 0; o < t->n_out; o++)
        if (i + o >= table->n || strcmp(row[o].bag, row->bag) != 0 || strcmp(row[o].class, t->classes[o]) != 0)
            return fail(ERR_FORMAT, "%s:%d: bag '%.60s' has not one row for each of the %d outputs of task '%.60s'",
                        table->table.path, table->table.line[row->place], row->bag, t->n_out, t->name);
    return OK;
}

/* Rows are sorted, so those of a block follow one another. */
static Status fill_blocks(StackFrame *f, const StackTable *table, bool inner)
{
    for (int i = 0; i < table->n;) {
        StackBlock *b = block_of(f, &table->row[i]);
        if (!b)
            return fail(ERR_FORMAT, "%s:%d: repetition %d, fold %d has no test bag", table->table.path,
                        table->table.line[table->row[i].place], table->row[i].repeat, table->row[i].fold);
        TRY(check_bag(f, table, i, b));
        int *n = inner ? &b->n_inner : &b->n_test, *from = inner ? &b->inner : &b->test;
        if ((*n)++ == 0) *from = i;
        const int turn = inner ? table->row[i].inner % STACKFRAME_TURNS : -1;
        if (turn >= b->n_turn) b->n_turn = turn + 1;
        i += f->target[b->task].n_out;
    }
    return OK;
}

static Status make_blocks(StackFrame *f)
{
    count_folds(f);
    if ((double)f->n_repeat * f->n_fold * f->n_task > 1e7)
        return fail(ERR_FORMAT, "%s: %d repetitions of %d folds are too many", f->test->table.path, f->n_repeat,
                    f->n_fold);
    f->n_block = f->n_repeat * f->n_fold * f->n_task;
    f->block = calloc((size_t)f->n_block + 1, sizeof *f->block);
    if (!f->block) return fail(ERR_MEMORY, "no memory for %d folds", f->n_block);
    for (int k = 0; k < f->n_block; k++) {
        const int job = k / f->n_task;
        f->block[k] = (StackBlock){.repeat = job / f->n_fold, .fold = job % f->n_fold, .task = k % f->n_task};
    }
    TRY(fill_blocks(f, f->test, false));
    return fill_blocks(f, f->inner, true);
}

/* ---- bags and labels ---- */

static Status list_bags(StackFrame *f)
{
    const int n = f->test->n;
    f->bag = malloc(((size_t)n + 1) * sizeof *f->bag);
    f->member = malloc(((size_t)n + 1) * sizeof *f->member);
    if (!f->bag || !f->member) return fail(ERR_MEMORY, "no memory for %d rows", n);
    for (int i = 0; i < n; i++) f->bag[i] = f->test->row[i].bag;
    qsort((void *)f->bag, (size_t)n, sizeof *f->bag, by_text);
    for (int i = 0; i < n; i++)
        if (i == 0 || strcmp(f->bag[i], f->bag[f->n_bag - 1]) != 0) f->bag[f->n_bag++] = f->bag[i];
    for (int i = 0; i < n; i++) {
        const char **found = bsearch(&f->test->row[i].bag, (void *)f->bag, (size_t)f->n_bag, sizeof *f->bag, by_text);
        f->member[i] = (int)(found - f->bag);
    }
    return OK;
}

static void set_label(StackFrame *f, const StackBlock *b, int i)
{
    const size_t at = (size_t)b->repeat * (size_t)f->n_bag + (size_t)f->member[i];
    const Target *t = &f->target[b->task];
    const StackRow *row = &f->test->row[i];
    if (isnan(row->label)) return;
    f->labels.mask[at * (size_t)f->n_task + (size_t)b->task] = 1;
    for (int o = 0; o < t->n_out; o++)
        f->labels.target[at * (size_t)f->n_out + (size_t)(t->at + o)] = (real)row[o].label;
}

static Status make_labels(StackFrame *f)
{
    Labels *l = &f->labels;
    const size_t n = (size_t)f->n_repeat * (size_t)f->n_bag + 1;
    *l = (Labels){.n = f->n_repeat * f->n_bag, .n_out = f->n_out, .n_target = f->n_task};
    l->target = calloc(n * (size_t)f->n_out, sizeof *l->target);
    l->mask = calloc(n * (size_t)f->n_task, sizeof *l->mask);
    if (!l->target || !l->mask) return fail(ERR_MEMORY, "no memory for the labels of %d bags", l->n);
    for (int k = 0; k < f->n_block; k++) {
        const StackBlock *b = &f->block[k];
        const int n_out = f->target[b->task].n_out;
        for (int i = 0; i < b->n_test; i++) set_label(f, b, b->test + i * n_out);
    }
    return OK;
}

Status stackframe_make(StackFrame *out, const StackSide *first, const json_t *summary)
{
    Status status;
    *out = (StackFrame){.test = &first->test, .inner = &first->inner};
    TRY_DONE(make_tasks(out, summary));
    TRY_DONE(make_blocks(out));
    TRY_DONE(list_bags(out));
    TRY_DONE(make_labels(out));
done:
    if (status != OK) stackframe_free(out);
    return status;
}

void stackframe_free(StackFrame *f)
{
    for (int k = 0; f->target && k < f->n_task; k++) free((void *)f->target[k].classes);
    free(f->target);
    free(f->block);
    free((void *)f->bag);
    free(f->member);
    free(f->labels.target);
    free(f->labels.mask);
    *f = (StackFrame){.n_task = 0};
}
