/* SPDX-License-Identifier: MIT
 *
 * tilt.h: a background with other probabilities of prefixes and of transitions (residue pairs of the middle).
 *
 *     p'(k) ∝ p(k) · exp(shift · s_k + spread · g_k)
 *
 * s_k = ±1, each as likely, is drawn once a cohort and is the difference between the classes. g_k is standard normal,
 * drawn for each bag, and is its personal variation. Both come from streams of their own.
 */
#ifndef HOPSACK_TILT_H
#define HOPSACK_TILT_H

#include "core/arena.h"
#include "data/simulate/background.h"

#include <stdbool.h>

typedef struct {
    double *prefix;     /* [n_prefix] logarithms of factors */
    double *transition; /* [BACKGROUND_N_TRANSITION] */
} Tilt;

typedef struct {
    double size;             /* of the logarithm: shift */
    bool prefix, transition; /* which kinds are shifted; the other's tilt is 0 */
} TiltShift;

/* A kind of feature as the truth file lists it. */
typedef struct {
    char name[8];              /* CASS; A>C; ^>C from the start */
    double negative, positive; /* probability without tilt, and with it; transitions: given the residue before */
    double factor;             /* exp(tilt) */
} TiltRow;

void tilt_plan(Tilt *tilt, Arena *arena, const BackgroundType *background);

/* The signs s_k; a sign does not depend on which kinds are shifted. */
void tilt_shift(Tilt *out, const BackgroundType *background, const TiltShift *shift, Rng *rng);

/* spread · g_k, added to `base` unless that is NULL. */
void tilt_spread(Tilt *out, const BackgroundType *background, const Tilt *base, double spread, Rng *rng);

/* Rows of the kinds: prefix k of n_prefix, transition k of BACKGROUND_N_TRANSITION. */
TiltRow tilt_prefix(const Tilt *tilt, const BackgroundType *background, int k);
TiltRow tilt_transition(const Tilt *tilt, const BackgroundType *background, int k);

#endif
