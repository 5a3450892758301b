/* SPDX-License-Identifier: MIT
 *
 * attendstream.h: softmax-weighted means over a bag that is read once, piece by piece. All instances are pooled and
 * no embedding is kept.
 *
 *     w_ik = exp(a_ik - top_k) / Σ_i exp(a_ik - top_k)          m_k = Σ_i w_ik h_i
 *
 * Every piece has its own sums, relative to its largest logit so far (`top`). `join` scales the sums of a bag's
 * pieces to one top and adds them in order, so results depend on where pieces begin and not on threads. A mean is one
 * more column whose logit is 0 for every instance, or the logarithm of its weight.
 *
 *   a [n, n_query]     h [n, width]     m [n_column, width] a bag; n_column = n_query + mean
 */
#ifndef HOPSACK_ATTENDSTREAM_H
#define HOPSACK_ATTENDSTREAM_H

#include "core/arena.h"
#include "core/real.h"

#include <stdbool.h>

typedef struct {
    Index n_query, n_column, width;
    real **e;    /* [n_thread] weights of a block */
    real *top;   /* [n_piece, n_column] */
    double *sum; /* [n_piece, n_column] Σ exp(a - top) */
    real *part;  /* [n_piece, n_column, width] Σ exp(a - top) h */

    real *bag_top, *bag_scale; /* [n_bag, n_column] w = exp(a - top) · scale */
    real *m;                   /* [n_bag, n_column, width] */
} AttendStream;

/* h has rows of `width` numbers, a multiple of KERNEL_LANES; `mean` adds the last column. */
void attendstream_init(AttendStream *s, int n_query, bool mean, Index width);
void attendstream_plan(AttendStream *s, Arena *arena, int n_piece, int n_bag, int n_thread);

void attendstream_clear(AttendStream *s, int piece);
typedef struct {
    const real *a, *h;      /* [n, n_query], [n, width] */
    const real *log_weight; /* [n] logits of the mean's column; they are part of a already. NULL: 0 */
    int n;                  /* ≤ KERNEL_BLOCK */
} AttendRows;
void attendstream_add(AttendStream *s, int piece, const AttendRows *rows, int thread);
/* m of bag b, whose pieces are first … first+n_piece-1; 0 if there are none. */
void attendstream_join(AttendStream *s, int b, int first, int n_piece);
/* w [n, n_query] of instances of bag b. */
void attendstream_weights(real *w, const AttendStream *s, int b, const real *a, int n);

#endif
