/* SPDX-License-Identifier: MIT
 *
 * select.h: which instances of a bag learn. Those with the largest attention, a random subsample, or all.
 *
 * With several queries an instance's place in the ranking is its best rank over them; where equal, the lower row
 * comes first. So one query ranks by its logits alone.
 */
#ifndef HOPSACK_SELECT_H
#define HOPSACK_SELECT_H

#include "core/bag.h"
#include "core/rng.h"
#include "model/mil.h"
#include "nn/topk.h"

/* Instances that stay of n: ⌊n · fraction⌋ in double, at least select_min (COMPAT_DEEPRC: 0), at most n. */
int select_count(const ModelOptions *o, int n);

/* Does selection need the attention of all instances beforehand? */
bool select_scores(const ModelOptions *o);

typedef struct {
    int *keep;       /* [n] result: places, ascending */
    int *ranked;     /* [n] */
    real *column;    /* [n] */
    real *best;      /* [n] */
    uint32_t *topk;  /* [TOPK_SCRATCH(n)] */
    TopkPlace *sort; /* [2 n] */
} SelectScratch;
void select_plan(SelectScratch *s, Arena *arena, int n_max, int n_column);

/* s->keep [k]: the k first places of the ranking by a [n, n_column], ascending in place. */
void select_top(SelectScratch *s, const real *a, const int *row, int n, Index n_column, int k);
/* s->keep [k]: k distinct places, each set of k equally likely. */
void select_random(SelectScratch *s, int n, int k, Rng *rng);

/* order [n] of places by score, largest first, lower row first where equal; in place, allocates nothing. */
void select_order(int *order, int n, const real *score, Index stride, const int *row);

#endif
