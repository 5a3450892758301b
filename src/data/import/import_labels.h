/* SPDX-License-Identifier: MIT
 *
 * import_labels.h: which row of the label table is which repertoire's, and the table that the dataset keeps.
 *
 * Rows are found by one column, whose cells name repertoires, or files where each is one repertoire. If the user names no
 * column, it is the one whose cells fit most often (join_column): a table with subject_id and filename is joined by
 * filename where the files are not named after subjects.
 */
#ifndef HOPSACK_IMPORT_LABELS_H
#define HOPSACK_IMPORT_LABELS_H

#include "data/text/table.h"

#include <stdbool.h>

/* One repertoire as labels see it. */
typedef struct {
    char *key;        /* the bag's */
    const char *file; /* key of its file; borrowed */
    const char *path; /* of its file below the folder given; borrowed */
    bool left_out;    /* known to the label table, but not in the dataset */
} LabelKey;

/* How rows were found. */
typedef struct {
    int column;       /* with the IDs */
    bool by_file;     /* they name files, not repertoires */
    int n_unlabelled; /* repertoires of the dataset without a row */
} LabelFit;

/* row [n] of each key, -1: none. */
Status import_labels_join(int *row, LabelFit *fit, const Table *labels, const char *id_name, const LabelKey *key,
                          int n);

/* The table in the order of the bags, those left out left out. A bag without a row has its key as ID and empty cells. Where
 * another reader would not find the bags by the table's own columns, a column ID is put before them. */
Status import_labels_order(Table *out, LabelFit *fit, const Table *labels, const char *id_name, const LabelKey *key,
                           int n);

#endif
