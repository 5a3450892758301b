/* SPDX-License-Identifier: MIT
 *
 * curves.h: what outputs on test bags look like as curves.
 *
 *     ROC               true positive rate against false positive rate, one point a distinct output; its area is the AUC
 *     precision-recall  precision against recall
 *     calibration       bins of equally many bags by probability: mean probability, share of positive bags
 */
#ifndef HOPSACK_CURVES_H
#define HOPSACK_CURVES_H

#include "study/testrows.h"

#define CURVES_GRID      101  /* places of mean curves: 0, 0.01, … 1 */
#define CURVES_RESAMPLES 1000 /* of the band around the mean ROC curve */
#define CURVES_BINS      10

typedef struct {
    int n;
    double *x, *y; /* [n] */
} Curve;

void curves_free(Curve *c); /* accepts {0} */

/* Of one fold, rows [n] in order of value; a bag counts `count` [n_member] times, NULL: once. Curves are empty where a class is
 * missing. ERR_MEMORY. */
Status curves_roc(Curve *out, const FoldRow *row, int n, const int *count);
Status curves_precision(Curve *out, const FoldRow *row, int n);

/* Over folds, then over repetitions: mean true positive rate y at each false positive rate x, and the band of 95 % of
 * CURVES_RESAMPLES means over bags drawn within the test folds. NaN where no fold has both classes. */
typedef struct {
    double x[CURVES_GRID], y[CURVES_GRID], low[CURVES_GRID], high[CURVES_GRID];
} MeanCurve;

Status curves_mean_roc(MeanCurve *out, const FoldAuc *a);

/* Mean precision over the folds at each recall, where it is that of the first threshold which reaches the recall. low and high
 * are NaN. */
Status curves_mean_precision(MeanCurve *out, const FoldAuc *a);

typedef struct {
    int n;              /* bags; those of several repetitions count each time */
    double probability; /* mean */
    double share;       /* of positive bags */
    double interval[2]; /* 95 %, Wilson; n over the repetitions divided */
} CalibrationBin;

/* bin [CURVES_BINS]; *n_bin: bins that have bags, 0 where there are no probabilities. ERR_MEMORY. */
Status curves_calibration(CalibrationBin *bin, int *n_bin, const TestRows *rows);

#endif
