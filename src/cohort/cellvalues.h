/* SPDX-License-Identifier: MIT
 *
 * cellvalues.h: the distinct values of a column of the label table.
 */
#ifndef HOPSACK_CELLVALUES_H
#define HOPSACK_CELLVALUES_H

#include "core/shortlist.h"
#include "data/text/table.h"

#define CELLVALUES_MOST 64

typedef struct {
    const char *text; /* as the table first has it; cell.h says which cells are one value */
    int count;
    bool unknown; /* a word for missing, unless the config names it as a class */
} CellValue;

typedef struct {
    int n;
    CellValue value[CELLVALUES_MOST]; /* [n] of cells that are not missing, in order of appearance */
    int more;                         /* cells whose value is not among them */
} CellValues;

/* Of the rows `row` [n]; -1: none. */
void cellvalues_collect(CellValues *out, const Table *table, int column, const int *row, int n);
void cellvalues_add(CellValues *values, const char *cell); /* nothing where the cell is missing */

int cellvalues_count(const CellValues *values, const char *text);

/* "'+' (12), '-' (8), …" for messages; "none". The text is in `out`. */
const char *cellvalues_text(Shortlist *out, const CellValues *values);

#endif
