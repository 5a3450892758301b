/* SPDX-License-Identifier: MIT
 *
 * test_vectors.c: networks over bags of feature vectors, for every embedder that takes them with every pooling: gradients
 * against finite differences (double), dense against sparse, and what no arrangement of the work may change.
 */
#include "core/parallel.h"
#include "model/mil.h"
#include "support/bags.h"
#include "support/vectors.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N_BAG = 4, N_FEAT = 19, MOST = 90 };
static const int sizes[N_BAG] = {1, 0, 7, MOST};

/* A ragged minibatch: a bag of one, an empty one, and one of more instances than a block has. */
typedef struct {
    VectorBag owner[N_BAG];
    Bag dense[N_BAG], sparse[N_BAG];
    real target[N_BAG], mask[N_BAG];
} Minibatch;

static void minibatch(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) {
        vector_bag(&x->owner[b], sizes[b], N_FEAT, (uint64_t)b);
        x->dense[b] = x->owner[b].dense;
        x->sparse[b] = x->owner[b].sparse;
        x->target[b] = b % 2;
        x->mask[b] = 1;
    }
}

static void minibatch_free(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) vector_bag_free(&x->owner[b]);
}

static Batch batch_of(const Minibatch *x, bool sparse)
{
    return (Batch){.n_bag = N_BAG, .bag = sparse ? x->sparse : x->dense, .target = x->target, .mask = x->mask};
}

static Mil *network(ModelOptions *o, Target *target, bool sparse, int n_bag, int n_max, bool learn)
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
static real *start(const Mil *m, uint64_t seed, bool shift)
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
static void for_all(void (*check)(int embedder, int pooling))
{
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            if (embedder_types[e]->takes == BAG_VECTORS) check(e, p);
}

static ModelOptions small(int embedder, int pooling)
{
    ModelOptions o = test_model(embedder, pooling);
    test_option(o.embedder_options, embedder_types[embedder]->options, "n_unit", 5);
    test_option(o.pooling_options, pooling_types[pooling]->options, "n_unit", 6);
    if (!pooling_types[pooling]->ranks) o.select = SELECT_ALL;
    o.clip = 1.5;
    return o;
}

#if REAL_IS_DOUBLE

static double loss_at(Mil *m, const real *theta, const Batch *batch)
{
    real *waste = calloc(mil_params(m)->size, sizeof *waste);
    const double loss = mil_learn(m, waste, theta, batch, 5, 3, NULL);
    free(waste);
    return loss;
}

static void check_tensor(Mil *m, const Param *p, real *theta, const real *grad, const Batch *batch, double most,
                         const char *what)
{
    double worst = 0, largest = 0.1;
    for (size_t j = p->at; j < p->at + p->size; j += 1 + p->size / 40) {
        const real was = theta[j], step = 1e-6;
        theta[j] = was + step;
        const double up = loss_at(m, theta, batch);
        theta[j] = was - step;
        const double numeric = (up - loss_at(m, theta, batch)) / (2 * step);
        theta[j] = was;
        worst = fmax(worst, fabs(numeric - grad[j]));
        largest = fmax(largest, fabs(numeric));
    }
    cr_expect_lt(worst, most * largest, "%s: gradient of %s differs by %.3g, largest %.3g", what, p->name, worst,
                 largest);
}

static void check_gradient(const ModelOptions *o, bool sparse, const char *what)
{
    Minibatch x;
    Target target;
    ModelOptions copy = *o;
    minibatch(&x);
    const double most = o->norm == NORM_BAGS ? 2e-6 : 2e-7; /* numbers of small variance are steep */
    const Batch batch = batch_of(&x, sparse);
    Mil *m = network(&copy, &target, sparse, N_BAG, MOST, true);
    const ParamList *list = mil_params(m);
    real *theta = start(m, 1, true), *grad = calloc(list->size, sizeof *grad);
    cr_assert(isfinite(mil_learn(m, grad, theta, &batch, 5, 3, NULL)));
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        if (!p->frozen)
            check_tensor(m, p, theta, grad, &batch, most, what);
        else
            for (size_t j = p->at; j < p->at + p->size; j++) cr_assert_eq(grad[j], 0, "%s learns", p->name);
    }
    free(theta), free(grad);
    mil_free(m);
    minibatch_free(&x);
}

