/* SPDX-License-Identifier: MIT
 *
 * table.h: a small table of text cells with a header line: label tables, split tables. Everything is text; what counts
 * as missing is asked with table_missing.
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

/* Reads a delimited text file, gz or not (by its bytes); tab, comma or semicolon, found from the header. Quotes as in
 * RFC 4180, a byte-order mark, Windows or old Macintosh line ends and a missing final newline are understood. */
Status table_read(Table *out, const char *path);
Status table_new(Table *out, int n_row, int n_column, const char *const *column,
                 const char *const *cell); /* copies */
void table_free(Table *t);

int table_column(const Table *t, const char *name); /* -1 if there is none */
const char *table_cell(const Table *t, int row, int column);

/* The ID column: `name`, or with "auto" the first of ID, repertoire_id, sample_id, Sample, subject_id, filename, slide_id,
 * bag_id.
 * ERR_FORMAT lists the columns found. */
extern const char *const table_id_names[]; /* these, NULL-ended */
Status table_id_column(int *column, const Table *t, const char *name);

/* Empty, NA, N/A, n/a, NULL, null, NaN, nan, … (the words of pandas), and Unknown. */
bool table_missing(const char *cell);

#endif
