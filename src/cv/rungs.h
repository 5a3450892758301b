/* SPDX-License-Identifier: MIT
 *
 * rungs.h: successive halving of the trials of a search (search.halving: N; Jamieson and Talwalkar 2016). Each rung trains N
 * times as long as the one before, up to the whole length, and keeps one of N trials:
 *
 *     rung      0             1            …   n - 1
 *     trials    all           all / N          N or fewer, of which one is chosen
 *     length    1 / N^(n-1)   1 / N^(n-2)      1
 *
 * Counts and lengths are rounded up. Every training begins anew. Without halving there is one rung.
 */
#ifndef HOPSACK_RUNGS_H
#define HOPSACK_RUNGS_H

#include "run/config.h"

#define RUNGS_MOST 16

typedef struct {
    int n;
    int width[RUNGS_MOST];    /* trials */
    int64_t part[RUNGS_MOST]; /* length: one of so many parts of the whole */
} Rungs;

Rungs rungs_of(int n_trial, int halving); /* halving 0: none; n_trial 0: no rung */

/* Shortens a training to that of a rung. */
void rungs_shorten(TrainOptions *train, const Rungs *r, int rung);

#endif
