/* SPDX-License-Identifier: MIT
 *
 * test_kmerstore.c: counts that fit 16 bits and counts that do not come back as they were.
 */
#include "cohort/kmerstore.h"
#include "core/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SUITE cohort_kmerstore

enum { BAGS = 3, VIEWS = 2, CELLS = 1000, FIRST = 391 }; /* cells of the first view */

static const int first_of[] = {0, FIRST}, cells_of[] = {FIRST, CELLS - FIRST};

/* Small ones, those around the border, and the largest. */
static void draw(uint32_t *count, uint64_t number)
{
    static const uint32_t known[] = {0, 1, 65534, 65535, 65536, 100000, UINT32_MAX - 1, UINT32_MAX};
    Rng rng = rng_stream(5, "counts", number);
    for (int c = 0; c < CELLS; c++) {
        const uint32_t kind = (uint32_t)rng_below(&rng, 40);
        count[c] = kind < 8 ? known[kind] : (uint32_t)rng_below(&rng, 3000);
    }
}

static void check(const KmerStore *s, uint32_t count[BAGS][CELLS])
{
    static const int runs[][3] = {
        {0, 0, FIRST}, {0, 100, 1}, {0, 17, 300}, {1, FIRST, CELLS - FIRST}, {1, CELLS - 7, 7}};
    uint32_t out[CELLS];
    for (int i = 0; i < BAGS; i++)
        for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
            kmerstore_get(out, s, i, runs[k][0], runs[k][1], runs[k][2]);
            for (int c = 0; c < runs[k][2]; c++)
                cr_assert_eq(out[c], count[i][runs[k][1] + c], "bag %d, cell %d", i, runs[k][1] + c);
        }
}

/* A second filling forgets the first. */
Test(SUITE, counts_come_back)
{
    static uint32_t count[BAGS][CELLS];
    KmerStore s = {0};
    for (uint64_t filling = 0; filling < 2; filling++) {
        cr_assert_eq(kmerstore_size(&s, BAGS, VIEWS, CELLS), OK);
        for (int i = 0; i < BAGS; i++) {
            draw(count[i], filling * BAGS + (uint64_t)i);
            for (int v = 0; v < VIEWS; v++) kmerstore_put(&s, i, v, first_of[v], count[i] + first_of[v], cells_of[v]);
        }
        cr_assert_eq(kmerstore_check(&s), OK);
        check(&s, count);
    }
    kmerstore_free(&s);
}

Test(SUITE, nothing_is_stored)
{
    KmerStore s = {0};
    cr_assert_eq(kmerstore_size(&s, 0, VIEWS, CELLS), OK);
    kmerstore_free(&s);
    kmerstore_free(&s);
}
