/* SPDX-License-Identifier: MIT
 *
 * What is held lies in one arena, in the order of the bags. A slot has an arena as large as the largest bag not held,
 * reserved when the slot is first asked for; it keeps its bag until it is asked for another.
 */
#include "data/bagfile/cache.h"
#include "core/log.h"
#include "core/memory.h"

#include <stdlib.h>

typedef struct {
    Arena arena;
    Bag bag;
    int number; /* -1: nothing read yet */
} Slot;

struct Cache {
    BagFile *file;
    CountScale counts;
    int n_bag;
    Bag *bag;   /* [n_bag] those held */
    bool *held; /* [n_bag] */
    Arena store;
    const real *inputs; /* [n_bag, n_input]; NULL: bags have none */
    int n_input;
    size_t largest; /* bytes of the largest bag not held */
    Slot slot[CACHE_SLOTS];
};

static Status size_of(size_t *room, const Cache *cache, int bag)
{
    Arena count = {0};
    TRY(bagfile_read_room(&count, cache->file, bag, cache->counts));
    *room = count.used;
    return OK;
}

/* Chooses what to hold and counts it into the store. */
static Status choose(Cache *cache, int64_t limit)
{
    size_t used = 0;
    for (int i = 0; i < cache->n_bag; i++) {
        size_t room;
        TRY(size_of(&room, cache, i));
        cache->held[i] = limit < 0 || used + room <= (size_t)limit;
        if (cache->held[i])
            used += room;
        else if (room > cache->largest)
            cache->largest = room;
    }
    const int64_t have = memory_available();
    if ((int64_t)used > have)
        return fail(ERR_MEMORY,
                    "%s: its bags take %.2f GB decoded and %.2f GB are free; set data.cache to less, as 1GB",
                    bagfile_path(cache->file), (double)used / 1e9, (double)have / 1e9);
    cache->store.used = used;
    return OK;
}

static bool holds_any(const Cache *cache)
{
    for (int i = 0; i < cache->n_bag; i++)
        if (cache->held[i]) return true;
    return false;
}

static Status fill(Cache *cache)
{
    Progress progress;
    const int n = cache->n_bag;
    TRY(arena_reserve(&cache->store, "data.cache"));
    if (!holds_any(cache)) return OK; /* bags are read when they are asked for */
    progress_start(&progress, "reading", "bags", n);
    for (int i = 0; i < n; i++) {
        if (cache->held[i]) TRY(bagfile_read(&cache->bag[i], &cache->store, cache->file, i, cache->counts));
        progress_update(&progress, i + 1, NULL);
    }
    progress_end(&progress, NULL);
    return OK;
}

Status cache_open(Cache **out, BagFile *file, CountScale counts, int64_t limit)
{
    Status status;
    const int n = bagfile_n_bag(file);
    *out = NULL;
    Cache *cache = calloc(1, sizeof *cache);
    if (!cache) return fail(ERR_MEMORY, "%s: out of memory", bagfile_path(file));
    cache->file = file;
    cache->counts = counts;
    cache->n_bag = n;
    for (int s = 0; s < CACHE_SLOTS; s++) cache->slot[s].number = -1;
    cache->bag = calloc((size_t)n + 1, sizeof *cache->bag);
    cache->held = calloc((size_t)n + 1, sizeof *cache->held);
    if (!cache->bag || !cache->held) TRY_DONE(fail(ERR_MEMORY, "%s: out of memory", bagfile_path(file)));
    TRY_DONE(choose(cache, limit));
    TRY_DONE(fill(cache));
    *out = cache;
done:
    if (status != OK) cache_close(cache);
    return status;
}

static Status read_slot(Cache *cache, Slot *slot, int bag)
{
    slot->number = -1;
    if (!slot->arena.base) {
        slot->arena.used = cache->largest;
        TRY(arena_reserve(&slot->arena, "a bag that data.cache does not hold"));
    }
    arena_rewind(&slot->arena);
    TRY(bagfile_read(&slot->bag, &slot->arena, cache->file, bag, cache->counts));
    if (cache->inputs) slot->bag.inputs = cache->inputs + (size_t)bag * (size_t)cache->n_input;
    slot->number = bag;
    return OK;
}

void cache_inputs(Cache *cache, const real *inputs, int n_input)
{
    cache->inputs = inputs;
    cache->n_input = n_input;
    for (int s = 0; s < CACHE_SLOTS; s++) cache->slot[s].number = -1;
    for (int i = 0; i < cache->n_bag; i++)
        if (cache->held[i]) cache->bag[i].inputs = inputs + (size_t)i * (size_t)n_input;
}

Status cache_bag(Cache *cache, const Bag **out, int bag, int slot)
{
    if (cache->held[bag]) {
        *out = &cache->bag[bag];
        return OK;
    }
    Slot *s = &cache->slot[slot];
    if (s->number != bag) TRY(read_slot(cache, s, bag));
    *out = &s->bag;
    return OK;
}

void cache_close(Cache *cache)
{
    if (!cache) return;
    for (int s = 0; s < CACHE_SLOTS; s++) arena_free(&cache->slot[s].arena);
    arena_free(&cache->store);
    free(cache->bag);
    free(cache->held);
    free(cache);
}

int cache_n(const Cache *cache, int bag)
{
    return bagfile_n(cache->file, bag);
}

int64_t cache_bytes(const Cache *cache)
{
    return (int64_t)cache->store.size;
}

bool cache_is_whole(const Cache *cache)
{
    return cache->largest == 0;
}
