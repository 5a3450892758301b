/* SPDX-License-Identifier: MIT
 *
 * background.h: where a simulated repertoire's sequences come from. A background is a descriptor in the table of
 * background.c; codes are those of data/alphabet.h.
 *
 *   trb       human TRB junctions: ends and middle as counted in blood (datasets/trb)
 *   uniform   every residue as likely as any other, as in DeepRC's simulated datasets; length normal, mean 14.5,
 *             standard deviation 1.8, rounded, 8 to 24
 *
 * A background may be tilted: its probabilities p of prefixes and transitions become proportional to p · exp(tilt).
 * Transition 20 a + b leads from residue a, or from the start where a is 20, to residue b.
 */
#ifndef HOPSACK_BACKGROUND_H
#define HOPSACK_BACKGROUND_H

#include "core/rng.h"

#include <stddef.h>
#include <stdint.h>

#define BACKGROUND_N_LETTER     20
#define BACKGROUND_START        BACKGROUND_N_LETTER
#define BACKGROUND_N_TRANSITION ((BACKGROUND_N_LETTER + 1) * BACKGROUND_N_LETTER)

typedef struct {
    const char *name;
    int max_len;  /* of what it draws */
    size_t size;  /* bytes of its state */
    int n_prefix; /* prefixes that sequences begin with; 0: none */
    /* prefix_tilt [n_prefix], transition_tilt [BACKGROUND_N_TRANSITION]; NULL: no tilt, the same bits as zeros. */
    void (*init)(void *state, const double *prefix_tilt, const double *transition_tilt);
    int (*draw)(int8_t *codes, const void *state, Rng *rng); /* codes [max_len]; returns the length */
    const int8_t *(*prefix)(int k);                          /* its four residues; NULL where there are none */
    double (*prefix_p)(int k);                               /* without tilt; the sum over k may differ from 1 */
    double (*transition_p)(int k);
} BackgroundType;

extern const BackgroundType background_trb, background_uniform;
extern const BackgroundType *const background_types[]; /* ends with NULL */

#endif
