/* SPDX-License-Identifier: MIT
 *
 * betabinomial.h: counts k of n whose rates differ from bag to bag. A bag's rate is drawn from a beta distribution of
 * alpha, beta; then
 *
 *     ln p(k) = ln C(n, k) + ln B(k + alpha, n - k + beta) - ln B(alpha, beta)
 */
#ifndef HOPSACK_BETABINOMIAL_H
#define HOPSACK_BETABINOMIAL_H

typedef struct {
    double alpha, beta;
} BetaBinomial;

/* The most likely parameters of counts k [m] of n [m]. The larger of both is at most 1e8: rates that differ less than by
 * chance. Where no bag has any, half a sequence more is taken to be there, or alpha would be 0. */
BetaBinomial betabinomial_fit(const int *k, const double *n, int m);

/* ln p(k) without ln C(n, k), which two classes share. */
double betabinomial_log(const BetaBinomial *b, double k, double n);

#endif
