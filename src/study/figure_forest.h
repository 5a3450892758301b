/* SPDX-License-Identifier: MIT
 *
 * figure_forest.h: values with intervals, one a row, such as the AUC of several methods; small dots show single folds.
 */
#ifndef HOPSACK_FIGURE_FOREST_H
#define HOPSACK_FIGURE_FOREST_H

#include "study/figure.h"

typedef struct {
    char name[64];
    double value, low, high; /* NaN: not defined */
    const double *dot;       /* [n_dot] or NULL */
    int n_dot;
    bool marked; /* in another colour */
} ForestRow;

typedef struct {
    const char *stem, *task, *title, *x_label;
    const ForestRow *row; /* [n] from the top */
    int n;
    double line;        /* a dashed vertical line, such as chance; NaN: none */
    double least, most; /* that the axis shows at any rate; equal: as the values are */
} Forest;

/* Rows behind the FIGURE_FOREST_MOST-th stand in the table alone. ERR_MEMORY. */
#define FIGURE_FOREST_MOST 40
Status figure_forest_add(Figure **out, FigureList *list, const Forest *forest);

#endif
