/* SPDX-License-Identifier: MIT
 *
 * bagmean.h: the mean of a bag's embeddings, which a pooling may have beside its own vector (pooling.h).
 *
 *     m[f] = Σ_i c_i h[i, f] / Σ_i c_i      0 for an empty bag; c_i: instances that row i stands for, NULL: 1 each
 *
 * Sums are of pieces of BAGMEAN_ROWS rows, added up in their order.
 */
#ifndef HOPSACK_BAGMEAN_H
#define HOPSACK_BAGMEAN_H

#include "core/real.h"

#define BAGMEAN_ROWS 1024

/* mean [n_h] of h [n, width]; piece [width] is scratch. */
void bagmean_forward(real *mean, real *piece, const real *h, const real *c, int n, int n_h, Index width);
/* dh [n, width] is added to. */
void bagmean_backward(real *dh, const real *dmean, const real *c, int n, int n_h, Index width);

#endif
