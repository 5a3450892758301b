/* SPDX-License-Identifier: MIT
 *
 * repertoire.h: one simulated repertoire: background sequences, a motif written into a few of them at random rows.
 */
#ifndef HOPSACK_REPERTOIRE_H
#define HOPSACK_REPERTOIRE_H

#include "core/arena.h"
#include "data/simulate/background.h"
#include "data/simulate/motif.h"

#define REPERTOIRE_LEN_MOST 64 /* residues of any background's sequences */

/* How repertoires are made; shared by all of them. */
typedef struct {
    const BackgroundType *background;
    const void *state; /* of the background */
    int n_motif;
    const Motif *motif; /* [n_motif] each carrier has one of them, each as likely */
    Place place;
} Recipe;

typedef struct {
    int row, motif, offset;
    int8_t original[REPERTOIRE_LEN_MOST]; /* [len of the row] before the motif was written */
} Carrier;

typedef struct {
    int n, stride;        /* sequences; residues a row has room for: the background's max_len */
    int8_t *codes;        /* [n, stride] left-aligned, padding -1 */
    int64_t *len, *count; /* [n] */
    int n_carrier;
    Carrier *carrier;     /* [n_carrier] by row */
    int64_t n_accidental; /* sequences that hold a motif by chance, carriers left out */
} Repertoire;

/* Memory for up to n sequences and n_carrier carriers. */
void repertoire_plan(Repertoire *r, Arena *arena, const Recipe *recipe, int n, int n_carrier);

/* Fills it from `rng` alone. Carriers are exact in number and uniform over rows; where the motif does not fit, the
 * sequence is drawn again, so the background must have sequences that are long enough (repertoire_fit). */
void repertoire_draw(Repertoire *r, const Recipe *recipe, int n, int n_carrier, Rng *rng);

/* Share of background sequences that motif number `motif` fits into, of `n` drawn. */
double repertoire_fit(const Recipe *recipe, int motif, int n, Rng *rng);

#endif
