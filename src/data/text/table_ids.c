/* SPDX-License-Identifier: MIT
 *
 * Which column holds the IDs, and which rows and columns stand twice.
 */
#include "core/log.h"
#include "core/shortlist.h"
#include "data/text/table.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As written, in this order; then in any spelling: small letters without blanks, '_', '-' and the like. */
static const char *const exact[] = {"ID", "repertoire_id", "sample_id", "Sample", "subject_id", "filename"};
static const char *const loose[] = {
    "id",      "repertoireid", "repertoire", "sampleid",  "sample",       "samplename", "filename",
    "file",    "filepath",     "path",       "subjectid", "subject",      "patientid",  "patient",
    "donorid", "bagid",        "bag",        "slideid",   "runaccession", "run",        "libraryid",
    "library", "specimenid",   "specimen",   "barcode",   "accession",    "name",       "donor"};
#define N_EXACT (int)(sizeof exact / sizeof *exact)
#define N_LOOSE (int)(sizeof loose / sizeof *loose)

static bool spells(const char *column, const char *name)
{
    for (; *column; column++) {
        if (!isalnum((unsigned char)*column) && !(*column & 0x80)) continue;
        if (tolower((unsigned char)*column) != *name) return false;
        name++;
    }
    return *name == '\0';
}

bool table_is_id_name(const char *column)
{
    for (int i = 0; i < N_LOOSE; i++)
        if (spells(column, loose[i])) return true;
    return false;
}

int table_usual_column(const Table *t, int i)
{
    if (i < N_EXACT) return table_column(t, exact[i]);
    if (i >= N_EXACT + N_LOOSE) return -2;
    for (int c = 0; c < t->n_column; c++)
        if (spells(t->column[c], loose[i - N_EXACT])) return c;
    return -1;
}

static int first_usual(const Table *t)
{
    int column = -1;
    for (int i = 0; column == -1; i++) column = table_usual_column(t, i);
    return column < 0 ? -1 : column;
}

Status table_id_column(int *column, const Table *t, const char *name)
{
    const bool search = strcmp(name, "auto") == 0;
    *column = search ? first_usual(t) : table_column(t, name);
    if (*column >= 0) return search ? OK : table_check_once(t, *column);

    Shortlist found = {0};
    for (int c = 0; c < t->n_column; c++) shortlist_add(&found, "%.60s", t->column[c]);
    return fail(ERR_FORMAT, "%s: has no ID column%s%s%s; its columns are %s. Name it with --id-column", t->path,
                search ? "" : " '", search ? "" : name, search ? "" : "'", found.text);
}

Status table_check_once(const Table *t, int column)
{
    for (int c = 0; c < t->n_column; c++) {
        if (c == column || strcmp(t->column[c], t->column[column]) != 0) continue;
        for (int r = 0; r < t->n_row; r++)
            if (strcmp(table_cell(t, r, c), table_cell(t, r, column)) != 0)
                return fail(ERR_FORMAT,
                            "%s:%d: column '%s' stands twice, as number %d and %d, with different cells ('%.40s' and "
                            "'%.40s'); rename or remove one",
                            t->path, t->line[r], t->column[column], column + 1, c + 1, table_cell(t, r, column),
                            table_cell(t, r, c));
    }
    return OK;
}

/* ---- rows that stand twice ---- */

typedef struct {
    const char *const *cell;
    int n_column, row;
} Row;

static int compare_rows(const void *a, const void *b)
{
    const Row *x = a, *y = b;
    int order = 0;
    for (int c = 0; c < x->n_column && order == 0; c++) order = strcmp(x->cell[c], y->cell[c]);
    return order;
}

static int compare_lines(const void *a, const void *b)
{
    const int order = compare_rows(a, b);
    return order ? order : ((const Row *)a)->row - ((const Row *)b)->row;
}

static void drop_rows(Table *t, const char *repeated)
{
    const size_t width = (size_t)t->n_column;
    int *line = (int *)(uintptr_t)t->line; /* the table's own */
    int kept = 0;
    for (int r = 0; r < t->n_row; r++) {
        if (repeated[r]) continue;
        memmove((void *)(t->cell + (size_t)kept * width), (const void *)(t->cell + (size_t)r * width),
                width * sizeof *t->cell);
        line[kept++] = line[r];
    }
    t->n_row = kept;
}

Status table_drop_repeated(Table *t)
{
    Row *row = malloc(((size_t)t->n_row + 1) * sizeof *row);
    char *repeated = calloc((size_t)t->n_row + 1, 1);
    int n = 0, first = -1;
    for (int r = 0; row && r < t->n_row; r++)
        row[r] = (Row){t->cell + (size_t)r * (size_t)t->n_column, t->n_column, r};
    if (row) qsort(row, (size_t)t->n_row, sizeof *row, compare_lines);
    for (int r = 1; row && repeated && r < t->n_row; r++) {
        if (compare_rows(&row[r - 1], &row[r]) != 0) continue;
        repeated[row[r].row] = 1;
        if (first < 0 || row[r].row < first) first = row[r].row;
        n++;
    }
    const Status status = row && repeated ? OK : fail(ERR_MEMORY, "%s: no memory to read it", t->path);
    if (n > 0) {
        log_warn("%s:%d: '%s' stands twice with the same cells; %d such row%s read once", t->path, t->line[first],
                 table_cell(t, first, 0), n, n == 1 ? " is" : "s are");
        drop_rows(t, repeated);
    }
    free(row);
    free(repeated);
    return status;
}
