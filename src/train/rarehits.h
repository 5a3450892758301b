/* SPDX-License-Identifier: MIT
 *
 * rarehits.h: where the rare ones of the k-mers that a training starts from occur in its bags. A draw of 500 from a
 * repertoire of 10 000 misses a k-mer that two sequences hold; drawn always, and weighed as what it is, it is there in
 * every update (sampler_draw_always), and in what evaluations see of a large bag. What is frequent a random draw has
 * anyway.
 */
#ifndef HOPSACK_RAREHITS_H
#define HOPSACK_RAREHITS_H

#include "cohort/kmerfind.h"
#include "core/kmer.h"
#include "data/bagfile/cache.h"

/* A k-mer is rare if so many sequences a bag hold it at most, on average over the first RAREHITS_BAGS bags. */
#define RAREHITS_BAGS 32

typedef struct {
    int n;
    Kmer kmer[KMERFIND_MAX]; /* [n] */
} RareKmers;

/* The k-mers of start [n_start] with at most `max_count` occurrences a bag in bag [n] of the cache. Fails as the cache
 * does. */
Status rarehits_choose(RareKmers *out, Cache *cache, const int *bag, int n, const KmerStart *start, int n_start,
                       double max_count);

typedef struct {
    int n;
    int **place; /* [n] of each bag, ascending; NULL: none */
    int *count;  /* [n] */
} RareHits;

/* Of the bags bag [n] of the cache; -1 stands for a bag that is passed over. ERR_MEMORY, or what the cache says. */
Status rarehits_find(RareHits *out, Cache *cache, const int *bag, int n, const RareKmers *rare);
void rarehits_free(RareHits *hits); /* accepts {0} */

#endif
