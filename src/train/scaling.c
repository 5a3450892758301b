/* SPDX-License-Identifier: MIT
 *
 * scaling.c: two passes in double, first the means, then the squares around them, since features need not lie near 0.
 */
#include "train/scaling.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Relative to the largest magnitude: what rounding to float can make of equal numbers. */
#define SAME (4 * (double)FLT_EPSILON)

typedef struct {
    double sum, square; /* of the values; of their distances from the mean */
    double min, max;
    double n; /* values seen; zeros of sparse rows are not */
} FeatureScale;

typedef struct {
    ScaleKind kind;
    bool sparse;
    double n;              /* instances */
    FeatureScale *feature; /* [n_feat] */
} Fit;

/* ---- one pass ---- */

static void see(FeatureScale *f, double x)
{
    f->sum += x;
    f->min = x < f->min || f->n == 0 ? x : f->min;
    f->max = x > f->max || f->n == 0 ? x : f->max;
    f->n++;
}

static void see_square(FeatureScale *f, double x)
{
    const double d = x - f->sum;
    f->square += d * d;
}

static void see_bag(Fit *fit, const Bag *bag, Index n_feat, void (*visit)(FeatureScale *f, double x))
{
    for (int i = 0; i < bag->n; i++) {
        if (bag->sparse) {
            const SparseRow *row = &bag->sparse[i];
            for (int k = 0; k < row->n; k++) visit(&fit->feature[row->feature[k]], (double)row->value[k]);
        } else {
            const float *x = bag->x + i * n_feat;
            for (int f = 0; f < n_feat; f++) visit(&fit->feature[f], (double)x[f]);
        }
    }
}

static Status pass(Fit *fit, const ScalingBags *bags, void (*visit)(FeatureScale *f, double x))
{
    fit->n = 0;
    for (int b = 0; b < bags->n; b++) {
        const Bag *bag;
        TRY(bags->bag(bags->context, &bag, b));
        see_bag(fit, bag, bags->spec->n_feat, visit);
        fit->n += bag->n;
    }
    return OK;
}

/* ---- what follows from it ---- */

/* The zeros that a sparse feature did not list. */
static void see_zeros(FeatureScale *f, double n)
{
    if (f->n == n) return;
    f->min = fmin(f->min, 0);
    f->max = fmax(f->max, 0);
}

static bool is_constant(const FeatureScale *f)
{
    return f->max - f->min <= SAME * fmax(fabs(f->min), fabs(f->max));
}

/* What the feature is divided by. */
static double width_of(const Fit *fit, const FeatureScale *f)
{
    const double zeros = (fit->n - f->n) * f->sum * f->sum; /* sum: the mean by now */
    if (fit->kind == SCALE_STANDARD) return sqrt((f->square + zeros) / fit->n);
    return fit->sparse ? fmax(fabs(f->min), fabs(f->max)) : f->max - f->min;
}

static bool resolve(real *shift, real *scale, const Fit *fit, const FeatureScale *f)
{
    const float factor = (float)(1 / width_of(fit, f));
    *shift = (real)(float)(fit->sparse ? 0 : fit->kind == SCALE_STANDARD ? f->sum : f->min);
    *scale = is_constant(f) || !isfinite(factor) ? 0 : (real)factor;
    return *scale != 0;
}

static Status fit_both(real *shift, real *scale, int *n_constant, Fit *fit, const ScalingBags *bags)
{
    const int n_feat = bags->spec->n_feat;
    TRY(pass(fit, bags, see));
    for (int f = 0; f < n_feat; f++) {
        see_zeros(&fit->feature[f], fit->n);
        fit->feature[f].sum /= fit->n > 0 ? fit->n : 1;
    }
    if (fit->kind == SCALE_STANDARD) TRY(pass(fit, bags, see_square));
    *n_constant = 0;
    for (int f = 0; f < n_feat; f++) *n_constant += !resolve(&shift[f], &scale[f], fit, &fit->feature[f]);
    return OK;
}

Status scaling_fit(real *shift, real *scale, int *n_constant, ScaleKind kind, const ScalingBags *bags)
{
    Fit fit = {.kind = kind, .sparse = bags->spec->sparse};
    assert(kind != SCALE_NONE && bags->spec->kind == BAG_VECTORS);
    fit.feature = calloc(bags->spec->n_feat + 1, sizeof *fit.feature);
    if (!fit.feature) return fail(ERR_MEMORY, "no memory to scale %d features", bags->spec->n_feat);
    const Status status = fit_both(shift, scale, n_constant, &fit, bags);
    free(fit.feature);
    return status;
}

Status scaling_set(real *theta, const ParamList *params, int *n_constant, ScaleKind kind, const ScalingBags *bags)
{
    const Param *shift = param_find(params, SCALING_SHIFT), *scale = param_find(params, SCALING_SCALE);
    *n_constant = 0;
    if (kind == SCALE_NONE) return OK;
    assert(shift && scale && shift->frozen && scale->frozen && shift->size == (size_t)bags->spec->n_feat);
    return scaling_fit(theta + shift->at, theta + scale->at, n_constant, kind, bags);
}
