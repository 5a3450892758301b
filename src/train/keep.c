/* SPDX-License-Identifier: MIT */
#include "train/keep.h"
#include "cohort/task.h"

#include <math.h>

KeepRule keep_rule(Keep keep, const ModelOptions *model)
{
    if (keep == KEEP_AUC) return KEEP_BY_SCORE;
    return model->norm == NORM_BAGS ? KEEP_BY_CALIBRATED_LOSS : KEEP_BY_LOSS;
}

double keep_value(KeepRule rule, const Target *t, const MetricInput *in, const double *score)
{
    const TaskType *type = task_of(t);
    if (in->n_bag == 0) return NAN;
    if (rule == KEEP_BY_SCORE) return isnan(score[1]) ? score[0] : 1 - score[1] + 1e-6 * fmin(score[0], 1e3);
    return rule == KEEP_BY_LOSS || !type->calibrated ? score[0] : type->calibrated(t, in);
}

double keep_floor(KeepRule rule, const Target *t, const MetricInput *in)
{
    const TaskType *type = task_of(t);
    return rule == KEEP_BY_CALIBRATED_LOSS && type->calibrated_min ? type->calibrated_min(t, in) : 0;
}
