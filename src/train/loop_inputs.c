/* SPDX-License-Identifier: MIT
 *
 * loop_inputs.c: numbers of the bags as a whole, before training: standardised on the training bags, and the start of the
 * output's weights of them (inputstart.h).
 */
#include "train/inputstart.h"
#include "train/loop_parts.h"

#include <math.h>
#include <stdlib.h>

/* What output k of a target is to be of a training bag; NaN: unknown. */
static double wanted(const Loop *l, int target, int k, int i)
{
    const Labels *labels = l->in.labels;
    const size_t member = (size_t)l->minibatch.train[i];
    if (labels->mask[member * (size_t)labels->n_target + (size_t)target] == 0) return NAN;
    return (double)labels->target[member * (size_t)labels->n_out + (size_t)(l->in.target[target].at + k)];
}

/* One output, from the standardised numbers x of the training bags; scratch [2 n + n_input]. */
static Status start_output(Loop *l, int target, int k, const double *x, double *scratch)
{
    const Target *t = &l->in.target[target];
    const int n = l->minibatch.n_train, n_input = mil_n_input(l->learner);
    double *y = scratch, *weight = scratch + n, *w = scratch + 2 * n, b;
    bool found;
    for (int i = 0; i < n; i++) {
        y[i] = wanted(l, target, k, i);
        weight[i] = t->type == &target_binary && y[i] > 0.5 ? t->pos_weight : 1;
    }
    const InputStart in = {
        .x = x, .target = y, .weight = weight, .n = n, .n_input = n_input, .logistic = t->type != &target_regression};
    TRY(inputstart_fit(w, &b, &found, &in));
    if (found) mil_start_inputs(l->learner, l->theta, t->at + k, w, b);
    return OK;
}

/* The output's weights of the numbers of a bag; `all` [n, n_input] those of the training bags. */
static Status start_inputs(Loop *l, const real *all)
{
    const size_t n = (size_t)l->minibatch.n_train, n_input = (size_t)mil_n_input(l->learner);
    if (!mil_starts_inputs(l->learner) || n_input > INPUTSTART_MOST) return OK;
    double *x = malloc((n * n_input + 2 * n + n_input) * sizeof *x);
    if (!x) return fail(ERR_MEMORY, "no memory for the numbers of %zu bags", n);
    Status status = OK;
    for (size_t i = 0; i < n; i++) mil_standardise_inputs(l->learner, x + i * n_input, l->theta, all + i * n_input);
    for (int t = 0; t < l->in.n_target; t++)
        for (int k = 0; k < l->in.target[t].n_out && status == OK; k++)
            status = start_output(l, t, k, x, x + n * n_input);
    free(x);
    return status;
}

Status loop_fit_inputs(Loop *l)
{
    const size_t n = (size_t)l->minibatch.n_train, n_input = (size_t)mil_n_input(l->learner);
    Status status = OK;
    if (n_input == 0) return OK;
    const real **inputs = calloc(n, sizeof *inputs);
    real *all = malloc(n * n_input * sizeof *all);
    if (!inputs || !all) status = fail(ERR_MEMORY, "no memory for the numbers of %zu bags", n);
    for (size_t i = 0; i < n && status == OK; i++) {
        const Bag *bag;
        status = minibatch_bag(&l->minibatch, &bag, (int)i);
        if (status != OK) break;
        mil_read_inputs(l->learner, all + i * n_input, bag);
        inputs[i] = all + i * n_input;
    }
    if (status == OK) {
        mil_fit_inputs(l->learner, l->theta, inputs, (int)n);
        status = start_inputs(l, all);
    }
    free((void *)inputs);
    free(all);
    return status;
}
