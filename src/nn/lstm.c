/* SPDX-License-Identifier: MIT */
#include "nn/lstm.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

/* What scratch holds of one step of a block: [KERNEL_BLOCK, …] each. */
typedef struct {
    real *gate;  /* [n, gates] after their functions */
    real *cell;  /* [n, width] c_t */
    real *state; /* [n, width] h_t */
} Step;

static Index letter_size(const Lstm *l)
{
    return SEQINPUT_LETTERS * l->gates;
}
static Index place_size(const Lstm *l)
{
    return seqinput_max_rows(l->max_len) * l->gates;
}
static Index step_size(const Lstm *l)
{
    return KERNEL_BLOCK * (l->gates + 2 * l->width);
}

void lstm_init(Lstm *l, ParamList *list, const char *name, int n_h, bool position, int max_len)
{
    const double spread = 1 / sqrt(n_h);
    char full[88];
    *l = (Lstm){.n_h = n_h,
                .width = KERNEL_WIDTH(n_h),
                .gates = KERNEL_WIDTH(4 * n_h),
                .n_in = SEQINPUT_LETTERS + (position ? SEQINPUT_PLACES : 0),
                .position = position,
                .max_len = max_len};
    snprintf(full, sizeof full, "%s.0.weight_ih_l0", name);
    l->ih_at = param_add(list, full, PARAM_UNIFORM, spread, PARAM_SHAPE(4 * n_h, l->n_in));
    snprintf(full, sizeof full, "%s.0.weight_hh_l0", name);
    l->hh_at = param_add(list, full, PARAM_UNIFORM, spread, PARAM_SHAPE(4 * n_h, n_h));
    snprintf(full, sizeof full, "%s.0.bias_ih_l0", name);
    l->bias_at[0] = param_add(list, full, PARAM_UNIFORM, spread, PARAM_SHAPE(4 * n_h));
    snprintf(full, sizeof full, "%s.0.bias_hh_l0", name);
    l->bias_at[1] = param_add(list, full, PARAM_UNIFORM, spread, PARAM_SHAPE(4 * n_h));
}

void lstm_plan(Lstm *l, Arena *arena, int n_bag, int n_slot, int n_thread)
{
    const Index gates = l->gates, n_h = l->n_h;
    seqinput_plan(&l->input, arena, l->max_len, l->position);
    l->letter = ARENA_TAKE(arena, real, letter_size(l));
    l->place = ARENA_TAKE(arena, real, place_size(l));
    l->bias = ARENA_TAKE(arena, real, gates);
    l->hidden = ARENA_TAKE(arena, real, n_h * gates);
    l->hidden_t = ARENA_TAKE(arena, real, 4 * n_h * l->width);
    l->open = ARENA_TAKE(arena, LstmTables, n_bag);
    for (int b = 0; b < n_bag; b++) {
        const LstmTables t = {.letter = ARENA_TAKE(arena, real, letter_size(l)),
                              .place = ARENA_TAKE(arena, real, place_size(l))};
        if (l->open) l->open[b] = t;
    }
    l->grad = ARENA_TAKE(arena, LstmGrad, n_slot);
    for (int s = 0; s < n_slot; s++) {
        const LstmGrad g = {.letter = ARENA_TAKE(arena, real, letter_size(l)),
                            .place = ARENA_TAKE(arena, real, place_size(l)),
                            .bias = ARENA_TAKE(arena, real, gates),
                            .hidden = ARENA_TAKE(arena, real, (n_h + 1) * gates)};
        if (l->grad) l->grad[s] = g;
    }
    l->steps = n_slot > 0 ? (l->max_len > 1 ? l->max_len : 1) : 2; /* forward alone needs this step and the last */
    l->scratch = ARENA_TAKE(arena, real *, n_thread);
    for (int t = 0; t < n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, (l->steps + 2) * step_size(l));
        if (l->scratch) l->scratch[t] = piece;
    }
}

/* ---- tables ---- */

