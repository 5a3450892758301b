/* SPDX-License-Identifier: MIT
 *
 * test_mil.c: gradients of the whole network against finite differences (double), for every member of every family,
 * and identities that must hold for any network.
 */
#include "core/parallel.h"
#include "model/mil.h"
#include "nn/selu.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

enum { N_BAG = 4, LONGEST = 12, N_TARGET = 2 };

/* Awkward minibatch: one sequence; lengths 0, 1 and shorter than the kernel; equal sequences; an ordinary bag. */
typedef struct {
    TestBag owner[N_BAG];
    Bag bag[N_BAG];
    real stands_for[N_BAG][10];
    real target[N_BAG * N_TARGET], mask[N_BAG * N_TARGET];
    Batch batch;
} Minibatch;

static void minibatch(Minibatch *x, bool counts)
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

static void minibatch_free(Minibatch *x)
{
    for (int b = 0; b < N_BAG; b++) test_bag_free(&x->owner[b]);
}

/* Every instance stands for 1 … 20 of its bag; with `most` 1 for itself. */
static void weigh(Minibatch *x, uint64_t most)
{
    Rng rng = rng_stream(7, "stands for", 0);
    for (int b = 0; b < N_BAG; b++) {
        for (int i = 0; i < x->bag[b].n; i++) x->stands_for[b][i] = (real)(1 + rng_below(&rng, most));
        x->bag[b].stands_for = x->stands_for[b];
    }
}

static void targets(Target *t)
{
    t[0] = (Target){.type = target_type("binary"), .weight = 1, .pos_weight = 2.5};
    t[1] = (Target){.type = target_type("binary"), .weight = 0.25, .pos_weight = 1};
}

/* Larger weights than training starts with, so that attention is not flat. */
static real *start(const Mil *m, uint64_t seed)
{
    const ParamList *list = mil_params(m);
    real *theta = malloc(list->size * sizeof *theta);
    param_start(list, theta, seed);
    for (size_t i = 0; i < list->size; i++) theta[i] *= 4;
    return theta;
}

static void shrink(ModelOptions *o)
{
    const Option *e = embedder_types[o->embedder]->options, *p = pooling_types[o->pooling]->options;
    test_option(o->embedder_options, e, "n_kernel", 5);
    test_option(o->embedder_options, e, "kernel", 4);
    test_option(o->embedder_options, e, "n_unit", 5);
    test_option(o->pooling_options, p, "n_unit", 6);
    test_option(o->pooling_options, p, "n_head", 2);
    test_option(o->pooling_options, p, "head_size", 3);
    test_option(o->pooling_options, p, "output_size", 4);
    test_option(o->pooling_options, p, "activation", 2); /* tanh: a bag of empty sequences is at the edge of ReLU */
}

/* Small, with or without a mean, and so that Hopfield pooling can pool from means. False: it has no mean. */
static bool set_up(ModelOptions *o, bool mean)
{
    const Option *rows = pooling_types[o->pooling]->options;
    shrink(o);
    test_option(o->pooling_options, rows, "norm_stored", 2);
    test_option(o->pooling_options, rows, "norm_projection", 2);
    return test_option(o->pooling_options, rows, "mean", mean) || !mean;
}

/* May the bags of this model stand for others? */
static bool weighs(const ModelOptions *o)
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

#if REAL_IS_DOUBLE

static double loss_at(Mil *m, const real *theta, const Batch *batch, real *waste)
{
    return mil_learn(m, waste, theta, batch, 5, 0, NULL);
}

enum { COUNTS = 1, WEIGHTS = 2 }; /* what bags have */

/* Largest difference of the gradient to central differences over all tensors, relative to the largest entry of the
 * tensor. `planted` scales the gradient of the tensor of that number first, so that the check can be seen to fail. */
