/* SPDX-License-Identifier: MIT
 *
 * kernel_plain.c: the inner loops as they are written on paper, for float and double. The fast levels are compared
 * with these; where there is no fast level they do the work, so the innermost loops are ones a compiler can
 * vectorise.
 *
 * Order of sums, the same at every level: a window adds its table rows from q = 0 on, then comes place + c · sum.
 * Products of a layer are added from input 0 (row 0) on to what stands there: the bias, or the gradient so far.
 * The fast levels round once where these round a product and a sum; with c = 1 a window has the same bits everywhere.
 */
#include "nn/kernel.h"
#include "nn/selu.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES KERNEL_LANES

static int min(int a, int b)
{
    return a < b ? a : b;
}
static int max(int a, int b)
{
    return a > b ? a : b;
}

/* z [LANES], channels from k: place[p, k] + c · Σ_q letter[code[p + q], q, k] over the residues there are. */
static void window(real *z, const ConvTables *t, const real *place, const uint8_t *codes, int l, real c, int p, int k)
{
    const int n_row = min(t->size, l - p);
    real sum[LANES] = {0};
    for (int q = 0; q < n_row; q++) {
        const real *row = t->letter + (codes[p + q] * t->size + q) * t->width + k;
        for (int j = 0; j < LANES; j++) sum[j] += row[j];
    }
    for (int j = 0; j < LANES; j++) z[j] = place[p * t->width + k + j] + c * sum[j];
}

/* best [LANES] = max(best, z), and the window's number where it is greater than all before. */
static void keep_greater(real *best, int32_t *arg, const real *z, int p)
{
    for (int j = 0; j < LANES; j++) {
        const int32_t greater = -(z[j] > best[j]); /* all bits or none: compilers see a vector in this */
        arg[j] = (p & greater) | (arg[j] & ~greater);
    }
    for (int j = 0; j < LANES; j++) best[j] = z[j] > best[j] ? z[j] : best[j];
}

/* h [width] and arg [width] or NULL of one sequence of length l. */
static void embed(real *h, int32_t *arg, const ConvTables *t, const uint8_t *codes, int l, real c)
{
    int pad;
    const int n_window = conv_windows(t, l, &pad);
    const real *place = t->place + t->place_at[l] * t->width;
    for (int k = 0; k < t->width; k += LANES) {
        real z[LANES], best[LANES];
        int32_t at[LANES] = {0};
        for (int j = 0; j < LANES; j++) best[j] = -INFINITY;
        for (int p = 0; p < n_window; p++) {
            window(z, t, place, codes, l, c, p, k);
            keep_greater(best, at, z, p);
        }
        if (pad) keep_greater(best, at, t->bias + k, n_window);
        for (int j = 0; j < LANES; j++) h[k + j] = selu(best[j]);
        if (arg) memcpy(arg + k, at, sizeof at);
    }
}

static void conv_forward(real *h, int32_t *arg, const ConvTables *t, const Bag *bag, int from, int n)
{
    assert(t->width % LANES == 0 && from >= 0 && from + n <= bag->n);
    const Index width = t->width;
    for (int l = 0; l <= bag->max_len; l++) {
        const int end = min(from + n, bag->first[l + 1]);
        for (int i = max(from, bag->first[l]); i < end; i++) {
            const Index row = (i - from) * width;
            embed(h + row, arg ? arg + row : NULL, t, bag_codes(bag, i, l), l, bag->factor ? bag->factor[i] : 1);
        }
    }
}

/* Channel k's gradient g goes to the window that held its maximum; the one in padding has the bias alone. */
static void spread(ConvGrad *d, const ConvTables *t, const uint8_t *codes, int l, real c, int k, int p, real g)
{
    int pad;
    const int n_window = conv_windows(t, l, &pad);
    d->bias[k] += g; /* z = bias + … */
    if (p >= n_window) return;
    const Index width = t->width, size = t->size;
    const int n_row = min(t->size, l - p);
    const real scaled = g * t->inv_std, counted = scaled * c;
    d->place[(t->place_at[l] + p) * width + k] += scaled;
    for (int q = 0; q < n_row; q++) d->letter[(codes[p + q] * size + q) * width + k] += counted;
}

