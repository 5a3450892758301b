/* SPDX-License-Identifier: MIT
 *
 * average.h: the moving average of the parameters over updates, train.average.
 *
 *     average ← d · average + (1 - d) · theta      d = min((1 + u) / (10 + u), decay) after update u
 *
 * so that the average over the first updates is of them alone. Only learned elements move.
 */
#ifndef HOPSACK_AVERAGE_H
#define HOPSACK_AVERAGE_H

#include "core/param.h"

/* average, theta [params->size] */
void average_move(real *average, const real *theta, const ParamList *params, double decay, int update);

#endif
