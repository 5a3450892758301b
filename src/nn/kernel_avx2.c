/* SPDX-License-Identifier: MIT
 *
 * kernel_avx2.c: the inner loops in registers of 8 floats (x86-64-v3).
 */
#include <immintrin.h>

#define LEVEL_TABLE kernels_avx2
#define LEVEL_NAME  "avx2"
#define LANES       8 /* floats of a register */
#define CONV_REGS   1 /* registers of channels at a time: with kernels of 9, 8 open sums */
#define SELU_APART  1
#define TILE_ROWS   4 /* of a matrix product, by 2 registers */

typedef __m256 V;
typedef __m256i VI;
typedef __m256 Mask; /* of lanes: all bits or none */

#define v_set(x)              _mm256_set1_ps(x)
#define v_load(p)             _mm256_loadu_ps(p)
#define v_store(p, a)         _mm256_storeu_ps(p, a)
#define v_add(a, b)           _mm256_add_ps(a, b)
#define v_sub(a, b)           _mm256_sub_ps(a, b)
#define v_mul(a, b)           _mm256_mul_ps(a, b)
#define v_div(a, b)           _mm256_div_ps(a, b)
#define v_fma(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define v_max(a, b)           _mm256_max_ps(a, b) /* b if either is NaN */
#define v_greater(a, b)       _mm256_cmp_ps(a, b, _CMP_GT_OQ)
#define v_choose(m, yes, no)  _mm256_blendv_ps(no, yes, m)
#define v_where(m, a)         _mm256_and_ps(m, a) /* else 0 */
#define v_bits(a)             _mm256_castps_si256(a)
#define v_from_bits(a)        _mm256_castsi256_ps(a)
#define vi_set(x)             _mm256_set1_epi32(x)
#define vi_load(p)            _mm256_loadu_si256((const __m256i_u *)(p))
#define vi_store(p, a)        _mm256_storeu_si256((__m256i_u *)(p), a)
#define vi_add(a, b)          _mm256_add_epi32(a, b)
#define vi_to_exponent(a)     _mm256_slli_epi32(a, 23)
#define vi_choose(m, yes, no) _mm256_blendv_epi8(no, yes, _mm256_castps_si256(m))
#define vi_equal(a, b)        _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))
#define m_any(m)              (_mm256_movemask_ps(m) != 0)

/* Eight floats: the first and the second half of sixteen, added. */
#define v_halves(a) _mm256_add_ps((a)[0], (a)[1])

#include "nn/kernel_vector.h"
