/* SPDX-License-Identifier: MIT
 *
 * tablenumbers.h: columns of the label table as numbers of bags: numbers as they are, texts as one 0 or 1 a class.
 */
#ifndef HOPSACK_TABLENUMBERS_H
#define HOPSACK_TABLENUMBERS_H

#include "cohort/cohort.h"

typedef struct {
    char *column, *class; /* class NULL: a number */
    int place;            /* of the column in the table; -1: the table lacks it */
} TableNumber;

typedef struct {
    const Cohort *cohort;
    TableNumber *number; /* [n] */
    int n;
} TableNumbers;

/* The numbers of a column by the cells of the members `use` [cohort->n]. A column is of numbers where each cell that is not
 * missing holds one. ERR_FORMAT, ERR_CONFIG: there is no such column, or it has more than TABLENUMBERS_CLASSES texts. */
#define TABLENUMBERS_CLASSES 50
Status tablenumbers_find(TableNumbers *t, const char *column, const bool *use);

/* One that is known, such as from another cohort. */
Status tablenumbers_add(TableNumbers *t, const char *column, const char *class);

/* Warns of columns that the table lacks, and of cells that mean nothing to the numbers, which `of` reads. */
void tablenumbers_report(const TableNumbers *t, const char *of);

double tablenumbers_value(const TableNumbers *t, int k, int member); /* NaN: missing */
void tablenumbers_free(TableNumbers *t);                             /* accepts {0} */

#endif
