/* SPDX-License-Identifier: MIT
 *
 * heads.h: how the heads of any transformer attend, from a file of its attention (data/arrays/arrayfile.h): the analysis of
 * Ramsauer et al. 2021. An array is a layer:
 *
 *   NAME            [samples …, head, query, key]   weights, whose rows sum to 1
 *   NAME.q NAME.k   [samples …, head, query, d]  [samples …, head, key, d]   weights are softmax(β q·k)
 *
 * Without the dimension `head` there is one; without `samples` too. NAME.v beside NAME.q, arrays of integers and of one
 * dimension are left out.
 */
#ifndef HOPSACK_HEADS_H
#define HOPSACK_HEADS_H

#include "study/headrows.h"

typedef struct {
    const char *path;
    const char *mask; /* NULL, or an array that broadcasts to the weights, not 0 where a key is visible */
    bool causal;      /* the last query sees all keys, each before it one less */
    double beta;      /* of q·k; 0: 1 / √d */
} HeadOptions;

typedef struct {
    char *name;
    int64_t n_head, n_sample, n_query, n_key;
    int64_t n_blind;   /* rows without a visible key: left out */
    HeadNumbers *head; /* [n_head] */
} HeadLayer;

typedef struct {
    HeadLayer *layer; /* [n] by name */
    int n, n_other;   /* n_other: arrays left out */
} Heads;

/* ERR_FORMAT: no layer; rows that do not sum to 1; shapes that do not fit; damaged. ERR_USAGE: no such mask. ERR_IO, ERR_MEMORY. */
Status heads_measure(Heads *out, const HeadOptions *o);
void heads_free(Heads *heads); /* accepts {0} and half-built ones */

#endif
