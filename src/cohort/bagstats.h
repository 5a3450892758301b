/* SPDX-License-Identifier: MIT
 *
 * bagstats.h: what a bag of vectors looks like from outside: mean, largest and smallest number of every feature.
 *
 *     column k · n_feat + f     statistic k (0 mean, 1 max, 2 min) of feature f over the bag's instances
 *
 * Of sparse bags only numbers other than 0 are listed, so that they never become dense.
 */
#ifndef HOPSACK_BAGSTATS_H
#define HOPSACK_BAGSTATS_H

#include "cohort/cohort.h"
#include "cohort/featurerows.h"

/* A row a member; those that `use` [cohort->n] leaves out have an empty one. ERR_FORMAT names a bag without instances. */
Status bagstats_make(FeatureRows *out, const Cohort *cohort, const bool *use);

/* The same row of one member at a time. */
typedef struct BagStats BagStats;
Status bagstats_open(BagStats **out, const Cohort *cohort);
Status bagstats_row(FeatureRows *out, BagStats *s, int member); /* one more row, whole */
void bagstats_close(BagStats *s);                               /* accepts NULL and half-built ones */
int bagstats_n_column(const Cohort *cohort);

#endif