/* letter[c, k] = W_ih[k, c], and the position part of every (length, t). */
static void prepare_input(Lstm *l, const real *w, const bool *present)
{
    const int n = 4 * l->n_h;
    ZERO(l->letter, letter_size(l));
    for (int k = 0; k < n; k++)
        for (int c = 0; c < SEQINPUT_LETTERS; c++) l->letter[c * l->gates + k] = w[k * l->n_in + c];
    ZERO(l->place, seqinput_number_rows(&l->input, present) * l->gates);
    for (int len = 1; l->position && len <= l->max_len; len++)
        for (int t = 0; t < l->input.place_at[len + 1] - l->input.place_at[len]; t++) {
            const real *f = seqinput_feature(&l->input, len, t);
            real *row = l->place + (l->input.place_at[len] + t) * l->gates;
            for (int k = 0; k < n; k++)
                for (int j = 0; j < SEQINPUT_PLACES; j++) row[k] += f[j] * w[k * l->n_in + SEQINPUT_LETTERS + j];
        }
}

void lstm_prepare(Lstm *l, const real *theta, const bool *present)
{
    const int n = 4 * l->n_h;
    const real *w = theta + l->hh_at;
    prepare_input(l, theta + l->ih_at, present);
    ZERO(l->bias, l->gates);
    ZERO(l->hidden, l->n_h * l->gates);
    ZERO(l->hidden_t, n * l->width);
    for (int k = 0; k < n; k++) {
        l->bias[k] = theta[l->bias_at[0] + k] + theta[l->bias_at[1] + k];
        for (int j = 0; j < l->n_h; j++)
            l->hidden[j * l->gates + k] = l->hidden_t[k * l->width + j] = w[k * l->n_h + j];
    }
}

void lstm_open(Lstm *l, Bag *bag, int slot)
{
    LstmTables *t = &l->open[slot];
    const real s = (real)seqinput_inverse_std(&l->input, bag);
    bag->inv_std = t->inv_std = s;
    t->pad_len = bag->pad_len;
    for (Index i = 0; i < letter_size(l); i++) t->letter[i] = s * l->letter[i];
    for (int row = 0; row < l->input.place_at[l->max_len + 1]; row++)
        for (int k = 0; k < l->gates; k++) {
            const Index at = row * l->gates + k;
            t->place[at] = l->bias[k] + s * l->place[at];
        }
}

/* ---- one block ---- */

/* n sequences of one length, from place `from` of an open bag. */
typedef struct {
    const LstmTables *table;
    const Bag *bag;
    int from, n, len;
} LstmBlock;

static Step step_at(const Lstm *l, real *scratch, int t)
{
    real *gate = scratch + t * step_size(l);
    real *cell = gate + KERNEL_BLOCK * l->gates;
    return (Step){gate, cell, cell + KERNEL_BLOCK * l->width};
}

static real factor(const Bag *bag, int i)
{
    return bag->factor ? bag->factor[i] : 1;
}

/* gate [n, gates] = place + c · letter (biases included), or the biases alone for an empty sequence. */
static void input_rows(real *gate, const Lstm *l, const LstmBlock *b, int t)
{
    const real *place = b->table->place + (l->input.place_at[b->len] + t) * l->gates;
    for (int i = b->from; i < b->from + b->n; i++, gate += l->gates) {
        const real *row = b->len ? b->table->letter + bag_codes(b->bag, i, b->len)[t] * l->gates : NULL;
        const real c = factor(b->bag, i);
        for (int k = 0; k < l->gates; k++) gate[k] = b->len ? place[k] + c * row[k] : l->bias[k];
    }
}

static real sigmoid(real x)
{
    return 1 / (1 + (real)exp(-(double)x));
}

/* The gates' functions, then c_t = f∘c + i∘g and h_t = o∘tanh(c_t); `last` NULL: zeros. */
static void advance(const Lstm *l, const Step *now, const Step *last, int n)
{
    const int n_h = l->n_h;
    ZERO(now->cell, n * l->width);
    ZERO(now->state, n * l->width);
    for (int s = 0; s < n; s++) {
        real *gate = now->gate + s * l->gates;
        for (int k = 0; k < 4 * n_h; k++) gate[k] = k / n_h == 2 ? (real)tanh((double)gate[k]) : sigmoid(gate[k]);
        for (int k = 0; k < n_h; k++) {
            const real before = last ? last->cell[s * l->width + k] : 0;
            const real c = gate[n_h + k] * before + gate[k] * gate[2 * n_h + k];
            now->cell[s * l->width + k] = c;
            now->state[s * l->width + k] = gate[3 * n_h + k] * (real)tanh((double)c);
        }
    }
}

/* Steps a block takes: its length, or the padded length for empty sequences, or none. */
static int steps_of(const LstmBlock *b)
{
    return b->len > 0 ? b->len : b->table->pad_len;
}