static void gradient_of(int e, int p)
{
    for (int bits = 0; bits < 16; bits++) {
        ModelOptions o = small(e, p);
        char what[160];
        const Option *embedder = embedder_types[e]->options;
        const int n_layer = bits & 1 ? 3 : 1, activation = bits >> 2 & 1;
        const bool sparse = bits & 2, drops = bits & 8;
        test_option(o.embedder_options, embedder, "n_layer", n_layer);
        test_option(o.embedder_options, embedder, "activation", activation);
        test_number(o.embedder_options, embedder, "dropout", drops ? 0.3 : 0);
        test_option(o.pooling_options, pooling_types[p]->options, "n_query", bits & 1 ? 2 : 1);
        o.output_hidden = bits & 4 ? 1 : 0;
        if (pooling_types[p]->ranks)
            o.select = bits % 3 == 0 ? SELECT_TOP : bits % 3 == 1 ? SELECT_ALL : SELECT_RANDOM;
        snprintf(what, sizeof what, "%s+%s layers %d, activation %d, sparse %d, dropout %d, selection %d",
                 embedder_types[e]->name, pooling_types[p]->name, n_layer, activation, sparse, drops, o.select);
        check_gradient(&o, sparse, what);
    }
}

Test(model_vectors, gradient_of_every_family)
{
    for_all(gradient_of);
}

static void gradient_with_norm_and_mean_of(int e, int p)
{
    for (int bits = 1; bits < 16; bits++) {
        ModelOptions o = small(e, p);
        char what[160];
        const bool norm = bits & 1, mean = bits & 2, sparse = bits & 4, random = bits & 8;
        if (!(norm || mean)) continue;
        if (!test_option(o.pooling_options, pooling_types[p]->options, "mean", mean) && mean) continue;
        o.norm = norm ? NORM_BAGS : NORM_NONE;
        o.select = random ? SELECT_RANDOM : SELECT_ALL;
        snprintf(what, sizeof what, "%s+%s norm %d, mean %d, sparse %d, selection %d", embedder_types[e]->name,
                 pooling_types[p]->name, norm, mean, sparse, o.select);
        check_gradient(&o, sparse, what);
    }
}

Test(model_vectors, gradient_with_norm_and_mean)
{
    for_all(gradient_with_norm_and_mean_of);
}

#endif

/* ---- what must be the same, in both builds ---- */

#define NEARLY (REAL_IS_DOUBLE ? 1e-12 : 2e-5)

static void dense_as_sparse(int e, int p)
{
    Minibatch x;
    minibatch(&x);
    double loss[2];
    real *grad[2];
    size_t n = 0;
    for (int sparse = 0; sparse < 2; sparse++) {
        Target target;
        ModelOptions o = small(e, p);
        o.select = SELECT_ALL;
        Mil *m = network(&o, &target, sparse, N_BAG, MOST, true);
        const Batch batch = batch_of(&x, sparse);
        real *theta = start(m, 3, false);
        n = mil_params(m)->size;
        grad[sparse] = calloc(n, sizeof(real));
        loss[sparse] = mil_learn(m, grad[sparse], theta, &batch, 0, 0, NULL);
        free(theta);
        mil_free(m);
    }
    cr_expect_float_eq(loss[0], loss[1], NEARLY);
    for (size_t i = 0; i < n; i++)
        cr_assert_float_eq((double)grad[0][i], (double)grad[1][i], NEARLY * 10, "%s+%s: gradient %zu",
                           embedder_types[e]->name, pooling_types[p]->name, i);
    free(grad[0]), free(grad[1]);
    minibatch_free(&x);
}

