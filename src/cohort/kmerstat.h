/* SPDX-License-Identifier: MIT
 *
 * kmerstat.h: the test of one k-mer, over bags that have a number v and a label x each.
 *
 *   t = Sxy / √(Sxx · s²)      s² = max((Syy - Sxy²/Sxx) / (n - 2), KMERSTAT_FLOOR)
 *
 *   Sxx = Σ (x - mean x)²      Sxy = Σ (x - mean x) v      Syy = Σ (v - mean v)²
 *
 * With x = 0 or 1 this is the two-sample t with pooled variance, with numbers the t of their correlation. The z of a t
 * is the deviation that a standard normal number exceeds with the same probability.
 *
 * Presence is tested by Fisher's exact test: of n bags n_in are inside, `held` hold the k-mer, and held_in of these are
 * inside. Its z is that of the smaller one-sided tail of the hypergeometric distribution, held_in included.
 */
#ifndef HOPSACK_KMERSTAT_H
#define HOPSACK_KMERSTAT_H

#define KMERSTAT_FLOOR 0.05 /* least variance between bags of v, whose Poisson variance is 1 */
#define KMERSTAT_LEVEL 0.05 /* of the Bonferroni threshold */

double kmerstat_t(double sxy, double sxx, double syy, int n);

/* z of Student's t with df degrees of freedom; sign and order are kept, and it is exact far in the tails. */
double kmerstat_z(double t, double df);

/* z of Fisher's exact test; positive where the share is larger inside; 0 where a tail is not below ½. */
double kmerstat_presence(int held_in, int n_in, int held, int n);

/* The least and the most `held` with which some held_in gives |z| > min_z; where there is none, *least > *most. */
void kmerstat_attainable(int *least, int *most, int n_in, int n, double min_z);

/* The z that any of n_tested ≥ 1 tests exceeds in absolute value with probability ≤ KMERSTAT_LEVEL. */
double kmerstat_threshold(double n_tested);

#endif
