/* SPDX-License-Identifier: MIT
 *
 * test_mil_pass.c: bags pooled in one pass, the norm of bag vectors, the mean beside what is pooled, and instances that
 * stand for several.
 */
#include "core/parallel.h"
#include "support/network.h"

#include <math.h>
#include <stdio.h>

#define NEARLY (REAL_IS_DOUBLE ? 1e-12 : 2e-5)

/* Calls `check` with every pooling that can pool from means, without and with the mean beside it. */
static void for_streaming(void (*check)(ModelOptions *o, const char *what))
{
    int n = 0;
    for (int p = 0; pooling_types[p]; p++)
        for (int bits = 0; bits < 4; bits++) {
            char what[64];
            ModelOptions o = test_model(0, p);
            if (!set_up(&o, bits & 1)) continue;
            test_option(o.pooling_options, pooling_types[p]->options, "n_query", bits & 2 ? 3 : 1);
            o.select = SELECT_ALL;
            if (!weighs(&o)) continue;
            snprintf(what, sizeof what, "%s mean %d queries %d", pooling_types[p]->name, bits & 1, bits & 2 ? 3 : 1);
            check(&o, what);
            n++;
        }
    cr_assert_eq(n, 12, "attention, gated and hopfield");
}

static void assert_weights_of_one(ModelOptions *o, const char *what)
{
    Minibatch x;
    Target target[N_TARGET];
    double loss[2];
    real *grad[2];
    minibatch(&x, true);
    o->norm = NORM_BAGS;
    Mil *m = model(o, target, N_BAG, 10, true, LONGEST);
    const size_t n = mil_params(m)->size;
    real *theta = start(m, 3);
    for (int k = 0; k < 2; k++) {
        if (k) weigh(&x, 1);
        grad[k] = calloc(n, sizeof(real));
        loss[k] = mil_learn(m, grad[k], theta, &x.batch, 0, 0, NULL);
    }
    cr_expect_eq(memcmp(&loss[0], &loss[1], sizeof loss[0]), 0, "%s", what);
    cr_expect_arr_eq(grad[0], grad[1], n * sizeof(real), "%s", what);
    weigh(&x, 20);
    cr_expect_neq(mil_learn(m, grad[1], theta, &x.batch, 0, 0, NULL), loss[0], "%s: weights do nothing", what);
    free(theta), free(grad[0]), free(grad[1]);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil_pass, instances_that_stand_for_themselves_change_no_bit)
{
    for_streaming(assert_weights_of_one);
}

/* Sequence 0 twice and sequence 1 for two, or the other way round: the same four instances. Both have one length, so that
 * the divisors of the inputs are equal. */
static void assert_two_is_twice(ModelOptions *o, const char *what)
{
    TestBag two;
    Bag bag[2];
    Arena arena[2] = {{0}};
    const int len[] = {9, 9}, rows[2][3] = {{0, 0, 1}, {0, 1, 1}};
    const real stands_for[2][3] = {{1, 1, 2}, {2, 1, 1}};
    const real label[2 * N_TARGET] = {1, 0, 0, 1}, mask[2 * N_TARGET] = {1, 1, 1, 1};
    const Batch batch = {.n_bag = 2, .bag = bag, .target = label, .mask = mask};
    Target target[N_TARGET];
    test_bag(&two, len, 2, false, 3);
    for (int b = 0; b < 2; b++) {
        int8_t codes[3 * 9];
        const int64_t lens[] = {9, 9, 9};
        for (int i = 0; i < 3; i++) memcpy(codes + i * 9, two.codes + (size_t)rows[b][i] * two.stride, 9);
        for (int pass = 0; pass < 2; pass++) {
            bag_pack(&bag[b], &arena[b], codes, 9, lens, NULL, 3);
            if (pass == 0) cr_assert_eq(arena_reserve(&arena[b], "test"), OK);
        }
        bag[b].stands_for = stands_for[b];
    }
    Mil *m = model(o, target, 2, 3, true, LONGEST);
    real *theta = start(m, 3), *grad = calloc(mil_params(m)->size, sizeof *grad);
    mil_learn(m, grad, theta, &batch, 0, 0, NULL);
    const real *z[2] = {mil_view(m, 0).z, mil_view(m, 1).z};
    double size = 0;
    for (int j = 0; j < mil_n_z(m); j++) {
        cr_expect_float_eq((double)z[0][j], (double)z[1][j], NEARLY, "%s: number %d", what, j);
        size = fmax(size, fabs((double)z[0][j]));
    }
    cr_expect_gt(size, 1e-3);
    for (int b = 0; b < 2; b++) arena_free(&arena[b]);
    free(theta), free(grad);
    mil_free(m);
    test_bag_free(&two);
}

Test(model_mil_pass, an_instance_that_stands_for_two_is_there_twice)
{
    for_streaming(assert_two_is_twice);
}

enum { MANY = 2500 };

