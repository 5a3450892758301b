/* SPDX-License-Identifier: MIT
 *
 * statsmodel.h: models of rival_stats.c, on bags of another cohort with the same features.
 *
 *     linear     weight [n_column], intercept: of mean, max and min of the features as they are in the file
 *     machine    support vectors as sparse rows (start, column, value) scaled by mean and scale [n_column]; coefficient,
 *                gamma, intercept. These rows are training bags.
 *
 *     facts      linear; n_feat; features: their names, null where the file has none; clip, of a machine: limit of the
 *                scaled numbers, left out where there is none
 */
#ifndef HOPSACK_STATSMODEL_H
#define HOPSACK_STATSMODEL_H

#include "rival/classifier.h"
#include "rival/rival.h"

/* What was learned, and on which rows. */
typedef struct {
    const Cohort *cohort;
    const FeatureRows *rows, *scaled; /* of its members, as they are and scaled on the training rows */
    const int *train;                 /* [n_train] */
    int n_train;
    bool is_linear;
    double clip; /* of a machine: the limit of `scaled`; 0: none */
    const ClassifierModel *learned;
} StatsLearned;

Status statsmodel_new(RivalModel **out, const Rival *rival, const StatsLearned *l);

/* As Rival has them. */
Status statsmodel_apply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
Status statsmodel_apply(double *output, void *applier, int member);
void statsmodel_apply_close(void *applier);

#endif
