/* SPDX-License-Identifier: MIT */
#include "core/log.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "data/bagfile/cache.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void quietly(void)
{
    scratch_make();
    log_level(LOG_QUIET);
}

TestSuite(data_cache, .init = quietly, .fini = scratch_remove);

enum { N_BAG = 9, STRIDE = 20 };

/* Bags of 100, 200, … sequences. */
static BagFile *some_file(void)
{
    const BagWriterOptions options = {
        .spec = {.kind = BAG_SEQUENCES, .n_feat = 20, .alphabet = "ACDEFGHIKLMNPQRSTVWY", .region = "junction"},
        .compress = true};
    BagWriter *w;
    BagFile *file;
    cr_assert_eq(bagwriter_open(&w, in_scratch("data.h5"), &options), OK, "%s", status_sentence());
    for (int b = 0; b < N_BAG; b++) {
        char key[16];
        const int n = 100 * (b + 1);
        Rng rng = rng_stream(1, "test", (uint64_t)b);
        int8_t *codes = malloc((size_t)n * STRIDE);
        int64_t *len = malloc((size_t)n * sizeof *len), *count = malloc((size_t)n * sizeof *count);
        for (int i = 0; i < n * STRIDE; i++) codes[i] = (int8_t)rng_below(&rng, 20);
        for (int i = 0; i < n; i++) {
            len[i] = 1 + (int64_t)rng_below(&rng, STRIDE);
            count[i] = i + 1;
        }
        (void)snprintf(key, sizeof key, "bag%d", b);
        cr_assert_eq(
            bagwriter_add(w, key,
                          &(BagWriterRows){.codes = codes, .stride = STRIDE, .len = len, .count = count, .n = n}),
            OK, "%s", status_sentence());
        free(codes);
        free(len);
        free(count);
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_open(&file, in_scratch("data.h5")), OK, "%s", status_sentence());
    return file;
}

static void assert_bag(const Bag *got, BagFile *file, int b, CountScale counts)
{
    Arena a = {0};
    Bag wanted;
    bagfile_read_room(&a, file, b, counts);
    cr_assert_eq(arena_reserve(&a, "test"), OK);
    cr_assert_eq(bagfile_read(&wanted, &a, file, b, counts), OK, "%s", status_sentence());
    cr_assert_eq(got->n, wanted.n);
    cr_assert_arr_eq(got->row, wanted.row, (size_t)got->n * sizeof *got->row);
    cr_assert_eq(bag_residues(got), bag_residues(&wanted));
    cr_assert_arr_eq(got->codes, wanted.codes, bag_residues(got));
    cr_assert_eq(got->factor != NULL, counts != COUNTS_NONE);
    if (got->factor) cr_assert_arr_eq(got->factor, wanted.factor, (size_t)got->n * sizeof *got->factor);
    arena_free(&a);
}

Test(data_cache, held_or_read_bags_are_the_same)
{
    BagFile *file = some_file();
    const int64_t limit[] = {-1, 1 << 30, 20000, 0};
    for (int counts = COUNTS_NONE; counts <= COUNTS_LOG; counts += 2)
        for (int k = 0; k < 4; k++) {
            Cache *cache;
            cr_assert_eq(cache_open(&cache, file, (CountScale)counts, limit[k]), OK, "%s", status_sentence());
            for (int b = 0; b < 3 * N_BAG; b++) {
                const Bag *bag;
                cr_assert_eq(cache_bag(cache, &bag, b * 4 % N_BAG, b % 3), OK, "%s", status_sentence());
                assert_bag(bag, file, b * 4 % N_BAG, (CountScale)counts);
            }
            cr_assert(limit[k] < 0 || cache_bytes(cache) <= limit[k]);
            cr_assert_eq(cache_bytes(cache) > 0, limit[k] != 0);
            cache_close(cache);
        }
    bagfile_close(file);
}

Test(data_cache, slots_keep_their_bags)
{
    BagFile *file = some_file();
    Cache *cache;
    const Bag *bag[CACHE_SLOTS];
    cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, 0), OK);
    for (int s = 0; s < CACHE_SLOTS; s++) cr_assert_eq(cache_bag(cache, &bag[s], s % N_BAG, s), OK);
    for (int s = 0; s < CACHE_SLOTS; s++) assert_bag(bag[s], file, s % N_BAG, COUNTS_NONE);
    cache_close(cache);
    bagfile_close(file);
}

/* ---- ahead ---- */

/* What is announced, what is asked for instead, and nothing announced at all: the bags are the same. */
Test(data_cache, bags_read_ahead_are_the_same)
{
    BagFile *file = some_file();
    const int64_t limit[] = {0, 20000, -1};
    cr_assert_eq(parallel_start(2), OK, "%s", status_sentence());
    for (int k = 0; k < 3; k++) {
        Cache *cache;
        Rng rng = rng_stream(2, "test", (uint64_t)k);
        cr_assert_eq(cache_open(&cache, file, COUNTS_LOG, limit[k]), OK, "%s", status_sentence());
        for (int t = 0, next = 0; t < 300; t++) {
            const Bag *bag;
            const int b = rng_below(&rng, 4) == 0 ? (int)rng_below(&rng, N_BAG) : next,
                      slot = (int)rng_below(&rng, 2);
            cr_assert_eq(cache_bag(cache, &bag, b, slot), OK, "%s", status_sentence());
            next = (int)rng_below(&rng, N_BAG);
            if (rng_below(&rng, 4) > 0) cache_next(cache, next);
            assert_bag(bag, file, b, COUNTS_LOG);
        }
        cache_close(cache); /* while one may be read */
    }
    bagfile_close(file);
}

