/* SPDX-License-Identifier: MIT
 *
 * mil_inputs.c: numbers of a bag as a whole that join its vector (nn/baginputs.h).
 */
#include "model/mil_parts.h"
#include "nn/featurestats.h"

#include <math.h>

/* Statistics of sparse bags would make them dense. */
Status mil_init_inputs(Mil *m)
{
    const bool dense = m->spec.kind == BAG_VECTORS && !m->spec.sparse;
    if (m->o.statistics && !dense)
        return fail(ERR_CONFIG,
                    "model.bag_inputs.statistics: they are of dense vectors, and the bags hold %s; set it to "
                    "false",
                    m->spec.kind == BAG_VECTORS ? "sparse ones" : "sequences");
    const int n = m->o.n_input + (m->o.statistics ? FEATURE_STATS * m->spec.n_feat : 0);
    if (n > 0) baginputs_init(&m->inputs, &m->params, n, m->o.input_unit, m->o.input_clip);
    return OK;
}

void mil_plan_inputs(Mil *m, Arena *arena, Index bags, bool learn)
{
    const Index n_input = m->inputs.n_input, n_unit = m->inputs.n_unit;
    m->u = ARENA_TAKE(arena, real, n_input);
    m->input = ARENA_TAKE(arena, real, bags * n_input);
    m->unit = n_unit > 0 ? ARENA_TAKE(arena, real, bags * n_unit) : m->input;
    m->dunit = ARENA_TAKE(arena, real, learn ? bags * n_unit : 0);
}

int mil_n_input(const Mil *m)
{
    return m->inputs.n_input;
}

void mil_read_inputs(const Mil *m, real *u, const Bag *bag)
{
    for (int k = 0; k < m->o.n_input; k++) u[k] = bag->inputs ? bag->inputs[k] : (real)NAN;
    if (m->o.statistics) featurestats(u + m->o.n_input, bag, m->spec.n_feat);
}

void mil_fit_inputs(const Mil *m, real *theta, const real *const *inputs, int n)
{
    if (m->inputs.n_input > 0) baginputs_fit(theta, &m->inputs, inputs, n);
}

bool mil_starts_inputs(const Mil *m)
{
    return m->inputs.n_input > 0 && m->inputs.n_unit == 0 && m->o.output_hidden == 0 &&
           m->o.input_start == INPUTS_LINEAR;
}

void mil_standardise_inputs(const Mil *m, double *x, const real *theta, const real *u)
{
    for (int k = 0; k < m->inputs.n_input; k++) x[k] = (double)baginputs_value(&m->inputs, theta, u, k);
}

void mil_start_inputs(const Mil *m, real *theta, int output, const double *w, double b)
{
    real *to = theta + m->output[0].w_at + output * mil_n_joined(m) + m->n_z;
    for (int k = 0; k < m->inputs.n_input; k++) to[k] = (real)w[k];
    theta[m->output[0].b_at + output] = (real)b;
}
