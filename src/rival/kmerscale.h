/* SPDX-License-Identifier: MIT
 *
 * kmerscale.h: features of bags from counts of k-mers, a panel of cells at a time.
 *
 *   x_ic = ln(1 + 100 000 · count_ic / total_i)     total: of all cells of the cell's view; an empty bag has 0
 *   φ_ic = (x_ic - mean_c) / sd_c                   over the members of a set (sd: divided by their number)
 *
 * Cells where all members have the same x are left out.
 */
#ifndef HOPSACK_KMERSCALE_H
#define HOPSACK_KMERSCALE_H

#include "cohort/kmerblocks.h"

#define KMERSCALE_TABLE 256 /* counts whose x is computed once a bag and view */

typedef struct {
    int n; /* bags */
    const KmerPanel *panel;
    const bool *member;    /* [n] of the set at work */
    int view;              /* that the table is of; -1: none */
    double *table;         /* [n, KMERSCALE_TABLE] x of small counts */
    double *x;             /* [n, KMERBLOCKS_PANEL] */
    double *mean, *inv_sd; /* [KMERBLOCKS_PANEL] inv_sd 0: left out */
    int n_kept;            /* cells with a φ */
    int *kept;             /* [n_kept] cells of the panel */
    double *phi;           /* [n, n_kept] */
} KmerScale;

Status kmerscale_new(KmerScale *out, int n);
void kmerscale_free(KmerScale *scale); /* accepts half-built ones */

double kmerscale_x(double count, double total);

/* Sets x; the panel is borrowed. */
void kmerscale_panel(KmerScale *scale, const KmerPanel *panel);
/* Sets mean, inv_sd, kept and φ by the bags that are `member` [n]. */
void kmerscale_set(KmerScale *scale, const bool *member);

#endif