typedef struct {
    Cache *cache;
    BagFile *file;
    int64_t residues[N_BAG];
} Walk;

static Status walk(void *context)
{
    Walk *w = context;
    for (int b = 0; b < N_BAG; b++) {
        const Bag *bag;
        TRY(cache_bag_aside(w->cache, &bag, b));
        w->residues[b] = (int64_t)bag_residues(bag);
    }
    return OK;
}

Test(data_cache, work_aside_reads_beside_who_asks)
{
    BagFile *file = some_file();
    Walk w = {.file = file}, wanted = {.file = file};
    SideWork work = {.work = walk, .context = &w};
    cr_assert_eq(parallel_start(1), OK);
    cr_assert_eq(cache_open(&wanted.cache, file, COUNTS_NONE, -1), OK, "%s", status_sentence());
    cr_assert_eq(walk(&wanted), OK);
    cr_assert_not(cache_begin(wanted.cache, &work), "all bags are held");
    cr_assert_eq(cache_open(&w.cache, file, COUNTS_NONE, 0), OK, "%s", status_sentence());
    cr_assert_not(cache_begin(w.cache, &work), "one thread");
    cache_close(w.cache);
    cr_assert_eq(parallel_start(2), OK);
    cr_assert_eq(cache_open(&w.cache, file, COUNTS_NONE, 8000), OK, "%s", status_sentence());
    for (int k = 0; k < 20; k++) {
        memset(w.residues, 0, sizeof w.residues);
        cr_assert(cache_begin(w.cache, &work));
        for (int b = 0; b < N_BAG; b++) {
            const Bag *bag;
            if (k % 2) cache_next(w.cache, b);
            cr_assert_eq(cache_bag(w.cache, &bag, b, 0), OK, "%s", status_sentence());
            cr_assert_eq(bag_residues(bag), (size_t)wanted.residues[b]);
        }
        cr_assert_eq(cache_end(w.cache, &work), OK, "%s", status_sentence());
        cr_assert_arr_eq(w.residues, wanted.residues, sizeof w.residues);
    }
    cache_close(w.cache);
    cache_close(wanted.cache);
    bagfile_close(file);
}

/* Tests run in a process of their own, so a limit set here ends with it. */
Test(data_cache, memory_that_is_not_there_is_said_beforehand)
{
#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("the address sanitizer needs address space itself");
#endif
    BagFile *file = some_file();
    Cache *cache;
    const struct rlimit none = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20}; /* less than is taken already */
    cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
    const Status all = cache_open(&cache, file, COUNTS_NONE, -1);
    char sentence[256];
    strncpy(sentence, status_sentence(), sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    cr_assert_eq(all, ERR_MEMORY);
    cr_assert(strstr(sentence, "set data.cache to less"), "%s", sentence);
    cr_assert_null(cache);
}

/* ---- vectors ---- */

enum { N_FEAT = 7 };

/* Bags of 10, 20, … instances; instance i of bag b has b in feature 0 and i + 1 in one of the others. */
static BagFile *vector_file(bool sparse)
{
    const BagWriterOptions options = {.spec = {.kind = BAG_VECTORS}, .compress = true, .force = true};
    BagWriter *w;
    BagFile *file;
    cr_assert_eq(bagwriter_open(&w, in_scratch("v.h5"), &options), OK, "%s", status_sentence());
    VectorSpool *spool = bagwriter_vectors(w);
    spool->sparse = sparse;
    for (int i = 0; i < 10 * N_BAG; i++) /* the bags take turns */
        for (int b = i / 10; b < N_BAG; b++) {
            float x[N_FEAT] = {(float)b};
            char key[16];
            int number;
            x[1 + i % (N_FEAT - 1)] = (float)i + 1;
            (void)snprintf(key, sizeof key, "bag%d", b);
            cr_assert_eq(vectorspool_bag(&number, spool, key), OK);
            cr_assert_eq(vectorspool_dense(spool, number, x, N_FEAT), OK);
        }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
    cr_assert_eq(bagfile_open(&file, in_scratch("v.h5")), OK, "%s", status_sentence());
    return file;
}

static float number_of(const Bag *bag, int i, int f)
{
    if (bag->x) return bag->x[i * N_FEAT + f];
    for (int k = 0; k < bag->sparse[i].n; k++)
        if (bag->sparse[i].feature[k] == f) return bag->sparse[i].value[k];
    return 0;
}

Test(data_cache, vectors_dense_and_sparse)
{
    const int64_t limit[] = {-1, 4000, 0};
    for (int sparse = 0; sparse < 2; sparse++)
        for (int k = 0; k < 3; k++) {
            BagFile *file = vector_file(sparse);
            Cache *cache;
            cr_assert_eq(bagfile_spec(file)->sparse, sparse);
            cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, limit[k]), OK, "%s", status_sentence());
            cr_assert_eq(cache_is_whole(cache), k == 0);
            for (int t = 0; t < 2 * N_BAG; t++) {
                const Bag *bag;
                const int b = t * 4 % N_BAG;
                cr_assert_eq(cache_bag(cache, &bag, b, t % 3), OK, "%s", status_sentence());
                cr_assert_eq(bag->n, 10 * (b + 1));
                cr_assert_eq(bag->x == NULL, sparse);
                for (int i = 0; i < bag->n; i++) {
                    cr_assert_eq(number_of(bag, i, 0), (float)b);
                    cr_assert_eq(number_of(bag, i, 1 + i % (N_FEAT - 1)), (float)i + 1);
                }
            }
            cache_close(cache);
            bagfile_close(file);
        }
}
