/* SPDX-License-Identifier: MIT
 *
 * attend.h: bag vectors as means of embeddings, weighted by the softmax of a logit over the bag; there is no 1/√d.
 *
 *     w_i = softmax_i(a)           z = Σ_i w_i h_i      one z a query, query 0 first
 *
 * or another normalizer than softmax (normalizer.h).
 * Bags lie end to end, bag b at rows bounds[b] … bounds[b+1]-1; an empty bag has z = 0. They are shared out among
 * threads.
 */
#ifndef HOPSACK_ATTEND_H
#define HOPSACK_ATTEND_H

#include "core/arena.h"
#include "nn/normalizer.h"

typedef struct {
    Index n_query, n_h, width; /* of h, rows `width` apart */
    Normalizer normalizer;
    double *sorted; /* [n] scratch; unless it is softmax */
} Attend;

/* Room for bags of n_row instances together; softmax needs none. */
void attend_plan(Attend *l, int n_row, Arena *arena);

/* z [n_bag, n_query · n_h]   w, a [n, n_query]   h [n, width] */
void attend_forward(real *z, real *w, const Attend *l, const real *a, const real *h, const int *bounds, int n_bag);
/* da [n, n_query] and dh [n, width] are added to. */
void attend_backward(real *da, real *dh, const Attend *l, const real *dz, const real *w, const real *h,
                     const int *bounds, int n_bag);

#endif
