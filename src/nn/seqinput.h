/* SPDX-License-Identifier: MIT
 *
 * seqinput.h: the input of the sequence networks. It is never stored as an array. A residue has 20 numbers, one of
 * them the count factor c (1 if counts are unused) and the others 0, and three position features that do not depend
 * on c. All are divided by their standard deviation over the bag; no mean is subtracted.
 *
 * Position features of a sequence of length l, t = 1 - p/(l-1) (1 when l is 1), h = ⌈l/2⌉:
 *     d = 2·|1/2 - t|      start = d if p < h else 0      end = d if p ≥ h else 0      centre = 1 - d
 * with d and 1 - d rounded to half precision, as in the original.
 *
 * Standard deviation (unbiased), with A = Σ_i c_i l_i + Σ P, Q = Σ_i c_i² l_i + Σ P², m entries:
 *     var = (Q - A²/m) / (m - 1)
 * Where instances have weights (model.pooling.count_weight), one of weight w counts as w of them.
 * m counts n · pad_len · F entries when sequences are padded, else the F · Σ l real ones. Where var is not above 0, or m
 * is below 2, the divisor is 1.
 */
#ifndef HOPSACK_SEQINPUT_H
#define HOPSACK_SEQINPUT_H

#include "core/bag.h"

#define SEQINPUT_LETTERS 20 /* features 0 … 19; 20, 21, 22 are start, end, centre */
#define SEQINPUT_PLACES  3

typedef struct {
    Index max_len;
    bool position;
    real *feature;  /* [max_len + 1, max_len, 3] by length and position; NULL without position features */
    double *sum;    /* [max_len + 1] of a length's position features */
    double *square; /* [max_len + 1] of their squares */
    int *place_at;  /* [max_len + 2] first row of length l in tables that have a row for every (length, position) */
} SeqInput;

/* Tables for lengths up to max_len; memory from `arena` (while it counts, only counted). */
void seqinput_plan(SeqInput *in, Arena *arena, int max_len, bool position);

/* Positions of a sequence of length l that have a row: one even if it is empty. */
static inline int seqinput_places(int l)
{
    return l > 1 ? l : 1;
}

/* Numbers the rows of the lengths that occur, present [max_len + 1] or NULL for all; returns how many there are. */
int seqinput_number_rows(SeqInput *in, const bool *present);
Index seqinput_max_rows(Index max_len); /* of all lengths */

/* [3] features of position p of a sequence of length l; NULL without position features. */
static inline const real *seqinput_feature(const SeqInput *in, int l, int p)
{
    return in->feature ? in->feature + (l * in->max_len + p) * SEQINPUT_PLACES : NULL;
}

/* 1 over the divisor of a bag's input. pad_len as in Bag. */
double seqinput_inverse_std(const SeqInput *in, const Bag *bag);

/* The nearest number of half precision (ties to even), for |x| ≤ 65504. */
double seqinput_half(double x);

#endif