static double gradient_error(const ModelOptions *o, int has, int planted, const char *what)
{
    Minibatch x;
    Target target[N_TARGET];
    Mil *m;
    BagSpec spec = TEST_SPEC(LONGEST);
    double error = 0;
    minibatch(&x, has & COUNTS);
    if (has & WEIGHTS) weigh(&x, 20);
    targets(target);
    cr_assert_eq(mil_new(&m, o, &spec, target, N_TARGET), OK, "%s", status_sentence());
    cr_assert_eq(mil_plan(m, N_BAG, 10, true), OK);
    const ParamList *list = mil_params(m);
    real *theta = start(m, 1), *grad = calloc(list->size, sizeof *grad), *waste = calloc(list->size, sizeof *waste);
    cr_assert(isfinite(mil_learn(m, grad, theta, &x.batch, 5, 0, NULL)));
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        double worst = 0, largest = 0.1;
        for (size_t j = p->at; j < p->at + p->size; j += 1 + p->size / 50) {
            const real was = theta[j];
            const double step = 1e-6;
            if (i == planted) grad[j] *= 1.001;
            theta[j] = was + step;
            const double up = loss_at(m, theta, &x.batch, waste);
            theta[j] = was - step;
            const double numeric = (up - loss_at(m, theta, &x.batch, waste)) / (2 * step);
            theta[j] = was;
            worst = fmax(worst, fabs(numeric - grad[j]));
            largest = fmax(largest, fabs(numeric));
        }
        if (planted < 0)
            cr_expect_lt(worst, 2e-7 * largest, "%s: gradient of %s differs by %.3g, largest %.3g", what, p->name,
                         worst, largest);
        error = fmax(error, worst / largest);
    }
    free(theta), free(grad), free(waste);
    mil_free(m);
    minibatch_free(&x);
    return error;
}

Test(model_mil, gradient_of_every_family)
{
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            for (int bits = 0; bits < 64; bits++) {
                ModelOptions o = test_model(e, p);
                char what[160];
                shrink(&o);
                if (embedder_types[e]->takes != BAG_SEQUENCES) continue;
                const int n_query = bits & 1 ? 3 : 1, n_layer = bits & 2 ? 2 : 1, position = !(bits & 4);
                test_option(o.pooling_options, pooling_types[p]->options, "n_query", n_query);
                test_option(o.embedder_options, embedder_types[e]->options, "n_layer", n_layer);
                test_option(o.embedder_options, embedder_types[e]->options, "position", position);
                o.compat = bits & 8 ? COMPAT_DEEPRC : COMPAT_NONE;
                o.output_hidden = bits & 16 ? 2 : 0;
                const bool counts = bits & 32;
                o.select = bits % 3 == 0 ? SELECT_TOP : bits % 3 == 1 ? SELECT_ALL : SELECT_RANDOM;
                if (!pooling_types[p]->ranks && o.select == SELECT_TOP) o.select = SELECT_ALL;
                snprintf(what, sizeof what,
                         "%s+%s queries %d, layers %d, position %d, compat %d, hidden %d, counts %d, "
                         "selection %d",
                         embedder_types[e]->name, pooling_types[p]->name, n_query, n_layer, position, o.compat,
                         o.output_hidden, counts, o.select);
                gradient_error(&o, counts, -1, what);
            }
}

/* The same with the norm over bags, with the mean beside what is pooled, and with instances that stand for several. */
Test(model_mil, gradient_with_norm_mean_and_weights)
{
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            for (int bits = 0; bits < 32; bits++) {
                ModelOptions o = test_model(e, p);
                char what[160];
                if (embedder_types[e]->takes != BAG_SEQUENCES || (e != 0 && bits & 16)) continue;
                const bool norm = bits & 1, mean = bits & 2, weights = bits & 4;
                o.select = bits & 8 ? SELECT_RANDOM : SELECT_ALL;
                if (!set_up(&o, mean) || (weights && !weighs(&o)) || !(norm || mean || weights)) continue;
                test_option(o.pooling_options, pooling_types[p]->options, "n_query", bits & 16 ? 2 : 1);
                o.norm = norm ? NORM_BAGS : NORM_NONE;
                if (!mean && bits & 16 && pooling_types[p]->ranks) o.select = SELECT_TOP;
                o.output_hidden = bits & 16 ? 1 : 0;
                snprintf(what, sizeof what, "%s+%s norm %d, mean %d, weights %d, selection %d, hidden %d",
                         embedder_types[e]->name, pooling_types[p]->name, norm, mean, weights, o.select,
                         o.output_hidden);
                gradient_error(&o, (weights ? WEIGHTS : 0) | (bits & 8 ? COUNTS : 0), -1, what);
            }
}

Test(model_mil, gradient_without_hidden_attention_layers)
{
    ModelOptions o = test_model(0, 0);
    shrink(&o);
    test_option(o.pooling_options, pooling_types[0]->options, "n_layer", 0);
    test_option(o.pooling_options, pooling_types[0]->options, "n_query", 2);
    gradient_error(&o, false, -1, "no hidden layer");
}

