/* SPDX-License-Identifier: MIT
 *
 * target_binary.c: one logit x, target y 0 or 1, weight ω of positives (single precision, as DeepRC):
 *
 *     loss = (1 - y) x + (1 + (ω - 1) y) (ln(1 + e^-|x|) + max(-x, 0))
 */
#include "model/target.h"

#include <math.h>

static double weight(const Target *t, double y)
{
    return 1 + ((double)(float)t->pos_weight - 1) * y;
}

static double loss(const Target *t, const real *output, const real *target)
{
    const double x = (double)output[0], y = (double)target[0];
    return (1 - y) * x + weight(t, y) * (log1p(exp(-fabs(x))) + (x < 0 ? -x : 0));
}

/* σ(x) without overflow. */
static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

static void loss_backward(real *dy, const Target *t, const real *output, const real *target, double scale)
{
    const double x = (double)output[0], y = (double)target[0];
    dy[0] += (real)(scale * ((1 - y) - weight(t, y) * sigmoid(-x)));
}

static void predict(double *p, const Target *t, const real *output)
{
    const double y = (double)output[0];
    p[0] = sigmoid(t->is_calibrated ? t->slope * y + t->shift : y);
}

const TargetType target_binary = {
    .name = "binary",
    .n_out = 1,
    .n_class = 2,
    .loss = loss,
    .loss_backward = loss_backward,
    .predict = predict,
};
