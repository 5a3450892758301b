/* SPDX-License-Identifier: MIT
 *
 * kernel_vector.h: the inner loops in registers, one source for all instruction sets. A level's .c defines the register
 * type V of LANES floats with its operations and includes this. Every sum has the order of kernel_plain.c and every
 * product that is added is one fma, so all levels give the same bits.
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

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* The compiler takes the address as it is; otherwise it computes every row's anew from the residue and runs out of
 * registers for that. */
#define HIDE(pointer) __asm__("" : "+r"(pointer))

static int least(int a, int b)
{
    return a < b ? a : b;
}
static int most(int a, int b)
{
    return a > b ? a : b;
}

/* ---- SELU ---- */

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
static void selu_apart(float *y, size_t n)
{
    for (size_t i = 0; SELU_APART && i < n; i += LANES) v_store(y + i, selu_register(v_load(y + i)));
}

/* dy/dx from the activation y. */
INLINE V selu_slope_register(V y)
{
    const V lambda = v_set(SELU_LAMBDA);
    return v_choose(v_greater(y, v_set(0)), lambda, v_add(y, v_set(SELU_LAMBDA_ALPHA)));
}

static void selu_backward(float *dy, const float *y, size_t n)
{
    assert(n % LANES == 0);
    for (size_t i = 0; i < n; i += LANES) v_store(dy + i, v_mul(v_load(dy + i), selu_slope_register(v_load(y + i))));
}

/* ---- Convolution ---- */

#define REGS_MOST (2 * KERNEL_LANES / LANES) /* registers of channels at a time, at most */

/* Sequences of one length, the unit of work. */
typedef struct {
    const ConvTables *t;
    const uint8_t *codes; /* [n, l] */
    const float *factor;  /* [n] or NULL */
    const float *place;   /* [n_window, width] */
    int n, l, n_window, pad;
    int at;       /* how many of the call's sequences come before */
    float *h;     /* [n, width] */
    int32_t *arg; /* [n, width] or NULL */
} Run;

/* The maximum so far of `regs` registers of channels. */
typedef struct {
    V best[REGS_MOST];
    VI arg[REGS_MOST];
} Peak;

INLINE void peak_start(Peak *peak, const int regs)
{
    UNROLL
    for (int r = 0; r < regs; r++) peak->best[r] = v_set(-INFINITY), peak->arg[r] = vi_set(0);
}

/* Takes window p, z, into the maximum. */
INLINE void peak_take(Peak *peak, const V *z, int p, const int regs, const bool with_arg)
{
    UNROLL
    for (int r = 0; r < regs; r++) {
        if (with_arg) peak->arg[r] = vi_choose(v_greater(z[r], peak->best[r]), vi_set(p), peak->arg[r]);
        peak->best[r] = v_max(peak->best[r], z[r]);
    }
}

/* Window p, whose table rows add up to `sum`. */
INLINE void peak_window(Peak *peak, const Run *run, const V *sum, float c, int p, int k, const int regs,
                        const bool with_arg)
{
    const float *place = run->place + (size_t)p * (size_t)run->t->width + k;
    V z[REGS_MOST];
    UNROLL
    for (int r = 0; r < regs; r++) z[r] = v_fma(v_set(c), sum[r], v_load(place + r * LANES));
    peak_take(peak, z, p, regs, with_arg);
}

INLINE void peak_finish(Peak *peak, const Run *run, int i, int k, const int regs, const bool with_arg)
{
    const size_t at = (size_t)i * (size_t)run->t->width + (size_t)k;
    V bias[REGS_MOST];
    if (run->pad) {
        UNROLL
        for (int r = 0; r < regs; r++) bias[r] = v_load(run->t->bias + k + r * LANES);
        peak_take(peak, bias, run->n_window, regs, with_arg);
    }
    UNROLL
    for (int r = 0; r < regs; r++) {
        v_store(run->h + at + r * LANES, SELU_APART ? peak->best[r] : selu_register(peak->best[r]));
        if (with_arg) vi_store(run->arg + at + r * LANES, peak->arg[r]);
    }
}

/* Row q = 0 of a residue's table. */
INLINE const float *rows_of(const ConvTables *t, int code, int k)
{
    return t->letter + (size_t)code * (size_t)(t->size * t->width) + k;
}

