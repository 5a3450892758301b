/* SPDX-License-Identifier: MIT
 *
 * test_mil.c: gradients of the whole network against finite differences (double), for every member of every family,
 * and identities that must hold for any network.
 */
#include "core/parallel.h"
#include "support/network.h"

#include <float.h>
#include <math.h>

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
    const double loss = mil_learn(m, grad, theta, &x.batch, 5, 0, NULL);
    const double rounding = 2 * DBL_EPSILON * loss / 2e-6; /* of a difference over two steps */
    cr_assert(isfinite(loss));
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
            cr_expect_lt(worst, 2e-7 * largest + rounding, "%s: gradient of %s differs by %.3g, largest %.3g", what,
                         p->name, worst, largest);
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
                if (embedder_types[e]->bag_kind != BAG_SEQUENCES) continue;
                const int n_query = bits & 1 ? 3 : 1, n_layer = bits & 2 ? 2 : 1, position = !(bits & 4);
                if (!test_option(o.pooling_options, pooling_types[p]->options, "n_query", n_query) && n_query > 1)
                    continue;
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
                if (embedder_types[e]->bag_kind != BAG_SEQUENCES || (e != 0 && bits & 16)) continue;
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

/* Of every pooling that may have them. */
Test(model_mil, gradient_with_sparse_weights)
{
    static const char *const words[] = {"sparsemax", "entmax15"};
    int n = 0;
    for (int p = 0; pooling_types[p]; p++)
        for (int kind = NORMALIZER_SPARSEMAX; kind <= NORMALIZER_ENTMAX15; kind++) {
            ModelOptions o = test_model(0, p);
            char what[64];
            shrink(&o);
            o.select = SELECT_ALL;
            if (!test_option(o.pooling_options, pooling_types[p]->options, "normalizer", kind)) continue;
            test_option(o.pooling_options, pooling_types[p]->options, "n_query", 2);
            snprintf(what, sizeof what, "%s, %s", pooling_types[p]->name, words[kind - 1]);
            gradient_error(&o, 0, -1, what);
            n++;
        }
    cr_expect_geq(n, 6);
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
        if (embedder_types[e]->bag_kind == BAG_SEQUENCES) same_alone_and_together(e);
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
        if (embedder_types[e]->bag_kind == BAG_SEQUENCES) same_bits_on_threads(e);
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

/* ---- attention, edges ---- */

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
