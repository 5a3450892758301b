/* SPDX-License-Identifier: MIT */
#include "nn/seqconv.h"
#include "nn/selu.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

static Index letter_size(const SeqConv *l)
{
    return (SEQINPUT_LETTERS + 1) * l->size * l->width;
}
static Index deep_size(const SeqConv *l)
{
    return l->size * l->n_kernel * l->width;
}
void seqconv_init(SeqConv *l, ParamList *list, const char *name, int n_kernel, int size, int n_layer, bool position,
                  int max_len)
{
    assert(n_layer >= 1 && n_layer <= SEQCONV_LAYERS);
    *l = (SeqConv){.n_kernel = n_kernel,
                   .width = KERNEL_WIDTH(n_kernel),
                   .size = size,
                   .n_layer = n_layer,
                   .position = position,
                   .n_in = SEQINPUT_LETTERS + (position ? SEQINPUT_PLACES : 0),
                   .max_len = max_len};
    for (int j = 0; j < n_layer; j++) {
        const int n_in = j == 0 ? l->n_in : n_kernel;
        char full[88];
        snprintf(full, sizeof full, "%s.%d.weight", name, 2 * j);
        l->w_at[j] = param_add(list, full, PARAM_NORMAL, 1 / sqrt((double)n_kernel * n_in * size),
                               PARAM_SHAPE(n_kernel, n_in, size));
        snprintf(full, sizeof full, "%s.%d.bias", name, 2 * j);
        l->b_at[j] = param_add(list, full, PARAM_UNIFORM, 1 / sqrt((double)n_in * size), PARAM_SHAPE(n_kernel));
    }
}

/* Numbers of scratch a thread: activations of every layer and gradients of two, for one sequence. */
static Index scratch_size(const SeqConv *l)
{
    const Index longest = l->max_len > seqconv_min_pad(l) ? l->max_len : seqconv_min_pad(l);
    return (l->n_layer + 2) * (longest + 1) * l->width;
}

void seqconv_plan(SeqConv *l, Arena *arena, int n_bag, int n_keep, int n_slot, int n_thread)
{
    const Index width = l->width, rows = seqinput_max_rows(l->max_len);
    seqinput_plan(&l->input, arena, l->max_len, l->position);
    l->letter = ARENA_TAKE(arena, real, letter_size(l));
    l->place = ARENA_TAKE(arena, real, rows * width);
    l->bias = ARENA_TAKE(arena, real, width);
    for (int j = 1; j < l->n_layer; j++) {
        l->deep[j] = ARENA_TAKE(arena, real, deep_size(l));
        l->deep_bias[j] = ARENA_TAKE(arena, real, width);
    }
    l->open = ARENA_TAKE(arena, ConvTables, n_bag);
    l->open_letter = ARENA_TAKE(arena, real, n_bag * letter_size(l));
    l->open_place = ARENA_TAKE(arena, real, n_bag * rows * width);
    l->grad = ARENA_TAKE(arena, ConvGrad, n_slot);
    l->deep_grad = ARENA_TAKE(arena, real *, n_slot);
    for (int s = 0; s < n_slot; s++) {
        const ConvGrad g = {.letter = ARENA_TAKE(arena, real, letter_size(l)),
                            .place = ARENA_TAKE(arena, real, rows * width),
                            .bias = ARENA_TAKE(arena, real, width)};
        real *deep = ARENA_TAKE(arena, real, (l->n_layer - 1) * (deep_size(l) + width));
        if (l->grad) l->grad[s] = g, l->deep_grad[s] = deep;
    }
    l->arg = ARENA_TAKE(arena, int32_t, n_keep * width);
    l->scratch = ARENA_TAKE(arena, real *, n_thread);
    for (int t = 0; t < n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, l->n_layer > 1 ? scratch_size(l) : 0);
        if (l->scratch) l->scratch[t] = piece;
    }
}

/* letter[c, q, o] = w[o, c, q]; the letter beyond the alphabet is padding and stays 0. */
static void prepare_letters(SeqConv *l, const real *w)
{
    ZERO(l->letter, letter_size(l));
    for (int o = 0; o < l->n_kernel; o++)
        for (int c = 0; c < SEQINPUT_LETTERS; c++)
            for (int q = 0; q < l->size; q++)
                l->letter[(c * l->size + q) * l->width + o] = w[(o * l->n_in + c) * l->size + q];
}

