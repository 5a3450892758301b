/* SPDX-License-Identifier: MIT
 *
 * test_start.c: networks that start from k-mers: kernels that find them, attention to what those find, an output that
 * follows, in every pooling that has such a start.
 */
#include "model/mil.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#define SUITE model_start

enum { N = 400, LONGEST = 16, KERNEL = 9, N_KERNEL = 12, KMERS = 3, N_OUT = 2 };

/* Two for output 0, one of them a sign of the other class, one for output 1; the second with gaps, the third as long as a
 * kernel. */
static const KmerStart start[KMERS] = {
    {.kmer = {.n_fixed = 3, .span = 3, .offset = {0, 1, 2}, .code = {18, 1, 18}}, .output = 0, .sign = 1},
    {.kmer = {.n_fixed = 3, .span = 6, .offset = {0, 2, 5}, .code = {1, 10, 1}}, .output = 0, .sign = -1},
    {.kmer = {.n_fixed = 4, .span = 9, .offset = {0, 1, 7, 8}, .code = {10, 10, 18, 10}}, .output = 1, .sign = 1},
};

typedef struct {
    TestBag owner;
    Bag bag;
    Target target[N_OUT];
    ModelOptions o;
    Mil *m;
    real *theta, *before; /* before the start */
    int n_started;
} Rig;

static const Param *param(const Rig *r, const char *name)
{
    const Param *p = param_find(mil_params(r->m), name);
    cr_assert_not_null(p, "%s", name);
    return p;
}

/* Sequence i holds k-mer i mod 40, if there is one, anywhere, its first and last places too. */
static void fill(Rig *r, bool counts)
{
    static int8_t codes[N * LONGEST];
    static int64_t len[N];
    static real factor[N];
    Rng rng = rng_stream(4, "start", 0);
    memset(codes, -1, sizeof codes);
    for (int i = 0; i < N; i++) {
        len[i] = 12 + (int64_t)rng_below(&rng, LONGEST - 11);
        factor[i] = (real)(1 + 0.5 * (double)(i % 5));
        for (int t = 0; t < len[i]; t++) codes[i * LONGEST + t] = (int8_t)rng_below(&rng, 20);
        if (i % 40 >= KMERS) continue;
        const Kmer *k = &start[i % 40].kmer;
        const int last = (int)len[i] - k->span, at = i % 3 == 0   ? 0
                                                     : i % 3 == 1 ? last
                                                                  : (int)rng_below(&rng, (uint64_t)last);
        for (int f = 0; f < k->n_fixed; f++) codes[i * LONGEST + at + k->offset[f]] = k->code[f];
    }
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&r->bag, &r->owner.arena, codes, LONGEST, len, counts ? factor : NULL, N);
        if (pass == 0) cr_assert_eq(arena_reserve(&r->owner.arena, "test"), OK);
    }
}

