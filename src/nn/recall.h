/* SPDX-License-Identifier: MIT
 *
 * recall.h: the continuous modern Hopfield network of dynamics.h as an associative memory, which completes a cue of which
 * entries may be unknown. In double whatever `real` is.
 *
 *   patterns x_i, rows of x [n, d]     state ξ [d]     p = softmax(β s)     s_i = x_i·ξ - c_i
 *
 *   dot        c_i = 0
 *   distance   c_i = ½‖x_i‖², so that p falls with the distance ‖x_i - ξ‖; patterns of different norms have equal chances
 *
 *   E(ξ) = -1/β log Σ_i exp(β s_i) + ½ ξ·ξ        with the distance -1/β log Σ_i exp(-½β ‖x_i - ξ‖²)
 *   ξ ← Σ_i p_i x_i in all entries or some, the others kept: never raises E
 *
 * An unknown entry of the cue takes no part in the first association, in s and c, and has a value from then on.
 */
#ifndef HOPSACK_RECALL_H
#define HOPSACK_RECALL_H

#include "core/real.h"

#include <stdbool.h>

typedef struct {
    const double *x; /* [n, d], n ≥ 1, finite */
    int n;
    Index d;
    double beta; /* > 0 */
    bool dot;    /* else by distance */
} RecallMemory;

/* p [n] at ξ; known [d]: the entries that take part, NULL: all. */
void recall_associate(double *p, const RecallMemory *m, const double *xi, const bool *known);
/* ξ ← Σ_i p_i x_i but for the entries that are kept [d], NULL: none. Returns the largest move of an entry; one that was NaN
 * moves by infinity. next [d] scratch. */
double recall_read(double *xi, const RecallMemory *m, const double *p, const bool *kept, double *next);
double recall_energy(const RecallMemory *m, const double *xi, double *scratch); /* scratch [n] */

#endif
