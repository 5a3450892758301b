/* SPDX-License-Identifier: MIT
 *
 * kernel_avx2.c: the inner loops in registers of 8 floats (x86-64-v3).
 */
#include <immintrin.h>
#include <stdint.h>

#define LEVEL_TABLE kernels_avx2
#define LEVEL_NAME  "avx2"
#define LANES       8 /* floats of a register */
#define CONV_REGS   1 /* registers of channels at a time */
#define SPREAD_REGS 2 /* the same, backward */
#define TILE_ROWS   4 /* of a matrix product */
#define INLINE      static inline __attribute__((always_inline))

typedef __m256 V;
typedef __m256i VI;
typedef __m256 Mask; /* of lanes: all bits or none */

INLINE V v_set(float x)
{
    return _mm256_set1_ps(x);
}
INLINE V v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
INLINE void v_store(float *p, V a)
{
    _mm256_storeu_ps(p, a);
}
INLINE V v_add(V a, V b)
{
    return _mm256_add_ps(a, b);
}
INLINE V v_sub(V a, V b)
{
    return _mm256_sub_ps(a, b);
}
INLINE V v_mul(V a, V b)
{
    return _mm256_mul_ps(a, b);
}
INLINE V v_fma(V a, V b, V c)
{
    return _mm256_fmadd_ps(a, b, c);
}
INLINE V v_max(V a, V b)
{
    return _mm256_max_ps(a, b);
} /* b if either is NaN */
INLINE Mask v_greater(V a, V b)
{
    return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
INLINE V v_choose(Mask m, V yes, V no)
{
    return _mm256_blendv_ps(no, yes, m);
}
INLINE V v_where(Mask m, V a)
{
    return _mm256_and_ps(m, a);
} /* else 0 */
INLINE V v_from_bits(VI a)
{
    return _mm256_castsi256_ps(a);
}
INLINE VI v_bits(V a)
{
    return _mm256_castps_si256(a);
}

INLINE VI vi_set(int32_t x)
{
    return _mm256_set1_epi32(x);
}
INLINE VI vi_add(VI a, VI b)
{
    return _mm256_add_epi32(a, b);
}
INLINE VI vi_to_exponent(VI a)
{
    return _mm256_slli_epi32(a, 23);
}
INLINE VI vi_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i_u *)p);
}
INLINE void vi_store(int32_t *p, VI a)
{
    _mm256_storeu_si256((__m256i_u *)p, a);
}
INLINE VI vi_choose(Mask m, VI yes, VI no)
{
    return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(m));
}
INLINE Mask vi_equal(VI a, VI b)
{
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b));
}
INLINE int m_any(Mask m)
{
    return _mm256_movemask_ps(m) != 0;
}

/* Sixteen floats, the first eight and the last eight added. */
INLINE __m256 v_fold(const V *a)
{
    return _mm256_add_ps(a[0], a[1]);
}

#include "nn/kernel_vector.h"