Test(model_mil, a_gradient_off_by_a_thousandth_is_seen)
{
    ModelOptions o = test_model(0, 0);
    shrink(&o);
    cr_expect_gt(gradient_error(&o, false, 0, "planted"), 1e-5);
}

#endif

/* ---- identities, in both builds ---- */

static Mil *model(ModelOptions *o, Target *target, int n_bag, int n_max, bool learn, int longest)
{
    Mil *m;
    BagSpec spec = TEST_SPEC(longest);
    targets(target);
    cr_assert_eq(mil_new(&m, o, &spec, target, N_TARGET), OK, "%s", status_sentence());
    cr_assert_eq(mil_plan(m, n_bag, n_max, learn), OK);
    return m;
}

static void same_alone_and_together(int embedder)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = test_model(embedder, 0);
    minibatch(&x, true);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    real *theta = start(m, 3), *grad = calloc(mil_params(m)->size, sizeof *grad), together[N_BAG][N_TARGET];
    mil_learn(m, grad, theta, &x.batch, 0, 0, NULL);
    for (int b = 0; b < N_BAG; b++) memcpy(together[b], mil_view(m, b).y, sizeof together[b]);
    mil_prepare(m, theta);
    for (int b = 0; b < N_BAG; b++) {
        real alone[N_TARGET];
        mil_predict(m, alone, &x.bag[b], NULL);
        for (int t = 0; t < N_TARGET; t++)
            cr_expect_lt(fabs((double)(alone[t] - together[b][t])),
                         1e3 * (REAL_IS_DOUBLE ? DBL_EPSILON : FLT_EPSILON) * 1e-2);
    }
    free(theta), free(grad);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil, prediction_does_not_depend_on_batch_mates)
{
    for (int e = 0; embedder_types[e]; e++)
        if (embedder_types[e]->takes == BAG_SEQUENCES) same_alone_and_together(e);
}

Test(model_mil, deeprc_prediction_does_depend_on_them)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    o.compat = COMPAT_DEEPRC;
    minibatch(&x, false);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    real *theta = start(m, 3), *grad = calloc(mil_params(m)->size, sizeof *grad), alone[N_TARGET];
    mil_learn(m, grad, theta, &x.batch, 0, 0, NULL);
    const real together = mil_view(m, 2).y[0]; /* the bag of six, beside one of twelve */
    mil_prepare(m, theta);
    mil_predict(m, alone, &x.bag[2], NULL);
    cr_expect_gt(fabs((double)(alone[0] - together)), 1e-4);
    free(theta), free(grad);
    mil_free(m);
    minibatch_free(&x);
}

/* Everything mil_learn computes for large bags, on 1 … 4 threads. */
static void same_bits_on_threads(int embedder)
{
    enum { N = 3000 };
    ModelOptions o = test_model(embedder, 0);
    Target target[N_TARGET];
    TestBag owner[N_BAG];
    Bag bag[N_BAG];
    Minibatch labels;
    minibatch(&labels, false);
    for (int b = 0; b < N_BAG; b++) {
        int *len = test_lengths(N, 0, 20, (uint64_t)b);
        test_bag(&owner[b], len, N, b % 2 == 0, (uint64_t)b);
        bag[b] = owner[b].bag;
        free(len);
    }
    labels.batch.bag = bag;
    real *first = NULL;
    double loss = 0;
    for (int threads = 1; threads <= 4; threads++) {
        cr_assert_eq(parallel_start(threads), OK);
        Mil *m = model(&o, target, N_BAG, N, true, 20);
        const size_t n = mil_params(m)->size;
        real *theta = start(m, 1), *grad = calloc(n, sizeof *grad);
        const double got = mil_learn(m, grad, theta, &labels.batch, 0, 0, NULL);
        if (!first) {
            first = grad;
            loss = got;
        } else {
            cr_expect(memcmp(&got, &loss, sizeof got) == 0, "loss on %d threads", threads);
            cr_expect(memcmp(grad, first, n * sizeof *grad) == 0, "gradient on %d threads", threads);
            free(grad);
        }
        free(theta);
        mil_free(m);
    }
    free(first);
    parallel_start(1);
    for (int b = 0; b < N_BAG; b++) test_bag_free(&owner[b]);
    minibatch_free(&labels);
}

Test(model_mil, threads_change_no_bit)
{
    for (int e = 0; embedder_types[e]; e++)
        if (embedder_types[e]->takes == BAG_SEQUENCES) same_bits_on_threads(e);
}

