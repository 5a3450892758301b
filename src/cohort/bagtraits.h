/* SPDX-License-Identifier: MIT
 *
 * bagtraits.h: numbers that describe a bag from outside (traits.h). Of a repertoire, with counts c_i and D = Σ c_i:
 *
 *     sequences           n                          depth                D
 *     clonality           1 + Σ p ln p / ln n        largest_clone        max c / D        p_i = c_i / D
 *     singletons          share of c_i = 1           smallest_count       min c
 *     smallest_frequency  min c / D                  length_mean, length_median
 *     short, long         shares of sequences below the 10 % quantile and above the 90 % quantile of lengths in the cohort
 *
 * Counts below 1 are taken as 1. Of a bag of vectors: instances.
 */
#ifndef HOPSACK_BAGTRAITS_H
#define HOPSACK_BAGTRAITS_H

#include "cohort/traits.h"

/* Reads lengths and counts of the members that `use` [n] names, once. */
Status bagtraits_add(Traits *t, const Cohort *c, const bool *use);

/* Gene use: the share of a bag's sequences with each V and J gene that at least 1 % of the sequences have in some bag, and
 * the normalised entropy over genes. Nothing for a file without genes. */
Status bagtraits_add_genes(Traits *t, const Cohort *c, const bool *use);

/* Of vectors: mean, standard deviation, minimum, maximum of all values, and the share of zeros. Reads the bags. */
Status bagtraits_add_values(Traits *t, const Cohort *c, const bool *use);

#endif
