/* SPDX-License-Identifier: MIT
 *
 * kernel_conv.h: part of kernel_vector.h: the convolution, its maximum and SELU, in registers.
 *
 * The bottleneck is loads, one per table row and register. So the address of a residue's rows is computed once for
 * all windows that contain the residue, open windows are kept in registers, and sequences of one length are processed
 * together, so that branches are predicted.
 */
#define MAX_REGS (2 * KERNEL_LANES / LANES) /* registers of channels at a time, at most */

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
} ConvRun;

/* The maximum so far of `regs` registers of channels. */
typedef struct {
    V best[MAX_REGS];
    VI arg[MAX_REGS];
} Peak;

INLINE void peak_start(Peak *peak, const int regs)
{
    UNROLL
    for (int r = 0; r < regs; r++) peak->best[r] = v_set(-INFINITY), peak->arg[r] = vi_set(0);
}

/* Takes window p, z, into the maximum. */
INLINE void peak_update(Peak *peak, const V *z, int p, const int regs, const bool with_arg)
{
    UNROLL
    for (int r = 0; r < regs; r++) {
        if (with_arg) peak->arg[r] = vi_choose(v_greater(z[r], peak->best[r]), vi_set(p), peak->arg[r]);
        peak->best[r] = v_max(peak->best[r], z[r]);
    }
}

/* Window p, whose table rows add up to `sum`. */
INLINE void peak_window(Peak *peak, const ConvRun *run, const V *sum, float c, int p, int k, const int regs,
                        const bool with_arg)
{
    const float *place = run->place + p * run->t->width + k;
    V z[MAX_REGS];
    UNROLL
    for (int r = 0; r < regs; r++) z[r] = v_fma(v_set(c), sum[r], v_load(place + r * LANES));
    peak_update(peak, z, p, regs, with_arg);
}

INLINE void peak_finish(Peak *peak, const ConvRun *run, int i, int k, const int regs, const bool with_arg)
{
    const Index at = i * run->t->width + k;
    V bias[MAX_REGS];
    if (run->pad) {
        UNROLL
        for (int r = 0; r < regs; r++) bias[r] = v_load(run->t->bias + k + r * LANES);
        peak_update(peak, bias, run->n_window, regs, with_arg);
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
    return t->letter + code * (t->size * t->width) + k;
}

/* Windows that began up to `oldest` residues ago take their row of this residue:  sum[q] = sum[q-1] + row q. */
INLINE void move_on(V (*sum)[CONV_REGS], const float *row, const int oldest, const int width, const int regs)
{
    UNROLL
    for (int q = oldest; q >= 0; q--) {
        UNROLL
        for (int r = 0; r < regs; r++) {
            const V add = v_load(row + q * width + r * LANES);
            sum[q][r] = q > 0 ? v_add(sum[q - 1][r], add) : add;
        }
    }
}

/* Residue by residue. sum[q] is the window that began q residues ago; a residue moves every window that is open one
 * step on, into the next register. The window in the last one is complete; those that are open when the sequence ends
 * reach beyond it. Needs l ≥ size ≥ 2. */
INLINE void embed_fixed(const ConvRun *run, int k, const int size, const int width, const int regs,
                        const bool with_arg)
{
    const int l = run->l, n_cut = l - run->n_window; /* the last n_cut windows do not count */
    const float *letter = run->t->letter + k;
    const uint8_t *codes = run->codes;
    for (int i = 0; i < run->n; i++, codes += l) {
        const float c = run->factor ? run->factor[i] : 1;
        V sum[16][CONV_REGS];
        Peak peak;
        peak_start(&peak, regs);
        UNROLL
        for (int t = 0; t < size - 1; t++) {
            const float *row = letter + codes[t] * (size * width);
            HIDE(row);
            move_on(sum, row, t, width, regs);
        }
        for (int t = size - 1; t < l; t++) {
            const float *row = letter + codes[t] * (size * width);
            HIDE(row);
            move_on(sum, row, size - 1, width, regs);
            peak_window(&peak, run, sum[size - 1], c, t - size + 1, k, regs, with_arg);
        }
        UNROLL
        for (int q = size - 2; q >= 0; q--)
            if (q >= n_cut) peak_window(&peak, run, sum[q], c, l - 1 - q, k, regs, with_arg);
        peak_finish(&peak, run, i, k, regs, with_arg);
    }
}

/* Window by window, for any size and length. */
INLINE void embed_any(const ConvRun *run, int k, const int regs, const bool with_arg)
{
    const int size = run->t->size, width = run->t->width, l = run->l;
    const uint8_t *codes = run->codes;
    for (int i = 0; i < run->n; i++, codes += l) {
        const float c = run->factor ? run->factor[i] : 1;
        Peak peak;
        peak_start(&peak, regs);
        for (int p = 0; p < run->n_window; p++) {
            V sum[MAX_REGS];
            UNROLL
            for (int r = 0; r < regs; r++) sum[r] = v_set(0);
            const int n_row = min(size, l - p);
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

static bool has_fixed(const ConvRun *run)
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
INLINE void embed_channels(const ConvRun *run, int k, const int regs, const bool fixed, const bool with_arg)
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
INLINE void embed_blocks(const ConvRun *run, const int regs, const bool fixed, const bool with_arg)
{
    const int rest = regs < KERNEL_LANES / LANES ? regs : KERNEL_LANES / LANES;
    int k = 0;
    for (; k + regs * LANES <= run->t->width; k += regs * LANES) embed_channels(run, k, regs, fixed, with_arg);
    for (; regs > rest && k < run->t->width; k += rest * LANES) embed_channels(run, k, rest, fixed, with_arg);
}

static void embed_run(const ConvRun *run)
{
    if (has_fixed(run) && run->arg)
        embed_blocks(run, CONV_REGS, true, true);
    else if (has_fixed(run))
        embed_blocks(run, CONV_REGS, true, false);
    else if (run->arg)
        embed_blocks(run, MAX_REGS, false, true);
    else
        embed_blocks(run, MAX_REGS, false, false);
    selu_apart(run->h, run->n * run->t->width);
}

/* Those of length l among the sequences from … from+n-1, with h and arg still missing. */
static ConvRun run_of(const ConvTables *t, const Bag *bag, int l, int from, int n)
{
    const int a = max(from, bag->first[l]), b = min(from + n, bag->first[l + 1]);
    if (a >= b) return (ConvRun){0};
    ConvRun run = {.t = t,
                   .n = b - a,
                   .at = a - from,
                   .l = l,
                   .codes = bag_codes(bag, a, l),
                   .factor = bag->factor ? bag->factor + a : NULL,
                   .place = t->place + t->place_at[l] * t->width};
    assert(t->pad_len == 0 || (l <= t->pad_len && t->size <= t->pad_len));
    run.n_window = conv_windows(t, l, &run.pad);
    return run;
}

static void conv_forward(float *h, int32_t *arg, const ConvTables *t, const Bag *bag, int from, int n)
{
    assert(t->width % KERNEL_LANES == 0 && from >= 0 && from + n <= bag->n);
    for (int l = 0; l <= bag->max_len; l++) {
        ConvRun run = run_of(t, bag, l, from, n);
        if (run.n == 0) continue;
        const Index row = run.at * t->width;
        run.h = h + row;
        run.arg = arg ? arg + row : NULL;
        embed_run(&run);
    }
}
