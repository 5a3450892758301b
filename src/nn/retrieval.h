/* SPDX-License-Identifier: MIT
 *
 * retrieval.h: the part of a modern Hopfield layer that has no weights (Ramsauer et al. 2021): every state pattern
 * retrieves from the stored patterns of its bag, once or repeatedly, and reads out their projections.
 *
 *   p_0 = softmax(β q kᵀ + masks)      q_t = p_{t-1} k      p_t = softmax(β q_t kᵀ + masks)      o = p_T v
 *
 * for each bag and head on its own. In place of q kᵀ stands any similarity of similarity.h,
 * in place of the softmax any normalizer of normalizer.h. T is the number of extra updates of a head: `steps`, or fewer, as soon as an
 * update moves p by no more than `eps` (Frobenius norm over the bag's states and stored patterns together).
 *
 * Bags lie end to end: bag b has the rows state[b] … state[b+1]-1 of q, stored[b] … stored[b+1]-1 of k and v, and one
 * row of o for each state. Nothing is padded. A set of patterns that all bags share is there once.
 */
#ifndef HOPSACK_RETRIEVAL_H
#define HOPSACK_RETRIEVAL_H

#include "core/arena.h"
#include "core/real.h"
#include "nn/normalizer.h"
#include "nn/similarity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETRIEVAL_HEADS 64   /* at most */
#define RETRIEVAL_CAP   1000 /* extra updates of a head that runs until convergence, at most */

typedef struct {
    int n_bag;
    int n_state, n_stored; /* rows altogether */
    const int *state;      /* [n_bag + 1] bounds; NULL: all bags share the n_state rows */
    const int *stored;     /* [n_bag + 1] bounds; NULL: all bags share the n_stored rows */
} BagPairs;

/* Masks act on every update; any pointer may be NULL. Entries for each pair of patterns come in the order of
 * RetrievalCache.p: bag, head, state, stored, with the column of the zero pattern, whose entries are not looked at. */
typedef struct {
    const uint8_t *ignore; /* [Σ_b stored patterns of b] 1: seen by no state; bag by bag also where they are shared */
    const uint8_t *block;  /* 1: this state does not see this stored pattern */
    const real *add;       /* added to the score; -∞ blocks */
    int stride;          /* of block and add: 0: an entry each pair; else [n_state, stride] for all bags and heads */
    const uint8_t *keep; /* an entry each pair; 0: dropped from o (not from the updates) */
    real keep_scale;     /* what kept entries are multiplied by: 1 / (1 - dropout) */
} RetrievalMasks;

/* The vector of row i and head h begins at i · row + h · head; head = 0: the same vector in every head. */
typedef struct {
    Index row, head;
} HeadStep;

typedef struct {
    int n_head;
    Index head_size, pattern_size; /* of q and k, of v */
    bool zero;                     /* one more stored pattern, all zero, with a projection of zero; never masked */
    bool whole_batch;              /* a head goes on until the last bag of the batch is done (the reference's rule);
                                    * else each bag on its own, so that it never depends on its neighbours */
    int steps[RETRIEVAL_HEADS];    /* extra updates at most; -1: until convergence */
    double eps[RETRIEVAL_HEADS];   /* > 0 */
    Similarity similarity;
    Normalizer normalizer;
    HeadStep q, k, v;
} Retrieval;

typedef struct {
    real *p; /* [Σ_b n_head · n_state · (n_stored + zero)] the association, after the last update */
    Index
        *p_at; /* [n_bag + 1] where a bag's part begins; that of head h follows h · n_state · (n_stored + zero) on */
    int *n_eval;    /* [n_bag, n_head] softmaxes that were taken: T + 1 */
    uint8_t *empty; /* [rows of o] 1: no head sees any stored pattern; p and o are 0 there */
    int n_capped;   /* of bags and heads, those that had not converged after RETRIEVAL_CAP updates */

    real *next, *dp, *dz; /* [n_state · (n_stored + zero)] of the largest bag */
    real *moved, *dq;     /* [n_state, head_size] */
    real *history;        /* [max_steps + 1, n_state, head_size] */
    double *sorted;       /* [n_state · (n_stored + zero)] scratch; unless normalizer is softmax */
    real *k_square; /* [n_stored, n_head] ‖k‖², or [n_stored] where all heads share k; unless similarity is dot */
} RetrievalCache;

/* Sizes of the largest batch; retrieval_sizes reads them off one. */
typedef struct {
    int n_bag;
    Index n_state, n_stored, n_out; /* rows altogether */
    Index n_state_max, n_pair_max;  /* of one bag; a pair: a state and a stored (or the zero) pattern */
    Index n_pair;                   /* Σ_b */
} RetrievalSizes;

RetrievalSizes retrieval_sizes(const BagPairs *bags);
void retrieval_plan(RetrievalCache *c, const Retrieval *r, const RetrievalSizes *sizes, Arena *arena);

/* What retrieval reads. */
typedef struct {
    const real *q, *k, *v; /* as HeadStep says */
    const real *beta;      /* [n_head] */
    const BagPairs *bags;
    const RetrievalMasks *masks; /* NULL: none */
} RetrievalInput;

/* Gradients, laid out as q, k, v; beta [n_head] may be NULL. */
typedef struct {
    real *q, *k, *v, *beta;
} RetrievalGrad;

/* o [rows, n_head · pattern_size] */
void retrieval_forward(real *o, RetrievalCache *c, const Retrieval *r, const RetrievalInput *in);
/* d is added to. Differentiates all updates; which one was the last is a constant. */
void retrieval_backward(const RetrievalGrad *d, RetrievalCache *c, const Retrieval *r, const RetrievalInput *in,
                        const real *d_o);

/* Rows of bag b among those of o. */
static inline int bag_states(const BagPairs *bags, int b)
{
    return bags->state ? bags->state[b + 1] - bags->state[b] : bags->n_state;
}
static inline int bag_stored(const BagPairs *bags, int b)
{
    return bags->stored ? bags->stored[b + 1] - bags->stored[b] : bags->n_stored;
}
static inline int bag_out(const BagPairs *bags, int b)
{
    return bags->state ? bags->state[b] : b * bags->n_state;
}

#endif
