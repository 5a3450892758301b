/* SPDX-License-Identifier: MIT
 *
 * rarehits.h: where the rare ones of the k-mers that a training starts from occur in its bags. A draw of 500 from a
 * repertoire of 10 000 misses a k-mer that two sequences hold; drawn always, and weighed as what it is, it is there in
 * every update (sampler_draw_always). What is frequent a random draw has anyway.
 */
#ifndef HOPSACK_RAREHITS_H
#define HOPSACK_RAREHITS_H

#include "core/kmer.h"
#include "data/bagfile/cache.h"

/* A k-mer is rare if so many sequences a bag hold it at most, on average over the first RAREHITS_BAGS bags. */
#define RAREHITS_BAGS 32

typedef struct {
    int n;
    int **place; /* [n] of each bag, ascending; NULL: none */
    int *count;  /* [n] */
} RareHits;

/* Of the bags bag [n] of the cache; at most `max_count` occurrences a bag make a k-mer rare. ERR_MEMORY, or what the cache
 * says. */
Status rarehits_find(RareHits *out, Cache *cache, const int *bag, int n, const KmerStart *start, int n_start,
                     double max_count);
void rarehits_free(RareHits *hits); /* accepts {0} */

#endif