Test(model_vectors, sparse_bags_give_the_numbers_of_dense_ones)
{
    for_all(dense_as_sparse);
}

static void alone_as_together(int e, int p)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        Minibatch x;
        Target target;
        ModelOptions o = small(e, p);
        minibatch(&x);
        const Batch batch = batch_of(&x, sparse);
        Mil *m = network(&o, &target, sparse, N_BAG, MOST, true);
        real *theta = start(m, 3, true), *grad = calloc(mil_params(m)->size, sizeof *grad), together[N_BAG];
        mil_learn(m, grad, theta, &batch, 0, 0, NULL);
        for (int b = 0; b < N_BAG; b++) together[b] = mil_view(m, b).y[0];
        mil_prepare(m, theta);
        for (int b = 0; b < N_BAG; b++) {
            real alone;
            mil_predict(m, &alone, &batch.bag[b], NULL);
            cr_assert(isfinite(alone));
            cr_expect_float_eq((double)alone, (double)together[b], NEARLY, "%s+%s, bag %d: %g alone, %g together",
                               embedder_types[e]->name, pooling_types[p]->name, b, (double)alone,
                               (double)together[b]);
        }
        free(theta), free(grad);
        mil_free(m);
        minibatch_free(&x);
    }
}

static bool draws_in_training(const ModelOptions *o)
{
    const Option *rows = pooling_types[o->pooling]->options;
    for (; rows->name; rows++)
        if (strcmp(rows->name, "dropout") == 0 && *(const double *)(o->pooling_options + rows->at) > 0) return true;
    return false;
}

/* A prediction that pools while it embeds, against pooling of what was kept. */
static void one_pass_as_two(int e, int p)
{
    enum { N = 2100 };
    for (int bits = 0; bits < 4; bits++) {
        VectorBag b[2];
        Target target[2];
        ModelOptions o = small(e, p);
        const bool mean = bits & 1, sparse = bits & 2;
        const Option *rows = pooling_types[p]->options;
        static const real label[] = {1, 0}, mask[] = {1, 1};
        if (!test_option(o.pooling_options, rows, "mean", mean) && mean) continue;
        test_option(o.pooling_options, rows, "norm_stored", 2),
            test_option(o.pooling_options, rows, "norm_projection", 2);
        o.norm = NORM_BAGS, o.select = SELECT_ALL;
        for (int j = 0; j < 2; j++) vector_bag(&b[j], j ? 5 : N, N_FEAT, (uint64_t)j);
        const Bag bag[] = {sparse ? b[0].sparse : b[0].dense, sparse ? b[1].sparse : b[1].dense};
        const Batch batch = {.n_bag = 2, .bag = bag, .target = label, .mask = mask};
        Mil *learner = network(&o, &target[0], sparse, 2, N, true),
            *scorer = network(&o, &target[1], sparse, 1, N, false);
        real *theta = start(learner, 3, true), *grad = calloc(mil_params(learner)->size, sizeof *grad),
             *z = calloc((size_t)mil_n_z(scorer), sizeof *z);
        mil_learn(learner, grad, theta, &batch, 0, 0, NULL);
        mil_prepare(scorer, theta);
        for (int j = 0; j < 2; j++) {
            mil_vector(scorer, z, &bag[j]);
            for (int k = 0; k < mil_n_z(scorer); k++)
                cr_assert_float_eq((double)z[k], (double)mil_view(learner, j).z[k], NEARLY, "%s+%s mean %d sparse %d",
                                   embedder_types[e]->name, pooling_types[p]->name, mean, sparse);
            if (mil_weighs(scorer)) cr_assert_eq(mil_view(scorer, 0).kept->n, 0, "it is no single pass");
        }
        free(theta), free(grad), free(z);
        mil_free(learner), mil_free(scorer);
        vector_bag_free(&b[0]), vector_bag_free(&b[1]);
    }
}

static void one_pass_unless_drawn(int e, int p)
{
    ModelOptions o = small(e, p);
    if (!draws_in_training(&o)) one_pass_as_two(e, p);
}

