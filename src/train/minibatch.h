/* SPDX-License-Identifier: MIT
 *
 * minibatch.h: the bags of an update: which they are, what is drawn of each, their labels.
 *
 * The draw of bag number s of update u (from 1) is stream (seed, "draw", (u - 1) · batch + s), and which instances of it are
 * dropped stream (seed, "drop", the same): no thread, and no update before it, has a say.
 */
#ifndef HOPSACK_MINIBATCH_H
#define HOPSACK_MINIBATCH_H

#include "train/loop.h"
#include "train/rarehits.h"

typedef struct {
    const LoopSetup *in; /* must stay where it is */
    int n_out, n_train, per_epoch;
    int *train, *order;   /* [n_train] members; in the order of the epoch */
    int epoch;            /* whose order that is; -1: none */
    const RareHits *hits; /* of the members, whose draws hold them always; n 0 or NULL: none are drawn always */
    Bag *drawn;           /* [batch] */
    const Bag **whole;    /* [batch] */
    Arena *memory;        /* [batch] of a draw */
    uint64_t *bits;       /* [batch, n_bits] scratch of a draw */
    size_t n_bits;
    int *number, *own;   /* [n] of a member among the training bags; [batch] of those of this update */
    real *target, *mask; /* [batch, n_out], [batch, n_target] */
    int update, first;   /* under way, from 1; its first index in `order` */
    int n_bag;           /* of this update */
} Minibatch;

/* Lists the training bags. ERR_FORMAT where there are too few. */
Status minibatch_list(Minibatch *m, const LoopSetup *in);

/* Reserves memory for minibatches of a network with n_out outputs, after minibatch_list. */
Status minibatch_reserve(Minibatch *m, int n_out);
void minibatch_free(Minibatch *m); /* accepts half-built ones */

int minibatch_draw_max(const LoopSetup *in);                      /* instances of a draw, at most */
void minibatch_plan(Arena *arena, const LoopSetup *in);           /* counts the memory of one bag's draw */
Status minibatch_bag(const Minibatch *m, const Bag **out, int i); /* training bag i, whole */

/* Reads and draws the bags of an update; the Batch is borrowed until the next. */
Status minibatch_load(Batch *out, Minibatch *m, int update);

#endif