Test(model_mil, a_constant_on_all_logits_changes_nothing)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    minibatch(&x, false);
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    real *theta = start(m, 9), before[N_TARGET], after[N_TARGET];
    const Param *bias = param_find(mil_params(m), "attention_nn.attention_nn.4.bias");
    cr_assert_not_null(bias);
    mil_prepare(m, theta);
    mil_predict(m, before, &x.bag[3], NULL);
    theta[bias->at] += 1;
    mil_prepare(m, theta);
    mil_predict(m, after, &x.bag[3], NULL);
    for (int t = 0; t < N_TARGET; t++) cr_expect_float_eq((double)before[t], (double)after[t], 1e-5);
    free(theta);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil, one_sequence_pools_to_its_own_embedding)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    minibatch(&x, false);
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    real *theta = start(m, 9), y[N_TARGET];
    mil_prepare(m, theta);
    mil_predict(m, y, &x.bag[0], NULL);
    const MilView v = mil_view(m, 0);
    cr_assert_eq(v.kept->n, 1);
    for (int k = 0; k < 32; k++) cr_expect_eq(v.z[k], v.h[k]);
    free(theta);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_mil, order_of_rows_changes_nothing_but_rounding)
{
    enum { N = 200 };
    int *len = test_lengths(N, 0, 15, 4);
    TestBag b, turned;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    test_bag(&b, len, N, true, 1);
    turned = (TestBag){.stride = b.stride,
                       .codes = malloc(N * b.stride),
                       .len = malloc(N * sizeof(int64_t)),
                       .factor = malloc(N * sizeof(real))};
    for (int i = 0; i < N; i++) {
        memcpy(turned.codes + (size_t)i * b.stride, b.codes + (size_t)(N - 1 - i) * b.stride, b.stride);
        turned.len[i] = b.len[N - 1 - i];
        turned.factor[i] = b.factor[N - 1 - i];
    }
    bag_pack(&turned.bag, &turned.arena, turned.codes, b.stride, turned.len, turned.factor, N);
    cr_assert_eq(arena_reserve(&turned.arena, "test"), OK);
    bag_pack(&turned.bag, &turned.arena, turned.codes, b.stride, turned.len, turned.factor, N);
    Mil *m = model(&o, target, 1, N, false, 15);
    real *theta = start(m, 2), y[2][N_TARGET];
    mil_prepare(m, theta);
    mil_predict(m, y[0], &b.bag, NULL);
    mil_predict(m, y[1], &turned.bag, NULL);
    for (int t = 0; t < N_TARGET; t++) cr_expect_float_eq((double)y[0][t], (double)y[1][t], 1e-5);
    free(theta), free(len);
    mil_free(m);
    test_bag_free(&b);
    test_bag_free(&turned);
}

/* ---- norm, mean, instances that stand for several ---- */

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

Test(model_mil, instances_that_stand_for_themselves_change_no_bit)
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

Test(model_mil, an_instance_that_stands_for_two_is_there_twice)
{
    for_streaming(assert_two_is_twice);
}

enum { MANY = 2500 };

