/* SPDX-License-Identifier: MIT
 *
 * Why not BLAS: OpenBLAS runs kernels from before AVX on processors that are younger than it (11 GFLOP/s on the one this was
 * measured on; 27 here, as much as it does where it knows them), and its bits differ from one processor to the next.
 *
 * Eight bags against eight: their φ of a run of cells, 2 × 16 KB, stay in the first cache, and 64 sums in registers, 32 at
 * a time.
 */
#include "rival/bagproduct.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>
#if defined __x86_64__ && defined __GNUC__
#include <immintrin.h>
#endif

#define LANES BAGPRODUCT_LANES
#define TILE  16  /* groups of 8 bags */
#define RUN   250 /* cells */

typedef void Multiply(double sum[LANES * LANES], const double *a, const double *b, int n);

/* Σ over n cells of a [n, 8] with b [n, 8]. */
static void multiply_plain(double sum[LANES * LANES], const double *a, const double *b, int n)
{
    memset(sum, 0, LANES * LANES * sizeof *sum);
    for (int c = 0; c < n; c++)
        for (int i = 0; i < LANES; i++)
            for (int j = 0; j < LANES; j++)
                sum[i * LANES + j] = fma(a[c * LANES + i], b[c * LANES + j], sum[i * LANES + j]);
}

#if defined __x86_64__ && defined __GNUC__
__attribute__((target("avx2,fma"))) static void multiply_half(double *sum, const double *a, const double *b, int n)
{
    __m256d low[LANES / 2], high[LANES / 2];
    for (int i = 0; i < LANES / 2; i++) low[i] = high[i] = _mm256_setzero_pd();
    for (int c = 0; c < n; c++, a += LANES, b += LANES) {
        const __m256d b0 = _mm256_loadu_pd(b), b4 = _mm256_loadu_pd(b + 4);
        for (int i = 0; i < LANES / 2; i++) {
            const __m256d one = _mm256_broadcast_sd(a + i);
            low[i] = _mm256_fmadd_pd(one, b0, low[i]);
            high[i] = _mm256_fmadd_pd(one, b4, high[i]);
        }
    }
    for (int i = 0; i < LANES / 2; i++) {
        _mm256_storeu_pd(sum + i * LANES, low[i]);
        _mm256_storeu_pd(sum + i * LANES + 4, high[i]);
    }
}

static void multiply_avx2(double sum[LANES * LANES], const double *a, const double *b, int n)
{
    multiply_half(sum, a, b, n);
    multiply_half(sum + LANES * LANES / 2, a + LANES / 2, b, n);
}

/* Each sum takes the same steps in the same order as above: the same bits. */
__attribute__((target("avx512f"))) static void multiply_avx512(double *sum, const double *a, const double *b, int n)
{
    __m512d row[LANES];
    for (int i = 0; i < LANES; i++) row[i] = _mm512_setzero_pd();
    for (int c = 0; c < n; c++, a += LANES, b += LANES) {
        const __m512d other = _mm512_loadu_pd(b);
        for (int i = 0; i < LANES; i++) row[i] = _mm512_fmadd_pd(_mm512_set1_pd(a[i]), other, row[i]);
    }
    for (int i = 0; i < LANES; i++) _mm512_storeu_pd(sum + i * LANES, row[i]);
}

int bagproduct_ways(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
    return __builtin_cpu_supports("avx512f") ? 3 : 2;
}

static Multiply *const way[] = {multiply_plain, multiply_avx2, multiply_avx512};
#else
int bagproduct_ways(void)
{
    return 1;
}

static Multiply *const way[] = {multiply_plain};
#endif

typedef struct {
    Multiply *multiply;
    double *gram;
    Index stride;
    const double *phi;
    int n, n_cell, n_group; /* bags, cells, groups of 8 bags */
} BagProduct;

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* One group against another, over a run of cells. */
static void add_groups(const BagProduct *p, int row, int column, int from)
{
    double sum[LANES * LANES];
    p->multiply(sum, p->phi + bagproduct_at(row * LANES, from, p->n_cell),
                p->phi + bagproduct_at(column * LANES, from, p->n_cell), least(RUN, p->n_cell - from));
    for (int i = 0; i < LANES && row * LANES + i < p->n; i++) {
        double *out = p->gram + (row * LANES + i) * p->stride + column * LANES;
        const int n = row == column ? i + 1 : LANES;
        for (int j = 0; j < n; j++) out[j] += sum[i * LANES + j];
    }
}

static void add_tile(void *context, int chunk, int thread)
{
    const BagProduct *p = context;
    int row = 0, column = chunk;
    (void)thread;
    while (column > row) column -= ++row;
    for (int from = 0; from < p->n_cell; from += RUN)
        for (int i = row * TILE; i < least((row + 1) * TILE, p->n_group); i++)
            for (int j = column * TILE; j < least((column + 1) * TILE, i + 1); j++) add_groups(p, i, j, from);
}

static void add(BagProduct *p)
{
    p->n_group = (p->n + LANES - 1) / LANES;
    const int n_tile = (p->n_group + TILE - 1) / TILE;
    parallel_for(n_tile * (n_tile + 1) / 2, add_tile, p);
}

void bagproduct_add(double *gram, Index stride, const double *phi, int n, int n_cell)
{
    bagproduct_add_by(bagproduct_ways() - 1, gram, stride, phi, n, n_cell);
}

void bagproduct_add_by(int number, double *gram, Index stride, const double *phi, int n, int n_cell)
{
    add(&(BagProduct){.multiply = way[number], .gram = gram, .stride = stride, .phi = phi, .n = n, .n_cell = n_cell});
}
