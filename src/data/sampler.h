/* SPDX-License-Identifier: MIT
 *
 * sampler.h: the order of bags, the instances drawn from them, and the decoded bags held in memory.
 */
#ifndef HOPSACK_SAMPLER_H
#define HOPSACK_SAMPLER_H

#include "core/bag.h"
#include "core/rng.h"
#include "data/bagfile.h"

#include <stdbool.h>

/* order [n]: the training bags in the order of epoch `epoch`: a shuffle of bag [n] from stream (seed, "epoch", epoch). */
void sampler_epoch(int *order, const int *bag, int n, uint64_t seed, uint64_t epoch);

/* Draws up to `draws` instances of `bag` (0: all) without replacement, or with `replacement` (DeepRC: duplicates are
 * removed, so fewer stay), each uniform; result in bag order, taken from `arena`. `bits` [(n + 63) / 64] is scratch.
 * A bag no larger than `draws` is passed on as it is without replacement. */
void sampler_draw(Bag *out, Arena *arena, const Bag *bag, int n_feat, int draws, bool replacement, Rng *rng,
                  uint64_t *bits);

/* Decoded bags. `limit` bytes of memory: -1 all, ERR_MEMORY beforehand if the machine has not that much; otherwise the
 * first bags that fit stay, the others are read each time they are asked for. */
typedef struct Cache Cache;
Status  cache_open(Cache **out, BagFile *file, CountScale counts, int64_t limit);
Status  cache_bag(Cache *cache, const Bag **out, int bag, int slot); /* borrowed until the same slot is asked again */
void    cache_close(Cache *cache);
int64_t cache_bytes(const Cache *cache); /* held */
#define CACHE_SLOTS 64 /* slot 0 … 63: bags in use at once (a minibatch) when they are not held */

#endif
