/* SPDX-License-Identifier: MIT
 *
 * fisher.h: Fisher's exact test of two shares, one-sided. Of n1 bags of a class a hold a sequence, of n0 others b do:
 *
 *     p = P(X ≥ a),  X hypergeometric: a + b bags drawn of n1 + n0, of which n1 count
 */
#ifndef HOPSACK_FISHER_H
#define HOPSACK_FISHER_H

#include "core/status.h"

#define FISHER_KEPT 48 /* values for a, b below this are kept */

typedef struct {
    int n1, n0;
    double *log_factorial; /* [n1 + n0 + 1] */
    double *kept;          /* [FISHER_KEPT, FISHER_KEPT] -log10 p, enriched */
} Fisher;

/* P(X ≥ a) / P(X = a) of m bags drawn. */
double fisher_tail(int n1, int n0, int a, int m);

Status fisher_open(Fisher *out, int n1, int n0);
void fisher_close(Fisher *f); /* accepts {0} */

double fisher_enriched(const Fisher *f, int a, int b); /* -log10 p, ≥ 0 */

/* The same, positive where the share in the class is larger; otherwise minus that of the others. */
double fisher_signed(const Fisher *f, int a, int b);

#endif
