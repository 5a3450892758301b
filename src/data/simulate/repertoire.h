/* SPDX-License-Identifier: MIT
 *
 * repertoire.h: one simulated repertoire: background sequences, and carriers of signals at random rows. How a carrier is
 * made is a CarrierType: a motif is implanted (motifset.h), or a sequence of a list takes the row (seqpool.h).
 */
#ifndef HOPSACK_REPERTOIRE_H
#define HOPSACK_REPERTOIRE_H

#include "core/arena.h"
#include "data/simulate/background.h"

#include <stdbool.h>

#define REPERTOIRE_LEN_MOST 64      /* residues of a sequence */
#define REPERTOIRE_TRIES    1000000 /* background sequences that are drawn for one row */

typedef struct {
    int row, signal, motif; /* motif: number of the motif, or of the sequence in the list */
    int offset, n_original;
    int8_t original[REPERTOIRE_LEN_MOST]; /* [n_original] the background's sequence */
} Carrier;

typedef struct {
    int n, stride;        /* sequences; residues a row has room for */
    int8_t *codes;        /* [n, stride] left-aligned, padding -1 */
    int64_t *len, *count; /* [n] */
    int16_t *v, *j;       /* [n] numbers of genes, -1: unknown; NULL: none */
    int n_carrier;
    Carrier *carrier;     /* [n_carrier] by row */
    int64_t n_accidental; /* sequences that hold a motif by chance, carriers left out */
    int64_t n_holding;    /* sequences that hold one, carriers too */
    int n_picked, *pick;  /* [n_pick] of the recipe: a permutation; its first n_picked are used */
    const char *stuck;    /* the setting for which no sequence was found in REPERTOIRE_TRIES; NULL: it is complete */
} Repertoire;

/* A sequence under way. */
typedef struct {
    int8_t *codes; /* room for the stride */
    int len;
    int16_t gene[2]; /* V, J; -1: unknown */
    Rng *rng;        /* of sequences */
    Rng *gene_rng; /* of genes, a stream of its own: sequences do not depend on whether there are genes; NULL: none */
} RepertoireRow;

typedef struct Recipe Recipe;

typedef struct {
    void (*make)(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe); /* out->signal is set */
    uint64_t (*holds)(const void *carrying, const int8_t *codes, int len); /* bit k: signal k is there */
} CarrierType;

/* How repertoires are made; shared by all of them. */
struct Recipe {
    const BackgroundType *background;
    const void *state; /* of the background */
    int stride;
    bool genes;
    int n_signal, n_pick;
    const CarrierType *carriers; /* NULL: no carriers are made or looked for */
    const void *carrying;        /* what it needs */
};

/* What a repertoire is to be. */
typedef struct {
    int n;
    const int *n_carrier; /* [n_signal] */
    uint64_t purge;       /* bit k: no row but carriers holds signal k */
} RepertoireOrder;

/* Memory for up to n sequences and n_carrier carriers. */
void repertoire_plan(Repertoire *r, Arena *arena, const Recipe *recipe, int n, int n_carrier);

/* Fills it from the two streams alone. Carriers are exact in number and uniform over rows; counts are 1. A setting that
 * the background cannot meet ends it, and is in `stuck`. */
void repertoire_draw(Repertoire *r, const Recipe *recipe, const RepertoireOrder *order, Rng *rng, Rng *gene_rng);

/* Share of n background sequences that hold any signal; share [n_signal]: that hold each. */
double repertoire_holding(double *share, const Recipe *recipe, int n, Rng *rng);

void repertoire_background(RepertoireRow *row, const Recipe *recipe); /* a sequence of the background, with genes */

/* For a loop that draws again until a setting is met: one more, unless there were too many; then `stuck` is set. */
bool repertoire_again(int *tries, Repertoire *r, const char *setting);

#endif
