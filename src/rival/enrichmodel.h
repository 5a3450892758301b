/* SPDX-License-Identifier: MIT
 *
 * enrichmodel.h: models of the rival `enriched`: k-mers and their weights.
 *
 *     cell.K [n] I64 of the profile of enrichmodel_views, level.K [n], weight.K [n], intercept.K [1] F64 of output K
 *     scale [n_view] F64 (enrichscan.h)       fact n_out: outputs
 *
 * A sequence ranks by the sum of the weights of its k-mers, whatever their level.
 */
#ifndef HOPSACK_ENRICHMODEL_H
#define HOPSACK_ENRICHMODEL_H

#include "rival/enrichscan.h"
#include "rival/rival.h"

extern const KmerViewText enrichmodel_views[]; /* masks: 4 within 6 places, 3 within 7 */

typedef struct {
    int output, n; /* its first n marks */
    double slope, intercept;
} EnrichModelPart;

Status enrichmodel_begin(RivalModel *model, const double *scale, int n_out);
/* Adds the marks of one output, outputs in their order; weight [n] is of the marks. */
Status enrichmodel_add(RivalModel *model, const EnrichModelPart *part, const EnrichMark *mark, const double *weight);

Status enrichmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status enrichmodel_apply(double *output, void *applier, int member);
Status enrichmodel_rank(double *score, void *applier, int member, int output);
void enrichmodel_close(void *applier);

#endif
