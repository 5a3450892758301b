/* SPDX-License-Identifier: MIT
 *
 * kernel_vector.h: the inner loops in registers, one source for all instruction sets. A level's .c defines the
 * register type V of LANES floats with its operations and includes this. Every sum has the order of kernel_plain.c
 * and every product that is added is one fma, so all levels give the same bits.
 *
 * Functions marked INLINE get their sizes as constants, so that the compiler unrolls them and keeps arrays of V in
 * registers: the number of registers, not the vector width, decides how much is done at a time.
 */
#include "nn/kernel.h"
#include "nn/kernel_spread.h"
#include "nn/selu.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Under a sanitizer every access is checked: unrolled, that is more code than clang compiles in an hour. Rolled up,
 * the loops do the same sums in the same order. */
#if defined(KERNEL_ROLLED)
#define INLINE static inline
#define UNROLL
#else
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif

/* The compiler takes the address as it is; otherwise it computes every row's anew from the residue and runs out of
 * registers for that. */
#define HIDE(pointer) __asm__("" : "+r"(pointer))

static int min(int a, int b)
{
    return a < b ? a : b;
}
static int max(int a, int b)
{
    return a > b ? a : b;
}

/* (2^f - 1) / f for |f| ≤ 1/2, to 1.1e-8 of its value, times λα (Lawson's minimax fit). */
static const float exp2_fit[6] = {0x1.37f796p+0f, 0x1.b07a70p-2f, 0x1.8fb0e2p-4f,
                                  0x1.150ceap-6f, 0x1.3492a8p-9f, 0x1.1bf6c0p-12f};

/* a · 2^n by way of the exponent's bits; `sum` holds n in its lowest bits. a must be far from 0 and infinity. */
INLINE V times_power(V a, V sum)
{
    return v_from_bits(vi_add(v_bits(a), vi_to_exponent(v_bits(sum))));
}

/* λx for x > 0. Elsewhere, with x log₂e = n + f:  λα (2^n 2^f - 1) = 2^n fit(f) · f + (2^n λα - λα), which keeps its
 * relative precision near 0. Adding 1.5 · 2^23 rounds to an integer in the low bits. */
INLINE V selu_register(V x)
{
    const V magic = v_set(0x1.8p23f), log2e = v_set(0x1.715476p+0f), scale = v_set(SELU_LAMBDA_ALPHA);
    const V low = v_max(v_set(-80), x); /* 2^n stays a normal number; NaN passes */
    const V sum = v_fma(low, log2e, magic);
    const V f = v_fma(low, log2e, v_sub(magic, sum));
    V fit = v_set(exp2_fit[5]);
    UNROLL
    for (int i = 4; i >= 0; i--) fit = v_fma(fit, f, v_set(exp2_fit[i]));
    const V below = v_fma(times_power(fit, sum), f, v_sub(times_power(scale, sum), scale));
    return v_choose(v_greater(x, v_set(0)), v_mul(x, v_set(SELU_LAMBDA)), below);
}

/* Where registers are few, SELU is apart from the sums before it: then several of its long chains run at once. */
static void selu_apart(float *y, Index n)
{
    for (Index i = 0; SELU_APART && i < n; i += LANES) v_store(y + i, selu_register(v_load(y + i)));
}

/* dy/dx from the activation y. */
INLINE V selu_slope_register(V y)
{
    const V lambda = v_set(SELU_LAMBDA);
    return v_choose(v_greater(y, v_set(0)), lambda, v_add(y, v_set(SELU_LAMBDA_ALPHA)));
}

static void selu_backward(float *dy, const float *y, Index n)
{
    assert(n % LANES == 0);
    for (Index i = 0; i < n; i += LANES) v_store(dy + i, v_mul(v_load(dy + i), selu_slope_register(v_load(y + i))));
}

/* e^x = 2^n 2^f for x ≤ 0, n in `sum`; returns (2^f - 1) / f, the fit without SELU's factors. */
INLINE V exp_parts(V x, V *f, V *sum)
{
    const V magic = v_set(0x1.8p23f), log2e = v_set(0x1.715476p+0f), low = v_max(v_set(-80), x);
    *sum = v_fma(low, log2e, magic);
    *f = v_fma(low, log2e, v_sub(magic, *sum));
    V fit = v_set(exp2_fit[5]);
    UNROLL
    for (int i = 4; i >= 0; i--) fit = v_fma(fit, *f, v_set(exp2_fit[i]));
    return v_mul(fit, v_set(1 / SELU_LAMBDA_ALPHA));
}

INLINE V minus_magnitude(V x)
{
    return v_choose(v_greater(x, v_set(0)), v_sub(v_set(0), x), x);
}

/* With e = e^(-2|x|) - 1, which keeps its relative precision near 0: tanh |x| = -e / (2 + e). */
INLINE V tanh_register(V x)
{
    V f, sum;
    const V t = minus_magnitude(x), fit = exp_parts(v_add(t, t), &f, &sum), one = v_set(1);
    const V e = v_fma(times_power(fit, sum), f, v_sub(times_power(one, sum), one));
    const V y = v_div(e, v_add(v_set(2), e));
    return v_choose(v_greater(x, v_set(0)), v_sub(v_set(0), y), y);
}

/* With e = e^(-|x|): 1 / (1 + e), or e / (1 + e) for x ≤ 0. */
INLINE V sigmoid_register(V x)
{
    V f, sum;
    const V one = v_set(1), fit = exp_parts(minus_magnitude(x), &f, &sum), e = times_power(v_fma(fit, f, one), sum);
    return v_div(v_choose(v_greater(x, v_set(0)), one, e), v_add(one, e));
}

static void tanh_forward(float *y, Index n)
{
    assert(n % LANES == 0);
    for (Index i = 0; i < n; i += LANES) v_store(y + i, tanh_register(v_load(y + i)));
}

static void sigmoid_forward(float *y, Index n)
{
    assert(n % LANES == 0);
    for (Index i = 0; i < n; i += LANES) v_store(y + i, sigmoid_register(v_load(y + i)));
}

INLINE V exp_register(V x)
{
    V f, sum;
    const V one = v_set(1), fit = exp_parts(x, &f, &sum);
    return times_power(v_fma(fit, f, one), sum);
}

static void exp_forward(float *y, Index n)
{
    assert(n % LANES == 0);
    for (Index i = 0; i < n; i += LANES) v_store(y + i, exp_register(v_load(y + i)));
}

#include "nn/kernel_conv.h"
#include "nn/kernel_dense.h"

const Kernels LEVEL_TABLE = {
    LEVEL_NAME,  conv_forward,  spread_backward, dense_forward,   dense_dinput, dense_dweight,
    dense_logit, selu_backward, tanh_forward,    sigmoid_forward, exp_forward,
};
