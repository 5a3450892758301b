/* SPDX-License-Identifier: MIT */
#include "data/h5/h5filter.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef HOPSACK_LIBDEFLATE
#include <libdeflate.h>
#endif

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
    memcpy(to + count * element, from + count * element, n % element);
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

/* libdeflate inflates two to three times as fast as zlib. */
static bool inflate_whole(uint8_t *to, size_t *n_to, const uint8_t *from, size_t n)
{
#ifdef HOPSACK_LIBDEFLATE
    struct libdeflate_decompressor *tool = libdeflate_alloc_decompressor();
    if (!tool) return false;
    const enum libdeflate_result result = libdeflate_zlib_decompress(tool, from, n, to, *n_to, n_to);
    libdeflate_free_decompressor(tool);
    return result == LIBDEFLATE_SUCCESS;
#else
    uLongf size = (uLongf)*n_to;
    const int result = uncompress(to, &size, from, (uLong)n);
    *n_to = size;
    return result == Z_OK;
#endif
}

/* Drops the checksum behind the bytes; false: they do not match it. */
static bool check_sum(const uint8_t *bytes, size_t *n)
{
    uint32_t sum = 0;
    if (*n < 4) return false;
    *n -= 4;
    for (int k = 4; k-- > 0;) sum = sum << 8 | bytes[*n + (size_t)k];
    return sum == h5filter_fletcher(bytes, *n);
}

bool h5filter_unpack(uint8_t *to, size_t n, size_t element, const uint8_t *from, size_t n_from,
                     const H5Filter *filter, int n_filter, unsigned mask)
{
    const size_t room = n + 64; /* a checksum may lie inside the deflated bytes */
    uint8_t *work[2] = {NULL, NULL};
    const uint8_t *at = from;
    bool fine = true;
    for (int i = n_filter, turn = 0; fine && i-- > 0;) {
        if (mask >> i & 1) continue;
        if (filter[i] == H5FILTER_FLETCHER) {
            fine = check_sum(at, &n_from);
            continue;
        }
        if (!work[turn]) work[turn] = malloc(room);
        size_t n_to = room;
        fine = work[turn] != NULL;
        if (fine && filter[i] == H5FILTER_DEFLATE)
            fine = inflate_whole(work[turn], &n_to, at, n_from);
        else if ((fine = fine && n_from <= room)) {
            n_to = n_from;
            h5filter_unshuffle(work[turn], at, n_from, element);
        }
        at = work[turn];
        n_from = n_to;
        turn = 1 - turn;
    }
    fine = fine && n_from == n;
    if (fine) memcpy(to, at, n);
    free(work[0]);
    free(work[1]);
    return fine;
}
