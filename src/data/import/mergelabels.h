/* SPDX-License-Identifier: MIT
 *
 * mergelabels.h: the label tables of several datasets as one. Columns are joined by name, those of the first file first.
 */
#ifndef HOPSACK_MERGELABELS_H
#define HOPSACK_MERGELABELS_H

#include "data/bagfile/bagfile.h"

typedef struct {
    int file, bag; /* number of the file; of the bag in it */
} MergeRow;

/* The column by which the table inside a dataset names bags; -1: none. */
int mergelabels_id_column(const BagFile *file);

/* A row for each of `row` [n]; n_column 0 where no file has a table. The ID column of the first file is filled in
 * every row: by the file's own IDs, or by keys. */
Status mergelabels_make(Table *out, BagFile *const *file, int n_file, const MergeRow *row, int n);

#endif
