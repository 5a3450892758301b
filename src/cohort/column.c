/* SPDX-License-Identifier: MIT */
#include "cohort/column.h"
#include "core/nearest.h"
#include "core/shortlist.h"
#include "data/text/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next column of that name behind `from`; -1: none. */
static int next_place(const Table *t, const char *name, int from)
{
    for (int c = from + 1; c < t->n_column; c++)
        if (cell_compare(t->column[c], name) == 0) return c;
    return -1;
}

int column_place(const Table *t, const char *name)
{
    const int exact = table_column(t, name);
    return exact >= 0 ? exact : next_place(t, name, -1);
}

/* Two columns of one name may be copies; where they are not, no rule could tell which is meant. */
static Status check_twin(const Table *t, int a, int b, const char *use)
{
    for (int r = 0; r < t->n_row; r++) {
        const char *x = table_cell(t, r, a), *y = table_cell(t, r, b);
        if (cell_same(x, y)) continue;
        char line[32] = "";
        if (t->line[r] > 0) snprintf(line, sizeof line, " on line %d", t->line[r]);
        return fail(ERR_FORMAT,
                    "%s: column '%s' (%s) stands twice, as columns %d and %d, with different values%s ('%.40s' and "
                    "'%.40s'); rename or remove one",
                    t->path, t->column[a], use, a + 1, b + 1, line, x, y);
    }
    return OK;
}

static void find_near(Nearest *near, const Table *t, const char *name)
{
    nearest_start(near, name, nearest_limit(name));
    for (int c = 0; c < t->n_column; c++)
        if (cell_alike(t->column[c], name)) nearest_add(near, t->column[c]);
    for (int c = 0; c < t->n_column && near->n == 0; c++) {
        const int distance = nearest_distance(name, t->column[c]);
        if (distance < near->best) nearest_add(near, t->column[c]);
    }
}

static Status unknown(const Table *t, const char *name, const char *use)
{
    char names[NEAREST_MOST * NEAREST_ROOM];
    Shortlist columns = {0};
    Nearest near;
    find_near(&near, t, name);
    if (near.n > 0)
        return fail(ERR_FORMAT, "%s: no column '%s' (%s); did you mean '%s'?", t->path, name, use,
                    nearest_text(names, sizeof names, &near));
    for (int k = 0; k < t->n_column; k++) shortlist_add(&columns, "'%.60s'", t->column[k]);
    return fail(ERR_FORMAT, "%s: no column '%s' (%s); its columns are %s", t->path, name, use, columns.text);
}

Status column_find(int *column, const Table *t, const char *name, const char *use)
{
    *column = column_place(t, name);
    if (*column < 0) return unknown(t, name, use);
    for (int c = *column; (c = next_place(t, name, c)) >= 0;) TRY(check_twin(t, *column, c, use));
    return OK;
}
