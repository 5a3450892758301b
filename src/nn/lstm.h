/* SPDX-License-Identifier: MIT
 *
 * lstm.h: one layer of long short-term memory over a one-hot sequence (seqinput.h); the embedding is the last state.
 *
 *     i, f, o = σ(…)   g = tanh(…)   of   W_ih x_t + b_ih + W_hh h_{t-1} + b_hh, blocks in the order i f g o
 *     c_t = f∘c_{t-1} + i∘g          h_t = o∘tanh(c_t)          h_{-1} = c_{-1} = 0          h = h_{l-1}
 *
 * The embedding of an empty sequence is 0; with pad_len > 0 (DeepRC) it is the state after pad_len steps of empty
 * input.
 *
 * Why it is fast: W_ih x_t is no product but a row of a table of letters plus a row that depends only on (length,
 * position). The product with W_hh is computed for blocks of up to KERNEL_BLOCK sequences of one length. Backward
 * repeats the forward steps of a block and keeps them, so memory does not grow with the batch.
 */
#ifndef HOPSACK_LSTM_H
#define HOPSACK_LSTM_H

#include "core/param.h"
#include "nn/kernel.h"
#include "nn/seqinput.h"

/* Tables scaled for one bag. */
typedef struct {
    int pad_len;
    real inv_std;
    real *letter; /* [20, gates] times inv_std */
    real *place;  /* [rows, gates] both biases + position part times inv_std; row input.place_at[l] + t */
} LstmTables;

/* Gradient slot: of the unscaled tables. */
typedef struct {
    real *letter; /* [20, gates] */
    real *place;  /* [rows, gates] */
    real *bias;   /* [gates] */
    real *hidden; /* [n_h, gates], then [gates] unused, as kernels want it */
} LstmGrad;

typedef struct {
    Index n_h, width, gates; /* width: n_h rounded up; gates: 4 n_h rounded up */
    Index n_in;              /* 20 or 23 */
    size_t ih_at, hh_at;     /* [4 n_h, n_in], [4 n_h, n_h] in any slab */
    size_t bias_at[2];       /* [4 n_h] of input and of state */
    bool position;
    int max_len;
    SeqInput input;

    /* made by prepare */
    real *letter, *place, *bias; /* as LstmTables, unscaled; place without biases */
    real *hidden;                /* [n_h, gates] transposed W_hh */
    real *hidden_t;              /* [4 n_h, width] W_hh */

    LstmTables *open; /* [n_bag] */
    LstmGrad *grad;   /* [n_slot] */
    real **scratch;   /* [n_thread] a block's gates, cells and states of every step */
    int steps;        /* that scratch has room for */
} Lstm;

/* Declares NAME.0.weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, all uniform in ± 1/√n_h. */
void lstm_init(Lstm *l, ParamList *list, const char *name, int n_h, bool position, int max_len);
void lstm_plan(Lstm *l, Arena *arena, int n_bag, int n_slot, int n_thread);
void lstm_prepare(Lstm *l, const real *theta, const bool *present);
void lstm_open(Lstm *l, Bag *bag, int slot);
void lstm_forward(Lstm *l, real *h, const Bag *bag, int slot, int from, int n, int thread); /* h [n, width] */
void lstm_zero(Lstm *l, int grad_slot);
void lstm_backward(Lstm *l, int grad_slot, const real *dh, const Bag *bag, int slot, int from, int n, int thread);

/* What the residues are worth: dx [n, stride], as seqconv_input. */
typedef struct {
    const Bag *bag;
    int slot, from, n, thread;
} LstmRows;
void lstm_input(double *dx, Index stride, Lstm *l, int grad_slot, const real *dh, const LstmRows *rows);
void lstm_finish(Lstm *l, real *grad, int n_slot);

#endif
