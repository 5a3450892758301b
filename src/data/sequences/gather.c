/* SPDX-License-Identifier: MIT */
#include "data/sequences/gather.h"
#include "core/rng.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int64_t gather_sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* ---- equal sequences ---- */

static uint64_t hash_codes(const int8_t *codes, size_t n)
{
    uint64_t h = n, word;
    for (; n >= 8; n -= 8, codes += 8) {
        memcpy(&word, codes, 8);
        h = rng_mix(h ^ word);
    }
    word = 0;
    memcpy(&word, codes, n);
    return rng_mix(h ^ word);
}

static bool grow_slots(Gather *g)
{
    const size_t n_slot = g->n_slot ? 2 * g->n_slot : 1 << 9;
    int *slot = calloc(n_slot, sizeof *slot);
    if (!slot) return false;
    for (int i = 0; i < g->n; i++) {
        size_t at = hash_codes(g->codes + g->start[i], (size_t)g->len[i]) & (n_slot - 1);
        while (slot[at]) at = (at + 1) & (n_slot - 1);
        slot[at] = i + 1;
    }
    free(g->slot);
    g->slot = slot;
    g->n_slot = n_slot;
    return true;
}

/* Row that holds the same codes, or -1 after noting row `g->n` as theirs. */
static int find_equal(Gather *g, const int8_t *codes, size_t n)
{
    size_t at = hash_codes(codes, n) & (g->n_slot - 1);
    for (; g->slot[at]; at = (at + 1) & (g->n_slot - 1)) {
        const int row = g->slot[at] - 1;
        if ((size_t)g->len[row] == n && memcmp(g->codes + g->start[row], codes, n) == 0) return row;
    }
    g->slot[at] = g->n + 1;
    return -1;
}

/* ---- rows ---- */

static bool grow_array(void *array, size_t n, size_t size)
{
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, n * size);
    if (grown) memcpy(array, &grown, sizeof grown);
    return grown != NULL;
}

static bool grow_counts(GatherCounts *by, size_t room)
{
    return grow_array(&by->count, room, sizeof *by->count) && grow_array(&by->largest, room, sizeof *by->largest) &&
           grow_array(&by->v, room, sizeof *by->v) && grow_array(&by->j, room, sizeof *by->j);
}

/* Small at first: one file may hold thousands of repertoires. */
static bool grow_rows(Gather *g)
{
    const size_t room = g->room ? 2 * g->room : 256;
    if (room > INT_MAX / 2 || !grow_array(&g->len, room, sizeof *g->len) || !grow_counts(&g->by, room) ||
        (g->has_other && !grow_counts(&g->other, room)) || !grow_array(&g->start, room, sizeof *g->start))
        return false;
    g->room = room;
    return true;
}

int8_t *gather_room(Gather *g, size_t length, bool merge)
{
    if (g->n_code + length >= g->room_code) {
        const size_t room = 2 * (g->n_code + length) + (4 << 10);
        if (!grow_array(&g->codes, room, 1)) return NULL;
        g->room_code = room;
    }
    if ((size_t)g->n == g->room && !grow_rows(g)) return NULL;
    if (merge && 2 * ((size_t)g->n + 1) > g->n_slot && !grow_slots(g)) return NULL;
    return g->codes + g->n_code;
}

static void set_genes(GatherCounts *by, int i, int64_t count, const GatherRow *row)
{
    by->largest[i] = count;
    by->v[i] = row->v;
    by->j[i] = row->j;
}

static void merge_counts(Gather *g, GatherCounts *by, int i, int64_t count, const GatherRow *row)
{
    g->overflow |= by->count[i] > INT64_MAX - count;
    by->count[i] = gather_sum(by->count[i], count);
    if (count > by->largest[i]) set_genes(by, i, count, row);
}

static void new_counts(GatherCounts *by, int i, int64_t count, const GatherRow *row)
{
    by->count[i] = count;
    set_genes(by, i, count, row);
}

bool gather_add(Gather *g, size_t length, const GatherRow *row, bool merge)
{
    const int equal = merge ? find_equal(g, g->codes + g->n_code, length) : -1;
    if (equal >= 0) {
        merge_counts(g, &g->by, equal, row->count, row);
        if (g->has_other) merge_counts(g, &g->other, equal, row->other, row);
        return true;
    }
    g->start[g->n] = g->n_code;
    g->len[g->n] = (int64_t)length;
    new_counts(&g->by, g->n, row->count, row);
    if (g->has_other) new_counts(&g->other, g->n, row->other, row);
    g->n++;
    g->n_code += length;
    return false;
}

static void free_counts(GatherCounts *by)
{
    free(by->count);
    free(by->largest);
    free(by->v);
    free(by->j);
    *by = (GatherCounts){0};
}

void gather_done(Gather *g, bool other)
{
    const GatherCounts by = g->by;
    if (other) {
        g->by = g->other;
        g->other = by;
    }
    free_counts(&g->other);
    free(g->start);
    free(g->by.largest);
    free(g->slot);
    g->start = NULL;
    g->by.largest = NULL;
    g->slot = NULL;
}

void gather_free(Gather *g)
{
    free_counts(&g->by);
    free_counts(&g->other);
    free(g->start);
    free(g->slot);
    free(g->codes);
    free(g->len);
    *g = (Gather){0};
}
