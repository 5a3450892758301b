/* SPDX-License-Identifier: MIT
 *
 * stackview.h: one outer fold of one task, as a stack looks at it: the inner bags and what each column says of them. What is left
 * out in turn are inner folds of the first column.
 */
#ifndef HOPSACK_STACKVIEW_H
#define HOPSACK_STACKVIEW_H

#include "cohort/metric.h"
#include "study/stackframe.h"

typedef struct {
    const StackFrame *frame;
    const StackSide *side; /* [n_column] */
    int n_column;
} StackSource;

typedef struct {
    const StackSide *side; /* [n_column] */
    const StackBlock *block;
    int n_column, n_out;
    int n_class; /* 0: labels are numbers */

    /* scratch */
    MetricRank *rank; /* [n_inner] */
    double *x;        /* [n_inner, n_out, n_column] */
    double *label;    /* [n_inner] */
    double *s;        /* [n_column, n_out] */
    int *class;       /* [n_inner] */
    uint64_t *order;  /* [n_inner] */
} StackView;

Status stackview_open(StackView *w, const StackSource *source, const StackBlock *b);
void stackview_close(StackView *w);

/* First row of the i-th inner bag in a column's table; its turn; its class. */
const StackRow *stackview_inner(const StackView *w, int column, int i);
int stackview_turn(const StackView *w, int i);
int stackview_class(const StackView *w, int i);

/* y [n_column, n_out]: outputs of the rows from `row` on, of inner or of test tables. */
void stackview_outputs(double *y, const StackView *w, bool inner, int row);

/* Turns that are left out; -1: none. */
typedef struct {
    int a, b;
} StackWithout;
bool stackview_out(StackWithout w, int turn);

#endif
