/* SPDX-License-Identifier: MIT
 *
 * bags.h: awkward but valid bags and models for tests. Header only, since it is compiled for float and double alike.
 */
#ifndef HOPSACK_TEST_BAGS_H
#define HOPSACK_TEST_BAGS_H

#include "core/bag.h"
#include "core/rng.h"
#include "model/embedder.h"
#include "model/mil.h"
#include "model/pooling.h"

#include <stdlib.h>
#include <string.h>

/* A bag of its own memory: len [n], random residues; every third sequence repeats the one before where lengths allow. */
typedef struct {
    Bag bag;
    Arena arena;
    int8_t *codes; /* [n, stride] by row */
    int64_t *len;  /* [n] */
    real *factor;
    size_t stride;
} TestBag;

static inline void test_bag_free(TestBag *b)
{
    arena_free(&b->arena);
    free(b->codes);
    free(b->len);
    free(b->factor);
}

static inline void test_bag(TestBag *b, const int *len, int n, bool counts, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test bag", 0);
    *b = (TestBag){.stride = 1};
    for (int i = 0; i < n; i++)
        if ((size_t)len[i] > b->stride) b->stride = (size_t)len[i];
    b->codes = malloc((size_t)n * b->stride + 1);
    b->len = malloc(((size_t)n + 1) * sizeof *b->len);
    b->factor = malloc(((size_t)n + 1) * sizeof *b->factor);
    memset(b->codes, -1, (size_t)n * b->stride + 1);
    for (int i = 0; i < n; i++) {
        b->len[i] = len[i];
        b->factor[i] = (real)(0.25 * (double)(1 + rng_below(&rng, 12)));
        const bool again = i > 0 && i % 3 == 2 && len[i] == len[i - 1];
        for (int t = 0; t < len[i]; t++)
            b->codes[(size_t)i * b->stride + (size_t)t] =
                again ? b->codes[(size_t)(i - 1) * b->stride + (size_t)t] : (int8_t)rng_below(&rng, 20);
        if (again) b->factor[i] = b->factor[i - 1];
    }
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&b->bag, &b->arena, b->codes, b->stride, b->len, counts ? b->factor : NULL, n);
        if (pass == 0 && arena_reserve(&b->arena, "test bag") != OK) abort();
    }
}

/* n lengths least … most. */
static inline int *test_lengths(int n, int least, int most, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test lengths", 0);
    int *len = malloc((size_t)(n + 1) * sizeof *len);
    for (int i = 0; i < n; i++) len[i] = least + (int)rng_below(&rng, (uint64_t)(most - least + 1));
    return len;
}

/* Fills a kind's options from the defaults of its rows. */
static inline void test_options(void *blob, const Option *rows)
{
    for (; rows->name; rows++) {
        char *at = (char *)blob + rows->at;
        if (rows->kind == OPTION_INT) *(int *)at = atoi(rows->standard);
        if (rows->kind == OPTION_NUMBER) *(double *)at = atof(rows->standard);
        if (rows->kind == OPTION_CHOICE) *(int *)at = option_word(rows->choices, rows->standard);
        if (rows->kind == OPTION_BOOL) *(bool *)at = strcmp(rows->standard, "true") == 0;
    }
}

/* Sets one option if the kind has it. */
static inline bool test_option(void *blob, const Option *rows, const char *name, int value)
{
    for (; rows->name; rows++) {
        if (strcmp(rows->name, name) != 0) continue;
        char *at = (char *)blob + rows->at;
        if (rows->kind == OPTION_INT || rows->kind == OPTION_CHOICE) *(int *)at = value;
        if (rows->kind == OPTION_BOOL) *(bool *)at = value != 0;
        return true;
    }
    return false;
}

static inline void test_number(void *blob, const Option *rows, const char *name, double value)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0) *(double *)((char *)blob + rows->at) = value;
}

static inline ModelOptions test_model(int embedder, int pooling)
{
    ModelOptions o = {.embedder = embedder,
                      .pooling = pooling,
                      .select = SELECT_TOP,
                      .select_fraction = 0.5,
                      .select_min = 1,
                      .output_hidden = 0,
                      .output_unit = 5};
    test_options(o.embedder_options, embedder_types[embedder]->options);
    test_options(o.pooling_options, pooling_types[pooling]->options);
    return o;
}

#define TEST_SPEC(longest)                                                                                           \
    (BagSpec)                                                                                                        \
    {                                                                                                                \
        .kind = BAG_SEQUENCES, .n_feat = 20, .max_len = (longest), .alphabet = "ACDEFGHIKLMNPQRSTVWY"                \
    }

#endif
