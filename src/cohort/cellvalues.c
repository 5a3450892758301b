/* SPDX-License-Identifier: MIT */
#include "cohort/cellvalues.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 8 /* values in a message */

void cellvalues_collect(CellValues *out, const Table *table, int column, const int *row, int n)
{
    *out = (CellValues){0};
    for (int i = 0; i < n; i++) {
        const char *cell = row[i] < 0 ? "" : table_cell(table, row[i], column);
        if (table_missing(cell)) continue;
        int k = 0;
        while (k < out->n && strcmp(out->value[k].text, cell) != 0) k++;
        if (k == CELLVALUES_MOST) {
            out->more++;
            continue;
        }
        out->value[k].text = cell;
        out->value[k].count++;
        if (k == out->n) out->n++;
    }
}

int cellvalues_count(const CellValues *values, const char *text)
{
    for (int k = 0; k < values->n; k++)
        if (strcmp(values->value[k].text, text) == 0) return values->value[k].count;
    return 0;
}

const char *cellvalues_text(char buffer[CELLVALUES_ROOM], const CellValues *values)
{
    const size_t room = CELLVALUES_ROOM;
    size_t used = 0;
    buffer[0] = 0;
    for (int k = 0; k < values->n && k < SHOWN && used < room; k++)
        used += (size_t)snprintf(buffer + used, room - used, "%s'%.40s' (%d)", k ? ", " : "", values->value[k].text,
                                 values->value[k].count);
    if (used < room && (values->n > SHOWN || values->more)) snprintf(buffer + used, room - used, ", …");
    return values->n ? buffer : "none";
}