/* Runs a block. keep_all: step t stands at place t of scratch, else only the last two are there. Returns the last. */
static Step run(Lstm *l, const LstmBlock *b, real *scratch, bool keep_all)
{
    Step now = {0}, last = {0};
    const int steps = steps_of(b);
    for (int t = 0; t < steps; t++, last = now) {
        now = step_at(l, scratch, keep_all ? t : t & 1);
        input_rows(now.gate, l, b, b->len ? t : 0);
        if (t > 0) kernel_active()->dense_dinput(now.gate, last.state, l->width, l->hidden, b->n, l->n_h, l->gates);
        advance(l, &now, t > 0 ? &last : NULL, b->n);
    }
    return now;
}

/* Moves on to the next block of one length, up to place `end`; false if there is none. A new block has n = len = 0. */
static bool next_block(LstmBlock *b, int end)
{
    b->from += b->n;
    if (b->from >= end) return false;
    while (b->from >= b->bag->first[b->len + 1]) b->len++;
    const int same = (b->bag->first[b->len + 1] < end ? b->bag->first[b->len + 1] : end) - b->from;
    b->n = same < KERNEL_BLOCK ? same : KERNEL_BLOCK;
    return true;
}

void lstm_forward(Lstm *l, real *h, const Bag *bag, int slot, int from, int n, int thread)
{
    for (LstmBlock b = {.table = &l->open[slot], .bag = bag, .from = from}; next_block(&b, from + n);) {
        real *to = h + (b.from - from) * l->width;
        const Index size = b.n * l->width;
        if (steps_of(&b) == 0)
            ZERO(to, size);
        else
            memcpy(to, run(l, &b, l->scratch[thread], false).state, size * sizeof *to);
    }
}

/* ---- backward ---- */

void lstm_zero(Lstm *l, int grad_slot)
{
    LstmGrad *g = &l->grad[grad_slot];
    ZERO(g->letter, letter_size(l));
    ZERO(g->place, l->input.place_at[l->max_len + 1] * l->gates);
    ZERO(g->bias, l->gates);
    ZERO(g->hidden, (l->n_h + 1) * l->gates);
}

/* From dh_t and dc_t to gradients before the gates' functions, left in dgate [n, gates]; dc becomes dc_{t-1}.
 * forward was  h = o tanh(c),  c = f c_{t-1} + i g,  σ' = σ(1 - σ),  tanh' = 1 - tanh² */
static void gates_backward(const Lstm *l, real *dgate, real *dc, const real *dh, const Step *now, const Step *last,
                           int n)
{
    const int n_h = l->n_h;
    ZERO(dgate, n * l->gates);
    for (int s = 0; s < n; s++) {
        const real *gate = now->gate + s * l->gates;
        real *d = dgate + s * l->gates;
        for (int k = 0; k < n_h; k++) {
            const Index at = s * l->width + k;
            const real i = gate[k], f = gate[n_h + k], g = gate[2 * n_h + k], o = gate[3 * n_h + k];
            const real tanh_c = (real)tanh((double)now->cell[at]), before = last ? last->cell[at] : 0;
            dc[at] += dh[at] * o * (1 - tanh_c * tanh_c);
            d[k] = dc[at] * g * i * (1 - i);
            d[n_h + k] = dc[at] * before * f * (1 - f);
            d[2 * n_h + k] = dc[at] * i * (1 - g * g);
            d[3 * n_h + k] = dh[at] * tanh_c * o * (1 - o);
            dc[at] *= f;
        }
    }
}

/* forward was  gate = bias + inv_std (place + c letter) + … */
static void input_backward(LstmGrad *d, const Lstm *l, const LstmBlock *b, const real *dgate, int t)
{
    real *place = d->place + (l->input.place_at[b->len] + t) * l->gates;
    for (int i = b->from; i < b->from + b->n; i++, dgate += l->gates) {
        for (int k = 0; k < l->gates; k++) d->bias[k] += dgate[k];
        if (b->len == 0) continue;
        real *row = d->letter + bag_codes(b->bag, i, b->len)[t] * l->gates;
        const real c = factor(b->bag, i);
        for (int k = 0; k < l->gates; k++) {
            const real scaled = b->table->inv_std * dgate[k];
            place[k] += scaled;
            row[k] += c * scaled;
        }
    }
}

