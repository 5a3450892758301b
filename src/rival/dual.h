/* SPDX-License-Identifier: MIT
 *
 * dual.h: linear machines that know n bags by their inner products K [n, n] alone. All have f = K a + b with b free.
 *
 *     logistic   least ½ aᵀKa + Σ c_i log(1 + exp(-y_i f_i)), y = ±1      Newton's method: at the least a_i is
 *                                                                         c_i times the residual, so Σ a_i = 0
 *     ridge      least ½ aᵀKa + ½ C Σ (y_i - f_i)²                        one system of equations
 *
 * Both are those of scikit-learn's LogisticRegression and KernelRidge on any features with these inner products, but for the
 * intercept, which is not penalised here.
 */
#ifndef HOPSACK_DUAL_H
#define HOPSACK_DUAL_H

#include "core/status.h"

typedef struct {
    int n_max;
    double *a, b;                                /* [n] solution; where the next fit begins */
    double *f;                                   /* [n] outputs on the same bags */
    double *system;                              /* [n, n] */
    double *w, *root, *g, *rhs, *step, *product; /* [n] */
    double *pair;                                /* [2, n] */
} Dual;

Status dual_new(Dual *out, int n_max);
void dual_free(Dual *d);  /* accepts {0} */
void dual_reset(Dual *d); /* the next fit begins at a = 0, b = 0 */

/* k [n, n] row-major, symmetric, both triangles; y [n] ±1; c [n] > 0. n ≤ n_max. Ends where no a_i is further than
 * DUAL_PRECISION · max c from its residual, or where no step makes it better. */
#define DUAL_PRECISION 1e-9
Status dual_logistic(Dual *d, const double *k, const double *y, const double *c, int n);

/* y [n] numbers. */
Status dual_ridge(Dual *d, const double *k, const double *y, double cost, int n);

#endif
