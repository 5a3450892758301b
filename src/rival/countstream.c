/* SPDX-License-Identifier: MIT */
#include "rival/countstream.h"

#include <stdlib.h>

#define MOST 10 /* bytes of a cell and its count */

static void put(CountStream *s, uint32_t number)
{
    for (; number > 127; number >>= 7) s->byte[s->n++] = (uint8_t)(number | 128);
    s->byte[s->n++] = (uint8_t)number;
}

Status countstream_add(CountStream *s, int cell, uint32_t count)
{
    if (s->n + MOST > s->room) {
        const size_t room = s->room + s->room / 2 + 4096;
        uint8_t *byte = realloc(s->byte, room);
        if (!byte) return fail(ERR_MEMORY, "no memory for the k-mers of a bag in a model");
        s->byte = byte;
        s->room = room;
    }
    put(s, (uint32_t)(cell - s->last - 1));
    if (!s->presence) put(s, count);
    s->last = cell;
    s->total += s->presence ? 1 : count;
    return OK;
}

void countstream_free(CountStream *s)
{
    free(s->byte);
    *s = (CountStream){0};
}

/* 0 where bytes are missing. */
static inline uint32_t get(CountReader *r)
{
    uint32_t number = 0;
    for (int shift = 0; shift < 35 && r->at < r->end; shift += 7) {
        const uint8_t byte = *r->at++;
        number |= (uint32_t)(byte & 127) << shift;
        if (byte < 128) return number;
    }
    r->at = r->end;
    return 0;
}

bool countstream_next(CountReader *r)
{
    if (r->at >= r->end) return false;
    r->cell += 1 + (int64_t)get(r);
    r->count = r->presence ? 1 : get(r);
    return true;
}

bool countstream_is_sound(CountReader r, int n_cell, double total)
{
    double sum = 0;
    while (countstream_next(&r)) {
        if (r.cell >= n_cell || r.count == 0) return false;
        sum += r.count;
    }
    return sum == total && sum > 0;
}
