/* SPDX-License-Identifier: MIT
 *
 * kernel_avx512.c: the inner loops in registers of 16 floats (x86-64-v4).
 */
#include <immintrin.h>

#define LEVEL_TABLE kernels_avx512
#define LEVEL_NAME  "avx512"
#define LANES       16 /* floats of a register */
#define CONV_REGS   2  /* registers of channels at a time: with kernels of 9, 16 open sums */
#define SELU_APART  0
#define TILE_ROWS   8 /* of a matrix product, by 2 registers */

typedef __m512 V;
typedef __m512i VI;
typedef __mmask16 Mask; /* of lanes */

#define v_set(x)              _mm512_set1_ps(x)
#define v_load(p)             _mm512_loadu_ps(p)
#define v_store(p, a)         _mm512_storeu_ps(p, a)
#define v_add(a, b)           _mm512_add_ps(a, b)
#define v_sub(a, b)           _mm512_sub_ps(a, b)
#define v_mul(a, b)           _mm512_mul_ps(a, b)
#define v_div(a, b)           _mm512_div_ps(a, b)
#define v_fma(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define v_max(a, b)           _mm512_max_ps(a, b) /* b if either is NaN */
#define v_greater(a, b)       _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)
#define v_choose(m, yes, no)  _mm512_mask_mov_ps(no, m, yes)
#define v_where(m, a)         _mm512_maskz_mov_ps(m, a) /* else 0 */
#define v_bits(a)             _mm512_castps_si512(a)
#define v_from_bits(a)        _mm512_castsi512_ps(a)
#define vi_set(x)             _mm512_set1_epi32(x)
#define vi_load(p)            _mm512_loadu_si512(p)
#define vi_store(p, a)        _mm512_storeu_si512(p, a)
#define vi_add(a, b)          _mm512_add_epi32(a, b)
#define vi_to_exponent(a)     _mm512_slli_epi32(a, 23)
#define vi_choose(m, yes, no) _mm512_mask_mov_epi32(no, m, yes)
#define vi_equal(a, b)        _mm512_cmpeq_epi32_mask(a, b)
#define m_any(m)              ((m) != 0)

/* Eight floats: the first and the second half of sixteen, added. */
#define v_halves(a) _mm256_add_ps(_mm512_castps512_ps256((a)[0]), _mm512_extractf32x8_ps((a)[0], 1))

#include "nn/kernel_vector.h"