/* place[l, p, o] = Σ_q Σ_f w[o, 20 + f, q] P[l, p + q, f] over p + q < l. */
static void prepare_places(SeqConv *l, const real *w, const bool *present)
{
    real column[SEQINPUT_PLACES][64]; /* w[·, 20 + f, q] of up to 64 channels, unit stride */
    const int row = seqinput_number_rows(&l->input, present);
    ZERO(l->place, row * l->width);
    if (!l->position) return;
    for (int q = 0; q < l->size; q++)
        for (int o0 = 0; o0 < l->n_kernel; o0 += 64) {
            const int n = l->n_kernel - o0 < 64 ? l->n_kernel - o0 : 64;
            for (int f = 0; f < SEQINPUT_PLACES; f++)
                for (int o = 0; o < n; o++)
                    column[f][o] = w[((o0 + o) * l->n_in + SEQINPUT_LETTERS + f) * l->size + q];
            for (int len = 1; len <= l->max_len; len++) {
                if (l->input.place_at[len + 1] == l->input.place_at[len]) continue;
                for (int p = 0; p + q < len; p++) {
                    const real *f = seqinput_feature(&l->input, len, p + q);
                    real *to = l->place + (l->input.place_at[len] + p) * l->width + o0;
                    for (int o = 0; o < n; o++)
                        to[o] += f[0] * column[0][o] + f[1] * column[1][o] + f[2] * column[2][o];
                }
            }
        }
}

/* deep[q, c, o] = w[o, c, q]. */
static void prepare_deep(SeqConv *l, int j, const real *w, const real *b)
{
    ZERO(l->deep[j], deep_size(l));
    ZERO(l->deep_bias[j], l->width);
    for (int o = 0; o < l->n_kernel; o++) {
        l->deep_bias[j][o] = b[o];
        for (int c = 0; c < l->n_kernel; c++)
            for (int q = 0; q < l->size; q++)
                l->deep[j][(q * l->n_kernel + c) * l->width + o] = w[(o * l->n_kernel + c) * l->size + q];
    }
}

void seqconv_prepare(SeqConv *l, const real *theta, const bool *present)
{
    prepare_letters(l, theta + l->w_at[0]);
    prepare_places(l, theta + l->w_at[0], present);
    ZERO(l->bias, l->width);
    memcpy(l->bias, theta + l->b_at[0], l->n_kernel * sizeof *l->bias);
    for (int j = 1; j < l->n_layer; j++) prepare_deep(l, j, theta + l->w_at[j], theta + l->b_at[j]);
}

void seqconv_open(SeqConv *l, Bag *bag, int slot)
{
    real *letter = l->open_letter + slot * letter_size(l);
    real *place = l->open_place + slot * seqinput_max_rows(l->max_len) * l->width;
    const real s = (real)seqinput_inverse_std(&l->input, bag);
    bag->inv_std = s;
    l->open[slot] = (ConvTables){.size = l->size,
                                 .width = l->width,
                                 .pad_len = bag->pad_len,
                                 .inv_std = s,
                                 .letter = letter,
                                 .place = place,
                                 .place_at = l->input.place_at,
                                 .bias = l->bias};
    for (Index i = 0; i < letter_size(l); i++) letter[i] = s * l->letter[i];
    for (int len = 0; len <= bag->max_len; len++) {
        if (bag->first[len] == bag->first[len + 1]) continue;
        for (int row = l->input.place_at[len]; row < l->input.place_at[len + 1]; row++) {
            const Index at = row * l->width;
            for (int o = 0; o < l->width; o++) place[at + o] = l->bias[o] + s * l->place[at + o];
        }
    }
}

int seqconv_min_pad(const SeqConv *l)
{
    return l->n_layer * (l->size - 1) + 1;
}

/* ---- more than one layer: one sequence at a time, plain loops ---- */

/* One sequence of an open bag. */
typedef struct {
    const ConvTables *t;
    const uint8_t *code; /* [len] */
    int len;
    real c; /* count factor */
} Sequence;

static Sequence sequence_of(const ConvTables *t, const Bag *bag, int i, int len)
{
    return (Sequence){t, bag_codes(bag, i, len), len, bag->factor ? bag->factor[i] : 1};
}

