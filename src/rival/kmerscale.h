/* SPDX-License-Identifier: MIT
 *
 * kmerscale.h: features of bags from counts of k-mers, a panel of cells at a time.
 *
 *   x_ic = ln(1 + 100 000 · count_ic / total_i)     total: of all cells of the cell's view; a bag without windows has 0
 *   φ_ic = (x_ic - mean_c) / sd_c                   over the members of a set (sd: divided by their number)
 *
 * Cells where all members have the same x are left out. Most cells are in few bags: those in at most a fifth of them are
 * kept as lists of their numbers, the others as columns of a dense array.
 */
#ifndef HOPSACK_KMERSCALE_H
#define HOPSACK_KMERSCALE_H

#include "cohort/kmerblocks.h"
#include "rival/bagproduct.h"

#define KMERSCALE_TABLE  256 /* counts whose x is computed once a bag and view */
#define KMERSCALE_SPARSE 5   /* a cell is a list in up to 1 / this of the bags */

/* Cells of a panel that are in few bags. */
typedef struct {
    int n;                 /* cells */
    int *cell;             /* [n] of the panel, ascending */
    int *start;            /* [n + 1] cell k has the entries start[k] … start[k+1]-1 */
    int *bag;              /* [entries] ascending within a cell */
    double *x;             /* [entries] */
    int *of_bag;           /* [number of bags + 1] the entries of a bag are entry[of_bag[i]] … */
    int *entry;            /* [entries] bag by bag, cells ascending */
    int *position;         /* [entries] cell (0 … n-1) of entry[…] */
    double *mean, *inv_sd; /* [n] of the set at work; inv_sd 0: left out */
} KmerLists;

typedef struct {
    int n; /* bags */
    const KmerPanel *panel;
    const bool *member; /* [n] of the set at work */
    int n_member;
    int *row;                      /* [n_member] the members */
    int view;                      /* that the table is of; -1: none */
    double *table;                 /* [n, KMERSCALE_TABLE] x of small counts */
    int in_bags[KMERBLOCKS_PANEL]; /* bags that have the cell */
    KmerLists lists;

    /* The other cells. */
    int n_dense;
    int *dense;            /* [n_dense] of the panel, ascending */
    double *x;             /* [n, n_dense] */
    double *mean, *inv_sd; /* [n_dense] inv_sd 0: left out */
    int n_kept;
    int *kept;   /* [n_kept] of the dense cells: those with a φ */
    double *phi; /* [n, n_kept] as bagproduct_at says */
} KmerScale;

Status kmerscale_new(KmerScale *out, int n);
void kmerscale_free(KmerScale *scale); /* accepts half-built ones */

double kmerscale_x(double count, double total);

/* Sets x; the panel is borrowed. */
void kmerscale_panel(KmerScale *scale, const KmerPanel *panel);
/* Sets means, inv_sd and kept by the bags that are `member` [n], which is borrowed. */
void kmerscale_set(KmerScale *scale, const bool *member);
/* Sets φ of the kept cells by them. */
void kmerscale_phi(KmerScale *scale);
/* sum [n] = Σ_i weight_i φ_ic over the bags (weight [scale->n]), of n dense cells from `first` on; needs no kmerscale_phi.
 * Of cells that are left out it is 0. */
void kmerscale_sum(double *sum, const KmerScale *scale, const double *weight, int first, int n);

#endif
