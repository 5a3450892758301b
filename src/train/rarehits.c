/* SPDX-License-Identifier: MIT */
#include "train/rarehits.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 32 /* bags in memory at once */

typedef struct {
    int n, last;
    int *place; /* NULL: only counted */
} Places;

/* Occurrences come by sequence, so those of one lie together. */
static void note(void *context, int k, int i)
{
    Places *p = context;
    (void)k;
    if (i == p->last) return;
    p->last = i;
    if (p->place) p->place[p->n] = i;
    p->n++;
}

static void count_each(void *context, int k, int i)
{
    (void)i;
    ((double *)context)[k]++;
}

Status rarehits_choose(RareKmers *out, Cache *cache, const int *bag, int n, const KmerStart *start, int n_start,
                       double max_count)
{
    double count[KMERFIND_MAX] = {0};
    Kmer all[KMERFIND_MAX] = {0};
    KmerFinder finder;
    const int n_bag = n < RAREHITS_BAGS ? n : RAREHITS_BAGS;
    *out = (RareKmers){0};
    for (int k = 0; k < n_start; k++) all[k] = start[k].kmer;
    kmerfind_init(&finder, all, n_start);
    for (int b = 0; b < n_bag; b++) {
        const Bag *whole;
        TRY(cache_bag(cache, &whole, bag[b], 0));
        cache_next_of(cache, bag + b + 1, n_bag - b - 1);
        kmerfind_bag(&finder, whole, count_each, count);
    }
    for (int k = 0; k < n_start; k++)
        if (count[k] <= max_count * n_bag) out->kmer[out->n++] = all[k];
    return OK;
}

typedef struct {
    RareHits *hits;
    const KmerFinder *finder;
    const Bag *bag[BLOCK]; /* NULL: passed over */
    int first;
    bool lost[BLOCK];
} RareSearch;

/* Counts first, so that the list is no longer than it must be. */
static void search_bag(void *context, int slot, int thread)
{
    RareSearch *s = context;
    const int b = s->first + slot;
    Places p = {.last = -1};
    (void)thread;
    if (!s->bag[slot]) return;
    kmerfind_bag(s->finder, s->bag[slot], note, &p);
    if (p.n == 0) return;
    s->hits->place[b] = malloc(p.n * sizeof *p.place);
    s->lost[slot] = !s->hits->place[b];
    if (s->lost[slot]) return;
    p = (Places){.last = -1, .place = s->hits->place[b]};
    kmerfind_bag(s->finder, s->bag[slot], note, &p);
    s->hits->count[b] = p.n;
}

/* Where not all bags are held, there is memory for one, and the next is read meanwhile. */
static Status search(RareHits *hits, Cache *cache, const int *bag, const KmerFinder *finder)
{
    RareSearch s = {.hits = hits, .finder = finder};
    const int block = cache_is_whole(cache) ? BLOCK : 1;
    for (s.first = 0; s.first < hits->n; s.first += block) {
        const int n = hits->n - s.first < block ? hits->n - s.first : block;
        for (int slot = 0; slot < n; slot++) {
            s.bag[slot] = NULL;
            if (bag[s.first + slot] >= 0) TRY(cache_bag(cache, &s.bag[slot], bag[s.first + slot], slot));
        }
        cache_next_of(cache, bag + s.first + n, hits->n - s.first - n);
        parallel_for(n, search_bag, &s);
        for (int slot = 0; slot < n; slot++)
            if (s.lost[slot]) return fail(ERR_MEMORY, "no memory for the places of k-mers");
    }
    return OK;
}

static Status find(RareHits *hits, Cache *cache, const int *bag, const RareKmers *rare)
{
    KmerFinder finder;
    hits->place = calloc(hits->n + 1, sizeof *hits->place);
    hits->count = calloc(hits->n + 1, sizeof *hits->count);
    if (!hits->place || !hits->count) return fail(ERR_MEMORY, "no memory for the places of k-mers");
    if (rare->n == 0) return OK;
    kmerfind_init(&finder, rare->kmer, rare->n);
    return search(hits, cache, bag, &finder);
}

Status rarehits_find(RareHits *out, Cache *cache, const int *bag, int n, const RareKmers *rare)
{
    *out = (RareHits){.n = n};
    const Status status = find(out, cache, bag, rare);
    if (status != OK) rarehits_free(out);
    return status;
}

void rarehits_free(RareHits *hits)
{
    for (int b = 0; hits->place && b < hits->n; b++) free(hits->place[b]);
    free((void *)hits->place);
    free(hits->count);
    *hits = (RareHits){0};
}
