/* SPDX-License-Identifier: MIT
 *
 * background.h: where a simulated repertoire's sequences come from. A background is a descriptor in the table of
 * background.c; codes are those of data/alphabet.h.
 *
 *   trb       human TRB junctions: ends and middle as counted in blood (datasets/trb)
 *   uniform   every residue as likely as any other, as in DeepRC's simulated datasets; length normal, mean 14.5,
 *             standard deviation 1.8, rounded, 8 to 24
 */
#ifndef HOPSACK_BACKGROUND_H
#define HOPSACK_BACKGROUND_H

#include "core/rng.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;
    int max_len; /* of what it draws */
    size_t size; /* bytes of its state; 0: none */
    void (*init)(void *state);
    int (*draw)(int8_t *codes, const void *state, Rng *rng); /* codes [max_len]; returns the length */
} BackgroundType;

extern const BackgroundType background_trb, background_uniform;
extern const BackgroundType *const background_types[]; /* ends with NULL */

#endif
