/* SPDX-License-Identifier: MIT */
#include "run/kmershare.h"
#include "cohort/partition.h"
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

/* Sizes alone, of all bags: the same in every fold, and no label enters. */
static double mean_size(const Dataset *s)
{
    double total = 0;
    for (int i = 0; i < s->cohort.n; i++) total += cache_n(s->cache, s->cohort.bag[i]);
    return s->cohort.n ? total / s->cohort.n : 0;
}

/* Folds, or neighbouring folds where there are many. Without folds all is one group. */
static Status list_groups(int **out, int *n_group, const Dataset *s, int repeat)
{
    const Folds *f = &s->folds;
    *n_group = f->n_fold < KMERS_TOGETHER ? f->n_fold : KMERS_TOGETHER;
    if (folds_are_parts(f)) return OK;
    int *group = calloc((size_t)s->cohort.n + 1, sizeof *group);
    if (!group) return fail(ERR_MEMORY, "no memory for the folds of %d bags", s->cohort.n);
    *out = group;
    TRY(folds_assign(group, f, repeat));
    for (int i = 0; i < s->cohort.n; i++) /* a member without a fold has no part */
        group[i] = group[i] < 0 ? 0 : (int)((int64_t)group[i] * *n_group / f->n_fold);
    return OK;
}

static Status choose(Sharing *sharing, Dataset *s, int repeat, const int *fold, const volatile sig_atomic_t *stop)
{
    EmbedderStart o;
    int n_group;
    kmerstart_is_on(&o, &s->config->model);
    TRY(list_groups(&sharing->group, &n_group, s, repeat));
    for (int k = 0; k < sharing->n; k++) {
        TRY(partition_make(&sharing->partition[k], &s->folds, repeat, fold[k]));
        sharing->setup[k] = (KmerSetup){.cache = s->cache,
                                        .spec = bagfile_spec(s->cohort.file),
                                        .n = s->cohort.n,
                                        .bag = s->cohort.bag,
                                        .part = sharing->partition[k].part,
                                        .labels = &s->cohort.labels,
                                        .target = &s->target[0],
                                        .mean_size = mean_size(s),
                                        .group = sharing->group,
                                        .n_group = n_group,
                                        .top = o.top,
                                        .min_z = o.min_z,
                                        .masks = o.masks,
                                        .max_span = o.max_span,
                                        .stop = stop};
    }
    return kmers_choose(sharing->choice, sharing->setup, sharing->n);
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

static KmerChoice **place(const Dataset *s, int repeat, int fold)
{
    if (folds_are_parts(&s->folds)) return &s->kmers[s->folds.n_repeat > 1 ? repeat : 0];
    return &s->kmers[(size_t)repeat * (size_t)s->folds.n_fold + (size_t)fold];
}

static Status reserve_places(Dataset *s)
{
    if (s->kmers) return OK;
    s->n_kmers = (size_t)s->folds.n_repeat * (size_t)s->folds.n_fold;
    s->kmers = calloc(s->n_kmers + 1, sizeof *s->kmers);
    return s->kmers ? OK : fail(ERR_MEMORY, "no memory for the choices of k-mers");
}

static Status keep(Dataset *s, int repeat, int fold, const KmerChoice *choice)
{
    KmerChoice **at = place(s, repeat, fold);
    if (!*at) *at = malloc(sizeof **at);
    if (!*at) return fail(ERR_MEMORY, "no memory for the choices of k-mers");
    **at = *choice;
    return OK;
}

static Status fill(Dataset *s, int repeat, const int *fold, int n, const volatile sig_atomic_t *stop)
{
    Sharing *sharing;
    TRY(open_sharing(&sharing, n));
    Status status = choose(sharing, s, repeat, fold, stop);
    for (int k = 0; status == OK && k < n; k++) status = keep(s, repeat, fold[k], &sharing->choice[k]);
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

Status kmershare_fill(Dataset *s, int repeat, const int *fold, int n, const volatile sig_atomic_t *stop)
{
    TRY(check_model(s));
    TRY(reserve_places(s));
    for (int k = 0; k < n; k += KMERS_TOGETHER)
        TRY(fill(s, repeat, fold + k, n - k < KMERS_TOGETHER ? n - k : KMERS_TOGETHER, stop));
    return OK;
}

Status kmershare_choose(KmerChoice *out, Dataset *s, const Config *config, const volatile sig_atomic_t *stop)
{
    const int repeat = config->splits.repeat, fold = config->splits.fold;
    Sharing *sharing;
    if (s->kmers && *place(s, repeat, fold)) {
        *out = **place(s, repeat, fold);
        return OK;
    }
    TRY(check_model(s));
    TRY(open_sharing(&sharing, 1));
    const Status status = choose(sharing, s, repeat, &fold, stop);
    *out = sharing->choice[0];
    close_sharing(sharing);
    return status;
}
