/* SPDX-License-Identifier: MIT
 *
 * inputstart.h: a start of the output network from the numbers of a bag (model.bag_inputs.start: linear). A network
 * that reads a bag vector learns its training bags by heart before it heeds a few numbers that tell more; so their
 * weights start where a linear model of the numbers alone ends.
 *
 *     f(x) = w x + b      least ½ |w|² + C Σ_i c_i loss(f(x_i), y_i)      b is not penalised
 *
 * for each output: of a binary target the logistic loss, with c its pos_weight for positive bags; of a multiclass target
 * the logistic loss of each class against the others; of a regression the squared loss. C is that of INPUTSTART_COSTS
 * with the least loss over five folds of the bags, bag i in fold i mod 5; the start stays random where none of them is
 * better than b alone.
 */
#ifndef HOPSACK_INPUTSTART_H
#define HOPSACK_INPUTSTART_H

#include "core/real.h"
#include "core/status.h"
#include "model/target.h"

#define INPUTSTART_COSTS 1e-4, 1e-3, 1e-2, 1e-1, 1
#define INPUTSTART_MOST  256 /* numbers; more of them are not a few, and their fits take long */

typedef struct {
    const double *x;      /* [n, n_input] standardised numbers of the bags */
    const double *target; /* [n] 1 or 0; the number of a regression; NaN: unknown */
    const double *weight; /* [n] c */
    int n, n_input;
    bool logistic;
} InputStart;

/* w [n_input] and b. *found: is it better than b alone? ERR_MEMORY. */
Status inputstart_fit(double *w, double *b, bool *found, const InputStart *in);

#endif
