/* SPDX-License-Identifier: MIT
 *
 * countstream.h: counts of cells as bytes, for models that hold bags: the gap to the cell before, then the count, for each
 * cell that is not 0; seven bits a byte, lowest first, the eighth says that more follow.
 */
#ifndef HOPSACK_COUNTSTREAM_H
#define HOPSACK_COUNTSTREAM_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *byte; /* [n] */
    size_t n, room;
    int64_t last;   /* cell; -1 in an empty one, which {.last = -1} is */
    bool presence;  /* counts are left out, and read as 1 */
    uint64_t total; /* of the counts */
} CountStream;

Status countstream_add(CountStream *stream, int cell, uint32_t count); /* cells ascend, counts are > 0 */
void countstream_free(CountStream *stream);

typedef struct {
    const uint8_t *at, *end;
    int64_t cell;
    uint32_t count;
    bool presence;
} CountReader;

/* The next cell of a stream from {.at, .end, .cell = -1, .presence}; false at its end. */
bool countstream_next(CountReader *reader);

/* Is it a whole stream of cells below n_cell, with this total? */
bool countstream_is_sound(CountReader reader, int n_cell, double total);

#endif
