/* SPDX-License-Identifier: MIT
 *
 * kernel_spread.h: the gradient of the convolution, for all levels that have AVX2. Every channel of a sequence has
 * its maximum in a different window. So gradient rows are added with a mask, eight channels at a time, and only in
 * windows that hold the maximum of one of the eight. Wider registers would mostly add zeros.
 *
 * The bottleneck is stores and mispredicted branches. So every window adds `size` rows; those behind the end of the
 * sequence go to a buffer that is never read.
 */
#ifndef HOPSACK_KERNEL_SPREAD_H
#define HOPSACK_KERNEL_SPREAD_H

#include "nn/kernel.h"
#include "nn/selu.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define SPREAD_LANES     8
#define SPREAD_POSITIONS 160  /* room for a sequence and a kernel behind it */
#define SPREAD_BEYOND    2048 /* room for size · width numbers */

typedef struct {
    ConvGrad *d;
    const ConvTables *t;
    float *place; /* [n_window, width] gradient of this length's place rows */
    int l, n_window;
    float *row[SPREAD_POSITIONS]; /* [l + size] by position: gradient of the residue's rows, or `beyond` */
    float beyond[SPREAD_BEYOND];  /* [size, width] */
} Spread;

static bool spread_fits(const ConvTables *t, int l)
{
    return l + t->size <= SPREAD_POSITIONS && t->size * t->width <= SPREAD_BEYOND;
}

static void spread_start(Spread *s, ConvGrad *d, const ConvTables *t, int l)
{
    int pad;
    s->d = d, s->t = t, s->l = l;
    s->n_window = conv_windows(t, l, &pad);
    s->place = d->place + t->place_at[l] * t->width;
    for (int p = l; p < l + t->size; p++) s->row[p] = s->beyond;
    memset(s->beyond, 0, (t->size * t->width) * sizeof *s->beyond);
}

static void spread_residues(Spread *s, const uint8_t *codes)
{
    const Index rows = s->t->size * s->t->width;
    for (int p = 0; p < s->l; p++) s->row[p] = s->d->letter + codes[p] * rows;
}

static inline void row_add(float *d, __m256 a)
{
    _mm256_storeu_ps(d, _mm256_add_ps(_mm256_loadu_ps(d), a));
}

/* dy/dx from the activation y. */
static inline __m256 spread_slope(__m256 y)
{
    const __m256 lambda = _mm256_set1_ps(SELU_LAMBDA), below = _mm256_add_ps(y, _mm256_set1_ps(SELU_LAMBDA_ALPHA));
    return _mm256_blendv_ps(below, lambda, _mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ));
}

/* Bit p of the result: window base + p, p < 32, holds a maximum. */
static inline uint32_t windows_held(__m256i arg, int base)
{
    const __m256i bits = _mm256_sllv_epi32(_mm256_set1_epi32(1), _mm256_sub_epi32(arg, _mm256_set1_epi32(base)));
    __m128i four = _mm_or_si128(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    four = _mm_or_si128(four, _mm_unpackhi_epi64(four, four));
    return (uint32_t)_mm_cvtsi128_si32(four) | (uint32_t)_mm_extract_epi32(four, 1);
}

/* Channels k … k+7 of one sequence, whose residues have been given; h, arg and dh [8] are theirs. */
static inline __attribute__((always_inline)) void spread_channels(const Spread *s, const float *h, const int32_t *arg,
                                                                  const float *dh, float c, int k, const int size,
                                                                  const int width)
{
    const __m256 g = _mm256_mul_ps(_mm256_loadu_ps(dh), spread_slope(_mm256_loadu_ps(h))); /* h = selu(max z) */
    const __m256 scaled = _mm256_mul_ps(g, _mm256_set1_ps(s->t->inv_std));
    const __m256 counted = _mm256_mul_ps(scaled, _mm256_set1_ps(c));
    const __m256i at = _mm256_loadu_si256((const __m256i_u *)arg);
    row_add(s->d->bias + k, g);
    for (int base = 0; base < s->n_window; base += 32) {
        uint32_t left = windows_held(at, base);
        if (s->n_window - base < 32) left &= (1u << (s->n_window - base)) - 1; /* the window in padding has no rows */
        for (; left; left &= left - 1) {
            const int p = base + __builtin_ctz(left);
            const __m256 here = _mm256_castsi256_ps(_mm256_cmpeq_epi32(at, _mm256_set1_epi32(p)));
            const __m256 add = _mm256_and_ps(here, counted);
            float *const *row = s->row + p;
            row_add(s->place + p * width + k, _mm256_and_ps(here, scaled));
            for (int q = 0; q < size; q++) row_add(row[q] + q * width + k, add);
        }
    }
}

static void spread_sequence(const Spread *s, const float *h, const int32_t *arg, const float *dh, float c)
{
    const int size = s->t->size, width = s->t->width;
    for (int k = 0; k < width; k += SPREAD_LANES) {
        if (size == 9 && width == 32)
            spread_channels(s, h + k, arg + k, dh + k, c, k, 9, 32);
        else
            spread_channels(s, h + k, arg + k, dh + k, c, k, size, width);
    }
}

/* conv_backward of kernel.h. */
static void spread_backward(ConvGrad *d, const ConvTables *t, const Bag *bag, int from, int n, const float *h,
                            const int32_t *arg, const float *dh)
{
    Spread s;
    for (int l = 0; l <= bag->max_len; l++) {
        const int begin = from > bag->first[l] ? from : bag->first[l];
        const int end = from + n < bag->first[l + 1] ? from + n : bag->first[l + 1];
        if (begin >= end) continue;
        if (!spread_fits(t, l)) {
            const Index at = (begin - from) * t->width;
            kernels_plain.conv_backward(d, t, bag, begin, end - begin, h + at, arg + at, dh + at);
            continue;
        }
        spread_start(&s, d, t, l);
        for (int i = begin; i < end; i++) {
            const Index at = (i - from) * t->width;
            spread_residues(&s, bag_codes(bag, i, l));
            spread_sequence(&s, h + at, arg + at, dh + at, bag->factor ? bag->factor[i] : 1);
        }
    }
}

#endif
