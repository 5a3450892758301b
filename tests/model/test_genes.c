/* SPDX-License-Identifier: MIT
 *
 * test_genes.c: vectors of V and J genes joined to embeddings (model.embedder.genes): gradients, and that the embedding of the
 * residues is what it is without genes.
 */
#include "core/parallel.h"
#include "data/bagfile/bagfile.h"
#include "nn/kernel.h"
#include "support/network.h"

#include <math.h>

enum { SIZE = 3, N_V = 4, N_J = 2 };

/* Of 6 names of V genes in the file, 4 are known to the model, one is a name of nothing, one is unknown. */
static const int16_t v_row[] = {2, 1, -1, 4, 0, 3}, j_row[] = {1, 2};

static const GeneRows rows = {.n_gene = {N_V, N_J}, .n_name = {6, 2}, .row = {v_row, j_row}};

typedef struct {
    Minibatch x;
    BagGene gene[N_BAG][10];
} Genetic;

static void genetic(Genetic *g, bool counts)
{
    Rng rng = rng_stream(3, "gene", 0);
    minibatch(&g->x, counts);
    for (int b = 0; b < N_BAG; b++) {
        for (int i = 0; i < g->x.bag[b].n; i++)
            g->gene[b][i] =
                (BagGene){.v = (int16_t)((int)rng_below(&rng, 7) - 1), .j = (int16_t)((int)rng_below(&rng, 3) - 1)};
        g->x.bag[b].gene = g->gene[b];
    }
}

static ModelOptions options(int embedder, int pooling)
{
    ModelOptions o = test_model(embedder, pooling);
    shrink(&o);
    o.gene_size = SIZE;
    o.genes = rows;
    return o;
}

static real *random_start(const Mil *m, uint64_t seed)
{
    real *theta = start(m, seed);
    Rng rng = rng_stream(seed, "gene vectors", 0);
    for (int gene = 0; gene < 2; gene++) {
        const Param *p =
            param_find(mil_params(m), gene ? "sequence_embedding.j_gene.weight" : "sequence_embedding.v_gene.weight");
        cr_assert_not_null(p);
        cr_assert_eq(p->shape[0], gene ? N_J + 1 : N_V + 1);
        cr_assert_eq(p->shape[1], SIZE);
        for (size_t k = 0; k < p->size; k++) {
            cr_assert_eq(theta[p->at + k], 0, "vectors start at 0");
            theta[p->at + k] = (real)(rng_uniform(&rng) - 0.5);
        }
    }
    return theta;
}

#if REAL_IS_DOUBLE

static void check_gradient(ModelOptions *o, const Batch *batch, const char *what)
{
    Target target[N_TARGET];
    Mil *m = model(o, target, N_BAG, 10, true, LONGEST);
    const ParamList *list = mil_params(m);
    real *theta = random_start(m, 1), *grad = calloc(list->size, sizeof *grad),
         *waste = calloc(list->size, sizeof *waste);
    const Param *v = param_find(list, "sequence_embedding.v_gene.weight"),
                *j = param_find(list, "sequence_embedding.j_gene.weight");
    double most = 0;
    mil_learn(m, grad, theta, batch, 5, 0, NULL);
    for (size_t k = 0; k < list->size; k++) {
        const bool is_gene = (k >= v->at && k < v->at + v->size) || (k >= j->at && k < j->at + j->size);
        const real was = theta[k], step = 1e-6;
        if (!is_gene && k % 7) continue;
        theta[k] = was + step;
        const double up = mil_learn(m, waste, theta, batch, 5, 0, NULL);
        theta[k] = was - step;
        const double numeric = (up - mil_learn(m, waste, theta, batch, 5, 0, NULL)) / (2 * step);
        theta[k] = was;
        if (is_gene) most = fmax(most, fabs(numeric));
        cr_expect_lt(fabs(numeric - grad[k]), 2e-7 * fmax(0.1, fabs(numeric)), "%s: parameter %zu: %g, not %g", what,
                     k, grad[k], numeric);
    }
    cr_expect_gt(most, 1e-5, "%s: genes have gradients", what);
    free(theta), free(grad), free(waste);
    mil_free(m);
}

Test(model_genes, gradient)
{
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            for (int select = SELECT_TOP; select <= SELECT_ALL; select++) {
                Genetic g;
                char what[80];
                ModelOptions o = options(e, p);
                if (embedder_types[e]->bag_kind != BAG_SEQUENCES) continue;
                if (select == SELECT_TOP && !pooling_types[p]->ranks) continue;
                o.select = select;
                snprintf(what, sizeof what, "%s, %s, selection %d", embedder_types[e]->name, pooling_types[p]->name,
                         select);
                genetic(&g, true);
                check_gradient(&o, &g.x.batch, what);
                minibatch_free(&g.x);
            }
}

