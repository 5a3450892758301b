/* SPDX-License-Identifier: MIT */
#include "train/earlystop.h"

#include <math.h>
#include <string.h>

void earlystop_keep(EarlyStop *e, const TrainOptions *options, const real *theta, size_t n_params, int update,
                    double value)
{
    const bool always = options->keep == KEEP_LAST || isnan(value);
    if (!always && e->update > 0 && !(value < e->value)) return;
    memcpy(e->theta, theta, n_params * sizeof *e->theta);
    e->update = update;
    e->value = value;
}

void earlystop_count(EarlyStop *e, const TrainOptions *options, double value, double floor)
{
    const double delta = options->min_delta;
    if (isnan(value)) return;
    e->waited = value < e->lowest - delta || isnan(e->lowest) ? 0 : e->waited + 1;
    if (e->waited == 0) e->lowest = value;
    if (delta > 0 && value - delta < floor && e->waited < options->patience) e->waited = options->patience;
}

bool earlystop_is_due(const EarlyStop *e, const TrainOptions *options)
{
    return options->patience > 0 && e->waited >= options->patience;
}