/* Residue by residue. sum[q] is the window that began q residues ago; a residue moves every window that is open one
 * step on, into the next register:  sum[q] = sum[q-1] + row q.  The window that leaves the last register is complete;
 * those that are open when the sequence ends reach beyond it. Needs l ≥ size ≥ 2. */
INLINE void embed_fixed(const Run *run, int k, const int size, const int width, const int regs, const bool with_arg)
{
    const int l = run->l, n_cut = l - run->n_window; /* the last n_cut windows do not count */
    const float *letter = run->t->letter + k;
    const uint8_t *codes = run->codes;
    for (int i = 0; i < run->n; i++, codes += l) {
        const float c = run->factor ? run->factor[i] : 1;
        V sum[16][CONV_REGS], full[CONV_REGS];
        Peak peak;
        peak_start(&peak, regs);
        UNROLL
        for (int t = 0; t < size - 1; t++) {
            const float *row = letter + (size_t)codes[t] * (size_t)(size * width);
            HIDE(row);
            UNROLL
            for (int q = t; q >= 0; q--) {
                UNROLL
                for (int r = 0; r < regs; r++) {
                    const V add = v_load(row + q * width + r * LANES);
                    sum[q][r] = q > 0 ? v_add(sum[q - 1][r], add) : add;
                }
            }
        }
        for (int t = size - 1; t < l; t++) {
            const float *row = letter + (size_t)codes[t] * (size_t)(size * width);
            HIDE(row);
            UNROLL
            for (int r = 0; r < regs; r++)
                full[r] = v_add(sum[size - 2][r], v_load(row + (size - 1) * width + r * LANES));
            UNROLL
            for (int q = size - 2; q >= 0; q--) {
                UNROLL
                for (int r = 0; r < regs; r++) {
                    const V add = v_load(row + q * width + r * LANES);
                    sum[q][r] = q > 0 ? v_add(sum[q - 1][r], add) : add;
                }
            }
            peak_window(&peak, run, full, c, t - size + 1, k, regs, with_arg);
        }
        UNROLL
        for (int q = size - 2; q >= 0; q--)
            if (q >= n_cut) peak_window(&peak, run, sum[q], c, l - 1 - q, k, regs, with_arg);
        peak_finish(&peak, run, i, k, regs, with_arg);
    }
}

/* Window by window, for any size and length. */
INLINE void embed_any(const Run *run, int k, const int regs, const bool with_arg)
{
    const int size = run->t->size, width = run->t->width, l = run->l;
    const uint8_t *codes = run->codes;
    for (int i = 0; i < run->n; i++, codes += l) {
        const float c = run->factor ? run->factor[i] : 1;
        Peak peak;
        peak_start(&peak, regs);
        for (int p = 0; p < run->n_window; p++) {
            V sum[REGS_MOST];
            UNROLL
            for (int r = 0; r < regs; r++) sum[r] = v_set(0);
            const int n_row = least(size, l - p);
            for (int q = 0; q < n_row; q++) {
                const float *row = rows_of(run->t, codes[p + q], k) + q * width;
                UNROLL
                for (int r = 0; r < regs; r++) sum[r] = v_add(sum[r], v_load(row + r * LANES));
            }
            peak_window(&peak, run, sum, c, p, k, regs, with_arg);
        }
        peak_finish(&peak, run, i, k, regs, with_arg);
    }
}

/* Kernel sizes with code of their own. */
#define FIXED_SIZES(X) X(3) X(5) X(7) X(9) X(11)

static bool has_fixed(const Run *run)
{
    switch (run->l >= run->t->size ? run->t->size : 0) {
#define X(size) case size:
        FIXED_SIZES(X)
#undef X
        return true;
    default:
        return false;
    }
}

/* `regs` registers of channels from k on. Constant widths spare the addresses of rows a multiplication each. */
INLINE void embed_channels(const Run *run, int k, const int regs, const bool fixed, const bool with_arg)
{
    const int width = run->t->width;
    if (!fixed) {
        embed_any(run, k, regs, with_arg);
        return;
    }
    switch (run->t->size) {
#define X(size)                                                                                                      \
    case size:                                                                                                       \
        if (width == 32 && regs == CONV_REGS)                                                                        \
            embed_fixed(run, k, size, 32, regs, with_arg);                                                           \
        else if (width == 16 && regs == 1)                                                                           \
            embed_fixed(run, k, size, 16, regs, with_arg);                                                           \
        else                                                                                                         \
            embed_fixed(run, k, size, width, regs, with_arg);                                                        \
        break;
        FIXED_SIZES(X)
#undef X
    }
}

