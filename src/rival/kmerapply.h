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

/* The score of a sequence is the sum over its windows, in all views, of weight · variance of the cell, less the view's mean of
 * that; the mean over models. Of a ridge-like machine, weight · variance is about the difference of a cell's x between the
 * classes. The weight alone, large where the variance is small, ranks cells of one or two bags first. */
Status kmerapply_rank(double *score, void *applier, int member, int output);

#endif
