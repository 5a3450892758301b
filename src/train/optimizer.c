/* SPDX-License-Identifier: MIT */
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

/* Constants are worked out in double and rounded once, as PyTorch does, so that float trajectories stay comparable. */
static void adam_step(real *theta, OptimizerState *s, const OptimizerOptions *o, const real *grad, size_t n)
{
    const double t = (double)s->step;
    const real beta1 = (real)o->beta1, rest1 = (real)(1 - o->beta1);
    const real beta2 = (real)o->beta2, rest2 = (real)(1 - o->beta2);
    const real size = (real)(o->lr / (1 - pow(o->beta1, t)));
    const real root = (real)sqrt(1 - pow(o->beta2, t)), eps = (real)o->eps;
    real *restrict m = s->m, *restrict v = s->v, *restrict p = theta;
    for (size_t i = 0; i < n; i++) {
        const real g = grad[i];
        m[i] = beta1 * m[i] + rest1 * g;
        v[i] = beta2 * v[i] + rest2 * g * g;
#ifdef HOPSACK_DOUBLE
        p[i] -= size * m[i] / (sqrt(v[i]) / root + eps);
#else
        p[i] -= size * m[i] / (sqrtf(v[i]) / root + eps);
#endif
    }
}

static const OptimizerType adam = {"adam", adam_step};

const OptimizerType *const optimizer_types[] = {&adam, NULL};

const OptimizerType *optimizer_type(const char *name)
{
    for (const OptimizerType *const *t = optimizer_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}

double optimizer_l1(real *grad, const real *theta, const ParamList *params, double l1)
{
    double penalty = 0;
    for (int k = 0; k < params->n; k++) {
        const Param *p = &params->param[k];
        const double share = l1 / ((double)p->size * params->n);
        double sum = 0;
        for (size_t i = p->at; i < p->at + p->size; i++) {
            sum += fabs((double)theta[i]);
            grad[i] += (real)(theta[i] > 0 ? share : theta[i] < 0 ? -share : 0);
        }
        penalty += share * sum;
    }
    return penalty;
}

void optimizer_step(const OptimizerType *type, real *theta, OptimizerState *s, const OptimizerOptions *o, real *grad,
                    size_t n)
{
    if (o->l2 != 0)
        for (size_t i = 0; i < n; i++) grad[i] += (real)o->l2 * theta[i];
    s->step++;
    type->step(theta, s, o, grad, n);
}