/* All channels, `regs` registers at a time and KERNEL_LANES where fewer are left. */
INLINE void embed_blocks(const Run *run, const int regs, const bool fixed, const bool with_arg)
{
    const int rest = regs < KERNEL_LANES / LANES ? regs : KERNEL_LANES / LANES;
    int k = 0;
    for (; k + regs * LANES <= run->t->width; k += regs * LANES) embed_channels(run, k, regs, fixed, with_arg);
    for (; regs > rest && k < run->t->width; k += rest * LANES) embed_channels(run, k, rest, fixed, with_arg);
}

static void embed_run(const Run *run)
{
    if (has_fixed(run) && run->arg)
        embed_blocks(run, CONV_REGS, true, true);
    else if (has_fixed(run))
        embed_blocks(run, CONV_REGS, true, false);
    else if (run->arg)
        embed_blocks(run, REGS_MOST, false, true);
    else
        embed_blocks(run, REGS_MOST, false, false);
    selu_apart(run->h, (size_t)run->n * (size_t)run->t->width);
}

/* Those of length l among the sequences from … from+n-1, with h and arg still missing. */
static Run run_of(const ConvTables *t, const Bag *bag, int l, int from, int n)
{
    const int a = most(from, bag->first[l]), b = least(from + n, bag->first[l + 1]);
    if (a >= b) return (Run){0};
    Run run = {.t = t,
               .n = b - a,
               .at = a - from,
               .l = l,
               .codes = bag_codes(bag, a, l),
               .factor = bag->factor ? bag->factor + a : NULL,
               .place = t->place + (size_t)t->place_at[l] * (size_t)t->width};
    assert(t->pad_len == 0 || (l <= t->pad_len && t->size <= t->pad_len));
    run.n_window = conv_windows(t, l, &run.pad);
    return run;
}

static void conv_forward(float *h, int32_t *arg, const ConvTables *t, const Bag *bag, int from, int n)
{
    assert(t->width % KERNEL_LANES == 0 && from >= 0 && from + n <= bag->n);
    for (int l = 0; l <= bag->max_len; l++) {
        Run run = run_of(t, bag, l, from, n);
        if (run.n == 0) continue;
        const size_t row = (size_t)run.at * (size_t)t->width;
        run.h = h + row;
        run.arg = arg ? arg + row : NULL;
        embed_run(&run);
    }
}

/* ---- Layers ---- */

/* A matrix product of the three kinds that a layer needs: y[i, o] = start[i, o] + Σ_k x[i, k] w[k, o], k ascending. */
typedef struct {
    float *y;
    const float *start, *x, *w;
    size_t y_row, start_row, x_row, x_step,
        w_step; /* x[i, k] is x[i · x_row + k · x_step]; w[k, o], w[k · w_step + o] */
    int depth;  /* of k */
    bool selu;
} Product;

/* `rows` × `regs` registers of y, from row i and column o on. */
INLINE void tile(const Product *m, int i, int o, const int rows, const int regs)
{
    V sum[TILE_ROWS][2];
    const float *x = m->x + (size_t)i * m->x_row, *w = m->w + o;
    UNROLL
    for (int a = 0; a < rows; a++) {
        UNROLL
        for (int r = 0; r < regs; r++) sum[a][r] = v_load(m->start + (size_t)(i + a) * m->start_row + o + r * LANES);
    }
    for (int k = 0; k < m->depth; k++, x += m->x_step, w += m->w_step) {
        V weight[2];
        UNROLL
        for (int r = 0; r < regs; r++) weight[r] = v_load(w + r * LANES);
        UNROLL
        for (int a = 0; a < rows; a++) {
            const V input = v_set(x[(size_t)a * m->x_row]);
            UNROLL
            for (int r = 0; r < regs; r++) sum[a][r] = v_fma(input, weight[r], sum[a][r]);
        }
    }
    UNROLL
    for (int a = 0; a < rows; a++) {
        UNROLL
        for (int r = 0; r < regs; r++)
            v_store(m->y + (size_t)(i + a) * m->y_row + o + r * LANES,
                    m->selu ? selu_register(sum[a][r]) : sum[a][r]);
    }
}

