/* SPDX-License-Identifier: MIT
 *
 * foldspread.h: mean and standard deviation of a score over folds, of which some lack it.
 */
#ifndef HOPSACK_FOLDSPREAD_H
#define HOPSACK_FOLDSPREAD_H

typedef struct {
    double mean, std; /* std: divisor n - 1; NaN: not defined */
    int n;            /* values that are no NaN */
} FoldSpread;

FoldSpread foldspread_of(const double *value, int n); /* value [n] */

#endif
