/* SPDX-License-Identifier: MIT
 *
 * vectornet.h: small networks over a ragged minibatch of feature vectors. Header only, as bags.h.
 */
#ifndef HOPSACK_TEST_VECTORNET_H
#define HOPSACK_TEST_VECTORNET_H

#include "model/mil.h"
#include "support/bags.h"
#include "support/vectors.h"

#include <criterion/criterion.h>

enum { N_BAG = 4, N_FEAT = 19, MOST = 90 };
static const int sizes[N_BAG] = {1, 0, 7, MOST};

/* A ragged minibatch: a bag of one, an empty one, and one of more instances than a block has. */
typedef struct {
    VectorBag owner[N_BAG];
    Bag dense[N_BAG], sparse[N_BAG];
    real target[N_BAG], mask[N_BAG];
} Minibatch;

static inline void minibatch(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) {
        vector_bag(&x->owner[b], sizes[b], N_FEAT, (uint64_t)b);
        x->dense[b] = x->owner[b].dense;
        x->sparse[b] = x->owner[b].sparse;
        x->target[b] = b % 2;
        x->mask[b] = 1;
    }
}

static inline void minibatch_free(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) vector_bag_free(&x->owner[b]);
}

static inline Batch batch_of(const Minibatch *x, bool sparse)
{
    return (Batch){.n_bag = N_BAG, .bag = sparse ? x->sparse : x->dense, .target = x->target, .mask = x->mask};
}

static inline Mil *network(ModelOptions *o, Target *target, bool sparse, int n_bag, int n_max, bool learn)
{
    Mil *m;
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT, .sparse = sparse};
    *target = (Target){.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    cr_assert_eq(mil_new(&m, o, &spec, target, 1), OK, "%s", status_sentence());
    cr_assert_eq(mil_plan(m, n_bag, n_max, learn), OK);
    return m;
}

/* Larger weights than training starts with, so that attention is not flat; frozen tensors, which are the scaling, away
 * from 0 and 1. A sparse network has no use for a shift. */
static inline real *start(const Mil *m, uint64_t seed, bool shift)
{
    const ParamList *list = mil_params(m);
    real *theta = malloc(list->size * sizeof *theta);
    Rng rng = rng_stream(seed, "scaling", 0);
    param_start(list, theta, seed);
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        const bool is_shift = p->frozen && strstr(p->name, "shift");
        for (size_t j = p->at; j < p->at + p->size; j++)
            theta[j] = !p->frozen ? 2 * theta[j]
                       : is_shift ? (shift ? (real)(0.3 * rng_normal(&rng)) : 0)
                                  : (real)(0.5 + rng_uniform(&rng));
    }
    return theta;
}

/* Calls `check` for every embedder of vectors with every pooling. */
static inline void for_all(void (*check)(int embedder, int pooling))
{
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            if (embedder_types[e]->bag_kind == BAG_VECTORS) check(e, p);
}

static inline ModelOptions small(int embedder, int pooling)
{
    ModelOptions o = test_model(embedder, pooling);
    test_option(o.embedder_options, embedder_types[embedder]->options, "n_unit", 5);
    test_option(o.pooling_options, pooling_types[pooling]->options, "n_unit", 6);
    if (!pooling_types[pooling]->ranks) o.select = SELECT_ALL;
    o.clip = 1.5;
    return o;
}

#endif