INLINE void tile_column(const Product *m, int n, int o, const int regs)
{
    int i = 0;
    for (; i + TILE_ROWS <= n; i += TILE_ROWS) tile(m, i, o, TILE_ROWS, regs);
    for (; i + TILE_ROWS / 2 <= n; i += TILE_ROWS / 2) tile(m, i, o, TILE_ROWS / 2, regs);
    for (; i < n; i++) tile(m, i, o, 1, regs);
}

/* y [n, n_out] */
static void product(const Product *m, int n, int n_out)
{
    int o = 0;
    for (; o + 2 * LANES <= n_out; o += 2 * LANES) tile_column(m, n, o, 2);
    for (; o < n_out; o += LANES) tile_column(m, n, o, 1);
}

static void dense_forward(float *y, const float *x, int x_stride, const float *wt, const float *b, int n, int n_in,
                          int n_out, bool with_selu)
{
    const Product m = {.y = y,
                       .y_row = (size_t)n_out,
                       .start = b,
                       .x = x,
                       .x_row = (size_t)x_stride,
                       .x_step = 1,
                       .w = wt,
                       .w_step = (size_t)n_out,
                       .depth = n_in,
                       .selu = with_selu && !SELU_APART};
    assert(n_out % KERNEL_LANES == 0);
    product(&m, n, n_out); /* y = b + x wt */
    if (with_selu) selu_apart(y, (size_t)n * (size_t)n_out);
}

static void dense_dinput(float *dx, const float *dy, int dy_stride, const float *w, int n, int n_out, int n_in)
{
    const Product m = {.y = dx,
                       .y_row = (size_t)n_in,
                       .start = dx,
                       .start_row = (size_t)n_in,
                       .x = dy,
                       .x_row = (size_t)dy_stride,
                       .x_step = 1,
                       .w = w,
                       .w_step = (size_t)n_in,
                       .depth = n_out};
    assert(n_in % KERNEL_LANES == 0);
    product(&m, n, n_in); /* y = x wᵀ */
}

static void dense_dweight(float *dwt, float *db, const float *x, int x_stride, const float *dy, int n, int n_in,
                          int n_out)
{
    const Product m = {.y = dwt,
                       .y_row = (size_t)n_out,
                       .start = dwt,
                       .start_row = (size_t)n_out,
                       .x = x,
                       .x_row = 1,
                       .x_step = (size_t)x_stride,
                       .w = dy,
                       .w_step = (size_t)n_out,
                       .depth = n};
    assert(n_out % KERNEL_LANES == 0);
    product(&m, n_in, n_out); /* y = b + x wt */
    for (int o = 0; o < n_out; o += LANES) {
        V sum = v_load(db + o);
        for (int i = 0; i < n; i++) sum = v_add(sum, v_load(dy + (size_t)i * (size_t)n_out + o));
        v_store(db + o, sum);
    }
}

/* Eight floats joined pairwise: 4 apart, 2, 1. */
INLINE float sum_of_8(__m256 a)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Sixteen partial sums, lane j over inputs j, j + 16, …, joined pairwise. */
INLINE float dot(const float *x, const float *w, int n)
{
    V sum[KERNEL_LANES / LANES];
    UNROLL
    for (int r = 0; r < KERNEL_LANES / LANES; r++) sum[r] = v_set(0);
    for (int k = 0; k < n; k += KERNEL_LANES) {
        UNROLL
        for (int r = 0; r < KERNEL_LANES / LANES; r++)
            sum[r] = v_fma(v_load(x + k + r * LANES), v_load(w + k + r * LANES), sum[r]);
    }
    return sum_of_8(v_halves(sum));
}

static void dense_logit(float *a, const float *x, const float *w, const float *b, int n, int n_in, int n_query)
{
    assert(n_in % KERNEL_LANES == 0);
    for (int i = 0; i < n; i++, x += n_in)
        for (int j = 0; j < n_query; j++) *a++ = dot(x, w + (size_t)j * (size_t)n_in, n_in) + b[j];
}

const Kernels LEVEL_TABLE = {
    LEVEL_NAME, conv_forward, spread_backward, dense_forward, dense_dinput, dense_dweight, dense_logit, selu_backward,
};
