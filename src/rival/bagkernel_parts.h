/* SPDX-License-Identifier: MIT
 *
 * bagkernel_parts.h: what bagkernel.c (batches of fits, models) and bagkernel_fit.c (one fit) share.
 */
#ifndef HOPSACK_BAGKERNEL_PARTS_H
#define HOPSACK_BAGKERNEL_PARTS_H

#include "rival/bagkernel.h"

/* What one fit needs of its sets. */
typedef struct {
    const BagKernel *kernel;
    const double *size; /* [n] of members; NULL: 1 */
    int n;              /* members */
    const double *gram; /* [n, n] of the training part's set */
    const double *const
        *inner; /* [n_inner] of the inner training parts' sets; the same where the kernel has one set */
} BagKernelView;

/* What came of it, to become a model: f(x) = Σ_i weight_i <φ_i, φ(x)> / size(x)^power + intercept. */
typedef struct {
    double power, cost;
    double *weight;    /* [n_out, n] */
    double *intercept; /* [n_out] */
} BagKernelSolution;

/* Fills the fit's outputs and choice. Threads may call it at the same time. */
Status bagkernel_fit_one(RivalFit *fit, BagKernelSolution *solution, const BagKernelView *view);

#endif