#endif

/* Embeddings of all instances of a bag, and its logits; a pass with all kept. */
static void embed(const Mil **out, ModelOptions *o, const Bag *bag, const real *theta, const Target *target)
{
    Mil *m = model(o, (Target *)(uintptr_t)target, 1, 10, true, LONGEST);
    real y[N_TARGET];
    mil_prepare(m, theta);
    mil_predict(m, y, bag, NULL);
    *out = m;
}

/* Row of the vector that instance i should have. */
static int wanted(const BagGene *gene, int k)
{
    const int number = k ? gene->j : gene->v;
    return number < 0 ? 0 : (k ? j_row : v_row)[number];
}

Test(model_genes, residues_are_embedded_as_without)
{
    for (int e = 0; embedder_types[e]; e++)
        for (int b = 0; b < N_BAG; b++) {
            Genetic g;
            Target target[N_TARGET], plain_target[N_TARGET];
            const Mil *with, *without;
            if (embedder_types[e]->bag_kind != BAG_SEQUENCES) continue;
            ModelOptions o = options(e, 0), plain = options(e, 0);
            o.select = plain.select = SELECT_ALL;
            plain.gene_size = 0;
            genetic(&g, false);
            Mil *m = model(&o, target, 1, 10, false, LONGEST);
            real *theta = random_start(m, 2);
            const size_t at[2] = {param_find(mil_params(m), "sequence_embedding.v_gene.weight")->at,
                                  param_find(mil_params(m), "sequence_embedding.j_gene.weight")->at};
            embed(&with, &o, &g.x.bag[b], theta, target);
            embed(&without, &plain, &g.x.bag[b], theta, plain_target); /* the embedder's tensors come first */
            const MilView x = mil_view(with, 0), y = mil_view(without, 0);
            cr_assert_eq(x.kept->n, g.x.bag[b].n);
            for (int i = 0; i < x.kept->n; i++) {
                const real *h = x.h + i * x.width, *own = y.h + i * y.width;
                int k = 0;
                for (; k < 5; k++) cr_expect_eq(h[k], own[k]);
                for (int gene = 0; gene < 2; gene++) {
                    const int row = wanted(&g.gene[b][i], gene);
                    for (int q = 0; q < SIZE; q++, k++)
                        cr_expect_eq(h[k], row < 0 ? 0 : 10 * theta[at[gene] + (size_t)(row * SIZE + q)]);
                }
                for (; k < x.width; k++) cr_expect_eq(h[k], 0);
            }
            free(theta);
            mil_free(m), mil_free((Mil *)(uintptr_t)with), mil_free((Mil *)(uintptr_t)without);
            minibatch_free(&g.x);
        }
}

/* Pass one and pass two see the same genes: a selection by a gene alone. */
Test(model_genes, selection_sees_them)
{
    Genetic g;
    Target target[N_TARGET];
    real y[N_TARGET];
    ModelOptions o = options(0, 0);
    o.select = SELECT_TOP;
    o.select_fraction = 0.3;
    genetic(&g, false);
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    real *theta = random_start(m, 3), logit[40], weight[40];
    MilAttention attention = {logit, weight};
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < 10; i++) g.gene[3][i] = (BagGene){.v = (int16_t)(i == 4 + turn ? 0 : 2), .j = 0};
        const Param *v = param_find(mil_params(m), "sequence_embedding.v_gene.weight");
        for (int q = 0; q < SIZE; q++) theta[v->at + 2 * SIZE + (size_t)q] = 100;
        mil_prepare(m, theta);
        mil_predict(m, y, &g.x.bag[3], &attention);
        const MilView x = mil_view(m, 0);
        double extreme = 0;
        int at = 0;
        for (int i = 0; i < 10; i++) { /* its logit stands out, up or down */
            double mean = 0;
            for (int k = 0; k < 10; k++) mean += (double)x.a[k] / 10;
            if (fabs((double)x.a[i] - mean) > extreme) extreme = fabs((double)x.a[i] - mean), at = i;
        }
        cr_expect_eq(at, 4 + turn);
        for (int i = 0; i < x.kept->n; i++)
            for (int k = 0; k < 10; k++)
                if (g.x.bag[3].row[k] == x.kept->row[i]) cr_expect_eq(x.kept->gene[i].v, g.gene[3][k].v);
    }
    free(theta);
    mil_free(m);
    minibatch_free(&g.x);
}

