/* SPDX-License-Identifier: MIT */
#include "data/h5filter.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* 360 words can be added before 32 bits overflow, whatever they are. */
#define WORDS 360

static uint32_t fold(uint32_t sum)
{
    return (sum & 0xffff) + (sum >> 16);
}

uint32_t h5filter_fletcher(const uint8_t *bytes, size_t n)
{
    uint32_t sum1 = 0, sum2 = 0;
    for (size_t words = n / 2; words > 0;) {
        const size_t now = words < WORDS ? words : WORDS;
        for (size_t i = 0; i < now; i++, bytes += 2) {
            sum1 += (uint32_t)bytes[0] << 8 | bytes[1];
            sum2 += sum1;
        }
        sum1 = fold(sum1);
        sum2 = fold(sum2);
        words -= now;
    }
    if (n % 2) {
        sum1 += (uint32_t)bytes[0] << 8;
        sum2 += sum1;
        sum1 = fold(sum1);
        sum2 = fold(sum2);
    }
    return fold(sum2) << 16 | fold(sum1);
}

void h5filter_shuffle(uint8_t *to, const uint8_t *from, size_t n, size_t element)
{
    const size_t count = n / element;
    for (size_t k = 0; k < element; k++)
        for (size_t i = 0; i < count; i++) to[k * count + i] = from[i * element + k];
}

void h5filter_unshuffle(uint8_t *to, const uint8_t *from, size_t n, size_t element)
{
    const size_t count = n / element;
    for (size_t k = 0; k < element; k++)
        for (size_t i = 0; i < count; i++) to[i * element + k] = from[k * count + i];
}

size_t h5filter_room(size_t n)
{
    return compressBound((uLong)n) + 4;
}

size_t h5filter_pack(uint8_t *to, bool *stored_raw, uint8_t *scratch, const uint8_t *from, size_t n, size_t element,
                     int level)
{
    uLongf size = (uLongf)h5filter_room(n);
    if (level > 0 && element > 1) {
        h5filter_shuffle(scratch, from, n, element);
        from = scratch;
    }
    if (level > 0 && compress2(to, &size, from, (uLong)n, level) != Z_OK) return 0;
    *stored_raw = level == 0 || size >= n;
    if (*stored_raw) {
        memcpy(to, from, n);
        size = (uLongf)n;
    }
    const uint32_t sum = h5filter_fletcher(to, size);
    for (int k = 0; k < 4; k++) to[size++] = (uint8_t)(sum >> (8 * k));
    return size;
}

/* One filter undone: from `from` [*n] to `to` [room], *n the new length. */
static bool undo(uint8_t *to, size_t room, const uint8_t *from, size_t *n, H5Filter filter, size_t element)
{
    uLongf size = (uLongf)room;
    if (filter == H5FILTER_DEFLATE) {
        if (uncompress(to, &size, from, (uLong)*n) != Z_OK) return false;
        *n = size;
        return true;
    }
    if (filter == H5FILTER_SHUFFLE) {
        if (*n > room) return false;
        h5filter_unshuffle(to, from, *n, element);
        memcpy(to + *n / element * element, from + *n / element * element, *n % element);
        return true;
    }
    if (*n < 4 || *n - 4 > room) return false;
    *n -= 4;
    uint32_t sum = 0;
    for (int k = 4; k-- > 0;) sum = sum << 8 | from[*n + (size_t)k];
    memcpy(to, from, *n);
    return sum == h5filter_fletcher(from, *n);
}

bool h5filter_unpack(uint8_t *to, size_t n, size_t element, const uint8_t *from, size_t n_from,
                     const H5Filter *filter, int n_filter, unsigned mask)
{
    const size_t room = (n > n_from ? n : n_from) + 64; /* a checksum may lie inside the deflated bytes */
    uint8_t *work[2] = {malloc(room), malloc(room)};
    int turn = 0;
    bool fine = work[0] && work[1];
    if (fine) memcpy(work[0], from, n_from);
    for (int i = n_filter; fine && i-- > 0;) {
        if (mask >> i & 1) continue;
        fine = undo(work[1 - turn], room, work[turn], &n_from, filter[i], element);
        turn = 1 - turn;
    }
    fine = fine && n_from == n;
    if (fine) memcpy(to, work[turn], n);
    free(work[0]);
    free(work[1]);
    return fine;
}
