/* SPDX-License-Identifier: MIT */
#include "cohort/settle.h"
#include "cohort/task.h"

#include <math.h>
#include <stdlib.h>

static Status choose_cutoff(Target *t, CutoffRule rule, const double *output, const int *class, int n)
{
    int found = 0;
    MetricRank *rank = malloc(((size_t)n + 1) * sizeof *rank);
    if (!rank) return fail(ERR_MEMORY, "no memory for %d bags", n);
    for (int i = 0; i < n; i++)
        if (class[i] >= 0 && isfinite(output[i])) rank[found++] = (MetricRank){output[i], class[i] == 1};
    t->has_cutoff = cutoff_choose(&t->cutoff, rule, rank, found);
    free(rank);
    return OK;
}

Status settle_target(Target *t, bool *is_settled, SettleRule rule, const double *output, const int *class, int n)
{
    const TaskType *type = task_of(t);
    const bool calibrates = rule.calibrate && type->calibrate;
    t->is_calibrated = t->has_cutoff = false;
    if (calibrates) type->calibrate(t, output, class, n);
    if (is_settled) *is_settled = !calibrates || t->is_calibrated;
    if (!type->has_auc || rule.cutoff.kind == CUTOFF_NONE) return OK;
    return choose_cutoff(t, rule.cutoff, output, class, n);
}
