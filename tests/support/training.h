/* SPDX-License-Identifier: MIT
 *
 * training.h: something to train on: a small file of random sequences, a motif in some of those of every other bag. Header
 * only, since it is compiled for float and double alike; what the tests change is global.
 */
#ifndef HOPSACK_TEST_TRAINING_H
#define HOPSACK_TEST_TRAINING_H

#include "support/bags.h"
#include "train/loop.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { BAGS = 24, SEQUENCES = 150, MOST_SEQUENCES = 1300, LENGTH = 12 };

static int n_sequences = SEQUENCES; /* of a bag; told before training_set_up */
static char training_path[64];
static BagFile *file;
static Cache *cache;
static Target target;
static TrainOptions options;
static ModelOptions model;
static Labels labels;
static int bag[BAGS];
static Part part[BAGS];
static volatile sig_atomic_t stop;
static Status (*save_hook)(void *context); /* LoopSetup.save */
static const KmerStart *starts;            /* [n_start] LoopSetup.start */
static int n_start;

static inline void write_training_file(void)
{
    static int8_t codes[MOST_SEQUENCES * LENGTH];
    static int64_t len[MOST_SEQUENCES], count[MOST_SEQUENCES];
    const BagWriterOptions o = {.spec = TEST_SPEC(LENGTH), .compress = true, .force = true};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, training_path, &o), OK, "%s", status_sentence());
    for (int b = 0; b < BAGS; b++) {
        Rng rng = rng_stream(7, "test loop", (uint64_t)b);
        char key[16];
        snprintf(key, sizeof key, "bag%d", b);
        for (int i = 0; i < n_sequences; i++) {
            len[i] = 8 + (int64_t)rng_below(&rng, LENGTH - 7);
            count[i] = 1;
            for (int t = 0; t < LENGTH; t++)
                codes[i * LENGTH + t] = t < len[i] ? (int8_t)rng_below(&rng, 20) : (int8_t)-1;
            if (b % 2 && i % 3 == 0) memcpy(codes + i * LENGTH + 2, "\x0f\x04\x0b\x03", 4); /* SFNE */
        }
        cr_assert_eq(
            bagwriter_add(
                w, key,
                &(BagWriterRows){.codes = codes, .stride = LENGTH, .len = len, .count = count, .n = n_sequences}),
            OK, "%s", status_sentence());
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
}

static inline void training_set_up(void)
{
    snprintf(training_path, sizeof training_path, "test_training_%d.h5", (int)getpid());
    write_training_file();
    cr_assert_eq(bagfile_open(&file, training_path), OK, "%s", status_sentence());
    cr_assert_eq(cache_open(&cache, file, COUNTS_NONE, -1), OK, "%s", status_sentence());
    target = (Target){.type = target_type("binary"),
                      .name = "t",
                      .column = "t",
                      .weight = 1,
                      .n_out = 1,
                      .positive = "+",
                      .pos_weight = 1};
    options = (TrainOptions){.updates = 120,
                             .batch = 5,
                             .draws = 100,
                             .evaluate_every = 50,
                             .keep = KEEP_BEST,
                             .decay = 1,
                             .step = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4}};
    model = test_model(0, 0);
    model.select_fraction = 0.2;
    labels = (Labels){.n = BAGS,
                      .n_out = 1,
                      .n_target = 1,
                      .target = calloc(BAGS, sizeof(real)),
                      .mask = calloc(BAGS, sizeof(real))};
    for (int i = 0; i < BAGS; i++) {
        bag[i] = i;
        part[i] = i < 14 ? PART_TRAIN : i < 20 ? PART_VALIDATION : PART_TEST;
        labels.target[i] = (real)(i % 2);
        labels.mask[i] = 1;
    }
}

/* A model with model.norm, and the mean beside what is pooled, that starts from two k-mers: SFNE, and one that a bag holds a
 * few times by chance, which draws then always hold. */
static inline void train_from_kmers(int pooling)
{
    static const KmerStart both[] = {
        {.kmer = {.n_fixed = 4, .span = 4, .offset = {0, 1, 2, 3}, .code = {15, 4, 11, 3}}, .sign = 1},
        {.kmer = {.n_fixed = 2, .span = 3, .offset = {0, 2}, .code = {1, 7}}, .sign = -1},
    };
    starts = both, n_start = 2;
    model = test_model(0, pooling);
    model.norm = NORM_BAGS;
    model.select = SELECT_ALL;
    test_option(model.pooling_options, pooling_types[pooling]->options, "mean", true);
    test_option(model.pooling_options, pooling_types[pooling]->options, "norm_stored", 2);
    test_option(model.pooling_options, pooling_types[pooling]->options, "norm_projection", 2);
}

static inline void training_tear_down(void)
{
    label_free(&labels);
    cache_close(cache);
    bagfile_close(file);
    unlink(training_path);
}

static inline LoopSetup training_loop(void)
{
    return (LoopSetup){.options = &options,
                       .seed = 3,
                       .model = &model,
                       .spec = bagfile_spec(file),
                       .target = &target,
                       .n_target = 1,
                       .cache = cache,
                       .n = BAGS,
                       .n_max = n_sequences,
                       .bag = bag,
                       .part = part,
                       .labels = &labels,
                       .start = starts,
                       .n_start = n_start,
                       .stop = &stop,
                       .save = save_hook};
}

static inline Loop *new_loop(void)
{
    const LoopSetup setup = training_loop();
    Loop *loop;
    cr_assert_eq(loop_new(&loop, &setup), OK, "%s", status_sentence());
    return loop;
}

/* What a loop reported. */
typedef struct {
    int n;
    LoopRecord record[16];
} TrainingRecords;

static inline Status training_remember(void *context, const LoopRecord *record)
{
    TrainingRecords *r = context;
    r->record[r->n++] = *record;
    return OK;
}

#endif