/* Positions of layer j's output. */
static int positions(const SeqConv *l, const Sequence *s, int j)
{
    return s->t->pad_len ? s->t->pad_len - (j + 1) * (l->size - 1) : seqinput_places(s->len);
}

/* y [n, width]: the first layer's activations of one sequence. */
static void first_layer(real *y, const SeqConv *l, const Sequence *s, int n)
{
    const ConvTables *t = s->t;
    const Index width = l->width;
    for (int p = 0; p < n; p++, y += width) {
        const real *place = p < seqinput_places(s->len) ? t->place + (t->place_at[s->len] + p) * width : t->bias;
        for (int o = 0; o < width; o++) y[o] = place[o];
        for (int q = 0; q < l->size && p + q < s->len; q++) {
            const real *row = t->letter + (s->code[p + q] * l->size + q) * width;
            for (int o = 0; o < width; o++) y[o] += s->c * row[o];
        }
        for (int o = 0; o < width; o++) y[o] = selu(y[o]);
    }
}

/* y [n, width] = selu(b + Σ_q w_q x[p + q]) of x [n_x, width]; nothing comes from beyond n_x. */
static void deep_layer(real *y, const SeqConv *l, int j, const real *x, int n_x, int n)
{
    const Index width = l->width;
    for (int p = 0; p < n; p++, y += width) {
        for (int o = 0; o < width; o++) y[o] = l->deep_bias[j][o];
        for (int q = 0; q < l->size && p + q < n_x; q++)
            for (int c = 0; c < l->n_kernel; c++) {
                const real x_c = x[(p + q) * width + c];
                const real *w = l->deep[j] + (q * l->n_kernel + c) * width;
                for (int o = 0; o < width; o++) y[o] += x_c * w[o];
            }
        for (int o = 0; o < width; o++) y[o] = selu(y[o]);
    }
}

/* All layers of one sequence; y[j] is [positions(j), width] in scratch. */
static void all_layers(real **y, const SeqConv *l, const Sequence *s, real *scratch)
{
    for (int j = 0; j < l->n_layer; j++) {
        y[j] = scratch;
        scratch += positions(l, s, j) * l->width;
        if (j == 0)
            first_layer(y[0], l, s, positions(l, s, 0));
        else
            deep_layer(y[j], l, j, y[j - 1], positions(l, s, j - 1), positions(l, s, j));
    }
    y[l->n_layer] = scratch;
}

static void maximum(real *h, int32_t *arg, const real *y, int n, Index width)
{
    for (int o = 0; o < width; o++) {
        int best = 0;
        for (int p = 1; p < n; p++)
            if (y[p * width + o] > y[best * width + o]) best = p;
        h[o] = y[best * width + o];
        if (arg) arg[o] = best;
    }
}

/* dx[p + q, c] += Σ_o dy[p, o] w[q, c, o], dw[q, c, o] += x[p + q, c] dy[p, o]; dy is before SELU. */
static void deep_layer_backward(real *dx, real *dw, const SeqConv *l, int j, const real *dy, const real *x, int n_x,
                                int n)
{
    const Index width = l->width;
    real *db = dw + deep_size(l);
    for (int p = 0; p < n; p++, dy += width) {
        for (int o = 0; o < width; o++) db[o] += dy[o];
        for (int q = 0; q < l->size && p + q < n_x; q++)
            for (int c = 0; c < l->n_kernel; c++) {
                const Index at = (q * l->n_kernel + c) * width;
                const real x_c = x[(p + q) * width + c];
                real sum = 0;
                for (int o = 0; o < width; o++) {
                    dw[at + o] += x_c * dy[o];
                    sum += dy[o] * l->deep[j][at + o];
                }
                dx[(p + q) * width + c] += sum;
            }
    }
}

/* dy [n, width] is before SELU. */
static void first_layer_backward(ConvGrad *d, const SeqConv *l, const Sequence *s, const real *dy, int n)
{
    const real inv_std = s->t->inv_std;
    const Index width = l->width;
    for (int p = 0; p < n; p++, dy += width) {
        for (int o = 0; o < width; o++) d->bias[o] += dy[o];
        if (p >= seqinput_places(s->len)) continue;
        real *place = d->place + (s->t->place_at[s->len] + p) * width;
        for (int o = 0; o < width; o++) place[o] += inv_std * dy[o];
        for (int q = 0; q < l->size && p + q < s->len; q++) {
            real *row = d->letter + (s->code[p + q] * l->size + q) * width;
            for (int o = 0; o < width; o++) row[o] += inv_std * s->c * dy[o];
        }
    }
}

