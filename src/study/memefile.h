/* SPDX-License-Identifier: MIT
 *
 * memefile.h: motifs in MEME's minimal format, version 4: alphabet, background, and for each motif a letter-probability matrix.
 */
#ifndef HOPSACK_MEMEFILE_H
#define HOPSACK_MEMEFILE_H

#include "core/textout.h"
#include "study/figure_logo.h"

#define MEMEFILE_NAME 128

typedef struct {
    char name[MEMEFILE_NAME]; /* what stands behind MOTIF: identifier, and another name */
    double *probability;      /* [n, FIGURE_LOGO_LETTERS] in the order of figure_logo.h */
    int n;                    /* positions */
} MemeMotif;

typedef struct {
    MemeMotif *motif; /* [n] as in the file */
    int n;
    bool has_background;
    double background[FIGURE_LOGO_LETTERS];
} MemeFile;

/* ERR_FORMAT names the line: another alphabet than the 20 residues, a row that lacks numbers, a matrix without its width. A file
 * may have no motif. */
Status memefile_read(MemeFile *out, const char *path);
void memefile_free(MemeFile *m); /* accepts {0} and half-built ones */

/* Writing: the head once; then of each motif a line "MOTIF NAME", the matrix's line (positions, sequences) and its rows. */
#define MEMEFILE_MATRIX "letter-probability matrix: alength= 20 w= %d nsites= %d"
void memefile_head(TextOut *out, const double *background);         /* [FIGURE_LOGO_LETTERS] */
void memefile_rows(TextOut *out, const double *probability, int n); /* [n, FIGURE_LOGO_LETTERS] */

#endif
