/* SPDX-License-Identifier: MIT
 *
 * featurerows.h: one row of numbers a bag, for classifiers that know no bags. Numbers that are not listed are 0.
 *
 *     FeatureRows rows;
 *     TRY(featurerows_new(&rows, n_column, dense));
 *     for each bag: { TRY(featurerows_add(&rows, column, value)) …; TRY(featurerows_end(&rows)); }
 */
#ifndef HOPSACK_FEATUREROWS_H
#define HOPSACK_FEATUREROWS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int n, n_column;
    bool
        dense; /* a row lists every column, or (scaled) every column that is not constant; an empty row is no bag's */
    size_t *start; /* [n + 1] */
    int *column;   /* [start[n]] ascending in a row */
    double *value; /* [start[n]] */
    size_t room, room_rows;
} FeatureRows;

Status featurerows_new(FeatureRows *out, int n_column, bool dense);
Status featurerows_add(FeatureRows *r, int column, double value);
Status featurerows_end(FeatureRows *r); /* the row is whole */
void featurerows_free(FeatureRows *r);  /* accepts {0} and half-built ones */

/* All rows of `in`, a NaN in them replaced by the mean of its column over the rows `train` that know it; 0: none does. */
Status featurerows_fill(FeatureRows *out, const FeatureRows *in, const int *train, int n_train);

/* Of each column over the rows `train` [n_train] > 0: mean, and 1 / standard deviation (divisor n), 0 where it is constant;
 * both [n_column]. */
Status featurerows_moments(double *mean, double *scale, const FeatureRows *in, const int *train, int n_train);

/* All rows of `in` with mean and standard deviation (divisor n) of each column over the rows `train` [n_train] > 0 made 0
 * and 1. Rows that are not dense are scaled only, so that a 0 stays one. Columns that are constant there are left out.
 * *n_used: columns that are not. */
Status featurerows_scale(FeatureRows *out, int *n_used, const FeatureRows *in, const int *train, int n_train);

#endif
