/* SPDX-License-Identifier: MIT
 *
 * testrows.h: what a predictions.tsv says of the test bags of one task, in the order of repetitions and folds.
 */
#ifndef HOPSACK_TESTROWS_H
#define HOPSACK_TESTROWS_H

#include "cv/foldauc.h"
#include "study/stacktable.h"

/* A bag; of a task with several classes, a bag and a class. */
typedef struct {
    int repeat, fold, member; /* member: which bag, 0 … n_member-1 in the order of names */
    const char *bag, *class;  /* borrowed from the table */
    double label, output;
    double probability; /* NaN: none */
} TestRow;

typedef struct {
    TestRow *row; /* [n] bags whose label is known; those of a fold by bag and class */
    int n;
    int n_repeat, n_fold, n_member;
} TestRows;

/* The rows of `task`. n is 0 where the table has none. ERR_FORMAT: numbers of folds that no run has; ERR_MEMORY. */
Status testrows_of(TestRows *out, const StackTable *table, const char *task);
void testrows_free(TestRows *t); /* accepts {0} */

/* Of a task with two classes: what ranks its test bags, fold by fold. */
Status testrows_auc(FoldAuc *out, const TestRows *rows);

#endif
