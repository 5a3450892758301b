/* SPDX-License-Identifier: MIT
 *
 * kernel_avx512.c: the inner loops in registers of 16 floats (x86-64-v4).
 */
#include <immintrin.h>
#include <stdint.h>

#define LEVEL_TABLE kernels_avx512
#define LEVEL_NAME  "avx512"
#define LANES       16 /* floats of a register */
#define CONV_REGS   2  /* registers of channels at a time */
#define SPREAD_REGS 2  /* the same, backward */
#define TILE_ROWS   8  /* of a matrix product */
#define INLINE      static inline __attribute__((always_inline))

typedef __m512 V;
typedef __m512i VI;
typedef __mmask16 Mask; /* of lanes */

INLINE V v_set(float x)
{
    return _mm512_set1_ps(x);
}
INLINE V v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
INLINE void v_store(float *p, V a)
{
    _mm512_storeu_ps(p, a);
}
INLINE V v_add(V a, V b)
{
    return _mm512_add_ps(a, b);
}
INLINE V v_sub(V a, V b)
{
    return _mm512_sub_ps(a, b);
}
INLINE V v_mul(V a, V b)
{
    return _mm512_mul_ps(a, b);
}
INLINE V v_fma(V a, V b, V c)
{
    return _mm512_fmadd_ps(a, b, c);
}
INLINE V v_max(V a, V b)
{
    return _mm512_max_ps(a, b);
} /* b if either is NaN */
INLINE Mask v_greater(V a, V b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
INLINE V v_choose(Mask m, V yes, V no)
{
    return _mm512_mask_mov_ps(no, m, yes);
}
INLINE V v_where(Mask m, V a)
{
    return _mm512_maskz_mov_ps(m, a);
} /* else 0 */
INLINE V v_from_bits(VI a)
{
    return _mm512_castsi512_ps(a);
}
INLINE VI v_bits(V a)
{
    return _mm512_castps_si512(a);
}

INLINE VI vi_set(int32_t x)
{
    return _mm512_set1_epi32(x);
}
INLINE VI vi_add(VI a, VI b)
{
    return _mm512_add_epi32(a, b);
}
INLINE VI vi_to_exponent(VI a)
{
    return _mm512_slli_epi32(a, 23);
}
INLINE VI vi_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}
INLINE void vi_store(int32_t *p, VI a)
{
    _mm512_storeu_si512(p, a);
}
INLINE VI vi_choose(Mask m, VI yes, VI no)
{
    return _mm512_mask_mov_epi32(no, m, yes);
}
INLINE Mask vi_equal(VI a, VI b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}
INLINE int m_any(Mask m)
{
    return m != 0;
}

/* Sixteen floats, the first eight and the last eight added. */
INLINE __m256 v_fold(const V *a)
{
    return _mm256_add_ps(_mm512_castps512_ps256(*a), _mm512_extractf32x8_ps(*a, 1));
}

#include "nn/kernel_vector.h"
