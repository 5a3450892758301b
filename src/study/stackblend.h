/* SPDX-License-Identifier: MIT
 *
 * stackblend.h: a weighted sum of columns (stackweigh.h) learned from the inner outputs of one outer fold. Each column is
 * standardised by them; C is that of the least mean loss on inner folds left out.
 */
#ifndef HOPSACK_STACKBLEND_H
#define HOPSACK_STACKBLEND_H

#include "study/stackview.h"

typedef struct {
    double cost;    /* C */
    double *weight; /* [n_column] ≥ 0 of (output - shift) · scale; of several classes less their mean */
    double *shift;  /* [n_column, n_out] */
    double *scale;  /* [n_column] 0: a column that says the same of all */
    double *bias;   /* [n_out] */
    double *sum;    /* [n_column, n_out] scratch */
} StackBlend;

/* ERR_FORMAT where an inner output is missing, or there is but one inner fold. */
Status stackblend_check(const StackView *w);

/* All inner bags but those of inner fold `without` (-1: none is left out). The arrays are the caller's. */
Status stackblend_fit(StackBlend *blend, const StackView *w, int without);

/* Adds what a column's outputs y [n_out] of a bag give to s [n_out]. */
void stackblend_add(double *s, const StackBlend *blend, int column, const double *y, int n_out);

/* The weighted output s [n_out] of a bag's outputs by column, y [n_column, n_out], bias and all. */
void stackblend_apply(double *s, const StackBlend *blend, const double *y, int n_column, int n_out);

#endif
