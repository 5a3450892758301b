/* SPDX-License-Identifier: MIT
 *
 * kmerapply.h: models of k-mers (bagkernel_kmers.h) on bags of a cohort, several at once: a bag is counted once.
 */
#ifndef HOPSACK_KMERAPPLY_H
#define HOPSACK_KMERAPPLY_H

#include "rival/rival.h"

/* The entries of a BagKernel. ERR_MODEL: models or cohort do not fit. */
Status kmerapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status kmerapply_product(double *product, double *size, void *applier, int member);
void kmerapply_close(void *applier);

/* The score of a sequence is the sum over its windows, in all views, of the weight of the cell less the mean weight of the
 * view's cells; the mean over models. */
Status kmerapply_rank(double *score, void *applier, int member, int output);

#endif
