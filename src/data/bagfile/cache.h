/* SPDX-License-Identifier: MIT
 *
 * cache.h: the decoded bags of a dataset, in memory or read when asked for.
 */
#ifndef HOPSACK_CACHE_H
#define HOPSACK_CACHE_H

#include "core/bag.h"
#include "data/bagfile/bagfile.h"

/* Decoded bags. `limit` bytes of memory: -1 all, ERR_MEMORY beforehand if the machine has not that much; otherwise the
 * first bags that fit stay, the others are read each time they are asked for. */
typedef struct Cache Cache;
Status cache_open(Cache **out, BagFile *file, CountScale counts, int64_t limit);
Status cache_bag(Cache *cache, const Bag **out, int bag, int slot); /* borrowed until the same slot is asked again */
void cache_inputs(Cache *cache, const real *inputs, int n_input); /* [bags of the file, n_input], borrowed: of bags */
void cache_close(Cache *cache);                                   /* accepts NULL; the file stays open */
int cache_n(const Cache *cache, int bag);                         /* instances of a bag, without reading it */
int64_t cache_bytes(const Cache *cache);                          /* held */
bool cache_is_whole(const Cache *cache); /* all bags are held; then threads may ask at the same time */
#define CACHE_SLOTS 64                   /* slot 0 … 63: bags in use at once (a minibatch) when they are not held */

#endif
