/* SPDX-License-Identifier: MIT
 *
 * dropout.h: y = x · m / (1 - p), m = 0 with probability p and 1 otherwise, in training alone (inverted dropout).
 *
 * m depends only on the random stream and the position of a number. So nothing is kept for backward, which multiplies
 * by the same m, and threads change no bit. p is rounded to a multiple of 1/65536.
 */
#ifndef HOPSACK_DROPOUT_H
#define HOPSACK_DROPOUT_H

#include "core/real.h"
#include "core/rng.h"

typedef struct {
    uint64_t key;
    unsigned drop; /* of 65536 */
    real scale;    /* 1 / (1 - p) */
} Dropout;

/* p in 0 … 0.99. Stream of one purpose and update; `layer` parts it for those that share it. */
Dropout dropout_of(double p, Rng stream, int layer);
/* y [n, width] in place; `row`: the place of the first among all rows of the update. width a multiple of 4. */
void dropout_apply(real *y, const Dropout *d, int row, int n, Index width);

#endif
