/* SPDX-License-Identifier: MIT */
#include "core/rng.h"
#include "data/h5/h5filter.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = {1, 2, 8, 24, 719, 720, 721, 1440, 65536, 262144};
enum { N_SIZE = sizeof sizes / sizeof *sizes };

/* Bytes that deflate can shorten (kind 0), or cannot (1). */
static uint8_t *some_bytes(size_t n, int kind)
{
    Rng rng = rng_stream(3, "filter test", n);
    uint8_t *bytes = malloc(n);
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)rng_below(&rng, kind ? 256 : 3);
    return bytes;
}

/* By the definition, one word at a time. */
static uint32_t plain_fletcher(const uint8_t *bytes, size_t n)
{
    uint64_t sum1 = 0, sum2 = 0;
    for (size_t i = 0; i < n; i += 2) {
        sum1 = (sum1 + 256u * bytes[i] + (i + 1 < n ? bytes[i + 1] : 0)) % 65535;
        sum2 = (sum2 + sum1) % 65535;
    }
    return (uint32_t)(sum2 << 16 | sum1);
}

Test(data_h5filter, checksum)
{
    for (int k = 0; k < N_SIZE; k++) {
        uint8_t *bytes = some_bytes(sizes[k], 1);
        cr_assert_eq(h5filter_fletcher(bytes, sizes[k]), plain_fletcher(bytes, sizes[k]), "%zu bytes", sizes[k]);
        free(bytes);
    }
}

static void round_trip(size_t n, size_t element, int level, int kind)
{
    static const H5Filter all[] = {H5FILTER_SHUFFLE, H5FILTER_DEFLATE, H5FILTER_FLETCHER};
    const H5Filter *filter = level == 0 ? all + 2 : element > 1 ? all : all + 1;
    const int n_filter = (int)(all + 3 - filter);
    uint8_t *bytes = some_bytes(n, kind), *packed = malloc(h5filter_room(n)), *back = malloc(n), *scratch = malloc(n);
    bool raw;
    const size_t n_packed = h5filter_pack(packed, &raw, scratch, bytes, n, element, level);
    const unsigned mask = raw && level > 0 ? 1u << (n_filter - 2) : 0;
    cr_assert(n_packed > 0 && n_packed <= h5filter_room(n));
    cr_assert(h5filter_unpack(back, n, element, packed, n_packed, filter, n_filter, mask));
    cr_assert_eq(memcmp(back, bytes, n), 0, "%zu bytes, element %zu, level %d", n, element, level);
    cr_assert_not(h5filter_unpack(back, n, element, packed, n_packed - 1, filter, n_filter, mask), "cut short");
    cr_assert_not(h5filter_unpack(back, n + element, element, packed, n_packed, filter, n_filter, mask),
                  "other size");
    for (size_t at = 0; at < n_packed; at += 1 + n_packed / 40) {
        packed[at] ^= 16;
        cr_assert_not(h5filter_unpack(back, n, element, packed, n_packed, filter, n_filter, mask), "byte %zu", at);
        packed[at] ^= 16;
    }
    free(bytes);
    free(packed);
    free(back);
    free(scratch);
}

Test(data_h5filter, what_is_packed_is_unpacked)
{
    for (int k = 0; k < N_SIZE; k++)
        for (size_t element = 1; element <= 8; element *= 2)
            for (int level = 0; level <= 4; level += 4)
                for (int kind = 0; kind < 2; kind++)
                    if (sizes[k] % element == 0) round_trip(sizes[k], element, level, kind);
}

Test(data_h5filter, other_orders_are_unpacked)
{
    /* checksum first, then shuffle, as some programs order them: n + 4 bytes are shuffled */
    static const H5Filter filter[] = {H5FILTER_FLETCHER, H5FILTER_SHUFFLE};
    uint8_t summed[20], shuffled[20], back[16];
    for (int i = 0; i < 16; i++) summed[i] = (uint8_t)(i * 37);
    const uint32_t sum = plain_fletcher(summed, 16);
    for (int k = 0; k < 4; k++) summed[16 + k] = (uint8_t)(sum >> (8 * k));
    for (int i = 0; i < 20; i++) shuffled[i % 2 * 10 + i / 2] = summed[i];
    cr_assert(h5filter_unpack(back, 16, 2, shuffled, 20, filter, 2, 0));
    cr_assert_eq(memcmp(back, summed, 16), 0);
}
