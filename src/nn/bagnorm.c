/* SPDX-License-Identifier: MIT */
#include "nn/bagnorm.h"

#include <assert.h>
#include <math.h>

void bagnorm_init(BagNorm *l, ParamList *list, int n_z)
{
    *l = (BagNorm){.n_z = n_z};
    l->mean_at = param_add(list, "bag_norm.mean", PARAM_CONSTANT, 0, PARAM_SHAPE(n_z));
    param_freeze(list, l->mean_at);
    l->var_at = param_add(list, "bag_norm.var", PARAM_CONSTANT, 1, PARAM_SHAPE(n_z));
    param_freeze(list, l->var_at);
}

/* Of number f. Two passes, in double: bag vectors differ by one per cent of their size. */
static double moments(double *var, const real *z, Index stride, int f, int n_bag)
{
    double mean = 0;
    *var = 0;
    for (int b = 0; b < n_bag; b++) mean += (double)z[b * stride + f];
    mean /= n_bag;
    for (int b = 0; b < n_bag; b++) {
        const double d = (double)z[b * stride + f] - mean;
        *var += d * d;
    }
    *var /= n_bag;
    return mean;
}

void bagnorm_forward(real *x, real *inv_std, const BagNorm *l, const real *z, int n_bag)
{
    const Index n_z = l->n_z;
    assert(n_bag >= 2);
    for (int f = 0; f < n_z; f++) {
        double var;
        const double mean = moments(&var, z, n_z, f, n_bag), r = 1 / sqrt(var + BAGNORM_EPS);
        for (int b = 0; b < n_bag; b++) x[b * n_z + f] = (real)(((double)z[b * n_z + f] - mean) * r);
        inv_std[f] = (real)r;
    }
}

/* forward was  x = (z - mean) r  with  mean = Σ z / n,  r = (Σ (z - mean)² / n + ε)^(-1/2),  so
 * dz_b = r (dx_b - Σ dx / n - x_b Σ dx x / n) */
void bagnorm_backward(real *dz, const BagNorm *l, const real *x, const real *inv_std, const real *dx, int n_bag)
{
    const Index n_z = l->n_z;
    for (int f = 0; f < n_z; f++) {
        double sum = 0, along = 0;
        for (int b = 0; b < n_bag; b++) {
            sum += (double)dx[b * n_z + f];
            along += (double)dx[b * n_z + f] * (double)x[b * n_z + f];
        }
        sum /= n_bag, along /= n_bag;
        for (int b = 0; b < n_bag; b++)
            dz[b * n_z + f] +=
                (real)((double)inv_std[f] * ((double)dx[b * n_z + f] - sum - (double)x[b * n_z + f] * along));
    }
}

void bagnorm_predict(real *x, const BagNorm *l, const real *theta, const real *z, int n_bag)
{
    const real *mean = theta + l->mean_at, *var = theta + l->var_at;
    for (int f = 0; f < l->n_z; f++) {
        const double r = 1 / sqrt((double)var[f] + BAGNORM_EPS);
        for (int b = 0; b < n_bag; b++) x[b * l->n_z + f] = (real)(((double)z[b * l->n_z + f] - (double)mean[f]) * r);
    }
}

void bagnorm_fit(real *theta, const BagNorm *l, const real *z, Index stride, int n_bag)
{
    for (int f = 0; f < l->n_z; f++) {
        double var;
        theta[l->mean_at + f] = (real)moments(&var, z, stride, f, n_bag);
        theta[l->var_at + f] = (real)var;
    }
}
