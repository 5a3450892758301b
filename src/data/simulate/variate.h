/* SPDX-License-Identifier: MIT
 *
 * variate.h: random numbers of distributions that the simulator needs, from a stream of core/rng.h.
 */
#ifndef HOPSACK_VARIATE_H
#define HOPSACK_VARIATE_H

#include "core/rng.h"

int variate_poisson(double mean, int most, Rng *rng);           /* cut at `most`; time grows with the mean */
int variate_binomial(int n, double p, Rng *rng);                /* time grows with n · min(p, 1 - p) */
double variate_beta(double a, double b, Rng *rng);              /* a, b > 0 */
double variate_pareto(double least, double exponent, Rng *rng); /* least · u^(-1/exponent) */

#endif
