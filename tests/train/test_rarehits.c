/* SPDX-License-Identifier: MIT
 *
 * test_rarehits.c: places of rare k-mers against looking for them one by one.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "support/bags.h"
#include "support/scratch.h"
#include "train/rarehits.h"

#include <criterion/criterion.h>

#define SUITE train_rarehits

enum { BAGS = 70, SEQUENCES = 120, LENGTH = 14, KMERS = 3, FREQUENT = 1 };

/* "SFE" and "F..W" in a few sequences of most bags, one of them twice in a sequence; "CA" begins every other sequence. */
static const KmerStart start[KMERS] = {
    {.kmer = {.n_fixed = 3, .span = 3, .offset = {0, 1, 2}, .code = {15, 4, 3}}, .sign = 1},
    {.kmer = {.n_fixed = 2, .span = 2, .offset = {0, 1}, .code = {1, 0}}, .sign = -1},
    {.kmer = {.n_fixed = 2, .span = 4, .offset = {0, 3}, .code = {4, 18}}, .sign = 1},
};

static BagFile *file;
static Cache *cache;
static int bag[BAGS];

static void plant(int8_t *codes, const Kmer *kmer, int at)
{
    for (int f = 0; f < kmer->n_fixed; f++) codes[at + kmer->offset[f]] = kmer->code[f];
}

static void write_bags(void)
{
    static int8_t codes[SEQUENCES * LENGTH];
    static int64_t len[SEQUENCES], count[SEQUENCES];
    const BagWriterOptions o = {.spec = TEST_SPEC(LENGTH), .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, in_scratch("bags.h5"), &o), OK, "%s", status_sentence());
    for (int b = 0; b < BAGS; b++) {
        Rng rng = rng_stream(11, "test rarehits", (uint64_t)b);
        const int n = b == 5 ? 1 : SEQUENCES - b;
        char key[16];
        snprintf(key, sizeof key, "bag%d", b);
        memset(codes, -1, sizeof codes);
        for (int i = 0; i < n; i++) {
            int8_t *own = codes + i * LENGTH;
            count[i] = 1;
            len[i] = 8 + (int64_t)rng_below(&rng, LENGTH - 7);
            for (int t = 0; t < (int)len[i]; t++)
                own[t] = (int8_t)(5 + rng_below(&rng, 10)); /* without their letters */
            if (i % 2) plant(own, &start[FREQUENT].kmer, 0);
            if (b % 3 && i % 40 == 7) plant(own, &start[0].kmer, 2);
            if (b % 4 && i % 50 == 7) plant(own, &start[2].kmer, 4);
            if (b % 4 && i % 50 == 17) plant(own, &start[2].kmer, 2), plant(own, &start[2].kmer, 3);
        }
        cr_assert_eq(
            bagwriter_add(w, key,
                          &(BagWriterRows){.codes = codes, .stride = LENGTH, .len = len, .count = count, .n = n}),
            OK, "%s", status_sentence());
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
}

static void set_up(void)
{
    scratch_make();
    write_bags();
    cr_assert_eq(bagfile_open(&file, in_scratch("bags.h5")), OK, "%s", status_sentence());
    cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, -1), OK, "%s", status_sentence());
    for (int b = 0; b < BAGS; b++) bag[b] = BAGS - 1 - b; /* numbers in the cache are not places in the list */
}

static void tear_down(void)
{
    cache_close(cache);
    bagfile_close(file);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

static bool holds(const uint8_t *codes, int l, const Kmer *kmer)
{
    for (int p = 0; p + kmer->span <= l; p++) {
        bool same = true;
        for (int f = 0; f < kmer->n_fixed; f++) same &= codes[p + kmer->offset[f]] == kmer->code[f];
        if (same) return true;
    }
    return false;
}

/* Compares with those k-mers whose bit is set; returns the places found. */
static int assert_places(const RareHits *hits, int kmers)
{
    int total = 0;
    cr_assert_eq(hits->n, BAGS);
    for (int b = 0; b < BAGS; b++) {
        const Bag *whole;
        int n = 0;
        cr_assert_eq(cache_bag(cache, &whole, bag[b], 0), OK);
        for (int l = 0; l <= whole->max_len; l++)
            for (int i = whole->first[l]; i < whole->first[l + 1]; i++) {
                bool any = false;
                for (int k = 0; k < KMERS; k++)
                    any |= (kmers >> k & 1) && holds(bag_codes(whole, i, l), l, &start[k].kmer);
                if (!any) continue;
                cr_assert_lt(n, hits->count[b], "bag %d", b);
                cr_assert_eq(hits->place[b][n++], i, "bag %d", b);
            }
        cr_assert_eq(hits->count[b], n, "bag %d", b);
        cr_assert_eq(hits->place[b] == NULL, n == 0);
        total += n;
    }
    return total;
}

/* In all bags, of the k-mers with at most max_count occurrences in the first of them. */
static void look_for(RareHits *hits, int n_start, double max_count)
{
    RareKmers rare;
    cr_assert_eq(rarehits_choose(&rare, cache, bag, BAGS, start, n_start, max_count), OK);
    cr_assert_eq(rarehits_find(hits, cache, bag, BAGS, &rare), OK);
}

Test(SUITE, finds_every_place_once)
{
    RareHits hits;
    for (int threads = 1; threads <= 3; threads += 2) {
        cr_assert_eq(parallel_start(threads), OK);
        look_for(&hits, KMERS, 1e9);
        cr_assert_gt(assert_places(&hits, 7), BAGS * 20);
        rarehits_free(&hits);
    }
    parallel_start(1);
}

Test(SUITE, frequent_ones_are_left_out)
{
    RareHits hits;
    look_for(&hits, KMERS, 10);
    const int n = assert_places(&hits, 7 & ~(1 << FREQUENT));
    cr_assert(n > BAGS && n < BAGS * 6, "%d places", n);
    int without = 0;
    for (int b = 0; b < BAGS; b++) without += hits.count[b] == 0;
    cr_assert_geq(without, BAGS / 12, "some bags hold none");
    rarehits_free(&hits);
}

Test(SUITE, where_all_are_frequent_there_are_no_places)
{
    RareHits hits;
    look_for(&hits, KMERS, 0.01);
    cr_assert_eq(assert_places(&hits, 0), 0);
    rarehits_free(&hits);
    look_for(&hits, 0, 10);
    cr_assert_eq(assert_places(&hits, 0), 0);
    rarehits_free(&hits);
    rarehits_free(&hits); /* accepts {0} */
}

Test(SUITE, bags_are_passed_over)
{
    RareHits all, some;
    RareKmers rare;
    int given[BAGS];
    for (int b = 0; b < BAGS; b++) given[b] = b % 3 ? bag[b] : -1;
    look_for(&all, KMERS, 10);
    cr_assert_eq(rarehits_choose(&rare, cache, bag, BAGS, start, KMERS, 10), OK);
    cr_assert_eq(rare.n, KMERS - 1);
    cr_assert_eq(rarehits_find(&some, cache, given, BAGS, &rare), OK);
    int n = 0;
    for (int b = 0; b < BAGS; b++) {
        cr_assert_eq(some.count[b], b % 3 ? all.count[b] : 0, "bag %d", b);
        if (some.count[b] > 0) cr_assert_arr_eq(some.place[b], all.place[b], some.count[b] * sizeof(int));
        n += all.count[b] - some.count[b];
    }
    cr_assert_gt(n, 10);
    rarehits_free(&all);
    rarehits_free(&some);
}