Test(model_vectors, one_pass_pools_as_two)
{
    for_all(one_pass_unless_drawn);
}

static void alone_as_together_unless_drawn(int e, int p)
{
    ModelOptions o = small(e, p);
    if (!draws_in_training(&o)) alone_as_together(e, p);
}

Test(model_vectors, prediction_does_not_depend_on_batch_mates)
{
    for_all(alone_as_together_unless_drawn);
}

/* An instance's embedding has the same bits wherever it stands: alone, in a block, or behind many others. */
static void embedding_anywhere(int e, int p)
{
    if (p > 0) return;
    Minibatch x;
    Target target;
    ModelOptions o = small(e, p);
    o.select = SELECT_ALL;
    minibatch(&x);
    Mil *m = network(&o, &target, false, N_BAG, MOST, false);
    real *theta = start(m, 3, true), y;
    const int last = N_BAG - 1;
    mil_prepare(m, theta);
    mil_predict(m, &y, &x.dense[last], NULL);
    MilView v = mil_view(m, 0);
    const size_t width = (size_t)v.width;
    real *all = malloc(MOST * width * sizeof *all);
    memcpy(all, v.h, MOST * width * sizeof *all);
    for (int i = 0; i < MOST; i++) {
        const Bag one = {.n = 1, .row = x.owner[last].row, .x = x.owner[last].x + i * N_FEAT, .inv_std = 1};
        mil_predict(m, &y, &one, NULL);
        v = mil_view(m, 0);
        cr_assert(memcmp(v.h, all + (size_t)i * width, width * sizeof *all) == 0, "instance %d", i);
    }
    free(theta), free(all);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_vectors, an_embedding_is_the_same_anywhere)
{
    for_all(embedding_anywhere);
}

static void order(int e, int p)
{
    enum { N = 70 };
    VectorBag b, turned;
    Target target;
    ModelOptions o = small(e, p);
    vector_bag(&b, N, N_FEAT, 1);
    vector_bag(&turned, N, N_FEAT, 1);
    for (int i = 0; i < N; i++) memcpy(turned.x + i * N_FEAT, b.x + (N - 1 - i) * N_FEAT, N_FEAT * sizeof(float));
    Mil *m = network(&o, &target, false, 1, N, false);
    real *theta = start(m, 2, true), y[2];
    mil_prepare(m, theta);
    mil_predict(m, &y[0], &b.dense, NULL);
    mil_predict(m, &y[1], &turned.dense, NULL);
    cr_expect_float_eq((double)y[0], (double)y[1], NEARLY, "%s+%s: %g and %g", embedder_types[e]->name,
                       pooling_types[p]->name, (double)y[0], (double)y[1]);
    free(theta);
    mil_free(m);
    vector_bag_free(&b), vector_bag_free(&turned);
}

Test(model_vectors, order_of_instances_changes_nothing_but_rounding)
{
    for_all(order);
}

/* Enough work that it is shared out. */
static void threads(int e, int p)
{
    enum { N = 3000 };
    for (int sparse = 0; sparse < 2; sparse++) {
        VectorBag b[2];
        Bag bag[2];
        real *first = NULL;
        static const real target_of[] = {1, 0}, mask[] = {1, 1};
        for (int j = 0; j < 2; j++)
            vector_bag(&b[j], N, N_FEAT, (uint64_t)j), bag[j] = sparse ? b[j].sparse : b[j].dense;
        const Batch batch = {.n_bag = 2, .bag = bag, .target = target_of, .mask = mask};
        for (int n = 1; n <= 4; n++) {
            cr_assert_eq(parallel_start(n), OK);
            Target target;
            ModelOptions o = small(e, p);
            test_option(o.embedder_options, embedder_types[e]->options, "n_unit", 40);
            test_number(o.embedder_options, embedder_types[e]->options, "dropout", 0.5);
            Mil *m = network(&o, &target, sparse, 2, N, true);
            const size_t size = mil_params(m)->size;
            real *theta = start(m, 1, true), *grad = calloc(size, sizeof *grad);
            mil_learn(m, grad, theta, &batch, 0, 0, NULL);
            if (first)
                cr_expect(memcmp(first, grad, size * sizeof *grad) == 0, "%s+%s, sparse %d, %d threads",
                          embedder_types[e]->name, pooling_types[p]->name, sparse, n);
            else
                first = malloc(size * sizeof *first), memcpy(first, grad, size * sizeof *first);
            free(theta), free(grad);
            mil_free(m);
        }
        free(first);
        for (int j = 0; j < 2; j++) vector_bag_free(&b[j]);
    }
    parallel_start(1);
}

