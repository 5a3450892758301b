/* SPDX-License-Identifier: MIT */
#include "nn/baginputs.h"
#include "core/rng.h"

#include <float.h>
#include <math.h>

#define SAME (4 * (double)FLT_EPSILON) /* relative: what rounding can make of equal numbers */

void baginputs_init(BagInputs *l, ParamList *list, int n_input, int n_unit, double clip)
{
    *l = (BagInputs){.n_input = n_input, .n_unit = n_unit, .n_out = n_unit > 0 ? n_unit : n_input};
    l->clip = clip > 0 ? clip : (double)INFINITY;
    l->mean_at = param_add(list, BAGINPUTS_MEAN, PARAM_CONSTANT, 0, PARAM_SHAPE(n_input));
    param_freeze(list, l->mean_at);
    l->scale_at = param_add(list, BAGINPUTS_SCALE, PARAM_CONSTANT, 0, PARAM_SHAPE(n_input));
    param_freeze(list, l->scale_at);
    if (n_unit > 0) linear_init_uniform(&l->layer, list, BAGINPUTS_LAYER, n_input, n_unit);
}

/* Of number k where it is known; 0 bags: NaN. */
static double mean_of(const real *const *u, int k, int n_bag)
{
    double sum = 0;
    int n = 0;
    for (int b = 0; b < n_bag; b++)
        if (!isnan(u[b][k])) sum += (double)u[b][k], n++;
    return n > 0 ? sum / n : NAN;
}

static double deviation_of(const real *const *u, int k, double mean, int n_bag)
{
    double square = 0;
    int n = 0;
    for (int b = 0; b < n_bag; b++)
        if (!isnan(u[b][k])) square += ((double)u[b][k] - mean) * ((double)u[b][k] - mean), n++;
    return sqrt(square / n);
}

void baginputs_fit(real *theta, const BagInputs *l, const real *const *u, int n_bag)
{
    for (int k = 0; k < l->n_input; k++) {
        const double mean = mean_of(u, k, n_bag), sd = isnan(mean) ? 0 : deviation_of(u, k, mean, n_bag);
        const bool varies = sd > SAME * fabs(mean) && isfinite((float)(1 / sd));
        theta[l->mean_at + k] = isnan(mean) ? 0 : (real)(float)mean;
        theta[l->scale_at + k] = varies ? (real)(float)(1 / sd) : 0;
    }
}

real baginputs_value(const BagInputs *l, const real *theta, const real *u, int k)
{
    const real mean = theta[l->mean_at + (size_t)k], scale = theta[l->scale_at + (size_t)k], clip = (real)l->clip;
    const real value = !u || isnan(u[k]) ? 0 : (u[k] - mean) * scale;
    return value > clip ? clip : value < -clip ? -clip : value;
}

void baginputs_forward(real *x, const BagInputs *l, const real *theta, const real *u)
{
    for (int k = 0; k < l->n_input; k++) x[k] = baginputs_value(l, theta, u, k);
}

void baginputs_drop(real *x, const BagInputs *l, double p, uint64_t seed, uint64_t update, int n_bag)
{
    if (p <= 0) return;
    Rng rng = rng_stream(seed, "bag_inputs", update);
    for (Index i = 0; i < n_bag * (Index)l->n_input; i++)
        x[i] = rng_uniform(&rng) < p ? 0 : (real)((double)x[i] / (1 - p));
}

void baginputs_layer(real *v, const BagInputs *l, const real *theta, const real *x, int n_bag)
{
    linear_forward(v, &l->layer, theta, x, n_bag);
    for (Index i = 0; i < n_bag * l->n_out; i++) v[i] = v[i] > 0 ? v[i] : 0;
}

void baginputs_layer_backward(real *grad, const BagInputs *l, const real *theta, const real *x, const real *v,
                              real *dv, int n_bag)
{
    for (Index i = 0; i < n_bag * l->n_out; i++)
        if (v[i] <= 0) dv[i] = 0;
    linear_backward(NULL, grad, &l->layer, theta, x, dv, n_bag);
}
