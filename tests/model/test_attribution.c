/* SPDX-License-Identifier: MIT
 *
 * test_attribution.c: contributions of sequences sum to the score, residues integrate to its difference, and their gradients
 * are those of finite differences (double).
 */
#include "core/parallel.h"
#include "model/attribution.h"
#include "support/network.h"

#include <math.h>
#include <string.h>

/* Genes of which the model knows three, one a name of nothing and one unknown. */
static const int16_t v_row[] = {2, 1, -1, 0}, j_row[] = {1};
static const GeneRows known_genes = {.n_gene = {2, 1}, .n_name = {4, 1}, .row = {v_row, j_row}};

typedef struct {
    ModelOptions o;
    Target target[2][N_TARGET];
    Mil *mil, *twin;
    real *theta;
    Attribution *a;
} Net;

/* Vectors of genes start at 0, where nothing would depend on them. */
static void fill_genes(const Net *n)
{
    static const char *const name[] = {"sequence_embedding.v_gene.weight", "sequence_embedding.j_gene.weight"};
    for (int gene = 0; gene < 2 && n->o.gene_size > 0; gene++) {
        const Param *p = param_find(mil_params(n->mil), name[gene]);
        for (size_t k = 0; k < p->size; k++) n->theta[p->at + k] = (real)sin((double)(k + 1));
    }
}

static void build(Net *n, int n_max)
{
    n->mil = model(&n->o, n->target[0], 1, n_max, false, LONGEST);
    n->twin = model(&n->o, n->target[1], 1, 1, false, LONGEST);
    n->theta = start(n->mil, 3);
    fill_genes(n);
    mil_prepare(n->mil, n->theta);
    cr_assert_eq(attribution_new(&n->a, n->mil, n->twin, n_max), OK, "%s", status_sentence());
}

static void drop(Net *n)
{
    attribution_free(n->a);
    mil_free(n->mil), mil_free(n->twin);
    free(n->theta);
}

/* The minibatch, with counts and genes where the model reads them. */
static void bags(Minibatch *x, const Net *n)
{
    static real log_weight[10];
    static BagGene gene[10];
    minibatch(x, true);
    for (int i = 0; i < 10; i++) {
        log_weight[i] = (real)log(1 + i);
        gene[i] = (BagGene){.v = (int16_t)(i % 5 - 1), .j = (int16_t)(i % 2 - 1)};
    }
    for (int b = 0; b < N_BAG; b++) {
        if (mil_count_weight(&n->o)) x->bag[b].log_weight = log_weight;
        if (n->o.gene_size > 0) x->bag[b].gene = gene;
    }
}

static int place_of(const PoolingType *type)
{
    int p = 0;
    while (pooling_types[p] != type) p++;
    return p;
}

/* The mean stands beside; one of both weighs by counts. */
static void beside_mean(ModelOptions *o, bool mean_weighs)
{
    const ModelOptions mean = test_model(o->embedder, place_of(&pooling_mean));
    o->n_pooling = 2;
    o->pooling_entry[1] = mean.pooling_entry[0];
    o->pooling_entry[!mean_weighs].count_weight = 0;
    o->pooling_entry[mean_weighs].count_weight = 1;
}

/* Every embedder and pooling, selections, padding, deeper convolutions, weights by counts (of one of two poolings too) and
 * genes. */
static void for_networks(void (*check)(Net *n, const char *what))
{
    static const char *const words[] = {
        "all", "top", "padded", "deep", "counts", "and mean", "and weighted mean", "genes", "sparse, as max"};
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            for (int v = 0; v < 9; v++) {
                Net n = {.o = test_model(e, p)};
                char what[96];
                if (embedder_types[e]->bag_kind != BAG_SEQUENCES) continue;
                shrink(&n.o);
                n.o.select = v == 1 ? SELECT_TOP : SELECT_ALL;
                if (v == 1 && !pooling_types[p]->ranks) continue;
                if (v == 2) n.o.compat = COMPAT_DEEPRC;
                if (v == 3 && !test_option(n.o.embedder_options, embedder_types[e]->options, "n_layer", 2)) continue;
                if ((v == 4 || v == 5) && pooling_types[p] == &pooling_max) continue;
                n.o.count_weight = v == 4;
                if (v == 5 || v == 6) beside_mean(&n.o, v == 6);
                if (v == 8 && !test_option(n.o.pooling_options, pooling_types[p]->options, "normalizer", 1)) continue;
                if (v == 7) n.o.gene_size = 2, n.o.genes = known_genes;
                snprintf(what, sizeof what, "%s %s %s", embedder_types[e]->name, pooling_types[p]->name, words[v]);
                build(&n, 10);
                check(&n, what);
                drop(&n);
            }
}