Test(model_vectors, threads_change_no_bit)
{
    for_all(threads);
}

/* ---- mlp ---- */

static int embedder(const char *name)
{
    int e = 0;
    while (strcmp(embedder_types[e]->name, name) != 0) e++;
    return e;
}

/* One update's loss and the embeddings of the bag of MOST. */
static double drawn(Mil *m, const real *theta, const Batch *batch, uint64_t seed, uint64_t update, real *h)
{
    real *grad = calloc(mil_params(m)->size, sizeof *grad);
    const double loss = mil_learn(m, grad, theta, batch, seed, update, NULL);
    const MilView v = mil_view(m, N_BAG - 1);
    for (int i = 0; i < MOST; i++) memcpy(h + i * 32, v.h + i * v.width, 32 * sizeof *h);
    free(grad);
    return loss;
}

Test(model_vectors, dropout_belongs_to_the_update)
{
    static real h[4][MOST * 32];
    Minibatch x;
    Target target;
    ModelOptions o = test_model(embedder("mlp"), 1);
    o.select = SELECT_ALL;
    test_option(o.embedder_options, embedder_types[o.embedder]->options, "n_layer", 1);
    test_option(o.embedder_options, embedder_types[o.embedder]->options, "n_unit", 32);
    test_option(o.embedder_options, embedder_types[o.embedder]->options, "activation", 1);
    test_number(o.embedder_options, embedder_types[o.embedder]->options, "dropout", 0.25);
    minibatch(&x);
    const Batch batch = batch_of(&x, false);
    Mil *m = network(&o, &target, false, N_BAG, MOST, true);
    real *theta = start(m, 3, true), y;
    const double first = drawn(m, theta, &batch, 1, 7, h[0]);
    cr_expect_eq(drawn(m, theta, &batch, 1, 7, h[1]), first);
    cr_expect_neq(drawn(m, theta, &batch, 1, 8, h[2]), first);
    cr_expect_neq(drawn(m, theta, &batch, 2, 7, h[2]), first);
    cr_expect(memcmp(h[0], h[1], sizeof h[0]) == 0);
    mil_prepare(m, theta);
    mil_predict(m, &y, &x.dense[N_BAG - 1], NULL);
    const MilView v = mil_view(m, 0);
    int dropped = 0;
    for (int i = 0; i < MOST; i++)
        for (int k = 0; k < 32; k++) {
            const double whole = (double)v.h[i * v.width + k], part = (double)h[0][i * 32 + k];
            dropped += part == 0;
            if (part != 0) cr_expect_float_eq(part, whole / 0.75, 1e-6 * (1 + fabs(whole)));
        }
    cr_expect_float_eq(dropped / (MOST * 32.), 0.25, 0.03);
    free(theta);
    mil_free(m);
    minibatch_free(&x);
}

