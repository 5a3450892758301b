/* SPDX-License-Identifier: MIT
 *
 * enrichmodel.h: models of the rival `enriched`: k-mers and their weights.
 *
 *     cell [n] I64 of the profile of enrichmodel_views, level [n], weight [n] F64, output [n] I64
 *     intercept [n_out] F64, scale [n_view] F64 (enrichscan.h)
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
