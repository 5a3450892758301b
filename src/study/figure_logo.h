/* SPDX-License-Identifier: MIT
 *
 * figure_logo.h: a sequence logo (Schneider and Stephens 1990): at each position the letters stand on each other, the frequent
 * ones on top, and have together the height of its information:
 *
 *     R_t = Σ_a p_ta log2(p_ta / q_a) bits          p [n, 20]: shares of residues     q [20]: background
 *
 * which for equal q is log2(20) minus the entropy. Letter a has the height p_ta · R_t. Residues have colours by chemistry, in
 * the groups of WebLogo (Crooks et al. 2004). Letters are shapes of our own, so that a logo needs no font.
 */
#ifndef HOPSACK_FIGURE_LOGO_H
#define HOPSACK_FIGURE_LOGO_H

#include "study/markup.h"

#include <stdbool.h>

#define FIGURE_LOGO_LETTERS 20 /* in the order ACDEFGHIKLMNPQRSTVWY */
#define FIGURE_LOGO_MOST    60 /* positions */

typedef struct {
    const char *title;         /* read aloud, and shown above; escaped */
    const double *probability; /* [n, 20], each row with sum 1 */
    int n;                     /* positions, 1 … FIGURE_LOGO_MOST */
    const double *background;  /* [20], sum 1; NULL: 1/20 each */
    bool by_position;          /* background [n, 20]: each position has its own */
    const double *bits;        /* [n] information of each position, ≥ 0; NULL: by the background */
    int first;                 /* number under the first position */
} FigureLogo;

/* Information of one position in bits, never below 0. p [20], background [20] or NULL; letters of background 0 do not count. */
double figure_logo_bits(const double *p, const double *background);

/* The drawing, the caller's to free. ERR_FORMAT: a share that is no number from 0 to 1, a sum that is not 1 within 1 %, or too
 * many positions; ERR_MEMORY. */
Status figure_logo_svg(char **svg, const FigureLogo *logo);

/* Its numbers, one row a position and residue with a share above 0: position residue probability bits (the height of the
 * letter). */
void figure_logo_list(Markup *table, const FigureLogo *logo);

/* Both into files. `path` ends in .svg; the table stands beside it, with .tsv in its place. */
Status figure_logo_write(const char *path, const FigureLogo *logo, bool force);

#endif
