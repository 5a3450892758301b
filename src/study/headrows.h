/* SPDX-License-Identifier: MIT
 *
 * headrows.h: the rows of attention of one layer, as they come, and what follows from them for each head: k for 90 % of the
 * weight, its class, entropy, largest weight, and a Gaussian of the distance (study/headgauss.h).
 *
 * Weights are divided by the sum of those of the visible keys, which rounding to 16 bits moves away from 1.
 */
#ifndef HOPSACK_HEADROWS_H
#define HOPSACK_HEADROWS_H

#include "core/status.h"
#include "nn/dynamics.h"
#include "study/headgauss.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int head;
    double k[3];     /* keys with 90 % of the weight: 10 % quantile, median, 90 % quantile over samples and queries */
    double share[3]; /* the same of k / visible keys */
    double entropy;  /* mean, nats */
    double largest;  /* mean of the largest weight */
    DynamicsClass kind;
    HeadGauss gauss;
} HeadNumbers;

typedef struct {
    int k, n; /* n: visible keys */
} HeadRow;

typedef struct {
    int64_t n_head, n_query, n_key;
    HeadRow *row;              /* [room] in the order they came; n 0: a query that sees no key */
    int64_t n, room;           /* rows */
    double *sum;               /* [n_head, n_query, n_key] of weights */
    uint8_t *seen;             /* [n_query, n_key] 1: visible to some row */
    double *entropy, *largest; /* [n_head] sums */
    int64_t *n_used;           /* [n_head, n_query] rows with visible keys */
    double *sorted;            /* [2 n_key] */
} HeadRows;

#define HEADROWS_MOST ((int64_t)1 << 29) /* numbers of n_head · n_query · n_key */

/* ERR_MEMORY. */
Status headrows_open(HeadRows *t, int64_t n_head, int64_t n_query, int64_t n_key);
/* The next row: query fastest, then head, then sample. p [n_key] weights ≥ 0, of which those with seen[j] = 0 are left out and the
 * others do not sum to 0, unless all seen are 0. ERR_MEMORY. */
Status headrows_add(HeadRows *t, const double *p, const uint8_t *seen);
/* out [n_head]; at [n_query]: place of a query among the keys. ERR_FORMAT: a head without rows; ERR_MEMORY. */
Status headrows_conclude(HeadNumbers *out, HeadRows *t, const double *at);
void headrows_close(HeadRows *t); /* accepts {0} and half-built ones */

#endif