static void begin(Rig *r, const KmerStart *from, int n)
{
    BagSpec spec = TEST_SPEC(LONGEST);
    for (int t = 0; t < N_OUT; t++)
        r->target[t] = (Target){.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    cr_assert_eq(mil_new(&r->m, &r->o, &spec, r->target, N_OUT), OK, "%s", status_sentence());
    cr_assert_eq(mil_plan(r->m, 1, N, true), OK);
    const size_t size = mil_params(r->m)->size;
    r->theta = calloc(size, sizeof(real)), r->before = calloc(size, sizeof(real));
    param_start(mil_params(r->m), r->theta, 7);
    memcpy(r->before, r->theta, size * sizeof(real));
    cr_assert_eq(mil_start(r->m, &r->n_started, r->theta, from, n, &r->bag), OK);
}

static Rig rig_of(int pooling)
{
    Rig r = {.o = test_model(0, pooling)};
    test_option(r.o.embedder_options, embedder_types[0]->options, "kernel", KERNEL);
    test_option(r.o.embedder_options, embedder_types[0]->options, "n_kernel", N_KERNEL);
    test_option(r.o.pooling_options, pooling_types[pooling]->options, "n_head", 2);
    test_option(r.o.pooling_options, pooling_types[pooling]->options, "head_size", 8);
    test_option(r.o.pooling_options, pooling_types[pooling]->options, "n_value", N_KERNEL);
    r.o.select = SELECT_ALL;
    return r;
}

static void rig_free(Rig *r)
{
    free(r->theta), free(r->before);
    mil_free(r->m);
    arena_free(&r->owner.arena);
}

static bool holds(const Bag *bag, int i, const Kmer *kmer)
{
    int l = 0;
    while (i >= bag->first[l + 1]) l++;
    const uint8_t *codes = bag_codes(bag, i, l);
    for (int p = 0; p + kmer->span <= l; p++) {
        bool same = true;
        for (int f = 0; f < kmer->n_fixed; f++) same &= codes[p + kmer->offset[f]] == kmer->code[f];
        if (same) return true;
    }
    return false;
}

static MilView embed(Rig *r, const Bag *bag)
{
    real y[N_OUT];
    mil_prepare(r->m, r->theta);
    mil_predict(r->m, y, bag, NULL);
    return mil_view(r->m, 0);
}

/* ---- kernels ---- */

#define SELU_2 2.1014019747 /* of what a k-mer adds up to */

/* A sequence that holds the k-mer has more of its number than any other has. */
static void assert_found(Rig *r, const char *what)
{
    const MilView v = embed(r, &r->bag);
    for (int j = 0; j < KMERS; j++) {
        double least = INFINITY, most = -INFINITY;
        int n = 0;
        for (int i = 0; i < N; i++) {
            const double h = (double)v.h[i * v.width + j];
            const bool found = holds(&r->bag, i, &start[j].kmer);
            if (found) least = fmin(least, h);
            if (!found) most = fmax(most, h);
            n += found;
        }
        cr_assert(n >= 10 && n < 20, "%d of k-mer %d", n, j);
        cr_expect_gt(least, most + (r->bag.factor ? 0 : 2), "%s: k-mer %d: %g, others up to %g", what, j, least,
                     most);
        if (r->bag.factor) continue;
        cr_expect_float_eq(least, SELU_2, 1e-4, "%s: k-mer %d: %g", what, j, least);
        cr_expect_leq(most, 1e-4, "%s: one residue other: %g", what, most);
    }
}

Test(SUITE, kernels_find_their_k_mers)
{
    for (int position = 0; position < 2; position++) {
        Rig r = rig_of(0);
        test_option(r.o.embedder_options, embedder_types[0]->options, "position", position);
        fill(&r, false);
        begin(&r, start, KMERS);
        cr_expect_eq(r.n_started, KMERS);
        assert_found(&r, position ? "with position" : "without position");
        rig_free(&r);
    }
}

/* Kernels beyond the k-mers, and their biases, stay as they were drawn. */
Test(SUITE, other_kernels_stay)
{
    Rig r = rig_of(0);
    fill(&r, false);
    begin(&r, start, KMERS);
    const Param *w = param(&r, "sequence_embedding.network.0.weight"),
                *b = param(&r, "sequence_embedding.network.0.bias");
    const size_t per_kernel = w->size / N_KERNEL;
    for (size_t j = KMERS; j < N_KERNEL; j++) {
        cr_expect_arr_eq(r.theta + w->at + j * per_kernel, r.before + w->at + j * per_kernel,
                         per_kernel * sizeof(real));
        cr_expect_eq(r.theta[b->at + j], r.before[b->at + j]);
    }
    rig_free(&r);
}

/* Where all sequences have one count, the input is scaled by it, and so are the kernels; with several, by their mean. */
Test(SUITE, counts_scale_the_input)
{
    Rig r = rig_of(0);
    fill(&r, true);
    for (int i = 0; i < N; i++) ((real *)(uintptr_t)r.bag.factor)[i] = (real)7.5;
    begin(&r, start, KMERS);
    const MilView v = embed(&r, &r.bag);
    for (int j = 0; j < KMERS; j++)
        for (int i = 0; i < N; i++) {
            const double h = (double)v.h[i * v.width + j];
            if (holds(&r.bag, i, &start[j].kmer))
                cr_expect_float_eq(h, SELU_2, 1e-4, "%g", h);
            else
                cr_expect_leq(h, 1e-4);
        }
    rig_free(&r);

    r = rig_of(0);
    fill(&r, true);
    begin(&r, start, KMERS);
    const MilView w = embed(&r, &r.bag);
    int n = 0;
    for (int i = 0; i < N; i++) /* a sequence of the mean count, 2 */
        if ((double)r.bag.factor[i] == 2 && holds(&r.bag, i, &start[2].kmer)) {
            cr_expect_float_eq((double)w.h[i * w.width + 2], SELU_2, 1e-4);
            n++;
        }
    cr_expect_gt(n, 0);
    rig_free(&r);
}

Test(SUITE, more_k_mers_than_kernels)
{
    for (int p = 0; pooling_types[p]; p++) {
        KmerStart many[2 * N_KERNEL];
        Rig r = rig_of(p);
        fill(&r, false);
        for (int j = 0; j < 2 * N_KERNEL; j++) {
            many[j] = start[j % KMERS];
            if (j >= KMERS) many[j].kmer.code[0] = (int8_t)(j % 20);
        }
        begin(&r, many, 2 * N_KERNEL);
        cr_expect_eq(r.n_started, N_KERNEL, "%s", pooling_types[p]->name);
        assert_found(&r, pooling_types[p]->name);
        for (size_t i = 0; i < mil_params(r.m)->size; i++) cr_assert(isfinite((double)r.theta[i]));
        rig_free(&r);
    }
}

/* The kernel it would have had is the next one's. */
Test(SUITE, a_k_mer_longer_than_the_kernel_is_passed_over)
{
    Rig r = rig_of(0), without = rig_of(0);
    const KmerStart with[] = {start[0], start[2], start[1]}, fit[] = {start[0], start[1]};
    test_option(r.o.embedder_options, embedder_types[0]->options, "kernel", 8);
    test_option(without.o.embedder_options, embedder_types[0]->options, "kernel", 8);
    fill(&r, false), fill(&without, false);
    begin(&r, with, 3), begin(&without, fit, 2);
    cr_expect_eq(r.n_started, 2);
    cr_expect_arr_eq(r.theta, without.theta, mil_params(r.m)->size * sizeof(real));
    rig_free(&r), rig_free(&without);
}

Test(SUITE, an_embedder_without_kernels_stays_as_drawn)
{
    for (int e = 1; embedder_types[e]; e++) {
        Rig r = rig_of(0);
        if (embedder_types[e]->bag_kind != BAG_SEQUENCES) continue;
        fill(&r, false);
        r.o = test_model(e, 0);
        begin(&r, start, KMERS);
        cr_expect_eq(r.n_started, 0);
        cr_expect_arr_eq(r.theta, r.before, mil_params(r.m)->size * sizeof(real));
        rig_free(&r);
    }
}

/* ---- attention ---- */

/* The instances that hold the k-mer have larger logits in its column than those that hold none: by two deviations on average,
 * and at most one in twenty of the others exceeds that average. Other units of a scoring network stay random. */
static void assert_attends(const Rig *r, const MilView *v, int j, int column, const char *what)
{
    const int n_query = mil_n_column(r->m);
    double mean[2] = {0}, square = 0;
    int n[2] = {0}, above = 0;
    bool other[N] = {false};
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < KMERS; k++) other[i] |= k != j && holds(&r->bag, i, &start[k].kmer);
        if (other[i]) continue;
        const double a = (double)v->a_kept[i * n_query + column];
        const bool found = holds(&r->bag, i, &start[j].kmer);
        mean[found] += a, n[found]++;
        if (!found) square += a * a;
    }
    mean[0] /= n[0], mean[1] /= n[1];
    for (int i = 0; i < N; i++)
        above += !other[i] && !holds(&r->bag, i, &start[j].kmer) && (double)v->a_kept[i * n_query + column] > mean[1];
    cr_expect_leq(above, n[0] / 20, "%s: k-mer %d: %d of %d others have larger logits", what, j, above, n[0]);
    cr_expect_gt(mean[1] - mean[0], 2 * sqrt(square / n[0] - mean[0] * mean[0]), "%s: k-mer %d: %g, others %g", what,
                 j, mean[1], mean[0]);
}

