/* SPDX-License-Identifier: MIT */
#include "cohort/tablenumbers.h"
#include "cohort/column.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(const char *column)
{
    return fail(ERR_MEMORY, "no memory for the column '%s'", column);
}

Status tablenumbers_add(TableNumbers *t, const char *column, const char *class)
{
    TableNumber *number = realloc(t->number, ((size_t)t->n + 1) * sizeof *number);
    if (!number) return no_memory(column);
    t->number = number;
    TableNumber *own = &number[t->n];
    *own = (TableNumber){.column = strdup(column),
                         .class = class ? strdup(class) : NULL,
                         .place = t->cohort->table ? column_place(t->cohort->table, column) : -1};
    t->n++;
    return own->column && (own->class || !class) ? OK : no_memory(column);
}

void tablenumbers_free(TableNumbers *t)
{
    for (int k = 0; k < t->n; k++) free(t->number[k].column), free(t->number[k].class);
    free(t->number);
    *t = (TableNumbers){0};
}

/* ---- the kind of a column ---- */

static int by_value(const void *a, const void *b)
{
    return cell_compare(*(const char *const *)a, *(const char *const *)b);
}

static bool is_number(const char *cell)
{
    double value;
    bool comma;
    return cell_number(&value, &comma, cell);
}

static int collect(const char **cell, bool *numbers, const Cohort *c, int place, const bool *use)
{
    int n = 0;
    *numbers = true;
    for (int i = 0; i < c->n_row; i++) {
        const char *text = table_cell(c->table, c->row[i], place);
        if (!use[i] || cell_missing(text)) continue;
        *numbers = *numbers && is_number(text);
        cell[n++] = text;
    }
    return n;
}

/* In the order of their texts, which does not depend on that of the bags. */
static Status add_classes(TableNumbers *t, const char *column, const char **cell, int n)
{
    int n_class = 0;
    qsort(cell, (size_t)n, sizeof *cell, by_value);
    for (int i = 0; i < n; i++) n_class += i == 0 || cell_compare(cell[i], cell[i - 1]) != 0;
    if (n_class > TABLENUMBERS_CLASSES)
        return fail(
            ERR_CONFIG,
            "%s: column '%s' has %d different texts, which says nothing of the next bag; name columns with at "
            "most %d",
            t->cohort->table->path, column, n_class, TABLENUMBERS_CLASSES);
    for (int i = 0; i < n; i++)
        if (i == 0 || cell_compare(cell[i], cell[i - 1]) != 0) TRY(tablenumbers_add(t, column, cell[i]));
    return OK;
}

Status tablenumbers_find(TableNumbers *t, const char *column, const bool *use)
{
    int place;
    bool numbers;
    const Cohort *c = t->cohort;
    if (!c->table)
        return fail(ERR_CONFIG, "%s has no label table, hence no column '%s'", bagfile_path(c->file), column);
    TRY(column_find(&place, c->table, column, "a column of traits"));
    const char **cell = malloc(((size_t)c->n_row + 1) * sizeof *cell);
    if (!cell) return no_memory(column);
    const int n = collect(cell, &numbers, c, place, use);
    const Status status = numbers ? tablenumbers_add(t, column, NULL) : add_classes(t, column, cell, n);
    free(cell);
    return status;
}

double tablenumbers_value(const TableNumbers *t, int k, int member)
{
    const TableNumber *number = &t->number[k];
    const int row = t->cohort->row[member];
    double value;
    bool comma;
    if (number->place < 0 || row < 0) return NAN;
    const char *text = table_cell(t->cohort->table, row, number->place);
    if (cell_missing(text)) return NAN;
    if (number->class) return cell_same(text, number->class);
    return cell_number(&value, &comma, text) ? value : NAN;
}

/* ---- another cohort ---- */

/* Several models may read a column. */
static bool is_first(const TableNumbers *t, int k)
{
    for (int i = 0; i < k; i++)
        if (strcmp(t->number[i].column, t->number[k].column) == 0) return false;
    return true;
}

static bool is_known(const TableNumbers *t, const char *column, const char *cell)
{
    for (int k = 0; k < t->n; k++) {
        const TableNumber *own = &t->number[k];
        if (strcmp(own->column, column) != 0) continue;
        if (own->class ? cell_same(cell, own->class) : is_number(cell)) return true;
    }
    return false;
}

static void report_cells(const TableNumbers *t, const TableNumber *number, const char *of)
{
    const char *first = NULL;
    const Cohort *c = t->cohort;
    int n = 0;
    for (int i = 0; i < c->n_row; i++) {
        const char *cell = table_cell(c->table, c->row[i], number->place);
        if (cell_missing(cell) || is_known(t, number->column, cell)) continue;
        if (n++ == 0) first = cell;
    }
    if (n == 0) return;
    log_warn("%s: %d bag%s ha%s a value of column '%s' that %s does not know, such as '%.60s'; %s", c->table->path, n,
             number_plural(n), n == 1 ? "s" : "ve", number->column, of, first,
             number->class ? "it counts as none of the known values"
                           : "it is no number, and the mean of the training bags stands for it");
}

void tablenumbers_report(const TableNumbers *t, const char *of)
{
    const Cohort *c = t->cohort;
    for (int k = 0; k < t->n; k++) {
        const TableNumber *number = &t->number[k];
        if (!is_first(t, k)) continue;
        if (number->place >= 0)
            report_cells(t, number, of);
        else
            log_warn(
                "%s: the label table lacks the column '%s', which %s reads; the mean of the training bags stands "
                "for it",
                c->table ? c->table->path : bagfile_path(c->file), number->column, of);
    }
}
