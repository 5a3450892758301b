/* SPDX-License-Identifier: MIT */
#include "train/average.h"

void average_move(real *average, const real *theta, const ParamList *params, double decay, int update)
{
    const double t = update, early = (1 + t) / (10 + t);
    const real d = (real)(early < decay ? early : decay);
    for (size_t at = 0, n; (n = param_run(params, &at)) > 0; at += n)
        for (size_t i = at; i < at + n; i++) average[i] = d * average[i] + (1 - d) * theta[i];
}