static void attention_of(int p, int n_query)
{
    Rig r = rig_of(p);
    char what[64];
    if (!pooling_types[p]->start) return;
    if (!test_option(r.o.pooling_options, pooling_types[p]->options, "n_query", n_query) && n_query > 1) return;
    test_option(r.o.pooling_options, pooling_types[p]->options, "init", 1);
    fill(&r, false);
    begin(&r, start, KMERS);
    const MilView v = embed(&r, &r.bag);
    snprintf(what, sizeof what, "%s, %d queries", pooling_types[p]->name, n_query);
    for (int j = 0; j < KMERS; j++) {
        const int n_head = (mil_column(r.m, mil_n_column(r.m) - 1).head + 1),
                  column = n_head > 1 ? j % n_head : j % mil_n_column(r.m);
        assert_attends(&r, &v, j, column, what);
    }
    rig_free(&r);
}

Test(SUITE, attention_goes_to_them)
{
    int n = 0;
    for (int p = 0; pooling_types[p]; p++) {
        attention_of(p, 1);
        attention_of(p, 2);
        n += pooling_types[p]->start != NULL;
    }
    cr_expect_eq(n, 4, "attention, gated, additive and hopfield");
}

/* Poolings side by side each attend to them; the output follows the first in which a number stands alone. */
Test(SUITE, each_of_several_poolings_attends_to_them)
{
    Rig r = rig_of(0);
    const Rig other = rig_of(1);
    cr_assert_str_eq(pooling_types[1]->name, "hopfield");
    r.o.pooling_entry[1] = other.o.pooling_entry[0];
    test_option(r.o.pooling_entry[1].options, pooling_types[1]->options, "init", 1);
    r.o.n_pooling = 2;
    fill(&r, false);
    begin(&r, start, KMERS);
    const MilView v = embed(&r, &r.bag);
    for (int j = 0; j < KMERS; j++) {
        assert_attends(&r, &v, j, 0, "entry 0");
        assert_attends(&r, &v, j, 1 + j % 2, "entry 1");
        const Param *w = param(&r, "output_nn.output_nn.0.weight");
        cr_expect_gt((double)r.theta[w->at + (size_t)(start[j].output * mil_n_z(r.m) + j)] * start[j].sign, 0.1);
    }
    rig_free(&r);
}

