/* SPDX-License-Identifier: MIT
 *
 * blas.h: matrix products, through OpenBLAS on one thread a call.
 *
 * OpenBLAS's products are not the same bits when rows are split in other places, so rows are always cut into blocks
 * of BLAS_ROWS; the block size is part of the result, the thread count is not.
 */
#ifndef HOPSACK_BLAS_H
#define HOPSACK_BLAS_H

#include "core/real.h"
#include "core/status.h"

#include <stdbool.h>

#define BLAS_ROWS 256

/* c [n, m] (+)= a [n, k] bᵀ, b [m, k]: a linear layer. */
void blas_nt(real *c, const real *a, const real *b, int n, int m, int k, bool add);
/* c [n, k] (+)= a [n, m] b, b [m, k]: its gradient to the input. */
void blas_nn(real *c, const real *a, const real *b, int n, int k, int m, bool add);
/* c [m, k] (+)= aᵀ b, a [n, m], b [n, k]: its gradient to the weights. */
void blas_tn(real *c, const real *a, const real *b, int m, int k, int n, bool add);

/* In double precision whatever `real` is. The lower triangle of a [n, n] becomes L with a = L Lᵀ; what is above it is not
 * read. False: a is not positive definite. */
bool blas_cholesky(double *a, int n);
void blas_cholesky_solve(double *x, const double *l, int n, int m); /* x [m, n], each row b → a⁻¹ b */

Status blas_start(void);       /* one thread a call, verified; memory limits that would make OpenBLAS spin refused */
const char *blas_kernel(void); /* for example "Haswell" */
const char *blas_version(void);

#endif
