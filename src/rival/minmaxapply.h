/* SPDX-License-Identifier: MIT
 *
 * minmaxapply.h: models of bagkernel_minmax.h on bags of a cohort, several at once: a bag is counted once.
 */
#ifndef HOPSACK_MINMAXAPPLY_H
#define HOPSACK_MINMAXAPPLY_H

#include "rival/rival.h"

/* The entries of a BagKernel. ERR_MODEL: models or cohort do not fit. */
Status minmaxapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status minmaxapply_product(double *product, double *size, void *applier, int member);
void minmaxapply_close(void *applier);

#endif