/* ---- output ---- */

/* Where the number of a k-mer stands in z its weight for its output has its sign, and the other output's is as drawn. */
static void assert_output(const Rig *r, int j, int z, const char *what)
{
    const Param *w = param(r, "output_nn.output_nn.0.weight");
    for (int output = 0; output < N_OUT; output++) {
        const size_t at = w->at + (size_t)(output * mil_n_z(r->m) + z);
        if (output == start[j].output)
            cr_expect(r->theta[at] != r->before[at] && (double)r->theta[at] * start[j].sign > 0.1, "%s: k-mer %d: %g",
                      what, j, (double)r->theta[at]);
        else
            cr_expect_eq(r->theta[at], r->before[at], "%s", what);
    }
}

/* z after a pass over the bag shows which numbers those are: they alone are large. */
Test(SUITE, the_output_follows)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int n_query = 1; n_query <= 2; n_query++) {
            Rig r = rig_of(p);
            const Option *rows = pooling_types[p]->options;
            if (!pooling_types[p]->start) continue;
            if (!test_option(r.o.pooling_options, rows, "n_query", n_query) && n_query > 1) continue;
            test_option(r.o.pooling_options, rows, "mean", true);
            test_option(r.o.pooling_options, rows, "output_projection", false);
            fill(&r, false);
            begin(&r, start, KMERS);
            const int pooled = mil_n_z(r.m) - N_KERNEL, heads = (mil_column(r.m, mil_n_column(r.m) - 1).head + 1);
            for (int j = 0; j < KMERS; j++) { /* heads read 8 numbers; queries N_KERNEL */
                assert_output(&r, j, pooled + j, pooling_types[p]->name);
                assert_output(&r, j, heads > 1 ? j % heads * 8 + j / heads : j % n_query * N_KERNEL + j,
                              pooling_types[p]->name);
            }
            rig_free(&r);
        }
}

