/* SPDX-License-Identifier: MIT
 *
 * stackframe.h: what all columns of a stack are about: tasks, bags, labels, and the rows of each outer fold and task. Rows are
 * numbered as in the sorted tables, which all columns share.
 */
#ifndef HOPSACK_STACKFRAME_H
#define HOPSACK_STACKFRAME_H

#include "cohort/label.h"
#include "study/stackcolumn.h"

/* One outer fold of one task. A bag has n_out rows, one an output. */
typedef struct {
    int repeat, fold, task;
    int test, n_test;   /* first row in the test tables, and bags */
    int inner, n_inner; /* first row in the inner tables, and bags */
    int n_turn;         /* turns of the inner folds of the first column: 0 … */
} StackBlock;

typedef struct {
    const StackTable *test, *inner; /* of the first column; borrowed */
    Target *target;                 /* [n_task] numbers in the column's unit: mean 0, std 1 */
    int n_task, n_out;
    int n_repeat, n_fold;
    StackBlock *block; /* [n_repeat · n_fold · n_task] (repeat, fold, task) */
    int n_block;
    const char **bag; /* [n_bag] sorted */
    int n_bag;
    int *member;   /* [test->n] bag of a test row */
    Labels labels; /* [n_repeat · n_bag] of test bags */
} StackFrame;

/* Inner folds are left out in turn, those of one remainder together, so that there are at most this many turns. */
#define STACKFRAME_TURNS 10

/* `summary`: of the first column, for kinds of tasks and names of classes. ERR_FORMAT. */
Status stackframe_make(StackFrame *out, const StackSide *first, const json_t *summary);
void stackframe_free(StackFrame *f); /* accepts {0} and half-built ones */

#endif
