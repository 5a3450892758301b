/* SPDX-License-Identifier: MIT */
#include "cv/rungs.h"

Rungs rungs_of(int n_trial, int halving)
{
    Rungs r = {0};
    int width = n_trial;
    if (n_trial == 0) return r;
    while (halving > 1 && width > halving && r.n < RUNGS_MOST - 1) {
        r.width[r.n++] = width;
        width = (width - 1) / halving + 1;
    }
    r.width[r.n++] = width;
    r.part[r.n - 1] = 1;
    for (int k = r.n - 2; k >= 0; k--) r.part[k] = r.part[k + 1] * halving;
    return r;
}

static int shortened(int length, int64_t part)
{
    return length > 0 ? (int)((length - 1) / part + 1) : length;
}

void rungs_shorten(TrainOptions *train, const Rungs *r, int rung)
{
    train->updates = shortened(train->updates, r->part[rung]);
    train->epochs = shortened(train->epochs, r->part[rung]);
}
