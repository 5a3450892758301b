/* SPDX-License-Identifier: MIT
 *
 * target_regression.c: one number x; the target is y = (number - mean) / std, and
 *
 *     loss = (x - y)²          prediction = x · std + mean, in the column's unit
 */
#include "model/target.h"

static double loss(const Target *t, const real *output, const real *target)
{
    const double difference = (double)output[0] - (double)target[0];
    (void)t;
    return difference * difference;
}

static void loss_backward(real *dy, const Target *t, const real *output, const real *target, double scale)
{
    (void)t;
    dy[0] += (real)(scale * 2 * ((double)output[0] - (double)target[0]));
}

static void predict(double *p, const Target *t, const real *output)
{
    p[0] = (double)output[0] * t->std + t->mean;
}

const TargetType target_regression = {
    .name = "regression",
    .n_out = 1,
    .n_class = 1,
    .loss = loss,
    .loss_backward = loss_backward,
    .predict = predict,
};
