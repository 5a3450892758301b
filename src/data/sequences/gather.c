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

/* Small at first: one file may hold thousands of repertoires. */
static bool grow_rows(Gather *g)
{
    const size_t room = g->room ? 2 * g->room : 256;
    if (room > INT_MAX / 2 || !grow_array(&g->len, room, sizeof *g->len) ||
        !grow_array(&g->count, room, sizeof *g->count) || !grow_array(&g->v, room, sizeof *g->v) ||
        !grow_array(&g->j, room, sizeof *g->j) || !grow_array(&g->start, room, sizeof *g->start) ||
        !grow_array(&g->largest, room, sizeof *g->largest))
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

static void set_genes(Gather *g, int row, int64_t count, int v, int j)
{
    g->largest[row] = count;
    g->v[row] = v;
    g->j[row] = j;
}

bool gather_add(Gather *g, size_t length, int64_t count, int v, int j, bool merge)
{
    const int equal = merge ? find_equal(g, g->codes + g->n_code, length) : -1;
    if (equal >= 0) {
        g->count[equal] = gather_sum(g->count[equal], count);
        if (count > g->largest[equal]) set_genes(g, equal, count, v, j);
        return true;
    }
    g->start[g->n] = g->n_code;
    g->len[g->n] = (int64_t)length;
    g->count[g->n] = count;
    set_genes(g, g->n++, count, v, j);
    g->n_code += length;
    return false;
}

void gather_done(Gather *g)
{
    free(g->start);
    free(g->largest);
    free(g->slot);
    g->start = NULL;
    g->largest = NULL;
    g->slot = NULL;
}

void gather_free(Gather *g)
{
    gather_done(g);
    free(g->codes);
    free(g->len);
    free(g->count);
    free(g->v);
    free(g->j);
    *g = (Gather){0};
}
