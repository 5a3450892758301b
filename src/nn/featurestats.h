/* SPDX-License-Identifier: MIT
 *
 * featurestats.h: what a bag of vectors looks like from outside, as numbers for the output network.
 *
 *     u [3 n_feat]     mean, then max, then min of every feature over the instances of the bag
 */
#ifndef HOPSACK_FEATURESTATS_H
#define HOPSACK_FEATURESTATS_H

#include "core/bag.h"

#define FEATURE_STATS 3

/* Dense vectors; NaN of a bag without instances. */
void featurestats(real *u, const Bag *bag, int n_feat);

#endif
