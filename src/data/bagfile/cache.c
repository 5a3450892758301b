/* SPDX-License-Identifier: MIT
 *
 * What is held lies in one arena, in the order of the bags. A slot has an arena as large as the largest bag not held,
 * reserved when the slot is first asked for; it keeps its bag until it is asked for another. What is read ahead has such a
 * slot too, which changes places with the one that its bag is asked for in: no bag is copied.
 *
 * The thread starts when it is first needed. There is none with --threads=1, nor where HDF5 was built for one thread.
 */
#include "data/bagfile/cache.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/h5/h5.h"

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

    SideThread *side; /* NULL: not started */
    bool is_alone;    /* no thread is to be had */
    Slot ahead;       /* the side's while it works, else ours */
    SideWork work;    /* reads `wanted` into it */
    int wanted;       /* -1: none */
};

static Status size_of(size_t *room, const BagFile *file, int bag, CountScale counts)
{
    Arena count = {0};
    TRY(bagfile_read_room(&count, file, bag, counts));
    *room = count.used;
    return OK;
}

/* The first bags that fit; held [n_bag] may be NULL. */
static Status choose(size_t *used, size_t *largest, bool *held, const BagFile *file, CountScale counts, int64_t limit)
{
    *used = *largest = 0;
    for (int i = 0; i < bagfile_n_bag(file); i++) {
        size_t room;
        TRY(size_of(&room, file, i, counts));
        const bool fits = limit < 0 || *used + room <= (size_t)limit;
        if (held) held[i] = fits;
        if (fits)
            *used += room;
        else if (room > *largest)
            *largest = room;
    }
    return OK;
}

Status cache_room(size_t *held, size_t *largest, BagFile *file, CountScale counts, int64_t limit)
{
    return choose(held, largest, NULL, file, counts, limit);
}

static Status plan(Cache *cache, int64_t limit)
{
    size_t used;
    TRY(choose(&used, &cache->largest, cache->held, cache->file, cache->counts, limit));
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

/* ---- bags that are not held ---- */

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

/* On the cache's thread. */
static Status read_ahead(void *context)
{
    Cache *cache = context;
    return read_slot(cache, &cache->ahead, cache->wanted);
}

/* Waits for what is read ahead, and forgets it. */
static void forget_ahead(Cache *cache)
{
    if (cache->side) (void)side_end(cache->side, &cache->work);
    cache->wanted = -1;
}

static bool has_side(Cache *cache)
{
    if (cache->side) return true;
    if (cache->is_alone || cache_is_whole(cache)) return false;
    cache->is_alone = parallel_threads() == 1 || !h5_is_threadsafe() || side_open(&cache->side) != OK;
    return !cache->is_alone;
}

void cache_next(Cache *cache, int bag)
{
    if (cache->held[bag] || bag == cache->wanted || bag == cache->slot[0].number || !has_side(cache)) return;
    forget_ahead(cache);
    cache->wanted = bag;
    side_begin(cache->side, &cache->work);
}

void cache_next_of(Cache *cache, const int *list, int n)
{
    int k = 0;
    if (cache_is_whole(cache)) return;
    while (k < n && (list[k] < 0 || cache->held[list[k]])) k++;
    if (k < n) cache_next(cache, list[k]);
}

bool cache_begin(Cache *cache, SideWork *work)
{
    if (!has_side(cache)) return false;
    forget_ahead(cache);
    side_begin(cache->side, work);
    return true;
}

Status cache_end(Cache *cache, SideWork *work)
{
    return cache->side ? side_end(cache->side, work) : OK;
}

Status cache_bag_aside(Cache *cache, const Bag **out, int bag)
{
    Slot *s = &cache->ahead;
    *out = cache->held[bag] ? &cache->bag[bag] : &s->bag;
    return cache->held[bag] || s->number == bag ? OK : read_slot(cache, s, bag);
}

/* The bag that was read ahead, into a slot; its arena goes the other way. */
static Status take_ahead(Cache *cache, Slot *slot)
{
    const Status status = side_end(cache->side, &cache->work);
    cache->wanted = -1; /* the side reads it until then */
    TRY(status);
    const Slot taken = cache->ahead;
    cache->ahead = *slot;
    *slot = taken;
    return OK;
}

/* ---- all of them ---- */

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
    cache->ahead.number = cache->wanted = -1;
    cache->work = (SideWork){.work = read_ahead, .context = cache};
    cache->bag = calloc((size_t)n + 1, sizeof *cache->bag);
    cache->held = calloc((size_t)n + 1, sizeof *cache->held);
    if (!cache->bag || !cache->held) TRY_DONE(fail(ERR_MEMORY, "%s: out of memory", bagfile_path(file)));
    TRY_DONE(plan(cache, limit));
    TRY_DONE(fill(cache));
    *out = cache;
done:
    if (status != OK) cache_close(cache);
    return status;
}

void cache_inputs(Cache *cache, const real *inputs, int n_input)
{
    forget_ahead(cache);
    cache->inputs = inputs;
    cache->n_input = n_input;
    cache->ahead.number = -1;
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
    if (s->number != bag) TRY(bag == cache->wanted ? take_ahead(cache, s) : read_slot(cache, s, bag));
    *out = &s->bag;
    return OK;
}

static void free_slots(Cache *cache, int first)
{
    for (int s = first; s < CACHE_SLOTS; s++) {
        arena_free(&cache->slot[s].arena);
        cache->slot[s].number = -1;
    }
}

void cache_trim(Cache *cache)
{
    free_slots(cache, 1);
}

void cache_close(Cache *cache)
{
    if (!cache) return;
    side_close(cache->side);
    arena_free(&cache->ahead.arena);
    free_slots(cache, 0);
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

bool cache_holds(const Cache *cache, int bag)
{
    return cache->held[bag];
}

bool cache_is_whole(const Cache *cache)
{
    return cache->largest == 0;
}
