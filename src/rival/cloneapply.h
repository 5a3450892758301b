/* SPDX-License-Identifier: MIT
 *
 * cloneapply.h: models of bagkernel_clones.c on bags of any cohort. As in BagKernel; `patterns`: the models are of clones-1.
 */
#ifndef HOPSACK_CLONEAPPLY_H
#define HOPSACK_CLONEAPPLY_H

#include "rival/rival.h"

Status cloneapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort, bool patterns);
Status cloneapply_product(double *product, double *size, void *applier, int member);
Status cloneapply_rank(double *score, void *applier, int member, int output);
void cloneapply_close(void *applier); /* accepts NULL and half-built ones */

#endif
