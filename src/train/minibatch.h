/* SPDX-License-Identifier: MIT
 *
 * minibatch.h: the bags of an update: which they are, what is drawn of each, their labels.
 *
 * The draw of bag number s of update u (from 1) is stream (seed, "draw", (u - 1) · batch + s), and which instances of it are
 * dropped stream (seed, "drop", the same): no thread, and no update before it, has a say.
 *
 * Where data.cache does not hold all bags, the bags of the next update are read and drawn from by the cache's thread while
 * this one learns, one after another: what was drawn is copied, so that no more than one bag is in memory for it. Where
 * whole bags learn (train.draws 0), or draws would borrow numbers (sparse vectors), a bag of the minibatch each stays.
 */
#ifndef HOPSACK_MINIBATCH_H
#define HOPSACK_MINIBATCH_H

#include "train/loop.h"
#include "train/rarehits.h"

/* What an update learns from. */
typedef struct {
    int n_bag;
    Bag *bag;            /* [batch] */
    Arena *memory;       /* [batch] of a draw */
    real *target, *mask; /* [batch, n_out], [batch, n_target] */
    int *own;            /* [batch] numbers among the training bags */
} Drawn;

typedef struct {
    const LoopSetup *in; /* must stay where it is */
    int n_out, n_train, per_epoch;
    int *train, *order;   /* [n_train] members; in the order of the epoch */
    int epoch;            /* whose order that is; -1: none */
    const RareHits *hits; /* of the members, whose draws hold them always; n 0 or NULL: none are drawn always */
    Drawn drawn[2];       /* that of the last Batch, and the next; one alone where nothing is read ahead */
    Drawn *to;            /* being filled */
    const Bag **whole;    /* [batch] */
    uint64_t *bits;       /* [batch, n_bits] scratch of a draw */
    size_t n_bits;
    int *number;       /* [n] of a member among the training bags */
    int update, first; /* being loaded, from 1; its first index in `order` */
    int updates;       /* the last there will be; nothing is read ahead for others. The loop's affair */
    bool is_copied;    /* draws do not borrow from bags */
    SideWork ahead;    /* loads `next`; until it has ended, all from `order` to `first` is its own */
    int next;          /* 0: none */
} Minibatch;

/* Lists the training bags. ERR_FORMAT where there are too few. */
Status minibatch_list(Minibatch *m, const LoopSetup *in);

/* Reserves memory for minibatches of a network with n_out outputs, after minibatch_list. */
Status minibatch_reserve(Minibatch *m, int n_out);
void minibatch_free(Minibatch *m); /* accepts half-built ones */

int minibatch_draw_max(const LoopSetup *in);                      /* instances of a draw, at most */
void minibatch_plan(Arena *arena, const LoopSetup *in);           /* counts the memory of one bag's draw */
Status minibatch_bag(const Minibatch *m, const Bag **out, int i); /* training bag i, whole */

/* Bytes beside those of minibatch_plan for one minibatch, where the largest bag that is not held has `largest`. */
size_t minibatch_stream_bytes(const LoopSetup *in, size_t largest);

/* Reads and draws the bags of an update; the Batch is borrowed until the next. */
Status minibatch_load(Batch *out, Minibatch *m, int update);

#endif