/* What mil_learn pools of whole bags, against a prediction that sees them piece by piece. */
static void assert_streams(ModelOptions *o, const char *what)
{
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

Test(model_mil, one_pass_pools_as_two)
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

Test(model_mil, threads_change_no_bit_of_one_pass)
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

Test(model_mil, one_pass_keeps_no_embeddings)
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

Test(model_mil, calibration_is_that_of_the_bag_vectors)
{
    for_streaming(assert_calibrates);
}

/* Of the training minibatch itself, a calibrated model says what training saw. */
Test(model_mil, a_calibrated_prediction_is_the_minibatch)
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

Test(model_mil, a_mean_needs_most_instances)
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

Test(model_mil, attention_by_row)
{
    enum { N = 40, QUERIES = 2 };
    int *len = test_lengths(N, 3, 14, 8);
    TestBag b;
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    test_option(o.pooling_options, pooling_types[0]->options, "n_query", QUERIES);
    o.select_fraction = 0.25;
    test_bag(&b, len, N, false, 1);
    Mil *m = model(&o, target, 1, N, false, 14);
    real *theta = start(m, 2), y[N_TARGET], logit[N * QUERIES], weight[N * QUERIES];
    MilAttention attention = {logit, weight};
    mil_prepare(m, theta);
    mil_predict(m, y, &b.bag, &attention);
    int kept = 0;
    for (int q = 0; q < QUERIES; q++) {
        double sum = 0, best = -1e30;
        int at = 0;
        for (int i = 0; i < N; i++) {
            sum += (double)weight[i * QUERIES + q];
            if ((double)logit[i * QUERIES + q] > best) best = (double)logit[i * QUERIES + q], at = i;
        }
        cr_expect_float_eq(sum, 1, 1e-5);
        cr_expect_gt(weight[at * QUERIES + q], 0, "the largest logit of query %d is kept", q);
    }
    for (int i = 0; i < N; i++) kept += weight[i * QUERIES] > 0;
    cr_expect_eq(kept, N / 4);
    free(theta), free(len);
    mil_free(m);
    test_bag_free(&b);
}

Test(model_mil, several_queries_have_several_vectors)
{
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    test_option(o.pooling_options, pooling_types[0]->options, "n_query", 3);
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    cr_expect_eq(mil_n_column(m), 3);
    cr_expect_eq(param_find(mil_params(m), "attention_nn.attention_nn.4.weight")->shape[0], 3);
    cr_expect_eq(param_find(mil_params(m), "output_nn.output_nn.0.weight")->shape[1], 96);
    mil_free(m);
}

Test(model_mil, vectors_do_not_fit_a_sequence_embedder)
{
    Target target[N_TARGET];
    ModelOptions o = test_model(0, 0);
    BagSpec spec = {.kind = BAG_VECTORS, .n_feat = 20};
    Mil *m;
    targets(target);
    cr_expect_eq(mil_new(&m, &o, &spec, target, N_TARGET), ERR_MODEL);
    cr_expect_null(m);
    cr_expect_not_null(strstr(status_sentence(), "vectors"));
}

/* Q12: an LSTM gives an empty sequence zeros; under DeepRC the state after as many empty steps as the padding has. */
Test(model_mil, an_lstm_gives_an_empty_sequence_zeros)
{
    const int len[] = {0, 6};
    for (int compat = COMPAT_NONE; compat <= COMPAT_DEEPRC; compat++) {
        TestBag b;
        Target target[N_TARGET];
        int lstm = 0;
        while (strcmp(embedder_types[lstm]->name, "lstm") != 0) lstm++;
        ModelOptions o = test_model(lstm, 0);
        o.select = SELECT_ALL;
        o.compat = compat;
        test_bag(&b, len, 2, false, 1);
        Mil *m = model(&o, target, 1, 2, false, LONGEST);
        real *theta = start(m, 2), y[N_TARGET];
        double size = 0;
        mil_prepare(m, theta);
        mil_predict(m, y, &b.bag, NULL);
        const MilView v = mil_view(m, 0);
        for (int k = 0; k < v.width; k++) size += fabs((double)v.h[k]);
        cr_expect_eq(size > 0, compat == COMPAT_DEEPRC, "compat %d: %g", compat, size);
        free(theta);
        mil_free(m);
        test_bag_free(&b);
    }
}

/* Q14: a minibatch of sequences shorter than the kernel is padded to it. Q3: of nine sequences a tenth is none. */
Test(model_mil, deeprc_edges_do_not_fail)
{
    const int len[] = {2, 1, 2, 0, 1, 2, 2, 1, 2};
    for (int compat = COMPAT_NONE; compat <= COMPAT_DEEPRC; compat++) {
        TestBag b;
        Target target[N_TARGET];
        ModelOptions o = test_model(0, 0);
        o.compat = compat;
        o.select_fraction = 0.1;
        test_bag(&b, len, 9, false, 1);
        Mil *m = model(&o, target, 1, 9, false, LONGEST);
        real *theta = start(m, 2), y[N_TARGET];
        mil_prepare(m, theta);
        mil_predict(m, y, &b.bag, NULL);
        const MilView v = mil_view(m, 0);
        cr_expect(isfinite(y[0]));
        cr_expect_eq(v.whole->pad_len, compat == COMPAT_DEEPRC ? 9 : 0);
        cr_expect_eq(v.kept->n, compat == COMPAT_DEEPRC ? 0 : 1);
        free(theta);
        mil_free(m);
        test_bag_free(&b);
    }
}

Test(model_mil, selection_by_attention_needs_attention)
{
    for (int p = 0; pooling_types[p]; p++) {
        Target target[N_TARGET];
        ModelOptions o = test_model(0, p);
        BagSpec spec = TEST_SPEC(LONGEST);
        Mil *m;
        targets(target);
        cr_expect_eq(mil_new(&m, &o, &spec, target, N_TARGET), pooling_types[p]->ranks ? OK : ERR_CONFIG);
        mil_free(m);
    }
}
