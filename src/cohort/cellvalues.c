/* SPDX-License-Identifier: MIT */
#include "cohort/cellvalues.h"
#include "data/text/cell.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 8 /* values in a message */

void cellvalues_add(CellValues *values, const char *cell)
{
    if (cell_missing(cell)) return;
    int k = 0;
    while (k < values->n && !cell_same(values->value[k].text, cell)) k++;
    if (k == CELLVALUES_MOST) {
        values->more++;
        return;
    }
    if (k == values->n) values->value[values->n++] = (CellValue){.text = cell, .unknown = cell_unknown(cell)};
    values->value[k].count++;
}

void cellvalues_collect(CellValues *out, const Table *table, int column, const int *row, int n)
{
    *out = (CellValues){0};
    for (int i = 0; i < n; i++)
        if (row[i] >= 0) cellvalues_add(out, table_cell(table, row[i], column));
}

int cellvalues_count(const CellValues *values, const char *text)
{
    for (int k = 0; k < values->n; k++)
        if (cell_same(values->value[k].text, text)) return values->value[k].count;
    return 0;
}

const char *cellvalues_text(Shortlist *out, const CellValues *values)
{
    *out = (Shortlist){.most = SHOWN};
    for (int k = 0; k < values->n; k++)
        shortlist_add(out, "'%.40s' (%d)", values->value[k].text, values->value[k].count);
    return values->n ? out->text : "none";
}