static const double difference[N_TARGET] = {1, -0.5};

static void assert_sums(Net *n, const char *what)
{
    Minibatch x;
    bags(&x, n);
    for (int b = 0; b < N_BAG; b++) {
        double part[10], total = 0, y = 0;
        real out[N_TARGET];
        AttributionSum sum;
        mil_predict(n->mil, out, &x.bag[b], NULL);
        for (int t = 0; t < N_TARGET; t++) y += difference[t] * (double)out[t];
        attribution_open(n->a, &x.bag[b]);
        attribution_divide(part, &sum, n->a, difference);
        for (int i = 0; i < x.bag[b].n; i++) total += part[i];
        const double scale = 1 + fabs(sum.score) + fabs(sum.bias);
        cr_expect_lt(fabs(sum.score - y), (REAL_IS_DOUBLE ? 1e-10 : 1e-5) * scale, "%s: bag %d: %g is not %g", what,
                     b, sum.score, y);
        cr_expect_lt(fabs(sum.bias + total - sum.score), (REAL_IS_DOUBLE ? 1e-10 : 2e-6) * scale,
                     "%s: bag %d: the parts sum to %g, not %g", what, b, sum.bias + total, sum.score);
    }
    minibatch_free(&x);
}

static void refer(Net *n, AttributionReference kind)
{
    Minibatch x;
    bags(&x, n);
    for (int b = 0; b < N_BAG; b++) {
        attribution_open(n->a, &x.bag[b]);
        attribution_refer(n->a, kind);
    }
    minibatch_free(&x);
}

/* With the bags themselves as reference: the same score, and sums that hold as well. */
static void assert_sums_with_bags(Net *n, const char *what)
{
    refer(n, ATTRIBUTION_BAGS);
    assert_sums(n, what);
}

static void assert_sums_with_instances(Net *n, const char *what)
{
    refer(n, ATTRIBUTION_INSTANCES);
    assert_sums(n, what);
}

/* A bag of equal instances is its own plain mean: nothing of its score is a part, whatever attention says. */
static void assert_nothing_apart(Net *n, const char *what)
{
    Minibatch x;
    double part[10];
    AttributionSum sum;
    bags(&x, n);
    int8_t codes[4 * 6];
    const int64_t len[4] = {6, 6, 6, 6};
    const real factor[4] = {1, 1, 1, 1};
    Arena arena = {0};
    Bag bag;
    for (int i = 0; i < 24; i++) codes[i] = (int8_t)(i % 6 * 3);
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&bag, &arena, codes, 6, len, factor, 4);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
    bag.gene = x.bag[0].gene ? (BagGene[4]){{.v = 1}, {.v = 1}, {.v = 1}, {.v = 1}} : NULL;
    bag.log_weight = x.bag[0].log_weight;
    attribution_open(n->a, &bag);
    attribution_refer(n->a, ATTRIBUTION_INSTANCES);
    attribution_divide(part, &sum, n->a, difference);
    for (int i = 0; i < 4; i++)
        cr_expect_lt(fabs(part[i]), REAL_IS_DOUBLE ? 1e-12 : 1e-6, "%s: row %d: %g", what, i, part[i]);
    arena_free(&arena);
    minibatch_free(&x);
}

Test(model_attribution, contributions_sum_to_the_score)
{
    for_networks(assert_sums);
    for_networks(assert_sums_with_bags);
    for_networks(assert_sums_with_instances);
}

Test(model_attribution, equal_instances_are_their_own_reference)
{
    for_networks(assert_nothing_apart);
}

/* One way has all of each part; several may cancel in a part, but no less goes through them. */
static void assert_through(const Attribution *a, const double *part, int n, const char *what)
{
    const double *through = attribution_through(a);
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++) total += fabs(part[i]);
    for (int k = 0; k < attribution_n_way(a); k++) sum += through[k];
    cr_expect_gt(sum, total - 1e-12 * (1 + total), "%s: %g is less than %g", what, sum, total);
    if (attribution_n_way(a) == 1)
        cr_expect_lt(sum, total + 1e-12 * (1 + total), "%s: %g is more than %g", what, sum, total);
}

/* Poolings whose numbers are those of embeddings. */
static bool has_numbers(const char *what)
{
    return !strstr(what, "sparse") && !strstr(what, "additive") && !strstr(what, "logsumexp");
}

