/* SPDX-License-Identifier: MIT
 *
 * headgauss.h: a Gaussian of the distance between key and query in place of a head's attention:
 *
 *   g_ij = exp(-(j - at_i - μ)² / 2σ²) / Σ over the visible keys j of the same
 *
 * with the μ and σ that maximise Σ_ij a_ij log g_ij, the likelihood of the head's mean attention a. As a function of
 * μ/σ² and -1/2σ² this is concave, so Newton's method finds the one maximum.
 */
#ifndef HOPSACK_HEADGAUSS_H
#define HOPSACK_HEADGAUSS_H

#include <stdint.h>

#define HEADGAUSS_SD_MIN   0.2 /* keys: all weight on one */
#define HEADGAUSS_SD_RANGE 10  /* σ is at most so many times the number of keys: flat */

typedef struct {
    const double *a;     /* [n_query, n_key] mean attention; a row sums to 1, or is 0 and then left out */
    const uint8_t *seen; /* [n_query, n_key] 1: key is visible */
    const double *at;    /* [n_query] place of the query among the keys */
    int64_t n_query, n_key;
} HeadMean;

typedef struct {
    double mean, sd; /* keys; mean < 0: before the query */
    double l1;       /* mean over queries of Σ_j |a_ij - g_ij|: 0 … 2 */
} HeadGauss;

HeadGauss headgauss_fit(const HeadMean *m, double *scratch); /* scratch [n_key] */

#endif
