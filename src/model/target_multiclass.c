/* SPDX-License-Identifier: MIT
 *
 * target_multiclass.c: one output a class, target one-hot (class y), class weights c (single precision, as DeepRC):
 *
 *     loss = -c_y ln softmax(x)_y          not divided by the sum of weights
 */
#include "model/target.h"

#include <math.h>

static int first_largest(const real *x, int n)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

static double weight(const Target *t, int class)
{
    return t->class_weights ? (double)(float)t->class_weights[class] : 1;
}

static void predict(double *p, const Target *t, const real *output)
{
    const double max = (double)output[first_largest(output, t->n_out)], slope = t->is_calibrated ? t->slope : 1;
    double sum = 0;
    for (int k = 0; k < t->n_out; k++) sum += p[k] = exp(slope * ((double)output[k] - max));
    for (int k = 0; k < t->n_out; k++) p[k] /= sum;
}

static double loss(const Target *t, const real *output, const real *target)
{
    const int class = first_largest(target, t->n_out);
    const double max = (double)output[first_largest(output, t->n_out)];
    double sum = 0;
    for (int k = 0; k < t->n_out; k++) sum += exp((double)output[k] - max);
    return weight(t, class) * (log(sum) + max - (double)output[class]);
}

/* ∂/∂x_k of -ln softmax(x)_y is softmax(x)_k - [k = y]. */
static void loss_backward(real *dy, const Target *t, const real *output, const real *target, double scale)
{
    const int class = first_largest(target, t->n_out);
    const double max = (double)output[first_largest(output, t->n_out)];
    double sum = 0;
    for (int k = 0; k < t->n_out; k++) sum += exp((double)output[k] - max);
    for (int k = 0; k < t->n_out; k++)
        dy[k] += (real)(scale * weight(t, class) * (exp((double)output[k] - max) / sum - (k == class)));
}

const TargetType target_multiclass = {
    .name = "multiclass",
    .n_out = 0,
    .loss = loss,
    .loss_backward = loss_backward,
    .predict = predict,
};