/* With a reference all of a score's parts is in the numbers of the embeddings, or none. */
static void assert_numbers(const Attribution *a, const double *part, int n, const char *what)
{
    double share[64], total = 0, sum = 0;
    cr_assert_leq(attribution_n_h(a), 64);
    attribution_numbers(share, a);
    for (int i = 0; i < n; i++) total += part[i];
    for (int j = 0; j < attribution_n_h(a); j++) sum += share[j];
    cr_expect_eq(attribution_has_numbers(a), has_numbers(what), "%s", what);
    if (!has_numbers(what)) total = 0;
    cr_expect_lt(fabs(sum - total), (REAL_IS_DOUBLE ? 1e-9 : 1e-5) * (1 + fabs(total)), "%s: %g is not %g", what, sum,
                 total);
}

/* Each instance's part is in the numbers of its embedding. */
static void assert_kernels(Net *n, const double *part, const Bag *bag, const char *what)
{
    double share[64];
    int at[64];
    for (int i = 0; has_numbers(what) && i < bag->n; i++) {
        double sum = 0;
        if (!attribution_pools(n->a, i)) continue;
        attribution_kernels(share, at, n->a, difference, i);
        for (int j = 0; j < attribution_n_h(n->a); j++) sum += share[j];
        cr_expect_lt(fabs(sum - part[i]), (REAL_IS_DOUBLE ? 1e-9 : 1e-5) * (1 + fabs(sum)),
                     "%s: row %d: %g is not %g", what, i, sum, part[i]);
    }
}

static void assert_ways(Net *n, const char *what)
{
    Minibatch x;
    double part[10];
    AttributionSum sum;
    bags(&x, n);
    for (int b = 0; b < N_BAG; b++) {
        attribution_open(n->a, &x.bag[b]);
        attribution_divide(part, &sum, n->a, difference);
        assert_through(n->a, part, x.bag[b].n, what);
        if (strstr(what, "max")) assert_kernels(n, part, &x.bag[b], what); /* the reference is taken off later */
    }
    attribution_refer(n->a, ATTRIBUTION_INSTANCES);
    for (int b = 0; b < N_BAG; b++) {
        attribution_open(n->a, &x.bag[b]);
        attribution_divide(part, &sum, n->a, difference);
        assert_numbers(n->a, part, x.bag[b].n, what);
        if (!strstr(what, "max")) assert_kernels(n, part, &x.bag[b], what);
    }
    minibatch_free(&x);
}

Test(model_attribution, what_comes_each_way_is_no_less_than_the_parts)
{
    for_networks(assert_ways);
}

static void assert_complete(Net *n, const char *what)
{
    Minibatch x;
    bags(&x, n);
    for (int b = 0; b < N_BAG; b++) {
        double part[10], out[LONGEST];
        AttributionSum sum;
        AttributionPath path;
        attribution_open(n->a, &x.bag[b]);
        attribution_divide(part, &sum, n->a, difference);
        for (int i = 0; i < x.bag[b].n; i++) {
            if (part[i] == 0) continue;
            attribution_path(out, &path, n->a, difference, i, 0.1);
            const double near = strstr(what, "sparse") || strstr(what, "additive") ? 0.05
                                : strstr(what, "max")                              ? 0.03
                                                                                   : 0.01; /* kinks */
            cr_expect_lt(path.error, near, "%s: bag %d: error %g after %d steps", what, b, path.error, path.steps);
            cr_expect_lt(fabs(path.to - sum.score), (REAL_IS_DOUBLE ? 1e-9 : 2e-5) * (1 + fabs(sum.score)),
                         "%s: bag %d: %g is not the score %g", what, b, path.to, sum.score);
        }
    }
    minibatch_free(&x);
}

Test(model_attribution, residues_sum_to_the_difference)
{
    for_networks(assert_complete);
}

#if REAL_IS_DOUBLE

/* The score of a bag of one, where the input entries of each letter are scaled: as the first weights scaled by as much. */
static double scaled(Net *n, const Bag *bag, const double *of_letter)
{
    const bool is_lstm = strcmp(embedder_types[n->o.embedder]->name, "lstm") == 0;
    const Param *p = param_find(mil_params(n->mil), is_lstm ? "sequence_embedding.network.0.weight_ih_l0"
                                                            : "sequence_embedding.network.0.weight");
    real *was = malloc(p->size * sizeof *was), y[N_TARGET];
    const int n_in = p->shape[1], size = is_lstm ? 1 : p->shape[2];
    double s = 0;
    memcpy(was, n->theta + p->at, p->size * sizeof *was);
    for (int o = 0; o < p->shape[0]; o++)
        for (int c = 0; c < 20; c++)
            for (int q = 0; q < size; q++) n->theta[p->at + (size_t)((o * n_in + c) * size + q)] *= of_letter[c];
    mil_prepare(n->mil, n->theta);
    mil_predict(n->mil, y, bag, NULL);
    memcpy(n->theta + p->at, was, p->size * sizeof *was);
    mil_prepare(n->mil, n->theta);
    for (int t = 0; t < N_TARGET; t++) s += difference[t] * (double)y[t];
    free(was);
    return s;
}

