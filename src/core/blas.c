/* SPDX-License-Identifier: MIT */
#include "core/blas.h"

#include <cblas.h>
#include <sys/resource.h>

#ifdef HOPSACK_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

#define FOR_BLOCKS(n, at, rows)                                                                                      \
    for (int at = 0, rows; at < (n) && (rows = (n)-at < BLAS_ROWS ? (n)-at : BLAS_ROWS); at += BLAS_ROWS)

void blas_nt(real *c, const real *a, const real *b, int n, int m, int k, bool add)
{
    FOR_BLOCKS(n, at, rows)
    GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, rows, m, k, 1, a + (size_t)at * k, k, b, k, add, c + (size_t)at * m,
         m);
}

void blas_nn(real *c, const real *a, const real *b, int n, int k, int m, bool add)
{
    FOR_BLOCKS(n, at, rows)
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, k, m, 1, a + (size_t)at * m, m, b, k, add,
         c + (size_t)at * k, k);
}

void blas_tn(real *c, const real *a, const real *b, int m, int k, int n, bool add)
{
    if (n == 0 && !add)
        for (int i = 0; i < m * k; i++) c[i] = 0;
    FOR_BLOCKS(n, at, rows)
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, m, k, rows, 1, a + (size_t)at * m, m, b + (size_t)at * k, k,
         add || at > 0, c, k);
}

/* LAPACK's arrays are column-major: our lower triangle is its upper one. */
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
extern void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
                    const int *ldb, int *info, size_t);

bool blas_cholesky(double *a, int n)
{
    int info = 0;
    if (n > 0) dpotrf_("U", &n, a, &n, &info, 1);
    return info == 0;
}

void blas_cholesky_solve(double *x, const double *l, int n, int m)
{
    int info = 0;
    if (n > 0 && m > 0) dpotrs_("U", &n, &m, l, &n, x, &n, &info, 1);
}

/* Below this OpenBLAS cannot map its buffers and spins for ever instead of failing. */
#define ADDRESS_SPACE_LEAST ((rlim_t)512 << 20)

Status blas_start(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < ADDRESS_SPACE_LEAST)
        return fail(ERR_MEMORY,
                    "the address space of this process is limited to %.0f MB; raise it (ulimit -v) to 512 MB or more",
                    (double)limit.rlim_cur / 1048576);
    if (openblas_get_parallel() == OPENBLAS_THREAD)
        return fail(ERR_CONFIG, "OpenBLAS is the pthread build, which slows down under OpenMP; install "
                                "libopenblas0-openmp and choose it with update-alternatives");
    openblas_set_num_threads(1);
    if (openblas_get_num_threads() != 1)
        return fail(ERR_CONFIG, "OpenBLAS %s does not obey one thread a call; set OPENBLAS_NUM_THREADS=1",
                    blas_version());
    real one = 1, two = 2, product = 0;
    blas_nt(&product, &one, &two, 1, 1, 1, false);
    return product == 2 ? OK : fail(ERR_BUG, "OpenBLAS says 1 times 2 is %g", (double)product);
}

const char *blas_kernel(void)
{
    return openblas_get_corename();
}
const char *blas_version(void)
{
    return openblas_get_config();
}
