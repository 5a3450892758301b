/* SPDX-License-Identifier: MIT
 *
 * import_labels.h: which row of the label table is which repertoire's, and the table that the dataset keeps.
 *
 * Rows are found by one column, whose cells name repertoires, or files where each is one repertoire. If the user names no
 * column, it is the one of the usual names (table.h) whose cells fit most often, the earlier where equal: a table with
 * subject_id and filename is joined by filename where the files are not named after subjects.
 */
#ifndef HOPSACK_IMPORT_LABELS_H
#define HOPSACK_IMPORT_LABELS_H

#include "data/text/table.h"

#include <stdbool.h>

/* One repertoire as labels see it. */
typedef struct {
    char *key;        /* the bag's */
    const char *file; /* key of its file; borrowed */
    bool left_out;    /* known to the label table, but not in the dataset */
} LabelKey;

/* row [n] of each key, -1: none; *id_column by which they were found; *by_file: by names of files. */
Status import_labels_join(int *row, int *id_column, bool *by_file, const Table *labels, const char *id_name,
                          const LabelKey *key, int n);

/* The table in the order of the bags, those left out left out. A bag without a row has its key as ID and empty cells. Where
 * another reader would not find the bags by the table's own columns, a column ID is put before them. */
Status import_labels_order(Table *out, int *n_unlabelled, const Table *labels, const char *id_name,
                           const LabelKey *key, int n);

#endif