/* The scaling in the model is that of scaled data, and clipping keeps within bounds. */
Test(model_vectors, features_are_scaled_by_the_model)
{
    VectorBag raw, scaled;
    Target target;
    ModelOptions o = small(embedder("mlp"), 0);
    vector_bag(&raw, 30, N_FEAT, 4);
    vector_bag(&scaled, 30, N_FEAT, 4);
    Mil *m = network(&o, &target, false, 1, 30, false);
    const Param *shift = param_find(mil_params(m), "instance_embedding.shift"),
                *scale = param_find(mil_params(m), "instance_embedding.scale");
    cr_assert(shift && scale && shift->frozen && scale->frozen && shift->size == N_FEAT && scale->size == N_FEAT);
    real *theta = start(m, 2, true), y[2];
    for (int i = 0; i < 30 * N_FEAT; i++)
        scaled.x[i] = (scaled.x[i] - (float)theta[shift->at + (size_t)(i % N_FEAT)]) *
                      (float)theta[scale->at + (size_t)(i % N_FEAT)];
    mil_prepare(m, theta);
    mil_predict(m, &y[0], &raw.dense, NULL);
    for (int k = 0; k < N_FEAT; k++) theta[shift->at + (size_t)k] = 0, theta[scale->at + (size_t)k] = 1;
    mil_prepare(m, theta);
    mil_predict(m, &y[1], &scaled.dense, NULL);
    cr_expect_float_eq((double)y[0], (double)y[1], 1e-5 * (1 + fabs((double)y[0])));
    free(theta);
    mil_free(m);
    vector_bag_free(&raw), vector_bag_free(&scaled);
}

/* Loss and gradient of one update. */
static double learned(const ModelOptions *options, const Batch *batch, bool constant, real *grad)
{
    Target target;
    ModelOptions o = *options;
    Mil *m = network(&o, &target, false, N_BAG, MOST, true);
    real *theta = start(m, 3, true);
    real *scale = theta + param_find(mil_params(m), "instance_embedding.scale")->at;
    for (int k = 0; constant && k < N_FEAT; k += 2) scale[k] = 0;
    const double loss = mil_learn(m, grad, theta, batch, 1, 7, NULL);
    free(theta);
    mil_free(m);
    return loss;
}

/* Features of scale 0 are passed over: to the bit what those give that are 0 once scaled. */
Test(model_vectors, a_feature_of_scale_0_is_0)
{
    static real grad[2][20000];
    Minibatch x;
    Target target;
    ModelOptions o = small(embedder("mlp"), 1);
    minibatch(&x);
    const Batch batch = batch_of(&x, false);
    const double passed = learned(&o, &batch, true, grad[0]);
    Mil *m = network(&o, &target, false, 1, 1, false);
    real *theta = start(m, 3, true);
    const real *shift = theta + param_find(mil_params(m), "instance_embedding.shift")->at;
    cr_assert_leq(mil_params(m)->size, sizeof grad[0] / sizeof grad[0][0]);
    for (int b = 0; b < N_BAG; b++)
        for (int i = 0; i < x.dense[b].n; i++)
            for (int k = 0; k < N_FEAT; k += 2) ((float *)(uintptr_t)x.dense[b].x)[i * N_FEAT + k] = (float)shift[k];
    const double multiplied = learned(&o, &batch, false, grad[1]);
    const Param *w = param_find(mil_params(m), "instance_embedding.network.0.weight");
    if (REAL_IS_DOUBLE) /* a float shift is not the shift */
        cr_expect_float_eq(passed, multiplied, 1e-6);
    else {
        cr_expect_eq(passed, multiplied);
        for (size_t j = 0; j < mil_params(m)->size; j++) cr_assert_eq(grad[0][j], grad[1][j], "parameter %zu", j);
    }
    for (size_t j = 0; j < w->size; j++)
        if (j % N_FEAT % 2 == 0) cr_assert_eq(grad[0][w->at + j], 0);
    free(theta);
    mil_free(m);
    minibatch_free(&x);
}

