/* SPDX-License-Identifier: MIT */
#include "study/testrows.h"
#include "core/number.h"
#include "core/real.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take(TestRows *t, const StackRow *from)
{
    TestRow *row = &t->row[t->n++];
    *row = (TestRow){.repeat = from->repeat,
                     .fold = from->fold,
                     .bag = from->bag,
                     .class = from->class,
                     .label = from->label,
                     .output = from->output};
    if (!number_read(&row->probability, from->probability)) row->probability = NAN;
    if (row->repeat >= t->n_repeat) t->n_repeat = row->repeat + 1;
    if (row->fold >= t->n_fold) t->n_fold = row->fold + 1;
}

static Status number_bags(TestRows *t)
{
    const char **bag = malloc(((size_t)t->n + 1) * sizeof *bag);
    if (!bag) return fail(ERR_MEMORY, "no memory for %d test bags", t->n);
    for (int i = 0; i < t->n; i++) bag[i] = t->row[i].bag;
    qsort((void *)bag, (size_t)t->n, sizeof *bag, by_name);
    for (int i = 0; i < t->n; i++)
        if (i == 0 || strcmp(bag[i], bag[i - 1]) != 0) bag[t->n_member++] = bag[i];
    for (int i = 0; i < t->n; i++) {
        const char *const *at =
            bsearch((const void *)&t->row[i].bag, (const void *)bag, (size_t)t->n_member, sizeof *bag, by_name);
        t->row[i].member = (int)(at - bag);
    }
    free((void *)bag);
    return OK;
}

#define FOLDS_MOST 1e7 /* of all repetitions; numbers of a damaged table would take all memory */

static Status check_folds(const TestRows *t, const StackTable *table)
{
    if ((double)t->n_repeat * t->n_fold <= FOLDS_MOST) return OK;
    return fail(ERR_FORMAT, "%s: %d repetitions of %d folds are too many", table->table.path, t->n_repeat, t->n_fold);
}

Status testrows_of(TestRows *out, const StackTable *table, const char *task)
{
    *out = (TestRows){.row = malloc(((size_t)table->n + 1) * sizeof *out->row)};
    if (!out->row) return fail(ERR_MEMORY, "no memory for %d test bags", table->n);
    for (int i = 0; i < table->n; i++)
        if (!isnan(table->row[i].label) && strcmp(table->row[i].task, task) == 0) take(out, &table->row[i]);
    Status status = check_folds(out, table);
    if (status == OK) status = number_bags(out);
    if (status != OK) testrows_free(out);
    return status;
}

void testrows_free(TestRows *t)
{
    free(t->row);
    *t = (TestRows){0};
}

Status testrows_auc(FoldAuc *out, const TestRows *rows)
{
    Status status = OK;
    int i = 0;
    TRY(foldauc_new(out, rows->n_repeat, rows->n_fold, rows->n_member));
    for (int job = 0; job < rows->n_repeat * rows->n_fold; job++) {
        for (; i < rows->n && rows->row[i].repeat * rows->n_fold + rows->row[i].fold == job; i++) {
            const TestRow *r = &rows->row[i];
            /* single precision, as the summary's areas were computed */
            TRY_DONE(foldauc_add(out, (FoldRow){(double)(real)r->output, r->label > 0.5, r->member}));
        }
        foldauc_end_fold(out);
    }
done:
    if (status != OK) foldauc_free(out);
    return status;
}
