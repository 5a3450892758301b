/* SPDX-License-Identifier: MIT */
#include "run/kmershare.h"
#include "cohort/innerparts.h"
#include "cohort/kmerrounds.h"
#include "run/configsearch.h"
#include "train/kmerstart.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Partition partition[KMERS_TOGETHER]; /* [n] */
    KmerSetup setup[KMERS_TOGETHER];     /* [n] */
    KmerChoice choice[KMERS_TOGETHER];   /* [n] */
    int *group;                          /* [members] */
    int n;
} Sharing;

/* Sizes alone, of all bags: the same in every fold, and no label enters. Inner trainings know nothing of the outer test bags:
 * theirs is of the bags that are divided into inner folds. */
static double mean_size(const Dataset *s, const int *inner)
{
    double total = 0;
    int n = 0;
    for (int i = 0; i < s->cohort.n; i++) {
        if (inner && inner[i] < 0) continue;
        total += cache_n(s->cache, s->cohort.bag[i]);
        n++;
    }
    return n ? total / n : 0;
}

/* Neighbouring folds where there are many. A member without a fold has no part. */
static void join_folds(int *group, int n, int n_fold, int n_group)
{
    for (int i = 0; i < n; i++) group[i] = group[i] < 0 ? 0 : (int)((int64_t)group[i] * n_group / n_fold);
}

static int at_most(int n)
{
    return n < KMERS_TOGETHER ? n : KMERS_TOGETHER;
}

/* Folds, inner folds for inner trainings. Without folds all is one group. *size: the mean size. */
static Status list_groups(Sharing *sharing, int *n_group, double *size, Dataset *s, const SplitOptions *where)
{
    Folds *f = &s->folds;
    InnerPlace place;
    int n_fold = f->n_fold;
    innerparts_parse(&place, where->inner);
    *size = mean_size(s, NULL);
    *n_group = at_most(n_fold);
    if (place.n == 0 && folds_are_parts(f)) return OK;
    int *group = sharing->group = calloc((size_t)s->cohort.n + 1, sizeof *group);
    if (!group) return fail(ERR_MEMORY, "no memory for the folds of %d bags", s->cohort.n);
    if (place.n == 0) {
        TRY(folds_assign(group, f, where->repeat));
    } else {
        TRY(innerparts_draw(group, &n_fold, f, &place, where->repeat, where->fold));
        *size = mean_size(s, group);
        *n_group = at_most(n_fold);
    }
    join_folds(group, s->cohort.n, n_fold, *n_group);
    return OK;
}

static KmerSetup setup_of(const Sharing *sharing, int k, const Dataset *s)
{
    EmbedderStart o;
    kmerstart_is_on(&o, &s->config->model);
    return (KmerSetup){.cache = s->cache,
                       .spec = bagfile_spec(s->cohort.file),
                       .n = s->cohort.n,
                       .bag = s->cohort.bag,
                       .part = sharing->partition[k].part,
                       .labels = &s->cohort.labels,
                       .target = &s->target[0],
                       .group = sharing->group,
                       .top = o.top,
                       .min_z = o.min_z,
                       .masks = o.masks,
                       .statistic = o.statistic,
                       .rounds = o.rounds,
                       .max_span = o.max_span};
}

/* where [n]: trainings of one repetition, all inner trainings of one fold or none. */
static Status choose(Sharing *sharing, Dataset *s, const SplitOptions *where, const volatile sig_atomic_t *stop)
{
    int n_group;
    double size;
    TRY(list_groups(sharing, &n_group, &size, s, where));
    for (int k = 0; k < sharing->n; k++) {
        TRY(innerparts_make(&sharing->partition[k], &s->folds, &where[k]));
        sharing->setup[k] = setup_of(sharing, k, s);
        sharing->setup[k].mean_size = size;
        sharing->setup[k].n_group = n_group;
        sharing->setup[k].stop = stop;
    }
    return kmerrounds_choose(sharing->choice, sharing->setup, sharing->n);
}

static Status open_sharing(Sharing **out, int n)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "no memory for the choice of k-mers");
    (*out)->n = n;
    return OK;
}

static void close_sharing(Sharing *sharing)
{
    for (int k = 0; k < sharing->n; k++) partition_free(&sharing->partition[k]);
    free(sharing->group);
    free(sharing);
}

/* ---- what is kept ---- */

/* Of each fold first the outer training, then the inner ones. */
static KmerChoice **place(const Dataset *s, const SplitOptions *where)
{
    const Folds *f = &s->folds;
    InnerPlace inner;
    innerparts_parse(&inner, where->inner);
    const size_t repeat = folds_are_parts(f) && f->n_repeat == 1 ? 0 : (size_t)where->repeat,
                 fold = folds_are_parts(f) ? 0 : (size_t)where->fold, own = inner.n ? 1 + (size_t)inner.fold : 0;
    return &s->kmers[(repeat * (size_t)f->n_fold + fold) * (1 + (size_t)configsearch_inner(s->config)) + own];
}

static Status reserve_places(Dataset *s)
{
    if (s->kmers) return OK;
    s->n_kmers = (size_t)s->folds.n_repeat * (size_t)s->folds.n_fold * (1 + (size_t)configsearch_inner(s->config));
    s->kmers = calloc(s->n_kmers + 1, sizeof *s->kmers);
    return s->kmers ? OK : fail(ERR_MEMORY, "no memory for the choices of k-mers");
}

static Status keep(Dataset *s, const SplitOptions *where, const KmerChoice *choice)
{
    KmerChoice **at = place(s, where);
    if (!*at) *at = malloc(sizeof **at);
    if (!*at) return fail(ERR_MEMORY, "no memory for the choices of k-mers");
    **at = *choice;
    return OK;
}

static Status fill(Dataset *s, const SplitOptions *where, int n, const volatile sig_atomic_t *stop)
{
    Sharing *sharing;
    TRY(open_sharing(&sharing, n));
    Status status = choose(sharing, s, where, stop);
    for (int k = 0; status == OK && k < n; k++) status = keep(s, &where[k], &sharing->choice[k]);
    close_sharing(sharing);
    return status;
}

/* Settings that make no network are refused before minutes of counting. On a copy of the targets, as threads share them. */
static Status check_model(const Dataset *s)
{
    const Config *c = s->config;
    Mil *mil;
    Target *target = malloc(((size_t)c->n_task + 1) * sizeof *target);
    if (!target) return fail(ERR_MEMORY, "no memory for %d tasks", c->n_task);
    memcpy(target, s->target, (size_t)c->n_task * sizeof *target);
    const Status status = mil_new(&mil, &c->model, bagfile_spec(s->cohort.file), target, c->n_task);
    mil_free(mil);
    free(target);
    return status;
}

Status kmershare_fill(Dataset *s, const SplitOptions *where, int n, const volatile sig_atomic_t *stop)
{
    TRY(check_model(s));
    TRY(reserve_places(s));
    for (int k = 0; k < n; k += KMERS_TOGETHER) TRY(fill(s, where + k, at_most(n - k), stop));
    return OK;
}

Status kmershare_choose(KmerChoice *out, Dataset *s, const Config *config, const volatile sig_atomic_t *stop)
{
    Sharing *sharing;
    if (s->kmers && *place(s, &config->splits)) {
        *out = **place(s, &config->splits);
        return OK;
    }
    TRY(check_model(s));
    TRY(open_sharing(&sharing, 1));
    const Status status = choose(sharing, s, &config->splits, stop);
    *out = sharing->choice[0];
    close_sharing(sharing);
    return status;
}
