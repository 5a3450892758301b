/* SPDX-License-Identifier: MIT
 *
 * test_embedder_mlp.c: dropout, scaling and clipping of feature vectors, and sparse ones of many features.
 */
#include "support/vectornet.h"

#include <math.h>

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

Test(model_embedder_mlp, dropout_belongs_to_the_update)
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
Test(model_embedder_mlp, features_are_scaled_by_the_model)
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
Test(model_embedder_mlp, a_feature_of_scale_0_is_0)
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
Test(model_embedder_mlp, all_features_may_be_0)
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

Test(model_embedder_mlp, features_are_cut_where_clip_says)
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
Test(model_embedder_mlp, many_sparse_features)
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
    cr_assert(isfinite(
        mil_learn(m, grad, theta, &(Batch){.n_bag = 1, .bag = &bag, .target = one, .mask = one}, 0, 0, NULL)));
    const Param *w = param_find(list, "instance_embedding.network.0.weight");
    for (size_t j = 0; j < w->size; j++) {
        const size_t k = j % WIDE;
        if (k != 3 && k != 400 && k != WIDE - 1) cr_assert_eq(grad[w->at + j], 0);
    }
    free(theta), free(grad);
    mil_free(m);
}

Test(model_embedder_mlp, an_embedder_that_does_not_fit_names_one_that_does)
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