/* Eight different letters, so that a letter stands for a residue. */
static void assert_residues(Net *n, const char *what)
{
    enum { LEN = 8 };
    const int8_t codes[LEN] = {3, 17, 0, 9, 12, 5, 19, 8};
    const int64_t len = LEN;
    const real factor = 0.75;
    const BagGene gene = {.v = 1, .j = 0};
    AttributionPath path;
    Arena arena = {0};
    Bag bag;
    double out[LONGEST], worst = 0, largest = 1e-3;
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&bag, &arena, codes, LEN, &len, &factor, 1);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
    if (n->o.gene_size > 0) bag.gene = &gene;
    attribution_open(n->a, &bag);
    attribution_path(out, &path, n->a, difference, 0, 1e-9);
    for (int t = 0; t < LEN; t++) {
        double sum = 0;
        for (int s = 0; s < path.steps; s++) {
            double of_letter[20];
            const double at = (s + 0.5) / path.steps, along = path.is_even ? at : at * at * at, step = 1e-6;
            const double width = (path.is_even ? 1 : 3 * at * at) / path.steps;
            for (int c = 0; c < 20; c++) of_letter[c] = along;
            of_letter[codes[t]] = along + step;
            const double more = scaled(n, &bag, of_letter);
            of_letter[codes[t]] = along - step;
            sum += (more - scaled(n, &bag, of_letter)) / (2 * step) * width;
        }
        worst = fmax(worst, fabs(sum - out[t]));
        largest = fmax(largest, fabs(sum));
    }
    cr_expect_lt(worst, 1e-6 * largest, "%s: residues differ by %g, largest %g", what, worst, largest);
    arena_free(&arena);
}

Test(model_attribution, residues_by_differences)
{
    for_networks(assert_residues);
}

#endif

/* Selection of half of a bag: what it leaves out has no part, and attention says which that is. */
Test(model_attribution, selection_leaves_instances_out)
{
    Minibatch x;
    double part[10];
    AttributionSum sum;
    Net n = {.o = test_model(0, place_of(&pooling_attention))};
    shrink(&n.o);
    build(&n, 10);
    bags(&x, &n);
    const Bag *bag = &x.bag[N_BAG - 1];
    attribution_open(n.a, bag);
    attribution_divide(part, &sum, n.a, difference);
    const real *weight = attribution_attention(n.a)->weight;
    int n_pooled = 0;
    for (int i = 0; i < bag->n; i++) {
        cr_expect_eq(attribution_pools(n.a, i), weight[i] > 0, "row %d", i);
        cr_expect_eq(attribution_pools(n.a, i), part[i] != 0, "row %d", i);
        n_pooled += attribution_pools(n.a, i);
    }
    cr_expect_eq(n_pooled, bag->n / 2);
    minibatch_free(&x);
    drop(&n);
}

/* Bits of contributions, and of residues of some, of a bag in several pieces. */
static void attribute(double *part, double *residues, int n_thread, const Bag *bag, SelectKind select)
{
    Net n = {.o = test_model(0, place_of(&pooling_hopfield))};
    AttributionSum sum;
    AttributionPath path;
    shrink(&n.o);
    n.o.select = select;
    cr_assert_eq(parallel_start(n_thread), OK);
    build(&n, bag->n);
    attribution_open(n.a, bag);
    attribution_divide(part, &sum, n.a, difference);
    int row = 0;
    for (int i = 0; i < bag->n; i++)
        if (fabs(part[i]) > fabs(part[row])) row = i;
    attribution_path(residues, &path, n.a, difference, row, 1e-3);
    drop(&n);
}

Test(model_attribution, bits_do_not_depend_on_threads)
{
    enum { MANY = 3000 };
    static double part[2][MANY];
    double residues[2][LONGEST] = {{0}};
    TestBag owner;
    int *len = test_lengths(MANY, 0, LONGEST, 1);
    test_bag(&owner, len, MANY, true, 1);
    for (int select = SELECT_TOP; select <= SELECT_ALL; select += SELECT_ALL - SELECT_TOP) {
        attribute(part[0], residues[0], 1, &owner.bag, (SelectKind)select);
        for (int t = 2; t <= 4; t++) {
            attribute(part[1], residues[1], t, &owner.bag, (SelectKind)select);
            cr_expect_eq(memcmp(part[0], part[1], sizeof part[0]), 0, "contributions with %d threads", t);
            cr_expect_eq(memcmp(residues[0], residues[1], sizeof residues[0]), 0, "residues with %d threads", t);
        }
    }
    test_bag_free(&owner);
    free(len);
}