static void scale_by_slope(real *dy, const real *y, Index n)
{
    for (Index i = 0; i < n; i++) dy[i] *= selu_slope(y[i]);
}

static void sequence_backward(SeqConv *l, int grad_slot, const Sequence *s, const int32_t *arg, const real *dh,
                              real *scratch)
{
    const Index width = l->width, size = positions(l, s, 0) * width; /* the first layer has most positions */
    real *y[SEQCONV_LAYERS + 1];
    all_layers(y, l, s, scratch);
    real *dy = y[l->n_layer], *dx = dy + size;

    ZERO(dy, size);
    for (int o = 0; o < width; o++) dy[arg[o] * width + o] = dh[o];
    for (int j = l->n_layer - 1; j > 0; j--) {
        const int n = positions(l, s, j), n_x = positions(l, s, j - 1);
        scale_by_slope(dy, y[j], n * width);
        ZERO(dx, n_x * width);
        real *dw = l->deep_grad[grad_slot] + (j - 1) * (deep_size(l) + width);
        deep_layer_backward(dx, dw, l, j, dy, y[j - 1], n_x, n);
        real *swap = dy;
        dy = dx, dx = swap;
    }
    scale_by_slope(dy, y[0], size);
    first_layer_backward(&l->grad[grad_slot], l, s, dy, positions(l, s, 0));
}
static int length_at(const Bag *bag, int i, int len)
{
    while (i >= bag->first[len + 1]) len++;
    return len;
}

/* ---- the pair, and the sums at the end ---- */

void seqconv_forward(SeqConv *l, real *h, const SeqConvRows *r)
{
    const ConvTables *t = &l->open[r->slot];
    int32_t *arg = r->cached < 0 ? NULL : l->arg + r->cached * l->width;
    if (l->n_layer == 1) {
        kernel_active()->conv_forward(h, arg, t, r->bag, r->from, r->n);
        return;
    }
    for (int i = r->from, len = 0; i < r->from + r->n; i++, h += l->width) {
        real *y[SEQCONV_LAYERS + 1];
        len = length_at(r->bag, i, len);
        const Sequence s = sequence_of(t, r->bag, i, len);
        all_layers(y, l, &s, l->scratch[r->thread]);
        maximum(h, arg, y[l->n_layer - 1], positions(l, &s, l->n_layer - 1), l->width);
        if (arg) arg += l->width;
    }
}

void seqconv_zero(SeqConv *l, int grad_slot)
{
    const Index width = l->width;
    ZERO(l->grad[grad_slot].letter, letter_size(l));
    ZERO(l->grad[grad_slot].place, l->input.place_at[l->max_len + 1] * width);
    ZERO(l->grad[grad_slot].bias, width);
    if (l->n_layer > 1) ZERO(l->deep_grad[grad_slot], (l->n_layer - 1) * (deep_size(l) + width));
}

void seqconv_backward(SeqConv *l, int grad_slot, const real *h, const real *dh, const SeqConvRows *r)
{
    const ConvTables *t = &l->open[r->slot];
    const int32_t *arg = l->arg + r->cached * l->width;
    if (l->n_layer == 1) {
        kernel_active()->conv_backward(&l->grad[grad_slot], t, r->bag, r->from, r->n, h, arg, dh);
        return;
    }
    for (int i = r->from, len = 0; i < r->from + r->n; i++, arg += l->width, dh += l->width) {
        len = length_at(r->bag, i, len);
        const Sequence s = sequence_of(t, r->bag, i, len);
        sequence_backward(l, grad_slot, &s, arg, dh, l->scratch[r->thread]);
    }
}

