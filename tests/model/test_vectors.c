/* SPDX-License-Identifier: MIT
 *
 * test_vectors.c: networks over bags of feature vectors, for every embedder that takes them with every pooling: gradients
 * against finite differences (double), dense against sparse, and what no arrangement of the work may change.
 */
#include "core/parallel.h"
#include "support/vectorgradient.h"

#include <math.h>

#if REAL_IS_DOUBLE

static void gradient_of(int e, int p)
{
    for (int bits = 0; bits < 16; bits++) {
        ModelOptions o = small(e, p);
        char what[160];
        const Option *embedder = embedder_types[e]->options;
        const int n_layer = bits & 1 ? 3 : 1, activation = bits >> 2 & 1;
        const bool sparse = bits & 2, drops = bits & 8;
        /* an embedding of zeros is at the edge of its ReLU */
        if (pooling_types[p] == &pooling_additive && activation == 1) continue;
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

/* ---- model.output.monotone ---- */

/* How often an instance more lowers the output of a bag that grows instance by instance, over several models. */
static int n_lowered(int pooling, bool monotone)
{
    int n = 0, e = 0;
    while (strcmp(embedder_types[e]->name, "mlp") != 0) e++;
    for (uint64_t seed = 0; seed < 5; seed++) {
        Minibatch x;
        Target target;
        ModelOptions o = small(e, pooling);
        real before = -(real)INFINITY, y;
        o.select = SELECT_ALL;
        o.output_hidden = (int)(seed % 3);
        o.output_monotone = monotone;
        minibatch(&x);
        Mil *m = network(&o, &target, false, 1, MOST, false);
        real *theta = start(m, seed, true);
        mil_prepare(m, theta);
        for (int size = 1; size <= MOST; size++) {
            Bag bag = x.dense[3];
            bag.n = size;
            mil_predict(m, &y, &bag, NULL);
            n += y < before;
            before = y;
        }
        free(theta);
        mil_free(m);
        minibatch_free(&x);
    }
    return n;
}

/* The standard assumption of multiple-instance learning holds by construction; by any other pooling, or without
 * `monotone`, it does not. */
Test(model_vectors, an_instance_more_never_lowers_a_monotone_output_of_max)
{
    for (int p = 0; pooling_types[p]; p++) {
        const bool is_max = pooling_types[p] == &pooling_max;
        cr_expect_gt(n_lowered(p, false), 0, "%s", pooling_types[p]->name);
        if (is_max)
            cr_expect_eq(n_lowered(p, true), 0);
        else
            cr_expect_gt(n_lowered(p, true), 0, "%s", pooling_types[p]->name);
    }
}

Test(model_vectors, several_classes_have_no_monotone_output)
{
    Mil *m;
    ModelOptions o = test_model(0, 0);
    const char *classes[] = {"a", "b", "c"};
    Target target = {.type = target_type("multiclass"), .name = "kind", .n_class = 3, .classes = classes};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT};
    for (o.embedder = 0; embedder_types[o.embedder]->bag_kind != BAG_VECTORS;) o.embedder++;
    o = small(o.embedder, 0);
    o.output_monotone = true;
    cr_expect_eq(mil_new(&m, &o, &spec, &target, 1), ERR_CONFIG);
    cr_expect_not_null(strstr(status_sentence(), "model.output.monotone: task kind has several classes"));
}

/* With each pooling beside p. */
static void gradient_of_pairs(int e, int p)
{
    for (int q = 0; pooling_types[q]; q++) {
        ModelOptions o = small(e, p), other = small(e, q);
        char what[160];
        test_option(other.pooling_options, pooling_types[q]->options, "mean", true);
        o.pooling_entry[1] = other.pooling_entry[0];
        o.n_pooling = 2;
        o.select = q % 2 ? SELECT_ALL : SELECT_RANDOM;
        snprintf(what, sizeof what, "%s+%s+%s", embedder_types[e]->name, pooling_types[p]->name,
                 pooling_types[q]->name);
        check_gradient(&o, p % 2, what);
    }
}

Test(model_vectors, gradient_of_poolings_side_by_side)
{
    for_all(gradient_of_pairs);
}

/* Statistics of features beside each pooling: as they are or through a layer, cut, dropped. */
static void gradient_with_statistics_of(int e, int p)
{
    for (int bits = 1; bits < 8; bits += 2) {
        ModelOptions o = small(e, p);
        char what[160];
        o.select = SELECT_ALL;
        o.statistics = true;
        o.input_unit = bits == 5 ? 0 : 5;
        o.input_clip = bits & 2 ? 1 : 0;
        o.input_dropout = bits & 4 ? 0.3 : 0;
        o.output_hidden = bits == 7 ? 1 : 0;
        o.norm = bits == 3 ? NORM_BAGS : NORM_NONE;
        snprintf(what, sizeof what, "%s+%s statistics, units %d, clip %g, dropout %g", embedder_types[e]->name,
                 pooling_types[p]->name, o.input_unit, o.input_clip, o.input_dropout);
        check_gradient(&o, false, what);
    }
}

Test(model_vectors, gradient_with_statistics)
{
    for_all(gradient_with_statistics_of);
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

/* Mean, max and min of a bag; what they are standardised by; what is cut; a bag without instances is as the mean. */
Test(model_vectors, statistics_of_features)
{
    static const float a[] = {1, -2, 3, 4}, b[] = {5, 0};
    static const int row[] = {0, 1};
    const Bag bag[] = {{.n = 2, .row = row, .x = a}, {.n = 1, .row = row, .x = b}, {.row = row}};
    static const double mean_max_min[2][6] = {{2, 1, 3, 4, 1, -2}, {5, 0, 5, 0, 5, 0}};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = 2};
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    real u[3][6];
    const real *rows[] = {u[0], u[1]};
    int e = 0;
    Mil *m;
    while (embedder_types[e]->bag_kind != BAG_VECTORS) e++;
    ModelOptions o = small(e, 0);
    o.statistics = true, o.input_clip = 0.75;
    cr_assert_eq(mil_new(&m, &o, &spec, &target, 1), OK, "%s", status_sentence());
    cr_assert_eq(mil_n_input(m), 6);
    for (int i = 0; i < 3; i++) mil_read_inputs(m, u[i], &bag[i]);
    for (int k = 0; k < 12; k++) cr_expect_eq((double)u[k / 6][k % 6], mean_max_min[k / 6][k % 6], "number %d", k);
    for (int k = 0; k < 6; k++) cr_expect(isnan(u[2][k]));

    real *theta = start(m, 1, true), *z = calloc(mil_n_z(m), sizeof *z);
    mil_fit_inputs(m, theta, rows, 2);
    cr_assert_eq(mil_plan(m, 1, 2, false), OK);
    mil_prepare(m, theta);
    const int at = mil_n_z(m) - 6;
    mil_vector(m, z, &bag[0]);
    for (int k = 0; k < 6; k++) { /* of two bags each number is one deviation from the mean */
        const double d = mean_max_min[0][k] - mean_max_min[1][k];
        cr_expect_float_eq((double)z[at + k], d > 0 ? 0.75 : -0.75, 1e-6, "number %d", k);
    }
    mil_vector(m, z, &bag[2]);
    for (int k = 0; k < 6; k++) cr_expect_eq(z[at + k], 0);
    free(theta), free(z);
    mil_free(m);
}

Test(model_vectors, statistics_are_of_dense_vectors)
{
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT, .sparse = true};
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    for (int e = 0; embedder_types[e]; e++) {
        Mil *m;
        ModelOptions o = small(e, 0);
        o.statistics = true;
        if (embedder_types[e]->bag_kind != BAG_VECTORS) continue;
        cr_expect_eq(mil_new(&m, &o, &spec, &target, 1), ERR_CONFIG);
        cr_expect_not_null(strstr(status_sentence(), "model.bag_inputs.statistics"));
    }
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