static void conv_backward(ConvGrad *d, const ConvTables *t, const Bag *bag, int from, int n, const real *h,
                          const int32_t *arg, const real *dh)
{
    for (int l = 0; l <= bag->max_len; l++) {
        const int end = min(from + n, bag->first[l + 1]);
        for (int i = max(from, bag->first[l]); i < end; i++) {
            const Index row = (i - from) * t->width;
            const uint8_t *codes = bag_codes(bag, i, l);
            const real c = bag->factor ? bag->factor[i] : 1;
            for (int k = 0; k < t->width; k++) {
                const Index at = row + k;
                spread(d, t, codes, l, c, k, arg[at], dh[at] * selu_slope(h[at])); /* h = selu(max z) */
            }
        }
    }
}

static void dense_forward(real *y, const KernelLayer *l, const real *x, int n)
{
    const Index n_out = l->n_out;
    for (int i = 0; i < n; i++, x += l->stride, y += n_out) {
        memcpy(y, l->b, n_out * sizeof *y);
        for (Index k = 0; k < l->n_in; k++) {
            const real *w = l->wt + k * n_out;
            for (Index o = 0; o < n_out; o++) y[o] += x[k] * w[o]; /* y = b + Σ_k x[k] wt[k] */
        }
        activation_forward(y, n_out, l->activation);
    }
}

static void dense_dinput(real *dx, const real *dy, Index dy_stride, const real *w, int n, Index n_out, Index n_in)
{
    for (int i = 0; i < n; i++, dy += dy_stride, dx += n_in)
        for (Index o = 0; o < n_out; o++) {
            const real *row = w + o * n_in;
            for (Index k = 0; k < n_in; k++) dx[k] += dy[o] * row[k]; /* y[o] = Σ_k w[o, k] x[k] */
        }
}

static void dense_dweight(real *dwt, real *db, const real *x, Index x_stride, const real *dy, int n, Index n_in,
                          Index n_out)
{
    for (int i = 0; i < n; i++, x += x_stride, dy += n_out) {
        for (Index o = 0; db && o < n_out; o++) db[o] += dy[o]; /* y = b + Σ_k x[k] wt[k] */
        for (Index k = 0; k < n_in; k++) {
            real *d = dwt + k * n_out;
            for (Index o = 0; o < n_out; o++) d[o] += x[k] * dy[o];
        }
    }
}

/* Sixteen partial sums, lane j over inputs j, j + 16, …, joined pairwise: 8 apart, 4, 2, 1. */
static real dot(const real *x, const real *w, Index n)
{
    real sum[LANES] = {0};
    for (int k = 0; k < n; k += LANES)
        for (int j = 0; j < LANES; j++) sum[j] += x[k + j] * w[k + j];
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) sum[j] += sum[j + half];
    return sum[0];
}

static void dense_logit(real *a, const real *x, const real *w, const real *b, int n, Index n_in, Index n_query)
{
    for (int i = 0; i < n; i++, x += n_in)
        for (int j = 0; j < n_query; j++) *a++ = dot(x, w + j * n_in, n_in) + b[j];
}

static void selu_backward(real *dy, const real *y, Index n)
{
    for (Index i = 0; i < n; i++) dy[i] *= selu_slope(y[i]); /* y = selu(x) */
}

static void tanh_forward(real *y, Index n)
{
    for (Index i = 0; i < n; i++) y[i] = (real)tanh((double)y[i]);
}

static void sigmoid_forward(real *y, Index n)
{
    for (Index i = 0; i < n; i++) y[i] = (real)(1 / (1 + exp(-(double)y[i])));
}

static void exp_forward(real *y, Index n)
{
    for (Index i = 0; i < n; i++) y[i] = (real)exp(y[i] < -80 ? -80. : (double)y[i]);
}

const Kernels kernels_plain = {
    "plain",     conv_forward,  conv_backward, dense_forward,   dense_dinput, dense_dweight,
    dense_logit, selu_backward, tanh_forward,  sigmoid_forward, exp_forward,
};
