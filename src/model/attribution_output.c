/* SPDX-License-Identifier: MIT
 *
 * attribution_output.c: from bag vectors to scores in double, and back.
 */
#include "model/attribution_parts.h"
#include "nn/selu.h"

#include <math.h>

static double selu_of(double x)
{
    return x > 0 ? (double)SELU_LAMBDA * x : (double)SELU_LAMBDA_ALPHA * expm1(x);
}

static double selu_slope_of(double y)
{
    return y > 0 ? (double)SELU_LAMBDA : y + (double)SELU_LAMBDA_ALPHA;
}

static double norm_scale(const Mil *m, Index j)
{
    return m->o.norm == NORM_BAGS ? 1 / sqrt((double)m->theta[m->norm.var_at + j] + BAGNORM_EPS) : 1;
}

/* What the output network reads: z, standardised, and the numbers of the bag. */
static void join(double *x, const Mil *m, const double *z)
{
    for (Index j = 0; j < m->n_z; j++) {
        const double mean = m->o.norm == NORM_BAGS ? (double)m->theta[m->norm.mean_at + j] : 0;
        x[j] = (z[j] - mean) * norm_scale(m, j);
    }
    for (Index j = 0; j < m->inputs.n_out; j++) x[m->n_z + j] = (double)m->unit[j];
}

static void layer(double *y, const Linear *l, const real *theta, const double *x)
{
    for (Index o = 0; o < l->n_out; o++) {
        const real *w = theta + l->w_at + o * l->n_in;
        y[o] = (double)theta[l->b_at + o];
        for (Index j = 0; j < l->n_in; j++) y[o] += (double)w[j] * x[j];
    }
}

static void layer_backward(double *dx, const Linear *l, const real *theta, const double *dy)
{
    for (Index j = 0; j < l->n_in; j++) dx[j] = 0;
    for (Index o = 0; o < l->n_out; o++) {
        const real *w = theta + l->w_at + o * l->n_in;
        for (Index j = 0; j < l->n_in; j++) dx[j] += dy[o] * (double)w[j];
    }
}

double attribution_score(Attribution *a, double *dz, const double *z, const double *direction)
{
    const Mil *m = a->mil;
    const int last = m->o.output_hidden;
    double s = 0;
    join(a->y[0], m, z);
    for (int j = 0; j <= last; j++) {
        layer(a->y[j + 1], &m->output[j], m->theta, a->y[j]);
        for (Index o = 0; j < last && o < m->output[j].n_out; o++) a->y[j + 1][o] = selu_of(a->y[j + 1][o]);
    }
    for (Index o = 0; o < m->n_out; o++) s += direction[o] * a->y[last + 1][o];
    if (!dz) return s;
    for (Index o = 0; o < m->n_out; o++) a->dy[last + 1][o] = direction[o];
    for (int j = last; j >= 0; j--) {
        layer_backward(a->dy[j], &m->output[j], m->theta, a->dy[j + 1]);
        for (Index o = 0; j > 0 && o < m->output[j].n_in; o++) a->dy[j][o] *= selu_slope_of(a->y[j][o]);
    }
    for (Index j = 0; j < m->n_z; j++) dz[j] = a->dy[0][j] * norm_scale(m, j);
    return s;
}
