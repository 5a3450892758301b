/* SPDX-License-Identifier: MIT */
#include "cohort/label.h"
#include "cohort/column.h"
#include "cohort/task.h"
#include "data/text/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status find_column(int *column, const Target *t, const Table *table)
{
    char use[128];
    snprintf(use, sizeof use, "task '%.100s'", t->name);
    return column_find(column, table, t->column, use);
}

static Status nothing_known(const Target *t, const CellValues *values, const char *path)
{
    Shortlist said;
    return fail(ERR_FORMAT, "%s: column '%s' of task '%s' holds no %s; its values are %s", path, t->column, t->name,
                task_of(t)->cell_word, cellvalues_text(&said, values));
}

static void count_unread(Labels *out, const char *cell)
{
    const bool unknown = cell_unknown(cell), missing = unknown || cell_missing(cell);
    out->n_missing += missing;
    out->n_strange += !missing;
    cellvalues_add(unknown ? &out->unknown : &out->strange, cell);
}

static Status read_target(Labels *out, Target *t, int index, const Table *table, const int *row, bool deeprc,
                          bool training)
{
    const TaskType *type = task_of(t);
    CellValues values;
    int column, class, n_known = 0;
    TRY(find_column(&column, t, table));
    cellvalues_collect(&values, table, column, row, out->n);
    if (training && values.n == 0)
        return fail(ERR_FORMAT, "%s: column '%s' of task '%s' is empty for every bag; fill it in, or name another",
                    table->path, t->column, t->name);
    if (type->settle)
        TRY(type->settle(t, &(TaskColumn){&values, table->path, .deeprc = deeprc, .training = training}));
    if (out->class && index == 0) memset(out->class, -1, (size_t)out->n * sizeof *out->class);
    for (int i = 0; i < out->n; i++) {
        if (row[i] < 0) continue;
        const char *cell = row[i] < 0 ? "" : table_cell(table, row[i], column);
        real *target = out->target + (size_t)i * (size_t)out->n_out + t->at;
        const bool known = type->read_cell(target, &class, t, cell, deeprc);
        out->mask[(size_t)i * (size_t)out->n_target + (size_t)index] = known;
        n_known += known;
        if (index == 0 && out->class) out->class[i] = class;
        if (!known) count_unread(out, cell);
    }
    if (training && n_known == 0) return nothing_known(t, &values, table->path);
    if (training && type->remark) type->remark(out, t, index, table->path);
    return OK;
}

Status label_read(Labels *out, Target *target, int n_target, const Table *table, const int *row, int n, bool deeprc,
                  bool training)
{
    int n_out = 0;
    for (int k = 0; k < n_target; k++) n_out += target[k].n_out;
    *out = (Labels){.n = n,
                    .n_out = n_out,
                    .n_target = n_target,
                    .n_class = task_n_class(&target[0]),
                    .column = target[0].column};
    const size_t rows = (size_t)n + !n;
    out->target = calloc(rows * (size_t)n_out, sizeof *out->target);
    out->mask = calloc(rows * (size_t)n_target, sizeof *out->mask);
    out->class = out->n_class ? calloc(rows, sizeof *out->class) : NULL;
    Status status = OK;
    if (!out->target || !out->mask || (out->n_class && !out->class))
        status = fail(ERR_MEMORY, "no memory for the labels of %d bags", n);
    for (int k = 0; k < n_target && status == OK; k++)
        status = read_target(out, &target[k], k, table, row, deeprc, training);
    if (status != OK) label_free(out);
    return status;
}

void label_fit(Labels *labels, Target *target, int n_target, const bool *use)
{
    for (int k = 0; k < n_target; k++)
        if (task_of(&target[k])->fit) task_of(&target[k])->fit(&target[k], labels, k, use);
}

static void *copy_of(const void *from, size_t bytes)
{
    void *copy = malloc(bytes + 1);
    if (copy && bytes) memcpy(copy, from, bytes);
    return copy;
}

Status label_copy(Labels *out, const Labels *l)
{
    const size_t n = (size_t)l->n;
    *out = *l;
    out->target = copy_of(l->target, n * (size_t)l->n_out * sizeof *l->target);
    out->mask = copy_of(l->mask, n * (size_t)l->n_target * sizeof *l->mask);
    out->class = l->class ? copy_of(l->class, n * sizeof *l->class) : NULL;
    if (out->target && out->mask && (out->class || !l->class)) return OK;
    label_free(out);
    return fail(ERR_MEMORY, "no memory for the labels of %d bags", l->n);
}

void label_free(Labels *labels)
{
    if (!labels) return;
    free(labels->target);
    free(labels->mask);
    free(labels->class);
    *labels = (Labels){0};
}
