/* SPDX-License-Identifier: MIT */
#include "cv/foldkmers.h"
#include "core/file.h"
#include "core/log.h"
#include "run/kmershare.h"

#include <stdlib.h>

typedef struct {
    Dataset *dataset;
    const FoldList *list;
    const char *run;
    FoldConfig *config;  /* [n_open] of the trainings that are counted together */
    SplitOptions *where; /* [n_open] theirs */
    int n;
} FoldKmers;

static bool needs_kmers(const FoldKmers *k, FoldJob job)
{
    char path[PATH_ROOM];
    return foldjob_path(path, k->run, job, "checkpoint.safetensors") != OK || !file_exists(path);
}

/* Folds of a repetition, or inner folds of a fold. */
static bool are_together(FoldJob a, FoldJob b)
{
    return a.repeat == b.repeat && (a.inner > 0 ? b.inner > 0 && a.fold == b.fold : b.inner <= 0);
}

static bool is_same(FoldJob a, FoldJob b)
{
    return a.repeat == b.repeat && a.fold == b.fold && a.inner == b.inner;
}

/* Those of jobs open [first … end), which are together. */
static Status fill(FoldKmers *k, const int *open, int first, int end, const StopFlag *stop)
{
    FoldJob last = {.repeat = -1};
    k->n = 0;
    for (int i = first; i < end; i++) {
        const FoldJob job = k->list->job[open[i]];
        if (is_same(job, last) || !needs_kmers(k, job)) continue;
        foldjob_config(&k->config[k->n], k->dataset->config, job);
        k->where[k->n] = k->config[k->n].config.splits;
        k->n++;
        last = job;
    }
    return k->n ? kmershare_fill(k->dataset, k->where, k->n, stop) : OK;
}

static void report(const Dataset *dataset)
{
    int n = 0, least = KMERS_MAX, most = 0;
    for (size_t k = 0; k < dataset->n_kmers; k++) {
        if (!dataset->kmers[k]) continue;
        const int chosen = dataset->kmers[k]->n;
        least = chosen < least ? chosen : least;
        most = chosen > most ? chosen : most;
        n++;
    }
    if (n) log_info("kernels start from %d to %d k-mers in %d folds (kmers.tsv of each)", least, most, n);
}

static Status fill_all(FoldKmers *k, const int *open, int n_open, const StopFlag *stop)
{
    for (int first = 0, end; first < n_open; first = end) {
        for (end = first; end < n_open && are_together(k->list->job[open[first]], k->list->job[open[end]]); end++) {
        }
        TRY(fill(k, open, first, end, stop));
    }
    report(k->dataset);
    return OK;
}

Status foldkmers_choose(Dataset *dataset, const FoldList *list, const int *open, int n_open, const char *run,
                        const StopFlag *stop)
{
    FoldKmers k = {.dataset = dataset,
                   .list = list,
                   .run = run,
                   .config = calloc((size_t)n_open + 1, sizeof *k.config),
                   .where = calloc((size_t)n_open + 1, sizeof *k.where)};
    const bool there = k.config && k.where;
    const Status status =
        there ? fill_all(&k, open, n_open, stop) : fail(ERR_MEMORY, "no memory for %d folds", n_open);
    free(k.config);
    free(k.where);
    return status;
}