/* What mil_learn pools of whole bags, against a prediction that sees them piece by piece. The larger bag is a sample. */
static void assert_streams(ModelOptions *o, const char *what)
{
    real stands_for[MANY];
    TestBag owner[2];
    Bag bag[2];
    const real label[2 * N_TARGET] = {1, 0, 0, 1}, mask[2 * N_TARGET] = {1, 1, 1, 1};
    const Batch batch = {.n_bag = 2, .bag = bag, .target = label, .mask = mask};
    Target target[N_TARGET], same[N_TARGET];
    o->norm = NORM_BAGS;
    for (int b = 0; b < 2; b++) {
        int *len = test_lengths(b ? 7 : MANY, 0, 12, (uint64_t)b);
        test_bag(&owner[b], len, b ? 7 : MANY, true, (uint64_t)b);
        bag[b] = owner[b].bag;
        free(len);
    }
    for (int i = 0; i < MANY; i++) stands_for[i] = (real)(i % 5 ? 3 : 1.25);
    bag[0].stands_for = stands_for;
    Mil *learner = model(o, target, 2, MANY, true, LONGEST), *scorer = model(o, same, 1, MANY, false, LONGEST);
    const size_t n_query = (size_t)mil_n_column(learner);
    real *theta = start(learner, 3), *grad = calloc(mil_params(learner)->size, sizeof *grad), y[N_TARGET];
    real *z = calloc((size_t)mil_n_z(scorer), sizeof *z);
    MilAttention attention = {calloc(MANY * n_query, sizeof(real)), calloc(MANY * n_query, sizeof(real))};
    Rng rng = rng_stream(6, "biases", 0);
    for (size_t k = 0; k < mil_params(learner)->size; k++)
        theta[k] += (real)(0.05 * rng_normal(&rng)); /* some start at 0 */
    mil_learn(learner, grad, theta, &batch, 0, 0, NULL);
    mil_prepare(scorer, theta);
    for (int b = 0; b < 2; b++) {
        const MilView v = mil_view(learner, b);
        mil_vector(scorer, z, &bag[b]);
        for (int j = 0; j < mil_n_z(scorer); j++)
            cr_assert_float_eq((double)z[j], (double)v.z[j], NEARLY, "%s: number %d is %g, not %g", what, j,
                               (double)z[j], (double)v.z[j]);
        mil_predict(scorer, y, &bag[b], &attention);
        cr_assert_eq(mil_view(scorer, 0).kept->n, 0, "%s: instances were kept", what);
        for (int i = 0; i < bag[b].n; i++)
            for (size_t k = 0; k < n_query; k++) {
                const size_t row = (size_t)bag[b].row[i] * n_query + k, place = (size_t)i * n_query + k;
                cr_assert_float_eq((double)attention.weight[row], (double)v.w[place], NEARLY);
                cr_assert_float_eq((double)attention.logit[row], (double)v.a_kept[place], NEARLY * 10);
            }
    }
    const Bag empty = {.n = 0, .first = (const int[]){0, 0}, .at = (const size_t[]){0, 0}};
    mil_vector(scorer, z, &empty);
    for (int j = 0; j < mil_n_z(scorer); j++) cr_assert_eq(z[j], 0, "%s: %g", what, (double)z[j]);
    free(theta), free(grad), free(z), free(attention.logit), free(attention.weight);
    mil_free(learner), mil_free(scorer);
    for (int b = 0; b < 2; b++) test_bag_free(&owner[b]);
}

Test(model_mil_pass, one_pass_pools_as_two)
{
    for_streaming(assert_streams);
}

static void assert_bits_of_one_pass(ModelOptions *o, const char *what)
{
    TestBag b;
    Target target[N_TARGET];
    int *len = test_lengths(MANY * 2, 0, 12, 5);
    real *first = NULL;
    test_bag(&b, len, MANY * 2, true, 1);
    o->norm = NORM_BAGS;
    for (int threads = 1; threads <= 4; threads++) {
        cr_assert_eq(parallel_start(threads), OK);
        Mil *m = model(o, target, 1, MANY * 2, false, LONGEST);
        const size_t n_z = (size_t)mil_n_z(m);
        real *theta = start(m, 3), *z = calloc(n_z, sizeof *z);
        mil_prepare(m, theta);
        mil_vector(m, z, &b.bag);
        if (first) cr_expect_arr_eq(z, first, n_z * sizeof *z, "%s on %d threads", what, threads);
        if (first) free(z);
        if (!first) first = z;
        free(theta);
        mil_free(m);
    }
    parallel_start(1);
    free(first), free(len);
    test_bag_free(&b);
}

Test(model_mil_pass, threads_change_no_bit_of_one_pass)
{
    for_streaming(assert_bits_of_one_pass);
}

