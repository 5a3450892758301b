/* SPDX-License-Identifier: MIT
 *
 * checkdonors.h: pairs of bags that share their largest clones.
 */
#ifndef HOPSACK_CHECKDONORS_H
#define HOPSACK_CHECKDONORS_H

#include "study/checkbags.h"

/* The largest clones of a bag as hashes of their residues. */
typedef struct {
    int n;
    uint64_t hash[CHECKBAGS_TOP];
} TopClones;

/* codes [n, width], len and count [n]. `scratch` [n, 2]. */
void checkdonors_top(TopClones *out, const int8_t *codes, int64_t width, const int64_t *len, const int64_t *count,
                     int n, uint64_t *scratch);

/* Fills pair, donor and their numbers; donor is all bags' own otherwise. */
Status checkdonors_find(CheckBags *c, const TopClones *top);

#endif
