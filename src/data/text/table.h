/* SPDX-License-Identifier: MIT
 *
 * table.h: a small table of text cells with a header line: label tables, split tables. Everything is text; what a
 * cell means is told by cell.h.
 */
#ifndef HOPSACK_TABLE_H
#define HOPSACK_TABLE_H

#include "core/status.h"

#include <stdbool.h>

typedef struct {
    int n_row, n_column;
    const char **column; /* [n_column] header names */
    const char **cell;   /* [n_row, n_column] row-major, never NULL */
    const int *line;     /* [n_row] line in the file, from 1; 0 if not from a text file */
    const char *path;    /* for messages */
    void *store;
} Table;

/* Reads a delimited text file, whatever it comes in (bytes.h); tab, comma or semicolon, found from the header or from a
 * line "sep=;" before it. Quotes as in RFC 4180, a byte-order mark, Windows or old Macintosh line ends and a missing final
 * newline are understood. Blanks around cells are removed, rows of empty cells are none. */
Status table_read(Table *out, const char *path);
Status table_read_any(Table *out, const char *path); /* the same, also of a header without rows */
Status table_new(Table *out, int n_row, int n_column, const char *const *column,
                 const char *const *cell); /* copies */
void table_free(Table *t);

int table_column(const Table *t, const char *name); /* -1 if there is none */
const char *table_cell(const Table *t, int row, int column);

/* The ID column: `name`, or with "auto" the first of the usual names: ID, repertoire_id, sample_id, Sample, subject_id,
 * filename as written, then these and others in any spelling (Sample-ID, file_name, Patient, …). ERR_FORMAT lists the
 * columns found. join_column (join.h) also looks which of them fits. */
Status table_id_column(int *column, const Table *t, const char *name);
int table_usual_column(const Table *t,
                       int i);             /* that of the i-th usual name; -1: none; -2: there are no more names */
bool table_is_id_name(const char *column); /* one of them in any spelling */

/* ERR_FORMAT where another column of this name has other cells: for columns that a user names. */
Status table_check_once(const Table *t, int column);
/* Rows that repeat another cell for cell are removed with a warning. */
Status table_drop_repeated(Table *t);

#endif