/* With hidden layers there is no weight of a k-mer's own; the rest starts as it does without. */
Test(SUITE, hidden_output_layers_stay_as_drawn)
{
    Rig r = rig_of(0);
    r.o.output_hidden = 1;
    fill(&r, false);
    begin(&r, start, KMERS);
    for (int k = 0; k < 2; k++) {
        const Param *w = param(&r, k ? "output_nn.output_nn.2.weight" : "output_nn.output_nn.0.weight");
        cr_expect_arr_eq(r.theta + w->at, r.before + w->at, w->size * sizeof(real));
    }
    assert_found(&r, "hidden");
    rig_free(&r);
}

/* What the heads read out of Hopfield pooling is the k-mer's number itself. */
Test(SUITE, hopfield_reads_the_numbers_out)
{
    int p = 0;
    while (strcmp(pooling_types[p]->name, "hopfield") != 0) p++;
    Rig r = rig_of(p);
    test_option(r.o.pooling_options, pooling_types[p]->options, "output_projection", false);
    test_option(r.o.pooling_options, pooling_types[p]->options, "norm_stored", 2);
    test_option(r.o.pooling_options, pooling_types[p]->options, "norm_projection", 2);
    test_option(r.o.pooling_options, pooling_types[p]->options, "activation", 1);
    fill(&r, false);
    begin(&r, start, KMERS);
    const MilView v = embed(&r, &r.bag);
    for (int j = 0; j < KMERS; j++) {
        double want = 0;
        for (int i = 0; i < N; i++) want += (double)v.w[i * mil_n_column(r.m) + j % 2] * (double)v.h[i * v.width + j];
        cr_expect_float_eq((double)v.z[j % 2 * 8 + j / 2], want, 1e-5, "k-mer %d", j);
    }
    rig_free(&r);
}

/* ---- model.pooling.init ---- */

static double deviation(const real *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)n);
}

Test(SUITE, hopfield_projections_start_by_their_inputs)
{
    int p = 0;
    while (strcmp(pooling_types[p]->name, "hopfield") != 0) p++;
    for (int same = 0; same < 2; same++)
        for (int fan = 0; fan < 2; fan++) {
            Rig r = rig_of(p);
            int n = 0;
            test_option(r.o.embedder_options, embedder_types[0]->options, "n_kernel", 32);
            test_option(r.o.pooling_options, pooling_types[p]->options, "head_size", same ? 16 : 24);
            test_option(r.o.pooling_options, pooling_types[p]->options, "init", fan);
            fill(&r, false);
            begin(&r, start, 0);
            const ParamList *list = mil_params(r.m);
            for (int k = 0; k < list->n; k++) {
                const Param *w = &list->param[k];
                if (!strstr(w->name, "association_core") || !strstr(w->name, "weight") || w->n_dim != 2) continue;
                const double want = fan ? 1 / sqrt(w->shape[1]) : 0.02, got = deviation(r.theta + w->at, w->size);
                cr_expect_float_eq(got, want, 4 * want / sqrt(2. * (double)w->size), "%s: %g, not %g", w->name, got,
                                   want);
                n++;
            }
            cr_expect_geq(n, 2, "%d projections", n);
            rig_free(&r);
        }
}

