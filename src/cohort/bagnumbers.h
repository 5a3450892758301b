/* SPDX-License-Identifier: MIT
 *
 * bagnumbers.h: a few numbers that describe the instances of one bag as a whole.
 */
#ifndef HOPSACK_BAGNUMBERS_H
#define HOPSACK_BAGNUMBERS_H

#include "core/bag.h"

/* Of sequences by their counts; a count below 1 is taken as 1. */
typedef struct {
    double depth;      /* sum of counts */
    double clonality;  /* 1 - entropy / ln n of the shares; 1 of a single sequence */
    double largest;    /* share of the largest clone */
    double singletons; /* share of sequences whose count is 1 */
    double smallest;   /* count */
} BagCounts;

void bagnumbers_counts(BagCounts *out, const int64_t *count, int n);

/* Of all values of the vectors together. */
typedef struct {
    double mean, sd, min, max;
    double zeros; /* share of values that are 0 */
} BagValues;

void bagnumbers_values(BagValues *out, const Bag *bag, int n_feat);

#endif