/* Nothing varies: what is learned are the biases. */
Test(model_vectors, all_features_may_be_0)
{
    Minibatch x;
    Target target;
    ModelOptions o = small(embedder("mlp"), 1);
    minibatch(&x);
    const Batch batch = batch_of(&x, false);
    Mil *m = network(&o, &target, false, N_BAG, MOST, true);
    real *theta = start(m, 3, true), *grad = calloc(mil_params(m)->size, sizeof *grad);
    real *scale = theta + param_find(mil_params(m), "instance_embedding.scale")->at;
    for (int k = 0; k < N_FEAT; k++) scale[k] = 0;
    cr_expect(isfinite(mil_learn(m, grad, theta, &batch, 1, 7, NULL)));
    for (size_t j = 0; j < mil_params(m)->size; j++) cr_assert(isfinite(grad[j]));
    free(theta), free(grad);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_vectors, features_are_cut_where_clip_says)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        VectorBag b;
        Target target;
        ModelOptions o = small(embedder("none"), 0);
        int at_bound = 0;
        o.clip = 0.5;
        o.select = SELECT_ALL;
        vector_bag(&b, 30, N_FEAT, 4);
        Mil *m = network(&o, &target, sparse, 1, 30, false);
        real *theta = start(m, 2, true), y;
        mil_prepare(m, theta);
        mil_predict(m, &y, sparse ? &b.sparse : &b.dense, NULL);
        const MilView v = mil_view(m, 0);
        for (int i = 0; i < 30; i++)
            for (int k = 0; k < N_FEAT; k++) {
                const real h = v.h[i * v.width + k];
                cr_assert(h >= (real)-0.5 && h <= (real)0.5);
                at_bound += h == (real)0.5;
            }
        cr_expect_gt(at_bound, 10);
        free(theta);
        mil_free(m);
        vector_bag_free(&b);
    }
}

/* 66 552 features, as the text collections have: parameters and workspace stay near those of the first layer. */
Test(model_vectors, many_sparse_features)
{
    enum { WIDE = 66552, N = 8 };
    static const int32_t feature[] = {3, 400, WIDE - 1};
    static const float value[] = {1, 0.5f, -2};
    static const int row[N] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const real one[] = {1};
    SparseRow rows[N];
    for (int i = 0; i < N; i++) rows[i] = (SparseRow){.n = i % 4, .feature = feature, .value = value};
    const Bag bag = {.n = N, .row = row, .sparse = rows};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = WIDE, .sparse = true};
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    ModelOptions o = test_model(embedder("mlp"), 0);
    Mil *m;
    cr_assert_eq(mil_new(&m, &o, &spec, &target, 1), OK, "%s", status_sentence());
    cr_expect_lt(mil_memory(m, 16, 20, true), (size_t)8 << 20);
    cr_assert_eq(mil_plan(m, 1, N, true), OK);
    const ParamList *list = mil_params(m);
    real *theta = malloc(list->size * sizeof *theta), *grad = calloc(list->size, sizeof *grad);
    param_start(list, theta, 0);
    cr_assert(isfinite(mil_learn(m, grad, theta, &(Batch){1, &bag, one, one}, 0, 0, NULL)));
    const Param *w = param_find(list, "instance_embedding.network.0.weight");
    for (size_t j = 0; j < w->size; j++) {
        const size_t k = j % WIDE;
        if (k != 3 && k != 400 && k != WIDE - 1) cr_assert_eq(grad[w->at + j], 0);
    }
    free(theta), free(grad);
    mil_free(m);
}

Test(model_vectors, an_embedder_that_does_not_fit_names_one_that_does)
{
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    ModelOptions o = test_model(embedder("cnn"), 0);
    Mil *m;
    cr_expect_eq(mil_new(&m, &o, &(BagSpec){.kind = BAG_VECTORS, .n_feat = 20}, &target, 1), ERR_MODEL);
    cr_expect_null(m);
    cr_expect_not_null(strstr(status_sentence(), "set model.embedder.kind: mlp"), "%s", status_sentence());
    o = test_model(embedder("mlp"), 0);
    cr_expect_eq(mil_new(&m, &o, &TEST_SPEC(12), &target, 1), ERR_MODEL);
    cr_expect_not_null(strstr(status_sentence(), "set model.embedder.kind: cnn"), "%s", status_sentence());
}
