/* SPDX-License-Identifier: MIT
 *
 * bench_kmers.c: choosing k-mers from 400 bags of sequences with or without a motif.
 *
 *     bench_kmers [SEQUENCES A BAG [THREADS [DATA.h5]]]
 *
 * Without a file bags are random: 10 to 19 residues, a constant prefix and suffix of three as junctions have, SFEN in
 * 0.1 % of the sequences of every other bag. A file's bags need a label column "status".
 */
#include "cohort/kmers.h"
#include "cohort/kmertable.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "support/bags.h"

#include <stdio.h>
#include <unistd.h>

enum { BAGS = 400, LENGTH = 20 };

static void check(Status status)
{
    if (status == OK) return;
    fprintf(stderr, "%s\n", status_sentence());
    exit(1);
}

static void write_bags(const char *path, int n)
{
    const BagWriterOptions o = {.spec = TEST_SPEC(LENGTH), .force = true};
    int8_t *codes = malloc((size_t)n * LENGTH);
    int64_t *len = calloc((size_t)n, sizeof *len), *count = calloc((size_t)n, sizeof *count);
    BagWriter *w;
    check(bagwriter_open(&w, path, &o));
    for (int b = 0; b < BAGS; b++) {
        Rng rng = rng_stream(1, "bench", (uint64_t)b);
        char key[16];
        snprintf(key, sizeof key, "bag%d", b);
        memset(codes, -1, (size_t)n * LENGTH);
        for (int i = 0; i < n; i++) {
            int8_t *own = codes + (size_t)i * LENGTH;
            len[i] = 10 + (int64_t)rng_below(&rng, 10);
            count[i] = 1;
            for (int t = 0; t < (int)len[i]; t++) own[t] = (int8_t)rng_below(&rng, 20);
            memcpy(own, "\x01\x00\x0f", 3);
            memcpy(own + len[i] - 3, "\x0d\x13\x04", 3);
            if (b % 2 && i % 1000 == 0) memcpy(own + 3, "\x0f\x04\x03\x0b", 4);
        }
        check(bagwriter_add(w, key,
                            &(BagWriterRows){.codes = codes, .stride = LENGTH, .len = len, .count = count, .n = n}));
    }
    check(bagwriter_finish(w, NULL, "{}"));
    free(codes);
    free(len);
    free(count);
}

int main(int argc, char **argv)
{
    const int n_seq = argc > 1 ? atoi(argv[1]) : 10000, threads = argc > 2 ? atoi(argv[2]) : 2;
    char path[64];
    BagFile *file;
    Cache *cache;
    KmerChoice choice;
    Target target = {.type = &target_binary, .name = "t", .column = "status", .n_out = 1, .positive = "+"};
    snprintf(path, sizeof path, "bench_kmers_%d.h5", (int)getpid());
    if (argc <= 3) write_bags(path, n_seq);
    check(bagfile_open(&file, argc > 3 ? argv[3] : path));
    if (argc <= 3) unlink(path);
    const int n = bagfile_n_bag(file);
    int *bag = calloc((size_t)n, sizeof *bag);
    Part *part = calloc((size_t)n, sizeof *part);
    Labels labels = {.n = n, .n_out = 1, .n_target = 1};
    double size = 0;
    for (int b = 0; b < n; b++) bag[b] = b, size += bagfile_n(file, b);
    if (argc > 3) {
        check(label_read(&labels, &target, 1, bagfile_columns(file), bag, n, false, true));
    } else {
        labels.target = calloc((size_t)n, sizeof(real));
        labels.mask = calloc((size_t)n, sizeof(real));
        for (int b = 0; b < n; b++) labels.target[b] = (real)(b % 2), labels.mask[b] = 1;
    }
    check(cache_open(&cache, file, COUNTS_NONE, -1));
    KmerSetup setup = {.cache = cache,
                       .spec = bagfile_spec(file),
                       .n = n,
                       .bag = bag,
                       .part = part,
                       .labels = &labels,
                       .target = &target,
                       .mean_size = size / n,
                       .top = KMERS_STANDARD,
                       .max_span = KMER_SPAN};
    for (int run = 0; run < 2 * threads; run++) {
        check(parallel_start(1 + run % threads));
        const double wall = log_seconds(), cpu = log_cpu_seconds();
        check(kmers_choose(&choice, &setup, 1));
        printf("threads %d: %.3f s wall, %.3f s CPU, %.0f MB peak\n", 1 + run % threads, log_seconds() - wall,
               log_cpu_seconds() - cpu, (double)log_peak_memory() / 1e6);
    }
    printf("%lld tested, threshold %.3f, largest |z| %.3f\n", (long long)choice.n_tested, choice.min_z,
           choice.largest_z);
    check(kmertable_write(&choice, "-", &target, bagfile_spec(file)->alphabet));
    label_free(&labels);
    cache_close(cache);
    bagfile_close(file);
    free(bag);
    free(part);
    return 0;
}
