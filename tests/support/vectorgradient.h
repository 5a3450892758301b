/* SPDX-License-Identifier: MIT
 *
 * vectorgradient.h: gradients of a small network over vectors against differences, in double. Header only, as bags.h.
 */
#ifndef HOPSACK_TEST_VECTORGRADIENT_H
#define HOPSACK_TEST_VECTORGRADIENT_H

#include "support/vectornet.h"

#include <math.h>

#ifndef GRADIENT_POINTS
#define GRADIENT_POINTS 40 /* numbers of a tensor that are looked at */
#endif

static inline double loss_at(Mil *m, const real *theta, const Batch *batch)
{
    real *waste = calloc(mil_params(m)->size, sizeof *waste);
    const double loss = mil_learn(m, waste, theta, batch, 5, 3, NULL);
    free(waste);
    return loss;
}

static inline void check_tensor(Mil *m, const Param *p, real *theta, const real *grad, const Batch *batch,
                                double most, const char *what)
{
    double worst = 0, largest = 0.1;
    for (size_t j = p->at; j < p->at + p->size; j += 1 + p->size / GRADIENT_POINTS) {
        const real was = theta[j], step = 1e-6;
        theta[j] = was + step;
        const double up = loss_at(m, theta, batch);
        theta[j] = was - step;
        const double numeric = (up - loss_at(m, theta, batch)) / (2 * step);
        theta[j] = was;
        worst = fmax(worst, fabs(numeric - grad[j]));
        largest = fmax(largest, fabs(numeric));
    }
    cr_expect_lt(worst, most * largest, "%s: gradient of %s differs by %.3g, largest %.3g", what, p->name, worst,
                 largest);
}

static inline void check_gradient(const ModelOptions *o, bool sparse, const char *what)
{
    Minibatch x;
    Target target;
    ModelOptions copy = *o;
    minibatch(&x);
    const double most = o->norm == NORM_BAGS ? 2e-6 : 2e-7; /* numbers of small variance are steep */
    const Batch batch = batch_of(&x, sparse);
    Mil *m = network(&copy, &target, sparse, N_BAG, MOST, true);
    const ParamList *list = mil_params(m);
    real *theta = start(m, 1, true), *grad = calloc(list->size, sizeof *grad);
    cr_assert(isfinite(mil_learn(m, grad, theta, &batch, 5, 3, NULL)));
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        if (!p->frozen)
            check_tensor(m, p, theta, grad, &batch, most, what);
        else
            for (size_t j = p->at; j < p->at + p->size; j++) cr_assert_eq(grad[j], 0, "%s learns", p->name);
    }
    free(theta), free(grad);
    mil_free(m);
    minibatch_free(&x);
}

#endif