/* A prediction in one pass keeps no embeddings. */
static void assert_memory(ModelOptions *o, const char *what)
{
    size_t bytes[2];
    for (int norm = 0; norm < 2; norm++) {
        Target target[N_TARGET];
        o->norm = norm;
        Mil *m = model(o, target, 1, 10, false, LONGEST);
        bytes[norm] = mil_memory(m, 1, 1000000, false);
        mil_free(m);
    }
    const bool mean = strstr(what, "mean 1") != NULL; /* which streams without a norm too */
    cr_expect_eq(bytes[1] + 1000000 * 16 * sizeof(real) < bytes[0], !mean, "%s: %zu and %zu", what, bytes[0],
                 bytes[1]);
    cr_expect_lt(bytes[1], 1000000 * (100 + 16 * sizeof(real)), "%s", what);
}

Test(model_mil_pass, one_pass_keeps_no_embeddings)
{
    for_streaming(assert_memory);
}

/* The statistics that mil_calibrate sets are those of the bag vectors, and an output by vector is that of the bag. */
static void assert_calibrates(ModelOptions *o, const char *what)
{
    Minibatch x;
    Target target[N_TARGET];
    minibatch(&x, true);
    o->norm = NORM_BAGS;
    Mil *m = model(o, target, N_BAG, 10, false, LONGEST);
    const int n_z = mil_n_z(m);
    real *theta = start(m, 3), *z = calloc((size_t)(N_BAG * n_z), sizeof *z);
    mil_prepare(m, theta);
    for (int b = 0; b < N_BAG; b++) mil_vector(m, z + b * n_z, &x.bag[b]);
    cr_assert(mil_calibrates(m));
    mil_calibrate(m, theta, z, N_BAG);
    const Param *mean = param_find(mil_params(m), "bag_norm.mean"), *var = param_find(mil_params(m), "bag_norm.var");
    cr_assert_eq(mean->size, n_z);
    for (int f = 0; f < n_z; f++) {
        double sum = 0, square = 0;
        for (int b = 0; b < N_BAG; b++) sum += (double)z[b * n_z + f] / N_BAG;
        for (int b = 0; b < N_BAG; b++) square += pow((double)z[b * n_z + f] - sum, 2) / N_BAG;
        cr_expect_float_eq((double)theta[mean->at + (size_t)f], sum, NEARLY, "%s", what);
        cr_expect_float_eq((double)theta[var->at + (size_t)f], square, NEARLY, "%s", what);
    }
    double spread = 0;
    for (int b = 0; b < N_BAG; b++) {
        real whole[N_TARGET], by_vector[N_TARGET];
        mil_predict_vector(m, by_vector, z + b * n_z);
        mil_predict(m, whole, &x.bag[b], NULL);
        cr_expect_arr_eq(whole, by_vector, sizeof whole, "%s: bag %d", what, b);
        spread = fmax(spread, fabs((double)whole[0]));
    }
    cr_expect_gt(spread, 0.1, "%s: the outputs tell nothing apart", what);
    free(theta), free(z);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil_pass, calibration_is_that_of_the_bag_vectors)
{
    for_streaming(assert_calibrates);
}

/* Of the training minibatch itself, a calibrated model says what training saw. */
Test(model_mil_pass, a_calibrated_prediction_is_the_minibatch)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    set_up(&o, true);
    o.select = SELECT_ALL, o.norm = NORM_BAGS, o.output_hidden = 1;
    minibatch(&x, true);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    const int n_z = mil_n_z(m);
    real *theta = start(m, 3), *grad = calloc(mil_params(m)->size, sizeof *grad),
         *z = calloc((size_t)(N_BAG * n_z), sizeof *z);
    real learned[N_BAG][N_TARGET];
    mil_learn(m, grad, theta, &x.batch, 0, 0, NULL);
    for (int b = 0; b < N_BAG; b++) memcpy(learned[b], mil_view(m, b).y, sizeof learned[b]);
    mil_prepare(m, theta);
    for (int b = 0; b < N_BAG; b++) mil_vector(m, z + b * n_z, &x.bag[b]);
    mil_calibrate(m, theta, z, N_BAG);
    for (int b = 0; b < N_BAG; b++) {
        real y[N_TARGET];
        mil_predict(m, y, &x.bag[b], NULL);
        for (int t = 0; t < N_TARGET; t++)
            cr_expect_float_eq((double)y[t], (double)learned[b][t], REAL_IS_DOUBLE ? 1e-9 : 2e-3);
    }
    free(theta), free(grad), free(z);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil_pass, a_mean_needs_most_instances)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int kind = SELECT_TOP; kind <= SELECT_ALL; kind++) {
            Target target[N_TARGET];
            ModelOptions o = test_model(0, p);
            BagSpec spec = TEST_SPEC(LONGEST);
            Mil *m;
            if (!set_up(&o, true)) continue;
            o.select = kind;
            targets(target);
            const Status status = mil_new(&m, &o, &spec, target, N_TARGET);
            cr_expect_eq(status, kind == SELECT_TOP ? ERR_CONFIG : OK);
            if (status != OK)
                cr_expect_eq(strncmp(status_sentence(), "model.pooling.mean: with model.selection.kind: top", 50), 0,
                             "%s", status_sentence());
            mil_free(m);
        }
}
