/* SPDX-License-Identifier: MIT
 *
 * label.h: cells of the label table → target values and masks. How a kind of target reads its cells is told by
 * task.h.
 *
 * A row of the labels is a row of the label table whose bag is in the dataset. Missing cells (table.h) and cells that
 * match no class have mask 0. With COMPAT_DEEPRC every cell other than `positive` is negative, missing ones too.
 */
#ifndef HOPSACK_LABEL_H
#define HOPSACK_LABEL_H

#include "cohort/cellvalues.h"
#include "core/real.h"
#include "model/target.h"

#include <stdbool.h>

typedef struct {
    int n, n_out, n_target;
    real *target;                /* [n, n_out] */
    real *mask;                  /* [n, n_target] */
    int *class;                  /* [n] of the first target, -1 unknown; NULL where it has no classes */
    const char *column;          /* of the first target */
    int n_class;                 /* of the first target */
    int n_missing;               /* cells that are empty or a word for missing */
    int n_strange;               /* cells that match no class, also masked */
    CellValues unknown, strange; /* words for missing that could be classes; cells that match no class */
} Labels;

/* Reads the columns of all targets; settles a binary target's `positive` and `negative` where they are NULL
 * (pointers into the table). `row` [n]: rows of the table, -1: a bag that the table does not list, which has mask
 * 0 everywhere. `training`: a class that no cell holds is an error that lists the values. ERR_CONFIG and
 * ERR_FORMAT name column and values. n_out is set in `target` beforehand (1 if binary), and `at`. */
Status label_read(Labels *out, Target *target, int n_target, const Table *table, const int *row, int n, bool deeprc,
                  bool training);

/* What labels owe to the training bags, which `use` [n] names: a regression's mean and std where they are NaN
 * (auto), by which all its labels are normalised. Once, before labels are used. */
void label_fit(Labels *labels, Target *target, int n_target, const bool *use);

Status label_copy(Labels *out, const Labels *labels);
void label_free(Labels *labels);

#endif
