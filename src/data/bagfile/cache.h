/* SPDX-License-Identifier: MIT
 *
 * cache.h: the decoded bags of a dataset, in memory or read when asked for. Who knows what will be asked for next says so,
 * and with several threads it is read meanwhile, by one thread of the cache's own, into memory for one bag.
 *
 * One thread asks. Where all bags are held, many may.
 */
#ifndef HOPSACK_CACHE_H
#define HOPSACK_CACHE_H

#include "core/bag.h"
#include "core/side.h"
#include "data/bagfile/bagfile.h"

/* Decoded bags. `limit` bytes of memory: -1 all, ERR_MEMORY beforehand if the machine has not that much; otherwise the
 * first bags that fit stay, the others are read each time they are asked for. */
typedef struct Cache Cache;
Status cache_open(Cache **out, BagFile *file, CountScale counts, int64_t limit);
Status cache_bag(Cache *cache, const Bag **out, int bag, int slot); /* borrowed until the same slot is asked again */
/* What it would hold, and the largest bag that it would not (0: none), in bytes. */
Status cache_room(size_t *held, size_t *largest, BagFile *file, CountScale counts, int64_t limit);
void cache_inputs(Cache *cache, const real *inputs, int n_input); /* [bags of the file, n_input], borrowed: of bags */
void cache_close(Cache *cache);                                   /* accepts NULL; the file stays open */
int cache_n(const Cache *cache, int bag);                         /* instances of a bag, without reading it */
int64_t cache_bytes(const Cache *cache);                          /* held */
bool cache_is_whole(const Cache *cache); /* all bags are held; then threads may ask at the same time */
bool cache_holds(const Cache *cache, int bag);
void cache_trim(Cache *cache); /* frees the memory of all slots but 0, where bags are no longer asked for */
#define CACHE_SLOTS 64         /* slot 0 … 63: bags in use at once (a minibatch) when they are not held */

/* `bag` is the next to be asked for of those that are not held: it is read meanwhile. What goes wrong is told when it is
 * asked for, and forgotten if it is not. */
void cache_next(Cache *cache, int bag);
/* The first of list [n] that is not held, where the order is known; entries below 0 are no bags. */
void cache_next_of(Cache *cache, const int *list, int n);

/* Work that reads bags on the cache's thread, in place of cache_next. It asks by cache_bag_aside, and has a bag until it asks
 * for another. False: there is no such thread, and nothing was begun. The work may be ended at any time before cache_close. */
bool cache_begin(Cache *cache, SideWork *work);
Status cache_end(Cache *cache, SideWork *work); /* as side_end */
Status cache_bag_aside(Cache *cache, const Bag **out, int bag);

#endif
