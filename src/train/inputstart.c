/* SPDX-License-Identifier: MIT */
#include "train/inputstart.h"
#include "core/blas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLDS    5
#define STEPS    50 /* of Newton's method */
#define HALVINGS 30
#define CLOSE    1e-9 /* a step at its end, of every weight */

static const double costs[] = {INPUTSTART_COSTS};
#define N_COST ((int)(sizeof costs / sizeof *costs))

/* One minimum: over the bags outside of fold `left_out` (-1: over all), with one cost (0: b alone). */
typedef struct {
    const InputStart *in;
    int left_out;
    double cost;
    double *w, *before;   /* [d] weights and, last, b */
    double *system, *rhs; /* [d, d], [d] */
    int d;
} LinearFit;

static bool is_in(const LinearFit *f, int i)
{
    return !isnan(f->in->target[i]) && i % FOLDS != f->left_out;
}

static double output(const LinearFit *f, int i)
{
    const double *x = f->in->x + (size_t)i * (size_t)f->in->n_input;
    double sum = f->w[f->d - 1];
    for (int k = 0; k < f->d - 1; k++) sum += f->w[k] * x[k];
    return sum;
}

static double loss(const InputStart *in, int i, double y)
{
    const double t = in->target[i], far = y - t, m = t > 0.5 ? y : -y;
    if (!in->logistic) return in->weight[i] * 0.5 * far * far;
    return in->weight[i] * (m > 0 ? log1p(exp(-m)) : -m + log1p(exp(m)));
}

static double objective(const LinearFit *f)
{
    double sum = 0;
    for (int i = 0; i < f->in->n; i++)
        if (is_in(f, i)) sum += f->cost * loss(f->in, i, output(f, i));
    for (int k = 0; k < f->d - 1; k++) sum += 0.5 * f->w[k] * f->w[k];
    return sum;
}

/* Adds a bag to the curvature, lower triangle, and to minus the gradient. */
static void add_bag(LinearFit *f, int i)
{
    const InputStart *in = f->in;
    const int d = f->d;
    const double *x = in->x + (size_t)i * (size_t)in->n_input, y = output(f, i);
    const double p = in->logistic ? 1 / (1 + exp(-y)) : y, c = f->cost * in->weight[i];
    const double slope = c * (in->target[i] - p), curve = c * (in->logistic ? p * (1 - p) : 1);
    for (int j = 0; j < d; j++) {
        const double x_j = j < d - 1 ? x[j] : 1;
        double *row = f->system + (size_t)j * (size_t)d;
        f->rhs[j] += slope * x_j;
        for (int k = 0; k < j; k++) row[k] += curve * x_j * x[k];
        row[j] += curve * x_j * x_j;
    }
}

static bool newton_step(LinearFit *f)
{
    const int d = f->d;
    memset(f->system, 0, (size_t)d * (size_t)d * sizeof *f->system);
    for (int k = 0; k < d; k++) {
        f->system[(size_t)k * (size_t)d + (size_t)k] = k < d - 1 ? 1 : 1e-12;
        f->rhs[k] = k < d - 1 ? -f->w[k] : 0;
    }
    for (int i = 0; i < f->in->n; i++)
        if (is_in(f, i)) add_bag(f, i);
    if (!blas_cholesky(f->system, d)) return false;
    blas_cholesky_solve(f->rhs, f->system, d, 1);
    return true;
}

/* Goes along the step as far as the objective does not grow; how far the furthest weight went. */
static double walk(LinearFit *f)
{
    const double least = objective(f);
    memcpy(f->before, f->w, (size_t)f->d * sizeof *f->w);
    double t = 1, far = 0;
    for (int k = 0; k < f->d; k++) far = fmax(far, fabs(f->rhs[k]));
    for (int try = 0; try < HALVINGS; try++, t /= 2) {
        for (int k = 0; k < f->d; k++) f->w[k] = f->before[k] + t * f->rhs[k];
        if (objective(f) <= least) return t * far;
    }
    memcpy(f->w, f->before, (size_t)f->d * sizeof *f->w);
    return 0;
}

/* From the weights that are there. */
static void minimise(LinearFit *f)
{
    for (int step = 0; step < STEPS; step++)
        if (!newton_step(f) || walk(f) < CLOSE) return;
}

/* b alone: with weights that are not free. */
static void minimise_alone(LinearFit *f)
{
    LinearFit alone = *f;
    InputStart in = *f->in;
    in.n_input = 0;
    alone.in = &in;
    alone.d = 1;
    alone.cost = 1;
    memset(f->w, 0, (size_t)f->d * sizeof *f->w);
    minimise(&alone);
    f->w[f->d - 1] = f->w[0];
    if (f->d > 1) f->w[0] = 0;
}

static void fit(LinearFit *f, double cost, int left_out)
{
    f->left_out = left_out;
    f->cost = cost;
    if (cost == 0)
        minimise_alone(f);
    else
        minimise(f);
}

/* The loss over the folds, each by what the others say. */
static double crossed(LinearFit *f, double cost)
{
    double sum = 0;
    memset(f->w, 0, (size_t)f->d * sizeof *f->w);
    for (int fold = 0; fold < FOLDS; fold++) {
        fit(f, cost, fold);
        for (int i = fold; i < f->in->n; i += FOLDS)
            if (!isnan(f->in->target[i])) sum += loss(f->in, i, output(f, i));
    }
    return sum;
}

static double choose(LinearFit *f)
{
    double best = 0, least = crossed(f, 0);
    for (int k = 0; k < N_COST; k++) {
        const double sum = crossed(f, costs[k]);
        if (sum < least) least = sum, best = costs[k];
    }
    return best;
}

Status inputstart_fit(double *w, double *b, bool *found, const InputStart *in)
{
    const size_t d = (size_t)in->n_input + 1;
    double *room = calloc(3 * d + d * d, sizeof *room);
    if (!room) return fail(ERR_MEMORY, "no memory for a start from %d numbers", in->n_input);
    LinearFit f = {.in = in, .d = (int)d, .w = room, .before = room + d, .rhs = room + 2 * d, .system = room + 3 * d};
    const double cost = choose(&f);
    memset(f.w, 0, d * sizeof *f.w);
    fit(&f, cost, -1);
    memcpy(w, f.w, (d - 1) * sizeof *w);
    *b = f.w[d - 1];
    *found = cost > 0;
    free(room);
    return OK;
}