/* forward was  y[p] = place[p] + Σ_q x[p + q] letter[code[p + q], q];  dplace is dy / std. */
static void residues(double *dx, const SeqConv *l, const ConvTables *t, const real *dplace, const uint8_t *code,
                     int len)
{
    for (int p = 0; p < len; p++, dplace += l->width)
        for (int q = 0; q < l->size && p + q < len; q++) {
            const real *row = t->letter + (code[p + q] * l->size + q) * l->width;
            double sum = 0;
            for (int o = 0; o < l->width; o++) sum += (double)dplace[o] * (double)row[o];
            dx[p + q] += sum / (double)t->inv_std;
        }
}

void seqconv_input(double *dx, Index stride, SeqConv *l, int grad_slot, const real *h, const real *dh,
                   const SeqConvRows *r)
{
    const ConvTables *t = &l->open[r->slot];
    for (int i = 0, len = 0; i < r->n; i++, dx += stride) {
        const SeqConvRows one = {r->bag, r->slot, r->from + i, 1, r->cached + i, r->thread};
        len = length_at(r->bag, one.from, len);
        real *place = l->grad[grad_slot].place + l->input.place_at[len] * l->width;
        ZERO(place, seqinput_places(len) * l->width), ZERO(dx, len);
        seqconv_backward(l, grad_slot, h + i * l->width, dh + i * l->width, &one);
        residues(dx, l, t, place, bag_codes(r->bag, one.from, len), len);
    }
}

/* slot 0 += slot 1 += …, in order. */
static void add_slot(real *sum, const real *slot, Index n)
{
    for (Index i = 0; i < n; i++) sum[i] += slot[i];
}

static void add_slots(SeqConv *l, int n_slot)
{
    const Index width = l->width, deep = (l->n_layer - 1) * (deep_size(l) + width);
    for (int s = 1; s < n_slot; s++) {
        add_slot(l->grad[0].letter, l->grad[s].letter, letter_size(l));
        add_slot(l->grad[0].place, l->grad[s].place, l->input.place_at[l->max_len + 1] * width);
        add_slot(l->grad[0].bias, l->grad[s].bias, width);
        add_slot(l->deep_grad[0], l->deep_grad[s], deep);
    }
}

static void finish_letters(const SeqConv *l, real *dw)
{
    for (int o = 0; o < l->n_kernel; o++)
        for (int c = 0; c < SEQINPUT_LETTERS; c++)
            for (int q = 0; q < l->size; q++)
                dw[(o * l->n_in + c) * l->size + q] += l->grad[0].letter[(c * l->size + q) * l->width + o];
}

/* forward was  place[l, p, o] = Σ_q Σ_f w[o, 20 + f, q] P[l, p + q, f] */
static void finish_places(const SeqConv *l, real *dw)
{
    for (int q = 0; q < l->size; q++)
        for (int len = 1; len <= l->max_len; len++) {
            const int rows = l->input.place_at[len + 1] - l->input.place_at[len];
            for (int p = 0; p < rows && p + q < len; p++) {
                const real *f = seqinput_feature(&l->input, len, p + q);
                const real *d = l->grad[0].place + (l->input.place_at[len] + p) * l->width;
                for (int k = 0; k < SEQINPUT_PLACES; k++) {
                    if (f[k] == 0) continue;
                    real *to = dw + (SEQINPUT_LETTERS + k) * l->size + q;
                    for (int o = 0; o < l->n_kernel; o++) to[o * l->n_in * l->size] += f[k] * d[o];
                }
            }
        }
}

static void finish_deep(const SeqConv *l, int j, real *dw, real *db)
{
    const real *d = l->deep_grad[0] + (j - 1) * (deep_size(l) + l->width);
    for (int o = 0; o < l->n_kernel; o++) {
        db[o] += d[deep_size(l) + o];
        for (int c = 0; c < l->n_kernel; c++)
            for (int q = 0; q < l->size; q++)
                dw[(o * l->n_kernel + c) * l->size + q] += d[(q * l->n_kernel + c) * l->width + o];
    }
}

void seqconv_finish(SeqConv *l, real *grad, int n_slot)
{
    if (n_slot == 0) return;
    add_slots(l, n_slot);
    finish_letters(l, grad + l->w_at[0]);
    if (l->position) finish_places(l, grad + l->w_at[0]);
    for (int o = 0; o < l->n_kernel; o++) grad[l->b_at[0] + o] += l->grad[0].bias[o];
    for (int j = 1; j < l->n_layer; j++) finish_deep(l, j, grad + l->w_at[j], grad + l->b_at[j]);
}
