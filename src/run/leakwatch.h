/* SPDX-License-Identifier: MIT
 *
 * leakwatch.h: a look at bags of vectors before a run learns from them, with the labels it will learn: features that give
 * the answer away (leaks.h) in warnings, features and bags that hold little in messages. Import looks at the labels that it
 * imports; these may come from elsewhere, and so may the file.
 */
#ifndef HOPSACK_LEAKWATCH_H
#define HOPSACK_LEAKWATCH_H

#include "cohort/cohort.h"
#include "data/bagfile/cache.h"

/* Leaks that random numbers may be expected to have, before it can be chance and nothing is said. */
#define LEAKWATCH_CHANCE 0.01

/* One pass over all bags, once a run; nothing for sequences. `cache` NULL: they are read from the file. */
Status leakwatch_report(const Cohort *cohort, const Target *target, int n_target, Cache *cache);

#endif