Test(model_genes, sub_bags_keep_their_genes)
{
    Genetic g;
    Bag taken;
    Arena arena = {0};
    const BagSpec spec = TEST_SPEC(LONGEST);
    const int keep[] = {1, 4, 5, 9};
    genetic(&g, true);
    bag_take_room(&arena, &spec, 4, 2);
    cr_assert_eq(arena_reserve(&arena, "test"), OK);
    bag_take(&taken, &arena, &g.x.bag[3], keep, 4, 20);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(taken.gene[i].v, g.gene[3][keep[i]].v);
        cr_expect_eq(taken.gene[i].j, g.gene[3][keep[i]].j);
        cr_expect_eq(taken.factor[i], g.x.bag[3].factor[keep[i]]);
    }
    arena_free(&arena);
    minibatch_free(&g.x);
}

enum { LARGE = 2100 };

/* A large bag with all that a bag may tell: genes, clone counts as weights, numbers of the bag; and a sample. */
typedef struct {
    TestBag owner;
    Bag bag;
    BagGene gene[LARGE];
    real log_weight[LARGE], stands_for[LARGE], input[2];
} Telling;

static void telling(Telling *t, int b)
{
    Rng rng = rng_stream(9, "telling", (uint64_t)b);
    int *len = test_lengths(LARGE, 0, LONGEST, (uint64_t)b);
    test_bag(&t->owner, len, LARGE, false, (uint64_t)b);
    for (int i = 0; i < LARGE; i++) {
        t->gene[i] =
            (BagGene){.v = (int16_t)((int)rng_below(&rng, 7) - 1), .j = (int16_t)((int)rng_below(&rng, 3) - 1)};
        t->log_weight[i] = (real)log((double)(1 + rng_below(&rng, 4)));
        t->stands_for[i] = (real)(1 + rng_below(&rng, 3));
    }
    t->input[0] = (real)rng_normal(&rng), t->input[1] = (real)rng_normal(&rng);
    t->bag = t->owner.bag;
    t->bag.gene = t->gene, t->bag.log_weight = t->log_weight, t->bag.stands_for = t->stands_for;
    t->bag.inputs = t->input;
    free(len);
}

/* Of a pooling: the gradient of a minibatch and what is predicted of its bags, on 1 ... 4 threads. */
static void same_bits_on_threads(ModelOptions *o, const Bag *bag)
{
    const real label[2 * N_TARGET] = {1, 0, 0, 1}, mask[2 * N_TARGET] = {1, 1, 1, 1};
    const Batch batch = {.n_bag = 2, .bag = bag, .target = label, .mask = mask};
    const real *inputs[] = {bag[0].inputs, bag[1].inputs};
    real *first = NULL, y[2][2 * N_TARGET];
    Target target[N_TARGET];
    for (int threads = 1; threads <= 4; threads++) {
        const int last = threads > 1;
        cr_assert_eq(parallel_start(threads), OK);
        Mil *m = model(o, target, 2, LARGE, true, LONGEST);
        const size_t n = mil_params(m)->size;
        real *theta = random_start(m, 4), *grad = calloc(n, sizeof *grad);
        mil_fit_inputs(m, theta, inputs, 2);
        mil_learn(m, grad, theta, &batch, 1, 1, NULL);
        mil_prepare(m, theta);
        for (int b = 0; b < 2; b++) mil_predict(m, y[last] + b * N_TARGET, &bag[b], NULL);
        if (first) {
            cr_expect_arr_eq(grad, first, n * sizeof *grad, "gradient on %d threads", threads);
            cr_expect_arr_eq(y[1], y[0], sizeof y[0], "prediction on %d threads", threads);
            free(grad);
        } else
            first = grad;
        free(theta);
        mil_free(m);
    }
    parallel_start(1);
    free(first);
}

Test(model_genes, threads_change_no_bit_of_all_inputs)
{
    static Telling t[2];
    for (int b = 0; b < 2; b++) telling(&t[b], b);
    const Bag bag[] = {t[0].bag, t[1].bag};
    for (int p = 0; pooling_types[p]; p++) {
        ModelOptions o = options(0, p);
        if (!pooling_types[p]->ranks || !set_up(&o, true)) continue;
        o.select = SELECT_ALL;
        o.norm = NORM_BAGS;
        o.count_weight = WEIGHT_RAW;
        o.n_input = 2;
        o.input_unit = 3;
        same_bits_on_threads(&o, bag);
    }
    for (int b = 0; b < 2; b++) test_bag_free(&t[b].owner);
}
