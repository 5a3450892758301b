/* SPDX-License-Identifier: MIT */
#include "cohort/bagstats.h"
#include "core/memory.h"
#include "data/bagfile/cache.h"

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

struct BagStats {
    const Cohort *cohort;
    FeatureStats *feature; /* [n_feat] */
    Cache *cache;
};

int bagstats_n_column(const Cohort *cohort)
{
    return N_STATISTIC * bagfile_spec(cohort->file)->n_feat;
}

Status bagstats_open(BagStats **out, const Cohort *cohort)
{
    const int n_feat = bagfile_spec(cohort->file)->n_feat;
    BagStats *s = calloc(1, sizeof *s);
    *out = s;
    if (s) *s = (BagStats){.cohort = cohort, .feature = malloc(((size_t)n_feat + 1) * sizeof *s->feature)};
    if (!s || !s->feature) return fail(ERR_MEMORY, "no memory for %d features", n_feat);
    return cache_open(&s->cache, cohort->file, COUNTS_NONE, 0); /* one bag at a time */
}

void bagstats_close(BagStats *s)
{
    if (!s) return;
    cache_close(s->cache);
    free(s->feature);
    free(s);
}

Status bagstats_row(FeatureRows *out, BagStats *s, int member)
{
    const Bag *bag;
    const Cohort *c = s->cohort;
    TRY(cache_bag(s->cache, &bag, c->bag[member], 0));
    cache_next_of(s->cache, c->bag + member + 1, c->n - member - 1);
    if (bag->n == 0)
        return fail(ERR_FORMAT, "%s: bag '%s' has no instances, hence no mean, max or min; take it out of the labels",
                    bagfile_path(c->file), c->id[member]);
    TRY(add_bag(out, s->feature, bag, bagfile_spec(c->file)->n_feat));
    return featurerows_end(out);
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
    BagStats *stats = NULL;
    TRY_DONE(featurerows_new(out, bagstats_n_column(cohort), !bagfile_spec(cohort->file)->sparse));
    TRY_DONE(check_room(cohort));
    TRY_DONE(bagstats_open(&stats, cohort));
    for (int i = 0; i < cohort->n; i++) TRY_DONE(use[i] ? bagstats_row(out, stats, i) : featurerows_end(out));
done:
    bagstats_close(stats);
    if (status != OK) featurerows_free(out);
    return status;
}
