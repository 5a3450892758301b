/* SPDX-License-Identifier: MIT */
#include "cohort/bagstats.h"
#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEAN, MAX, MIN, N_STATISTIC };

/* Over the instances of one bag that have the feature; a sparse instance that does not list it has a 0 there. */
typedef struct {
    double sum;
    float max, min;
    int count;
} FeatureStats;

static void meet(FeatureStats *f, float value)
{
    f->max = f->count == 0 || value > f->max ? value : f->max;
    f->min = f->count == 0 || value < f->min ? value : f->min;
    f->sum += (double)value;
    f->count++;
}

static void gather(FeatureStats *feature, const Bag *bag, int n_feat)
{
    memset(feature, 0, (size_t)n_feat * sizeof *feature);
    for (int i = 0; i < bag->n; i++)
        if (bag->x)
            for (int f = 0; f < n_feat; f++) meet(&feature[f], bag->x[(size_t)i * (size_t)n_feat + (size_t)f]);
        else
            for (int k = 0; k < bag->sparse[i].n; k++)
                meet(&feature[bag->sparse[i].feature[k]], bag->sparse[i].value[k]);
}

static double statistic(const FeatureStats *f, int which, int n)
{
    if (which == MEAN) return f->sum / n;
    const double value = (double)(which == MAX ? f->max : f->min);
    if (f->count == n) return value;
    if (f->count == 0) return 0;
    return which == MAX ? fmax(value, 0) : fmin(value, 0);
}

static Status add_bag(FeatureRows *out, FeatureStats *feature, const Bag *bag, int n_feat)
{
    gather(feature, bag, n_feat);
    for (int which = 0; which < N_STATISTIC; which++)
        for (int f = 0; f < n_feat; f++) {
            const double value = statistic(&feature[f], which, bag->n);
            if (out->dense || value != 0) TRY(featurerows_add(out, which * n_feat + f, value));
        }
    return OK;
}

static Status add_member(FeatureRows *out, FeatureStats *feature, Cache *cache, const Cohort *c, int member)
{
    const Bag *bag;
    const int n_feat = bagfile_spec(c->file)->n_feat;
    TRY(cache_bag(cache, &bag, c->bag[member], 0));
    if (bag->n == 0)
        return fail(ERR_FORMAT, "%s: bag '%s' has no instances, hence no mean, max or min; take it out of the labels",
                    bagfile_path(c->file), c->id[member]);
    return add_bag(out, feature, bag, n_feat);
}

/* Said beforehand: the machine would rather begin to swap than say no. */
static Status check_room(const Cohort *c)
{
    const BagSpec *spec = bagfile_spec(c->file);
    const int64_t have = memory_available();
    const double bytes = spec->sparse ? 0 : 12.0 * N_STATISTIC * spec->n_feat * c->n;
    if (bytes <= (double)have / 2) return OK;
    return fail(ERR_MEMORY, "%s: the statistics of %d bags with %d features take %.2f GB and %.2f GB are free",
                bagfile_path(c->file), c->n, spec->n_feat, bytes / 1e9, (double)have / 1e9);
}

Status bagstats_make(FeatureRows *out, const Cohort *cohort, const bool *use)
{
    Status status;
    Cache *cache = NULL;
    const BagSpec *spec = bagfile_spec(cohort->file);
    FeatureStats *feature = malloc(((size_t)spec->n_feat + 1) * sizeof *feature);
    TRY_DONE(featurerows_new(out, N_STATISTIC * spec->n_feat, !spec->sparse));
    if (!feature) TRY_DONE(fail(ERR_MEMORY, "no memory for %d features", spec->n_feat));
    TRY_DONE(check_room(cohort));
    TRY_DONE(cache_open(&cache, cohort->file, COUNTS_NONE, 0)); /* one bag at a time */
    for (int i = 0; i < cohort->n; i++) {
        if (use[i]) TRY_DONE(add_member(out, feature, cache, cohort, i));
        TRY_DONE(featurerows_end(out));
    }
done:
    cache_close(cache);
    free(feature);
    if (status != OK) featurerows_free(out);
    return status;
}