/* ---- reach ---- */

enum { REACH = 5 };

static Rig short_rig(int n)
{
    Rig r = rig_of(0);
    test_option(r.o.embedder_options, embedder_types[0]->options, "reach", REACH);
    fill(&r, false);
    begin(&r, start, n);
    return r;
}

/* Weight or gradient of kernel j, input c, place q. */
static double at(const Rig *r, const real *slab, int j, int c, int q)
{
    const Param *w = param(r, "sequence_embedding.network.0.weight");
    const size_t n_in = w->size / N_KERNEL / KERNEL;
    return (double)slab[w->at + ((size_t)j * n_in + (size_t)c) * KERNEL + (size_t)q];
}

Test(SUITE, kernels_without_a_k_mer_are_short)
{
    for (int n = 0; n <= KMERS; n += KMERS) {
        real label[N_OUT] = {1, 0}, mask[N_OUT] = {1, 1};
        Rig r = short_rig(n);
        const Bag *bag = &r.bag;
        const Batch batch = {.n_bag = 1, .bag = bag, .target = label, .mask = mask};
        real *grad = calloc(mil_params(r.m)->size, sizeof *grad);
        mil_learn(r.m, grad, r.theta, &batch, 1, 1, NULL);
        double moved = 0, beyond = 0;
        for (int j = 0; j < N_KERNEL; j++)
            for (int c = 0; c < 20; c++)
                for (int q = 0; q < KERNEL; q++) {
                    if (j < n) {
                        beyond = fmax(beyond, q < REACH ? 0 : fabs(at(&r, grad, j, c, q)));
                        continue;
                    }
                    const double drawn = q < REACH ? at(&r, r.before, j, c, q) * sqrt((double)KERNEL / REACH) : 0;
                    cr_assert_float_eq(at(&r, r.theta, j, c, q), drawn, 1e-6);
                    moved = fmax(moved, q < REACH ? fabs(at(&r, grad, j, c, q)) : 0);
                    if (q >= REACH) cr_assert_eq(at(&r, grad, j, c, q), 0);
                }
        cr_assert_gt(moved, 0);
        cr_assert_eq(beyond > 0, n > 0, "kernels from k-mers learn all their places");
        free(grad);
        rig_free(&r);
    }
}

/* Windows begin on every residue, so such a kernel is one of that length. */
Test(SUITE, a_short_kernel_is_one_of_its_length)
{
    Rig r = short_rig(0), five = rig_of(0);
    test_option(five.o.embedder_options, embedder_types[0]->options, "kernel", REACH);
    fill(&five, false);
    begin(&five, start, 0);
    const Param *w = param(&five, "sequence_embedding.network.0.weight"),
                *b = param(&five, "sequence_embedding.network.0.bias");
    const int n_in = (int)(w->size / N_KERNEL / REACH);
    for (int j = 0; j < N_KERNEL; j++) {
        five.theta[b->at + (size_t)j] = r.theta[param(&r, "sequence_embedding.network.0.bias")->at + (size_t)j];
        for (int c = 0; c < n_in; c++)
            for (int q = 0; q < REACH; q++)
                five.theta[w->at + (size_t)((j * n_in + c) * REACH + q)] = (real)at(&r, r.theta, j, c, q);
    }
    const MilView a = embed(&r, &r.bag), v = embed(&five, &five.bag);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N_KERNEL; j++)
            cr_assert_float_eq((double)a.h[i * a.width + j], (double)v.h[i * v.width + j], 1e-5);
    rig_free(&r), rig_free(&five);
}
