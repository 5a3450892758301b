/* SPDX-License-Identifier: MIT
 *
 * seqconv.h: convolution layers over a sequence, SELU, and the maximum over positions.
 *
 *     y[p, o] = b[o] + Σ_q Σ_c w[o, c, q] x[p + q, c]      layer by layer, SELU after each      h[o] = max_p y[p, o]
 *
 * Windows: with pad_len > 0 a sequence is padded with zeros to that length, layers shorten it by size - 1, and every
 * window takes part (DeepRC). With pad_len = 0 windows start on a residue, p < max(l, 1), and what lies beyond the
 * sequence adds nothing, in every layer.
 *
 * Why it is fast: an input is one-hot, so the first layer adds rows of tables (kernel.h) and multiplies nothing.
 * `prepare` computes the tables from the weights once per update, `open` scales them for a bag, and `finish` turns
 * the gradients of the tables into those of the weights. SELU increases, so it is applied once, after the maximum.
 * docs/seqconv.md has the derivation. Deeper layers are plain loops.
 */
#ifndef HOPSACK_SEQCONV_H
#define HOPSACK_SEQCONV_H

#include "core/param.h"
#include "nn/kernel.h"
#include "nn/seqinput.h"

#define SEQCONV_LAYERS 8

typedef struct {
    int n_kernel, n_layer;
    Index width, size;
    bool position;
    Index n_in;                  /* 20 or 23 */
    size_t w_at[SEQCONV_LAYERS]; /* [n_kernel, n_in or n_kernel, size] in any slab */
    size_t b_at[SEQCONV_LAYERS]; /* [n_kernel] */
    int max_len;
    SeqInput input;

    /* made by prepare; not divided by a bag's std */
    real *letter;                    /* [21, size, width] */
    real *place;                     /* [rows, width] position part alone; rows as input.place_at says */
    real *bias;                      /* [width] */
    real *deep[SEQCONV_LAYERS];      /* [size, n_kernel, width] of layer 1 … */
    real *deep_bias[SEQCONV_LAYERS]; /* [width] */

    ConvTables *open;  /* [n_bag] */
    real *open_letter; /* [n_bag, 21, size, width] */
    real *open_place;  /* [n_bag, rows, width] */
    ConvGrad *grad;    /* [n_slot] */
    real **deep_grad;  /* [n_slot] each [n_layer - 1, size · n_kernel · width + width] */
    int32_t *arg;      /* [n_keep, width] position of the maximum */
    real **scratch;    /* [n_thread] activations and gradients of one sequence, if n_layer > 1 */
} SeqConv;

/* Declares NAME.0.weight, NAME.0.bias, NAME.2.weight, … in DeepRC's order and with its initial distribution. */
void seqconv_init(SeqConv *l, ParamList *list, const char *name, int n_kernel, int size, int n_layer, bool position,
                  int max_len);
void seqconv_plan(SeqConv *l, Arena *arena, int n_bag, int n_keep, int n_slot, int n_thread);
void seqconv_prepare(SeqConv *l, const real *theta, const bool *present);
void seqconv_open(SeqConv *l, Bag *bag, int slot);

/* A run of sequences of a bag. */
typedef struct {
    const Bag *bag;
    int slot;    /* of the bag, as seqconv_open */
    int from, n; /* the bag's sequences from … from+n-1 */
    int cached;  /* row of the cache for `from`, where positions of maxima are kept; -1: they are not */
    int thread;
} SeqConvRows;

void seqconv_forward(SeqConv *l, real *h, const SeqConvRows *rows); /* h [n, width] */
void seqconv_zero(SeqConv *l, int grad_slot);
void seqconv_backward(SeqConv *l, int grad_slot, const real *h, const real *dh, const SeqConvRows *rows);

/* What the residues are worth: dx [n, stride], by the one-hot entry of each residue, count factor included, of rows that forward
 * kept. The gradient slot is used as scratch. */
void seqconv_input(double *dx, Index stride, SeqConv *l, int grad_slot, const real *h, const real *dh,
                   const SeqConvRows *rows);
void seqconv_finish(SeqConv *l, real *grad, int n_slot);

/* Shortest padded length that leaves a window after the last layer. */
int seqconv_min_pad(const SeqConv *l);

#endif
