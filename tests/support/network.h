/* SPDX-License-Identifier: MIT
 *
 * network.h: small networks over an awkward minibatch of sequences. Header only, as bags.h.
 */
#ifndef HOPSACK_TEST_NETWORK_H
#define HOPSACK_TEST_NETWORK_H

#include "model/mil.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { N_BAG = 4, LONGEST = 12, N_TARGET = 2 };

/* Awkward minibatch: one sequence; lengths 0, 1 and shorter than the kernel; equal sequences; an ordinary bag. */
typedef struct {
    TestBag owner[N_BAG];
    Bag bag[N_BAG];
    real stands_for[N_BAG][10];
    real target[N_BAG * N_TARGET], mask[N_BAG * N_TARGET];
    Batch batch;
} Minibatch;

static inline void minibatch(Minibatch *x, bool counts)
{
    static const int one[] = {7}, odd[] = {0, 1, 2, 12, 0}, equal[] = {6, 6, 6, 6, 6, 6},
                     plain[] = {5, 9, 12, 8, 3, 11, 10, 10, 10, 4};
    static const struct {
        const int *len;
        int n;
    } of[N_BAG] = {{one, 1}, {odd, 5}, {equal, 6}, {plain, 10}};
    for (int b = 0; b < N_BAG; b++) {
        test_bag(&x->owner[b], of[b].len, of[b].n, counts, (uint64_t)b);
        x->bag[b] = x->owner[b].bag;
        for (int t = 0; t < N_TARGET; t++) {
            x->target[b * N_TARGET + t] = (b + t) % 2;
            x->mask[b * N_TARGET + t] = !(t == 1 && b == 2); /* one label is missing */
        }
    }
    x->batch = (Batch){.n_bag = N_BAG, .bag = x->bag, .target = x->target, .mask = x->mask};
}

static inline void minibatch_free(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) test_bag_free(&x->owner[b]);
}

/* Every instance stands for 1 … 20 of its bag; with `most` 1 for itself. */
static inline void weigh(Minibatch *x, uint64_t most)
{
    Rng rng = rng_stream(7, "stands for", 0);
    for (int b = 0; b < N_BAG; b++) {
        for (int i = 0; i < x->bag[b].n; i++) x->stands_for[b][i] = (real)(1 + rng_below(&rng, most));
        x->bag[b].stands_for = x->stands_for[b];
    }
}

static inline void targets(Target *t)
{
    t[0] = (Target){.type = target_type("binary"), .weight = 1, .pos_weight = 2.5};
    t[1] = (Target){.type = target_type("binary"), .weight = 0.25, .pos_weight = 1};
}

/* Larger weights than training starts with, so that attention is not flat. */
static inline real *start(const Mil *m, uint64_t seed)
{
    const ParamList *list = mil_params(m);
    real *theta = malloc(list->size * sizeof *theta);
    param_start(list, theta, seed);
    for (size_t i = 0; i < list->size; i++) theta[i] *= 4;
    return theta;
}

static inline void shrink(ModelOptions *o)
{
    const Option *e = embedder_types[o->embedder]->options, *p = pooling_types[o->pooling]->options;
    test_option(o->embedder_options, e, "n_kernel", 5);
    test_option(o->embedder_options, e, "kernel", 4);
    test_option(o->embedder_options, e, "n_unit", 5);
    test_option(o->pooling_options, p, "n_unit", 6);
    test_option(o->pooling_options, p, "n_value", 4);
    test_option(o->pooling_options, p, "n_head", 2);
    test_option(o->pooling_options, p, "head_size", 3);
    test_option(o->pooling_options, p, "output_size", 4);
    test_option(o->pooling_options, p, "activation", 2); /* tanh: a bag of empty sequences is at the edge of ReLU */
}

/* Small, with or without a mean, and so that Hopfield pooling can pool from means. False: it has no mean. */
static inline bool set_up(ModelOptions *o, bool mean)
{
    const Option *rows = pooling_types[o->pooling]->options;
    shrink(o);
    test_option(o->pooling_options, rows, "norm_stored", 2);
    test_option(o->pooling_options, rows, "norm_projection", 2);
    return test_option(o->pooling_options, rows, "mean", mean) || !mean;
}

/* May the bags of this model stand for others? */
static inline bool weighs(const ModelOptions *o)
{
    Target target[N_TARGET];
    BagSpec spec = TEST_SPEC(LONGEST);
    Mil *m;
    targets(target);
    cr_assert_eq(mil_new(&m, o, &spec, target, N_TARGET), OK, "%s", status_sentence());
    const bool out = mil_weighs(m);
    mil_free(m);
    return out;
}

static inline Mil *model(ModelOptions *o, Target *target, int n_bag, int n_max, bool learn, int longest)
{
    Mil *m;
    BagSpec spec = TEST_SPEC(longest);
    targets(target);
    cr_assert_eq(mil_new(&m, o, &spec, target, N_TARGET), OK, "%s", status_sentence());
    cr_assert_eq(mil_plan(m, n_bag, n_max, learn), OK);
    return m;
}

#endif
