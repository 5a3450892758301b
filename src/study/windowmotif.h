/* SPDX-License-Identifier: MIT
 *
 * windowmotif.h: motifs from windows of sequences that models attend to.
 *
 * Greedy clustering: windows, heaviest first, join the motif that they fit best when shifted against it, or begin one. How
 * well a window fits is the log-odds of its residues by the motif's frequencies against their frequency at the same position
 * of all sequences of the same length; so what all sequences share, as their ends, is no motif. Residues count as much as they
 * matter to the model (`use`), so what lies beside a motif does not divide it; and a residue that matters where the motif has
 * nothing counts against it, so a gap of another length is another motif. A second pass assigns all windows anew. A sequence
 * counts once in a motif, with its heaviest window.
 *
 *     frequency of residue r in column c = Σ weight of windows that have it there / Σ weight of windows that reach c
 *     information of a column            = Σ_r f log2(f / background) less the bias of small samples, in bits
 */
#ifndef HOPSACK_WINDOWMOTIF_H
#define HOPSACK_WINDOWMOTIF_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define MOTIF_LETTERS 20
#define MOTIF_WINDOW  32 /* residues of a window at most */
#define MOTIF_COLUMNS 96 /* of a motif under way: a window, and what shifts add on both sides */
#define MOTIF_NONE    255

/* How often residues are at each position of sequences of each length, of all sequences. */
typedef struct {
    int max_len;
    double *share; /* [max_len + 1, max_len, MOTIF_LETTERS] */
    double all[MOTIF_LETTERS];
} MotifBackground;

Status windowmotif_background_open(MotifBackground *b, int max_len);
void windowmotif_background_add(MotifBackground *b, const uint8_t *code, int len);
void windowmotif_background_settle(MotifBackground *b); /* counts become shares, with one pseudo count */
void windowmotif_background_free(MotifBackground *b);   /* accepts {0} */

typedef struct {
    uint8_t code[MOTIF_WINDOW]; /* MOTIF_NONE beyond the sequence */
    float use[MOTIF_WINDOW];    /* 0 … 1: how much each residue matters, of the largest attribution in the window */
    int position, len;          /* first residue in its sequence, and the sequence's length */
    double weight;              /* > 0 */
    int member, row, kernel, model;
    int motif, shift; /* filled: -1: of none; column of its first residue */
} MotifWindow;

int windowmotif_by_kernel(const void *a, const void *b); /* for qsort: by model, kernel, member, row */
bool windowmotif_is_of_one_kernel(const MotifWindow *x, const MotifWindow *y);

typedef struct {
    int n_column, n_sequence;
    double weight; /* of all windows */
    double share[MOTIF_COLUMNS][MOTIF_LETTERS], bits[MOTIF_COLUMNS];
    double background[MOTIF_COLUMNS][MOTIF_LETTERS];
    char consensus[MOTIF_COLUMNS + 1]; /* "." where no residue has half of the frequency, or below half a bit */
    double position, spread;           /* mean and standard deviation of column 0 in the sequences, from 0 */
} WindowMotif;

/* Windows of n_residue residues; sorts them by motif and weight, and fills motif and shift. *out [*n_out], the caller's to free,
 * by weight, largest first; of at least min_sequence sequences and one column of half a bit. ERR_MEMORY. */
Status windowmotif_find(WindowMotif **out, int *n_out, MotifWindow *window, int n, int n_residue,
                        const MotifBackground *background, int min_sequence);

#endif