static void block_backward(Lstm *l, LstmGrad *d, const LstmBlock *b, const real *dh_last, real *scratch)
{
    const int steps = steps_of(b), n = b->n;
    const Index size = n * l->width;
    const Step spare = step_at(l, scratch, l->steps), more = step_at(l, scratch, l->steps + 1);
    real *dgate = spare.gate, *dc = spare.cell, *dh = spare.state;
    assert(steps <= l->steps);
    run(l, b, scratch, true);
    memcpy(dh, dh_last, size * sizeof *dh);
    ZERO(dc, size);
    for (int t = steps - 1; t >= 0; t--) {
        const Step now = step_at(l, scratch, t), last = step_at(l, scratch, t > 0 ? t - 1 : 0);
        gates_backward(l, dgate, dc, dh, &now, t > 0 ? &last : NULL, n);
        input_backward(d, l, b, dgate, b->len ? t : 0);
        if (t == 0) break;
        kernel_active()->dense_dweight(d->hidden, more.gate, last.state, l->width, dgate, n, l->n_h, l->gates);
        ZERO(dh, size);
        kernel_active()->dense_dinput(dh, dgate, l->gates, l->hidden_t, n, 4 * l->n_h, l->width);
    }
}

void lstm_backward(Lstm *l, int grad_slot, const real *dh, const Bag *bag, int slot, int from, int n, int thread)
{
    for (LstmBlock b = {.table = &l->open[slot], .bag = bag, .from = from}; next_block(&b, from + n);)
        if (steps_of(&b) > 0)
            block_backward(l, &l->grad[grad_slot], &b, dh + (b.from - from) * l->width, l->scratch[thread]);
}

static void add(real *sum, const real *slot, Index n)
{
    for (Index i = 0; i < n; i++) sum[i] += slot[i];
}

/* forward was  gates = place[t] + x_t letter[code_t],  so that dplace holds dgates, times 1/std. */
static void residues(double *dx, const Lstm *l, const LstmTables *t, const real *dplace, const uint8_t *code, int len)
{
    for (int p = 0; p < len; p++, dplace += l->gates) {
        const real *row = t->letter + code[p] * l->gates;
        double sum = 0;
        for (int g = 0; g < 4 * l->n_h; g++) sum += (double)dplace[g] * (double)row[g];
        dx[p] = sum / (double)t->inv_std;
    }
}

void lstm_input(double *dx, Index stride, Lstm *l, int grad_slot, const real *dh, const LstmRows *r)
{
    const Bag *bag = r->bag;
    for (int i = r->from, len = 0; i < r->from + r->n; i++, dx += stride, dh += l->width) {
        while (i >= bag->first[len + 1]) len++;
        real *place = l->grad[grad_slot].place + l->input.place_at[len] * l->gates;
        ZERO(place, seqinput_places(len) * l->gates);
        lstm_backward(l, grad_slot, dh, bag, r->slot, i, 1, r->thread);
        residues(dx, l, &l->open[r->slot], place, bag_codes(bag, i, len), len);
    }
}

void lstm_finish(Lstm *l, real *grad, int n_slot)
{
    const Index places = l->input.place_at[l->max_len + 1], gates = l->gates;
    const int n = 4 * l->n_h;
    if (n_slot == 0) return;
    const LstmGrad *d = &l->grad[0];
    for (int s = 1; s < n_slot; s++) {
        add(d->letter, l->grad[s].letter, letter_size(l));
        add(d->place, l->grad[s].place, places * gates);
        add(d->bias, l->grad[s].bias, gates);
        add(d->hidden, l->grad[s].hidden, l->n_h * gates);
    }
    real *dw = grad + l->ih_at;
    for (int k = 0; k < n; k++) {
        for (int b = 0; b < 2; b++) grad[l->bias_at[b] + k] += d->bias[k];
        for (int j = 0; j < l->n_h; j++) grad[l->hh_at + k * l->n_h + j] += d->hidden[j * l->gates + k];
        for (int c = 0; c < SEQINPUT_LETTERS; c++) dw[k * l->n_in + c] += d->letter[c * l->gates + k];
    }
    for (int len = 1; l->position && len <= l->max_len; len++)
        for (int t = 0; t < l->input.place_at[len + 1] - l->input.place_at[len]; t++) {
            const real *f = seqinput_feature(&l->input, len, t);
            const real *row = d->place + (l->input.place_at[len] + t) * gates;
            for (int k = 0; k < n; k++)
                for (int j = 0; j < SEQINPUT_PLACES; j++) dw[k * l->n_in + SEQINPUT_LETTERS + j] += f[j] * row[k];
        }
}
