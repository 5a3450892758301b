/* SPDX-License-Identifier: MIT
 *
 * test_pooling_several.c: every pair of poolings side by side: gradients against finite differences (double), the
 * same numbers as alone, selection by the union of what they attend to, and starts.
 */
#include "core/parallel.h"
#include "model/select.h"
#include "support/network.h"

#include <math.h>

#define LOOSE (REAL_IS_DOUBLE ? 1e-10 : 1e-4)

static int n_kinds(void)
{
    int n = 0;
    while (pooling_types[n]) n++;
    return n;
}

/* Pooling p at place k of the options. */
static void put(ModelOptions *o, int k, int p)
{
    ModelOptions one = test_model(o->embedder, p);
    shrink(&one);
    test_option(one.pooling_options, pooling_types[p]->options, "n_query", k + 1);
    o->pooling_entry[k] = one.pooling_entry[0];
}

static ModelOptions pair(int embedder, int p, int q, SelectKind select)
{
    ModelOptions o = test_model(embedder, p);
    shrink(&o);
    put(&o, 0, p), put(&o, 1, q);
    o.n_pooling = 2;
    o.select = select;
    if (!pooling_types[p]->ranks || !pooling_types[q]->ranks) o.select = select == SELECT_TOP ? SELECT_ALL : select;
    return o;
}

#if REAL_IS_DOUBLE

/* As in test_mil.c, over fewer numbers of a tensor. */
static void check_gradient(const ModelOptions *o, bool weights, const char *what)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions copy = *o;
    minibatch(&x, true);
    if (weights) weigh(&x, 20);
    Mil *m = model(&copy, target, N_BAG, 10, true, LONGEST);
    const ParamList *list = mil_params(m);
    real *theta = start(m, 1), *grad = calloc(list->size, sizeof *grad), *waste = calloc(list->size, sizeof *waste);
    mil_learn(m, grad, theta, &x.batch, 5, 0, NULL);
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        double worst = 0, largest = 0.1;
        for (size_t j = p->at; j < p->at + p->size; j += 1 + p->size / 12) {
            const real was = theta[j], step = 1e-6;
            theta[j] = was + step;
            const double up = mil_learn(m, waste, theta, &x.batch, 5, 0, NULL);
            theta[j] = was - step;
            const double numeric = (up - mil_learn(m, waste, theta, &x.batch, 5, 0, NULL)) / (2 * step);
            theta[j] = was;
            worst = fmax(worst, fabs(numeric - grad[j]));
            largest = fmax(largest, fabs(numeric));
        }
        cr_expect_lt(worst, 2e-7 * largest, "%s: gradient of %s differs by %.3g, largest %.3g", what, p->name, worst,
                     largest);
    }
    free(theta), free(grad), free(waste);
    mil_free(m);
    minibatch_free(&x);
}

Test(model_pooling_several, gradient_of_every_pair)
{
    static const char *const words[] = {"top", "random", "all"};
    for (int p = 0; pooling_types[p]; p++)
        for (int q = 0; pooling_types[q]; q++)
            for (int select = SELECT_TOP; select <= SELECT_ALL; select++) {
                ModelOptions o = pair(0, p, q, (SelectKind)select);
                char what[80];
                snprintf(what, sizeof what, "%s+%s %s", pooling_types[p]->name, pooling_types[q]->name,
                         words[select]);
                check_gradient(&o, false, what);
            }
}

/* Dropout, a plain mean, bags whose instances stand for several, and the norm over bags. */
Test(model_pooling_several, gradient_with_everything)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int dropout = 0; dropout < 2; dropout++) {
            ModelOptions o = pair(0, p, p, SELECT_ALL);
            const Option *rows = pooling_types[p]->options;
            for (int k = 0; k < 2; k++) {
                test_option(o.pooling_entry[k].options, rows, "norm_stored", 2);
                test_option(o.pooling_entry[k].options, rows, "norm_projection", 2);
                test_number(o.pooling_entry[k].options, rows, "dropout", 0.4 * dropout);
            }
            test_option(o.pooling_entry[1].options, rows, "mean", true);
            o.norm = NORM_BAGS;
            o.output_hidden = 1;
            check_gradient(&o, weighs(&o), pooling_types[p]->name);
        }
}

#endif

/* ---- as alone ---- */

/* Copies the tensors of `m`; its pooling's are those of entry k of `all`, its output's rows those of target t with the
 * numbers z_at … of the bag vector. */
static void fill_alone(real *theta, const Mil *m, const Mil *all, const real *from, int k, Index z_at)
{
    const ParamList *list = mil_params(m);
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        char name[120];
        const bool output = strncmp(p->name, "output_nn.", 10) == 0,
                   embedder = param_find(mil_params(all), p->name) && k > 0 && strncmp(p->name, "pooling.", 8) != 0 &&
                              strncmp(p->name, "attention_nn.", 13) != 0;
        const char *rest = strncmp(p->name, "pooling.", 8) == 0 ? p->name + 8 : p->name;
        if (k == 0 || output || embedder)
            snprintf(name, sizeof name, "%s", p->name);
        else
            snprintf(name, sizeof name, "pooling.%d.%s", k, rest);
        const Param *q = param_find(mil_params(all), name);
        cr_assert(q, "%s", name);
        if (q->size == p->size) {
            memcpy(theta + p->at, from + q->at, p->size * sizeof *theta);
            continue;
        }
        cr_assert(output);
        for (int row = 0; row < p->shape[0]; row++)
            memcpy(theta + p->at + row * p->shape[1], from + q->at + row * q->shape[1] + z_at,
                   (size_t)p->shape[1] * sizeof *theta);
    }
}

/* With a block-diagonal output, target k sees entry k alone: then outputs and gradients are those of two networks. */
static void same_as_two(int p, int q)
{
    Minibatch x;
    Target target[N_TARGET], alone_target[N_TARGET];
    ModelOptions o = pair(0, p, q, SELECT_ALL);
    minibatch(&x, false);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    real *theta = start(m, 2), *grad = calloc(mil_params(m)->size, sizeof *grad),
         *sum = calloc(mil_params(m)->size, sizeof *sum);
    const Param *w = param_find(mil_params(m), "output_nn.output_nn.0.weight");
    Mil *one[2];
    ModelOptions single[2] = {o, o};
    for (int k = 0; k < 2; k++) {
        single[k].n_pooling = 1;
        single[k].pooling_entry[0] = o.pooling_entry[k];
        one[k] = model(&single[k], alone_target, N_BAG, 10, true, LONGEST);
    }
    const int first = mil_n_z(one[0]), n_z = mil_n_z(m);
    cr_assert_eq(n_z, first + mil_n_z(one[1]));
    for (int t = 0; t < N_TARGET; t++)
        for (int z = 0; z < n_z; z++)
            if ((z >= first) != t) theta[w->at + t * n_z + z] = 0;
    mil_learn(m, grad, theta, &x.batch, 0, 0, NULL);
    for (int k = 0; k < 2; k++) {
        const size_t size = mil_params(one[k])->size;
        real *own = calloc(size, sizeof *own), *own_grad = calloc(size, sizeof *own_grad);
        fill_alone(own, one[k], m, theta, k, k * first);
        for (int b = 0; b < N_BAG; b++) x.mask[b * N_TARGET + !k] = 0;
        mil_learn(one[k], own_grad, own, &x.batch, 0, 0, NULL);
        for (int b = 0; b < N_BAG; b++) {
            x.mask[b * N_TARGET + !k] = !(k == 0 && b == 2);
            const MilView all = mil_view(m, b), v = mil_view(one[k], b);
            cr_expect_arr_eq(all.z + k * first, v.z, (size_t)mil_n_z(one[k]) * sizeof *v.z, "%d+%d bag %d", p, q, b);
            cr_expect_float_eq((double)all.y[k], (double)v.y[k], LOOSE, "%d+%d bag %d", p, q, b);
        }
        for (int i = 0; i < mil_params(one[k])->n; i++) { /* the embedder's, which come first */
            const Param *tensor = &mil_params(one[k])->param[i];
            if (strncmp(tensor->name, "output", 6) == 0 || tensor->at >= mil_params(m)->size) continue;
            const Param *same = param_find(mil_params(m), tensor->name);
            if (!same || same->at != tensor->at || strstr(tensor->name, "embedding") == NULL) continue;
            for (size_t j = tensor->at; j < tensor->at + tensor->size; j++) sum[j] += own_grad[j];
        }
        free(own), free(own_grad);
    }
    int compared = 0;
    for (int i = 0; i < mil_params(m)->n; i++) {
        const Param *tensor = &mil_params(m)->param[i];
        if (strstr(tensor->name, "embedding") == NULL) continue;
        for (size_t j = tensor->at; j < tensor->at + tensor->size; j++, compared++)
            cr_expect_float_eq((double)grad[j], (double)sum[j], LOOSE * 10, "%d+%d %s", p, q, tensor->name);
    }
    cr_expect_gt(compared, 0);
    free(theta), free(grad), free(sum);
    mil_free(m), mil_free(one[0]), mil_free(one[1]);
    minibatch_free(&x);
}

Test(model_pooling_several, is_two_networks_where_the_output_keeps_them_apart)
{
    for (int p = 0; p < n_kinds(); p++)
        for (int q = 0; q < n_kinds(); q++) same_as_two(p, q);
}

/* ---- selection, attention ---- */

/* A longer bag, so that runs and blocks are cut; what stays is the best by the best rank over all columns. */
Test(model_pooling_several, selects_by_the_union_of_what_poolings_attend_to)
{
    enum { N = 1500 };
    int len[N];
    TestBag owner;
    Target target[N_TARGET];
    ModelOptions o = pair(0, 0, 1, SELECT_TOP);
    for (int i = 0; i < N; i++) len[i] = 4 + i % 9;
    test_bag(&owner, len, N, false, 3);
    o.select_fraction = 0.02;
    Mil *m = model(&o, target, 1, N, false, LONGEST);
    real *theta = start(m, 4), output[N_TARGET];
    const int n_column = mil_n_column(m), k = select_count(&o, N);
    cr_assert_eq(n_column, 1 + 2 * 2); /* a query of entry 0, two of two heads of entry 1 */
    MilAttention attention = {calloc((size_t)(N * n_column), sizeof(real)),
                              calloc((size_t)(N * n_column), sizeof(real))};
    mil_prepare(m, theta);
    mil_predict(m, output, &owner.bag, &attention);
    const MilView v = mil_view(m, 0);
    cr_assert_eq(v.kept->n, k);
    int *best = calloc(N, sizeof *best), *order = calloc(N, sizeof *order);
    for (int i = 0; i < N; i++) best[i] = N;
    for (int c = 0; c < n_column; c++) {
        for (int i = 0; i < N; i++) order[i] = i;
        select_order(order, N, attention.logit + c, n_column, owner.bag.row);
        for (int rank = 0; rank < N; rank++)
            if (rank < best[order[rank]]) best[order[rank]] = rank;
    }
    int worst = 0, better = 0, kept_of[2] = {0};
    for (int i = 0; i < v.kept->n; i++) worst = best[v.kept->row[i]] > worst ? best[v.kept->row[i]] : worst;
    for (int i = 0; i < N; i++) better += best[i] < worst;
    cr_expect_leq(better, k);
    for (int i = 0; i < v.kept->n; i++) kept_of[best[v.kept->row[i]] == 0]++;
    cr_expect_geq(kept_of[1], 2); /* the first of several columns are there */
    free(attention.logit), free(attention.weight), free(best), free(order), free(theta);
    mil_free(m);
    test_bag_free(&owner);
}

Test(model_pooling_several, numbers_queries_over_those_that_attend)
{
    Target target[N_TARGET];
    ModelOptions o = pair(0, 0, 2, SELECT_ALL); /* attention, mean */
    cr_assert_str_eq(pooling_types[2]->name, "mean");
    put(&o, 2, 1);
    o.n_pooling = 3;
    cr_assert_str_eq(pooling_types[1]->name, "hopfield");
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    static const MilColumn want[] = {{0, 0, 0}, {2, 1, 0}, {2, 1, 1}, {2, 2, 0}, {2, 2, 1}, {2, 3, 0}, {2, 3, 1}};
    cr_assert_eq(mil_n_column(m), 7);
    cr_expect_eq(mil_n_pooling(m), 3);
    cr_expect(mil_ranks(&o));
    for (int c = 0; c < 7; c++) {
        const MilColumn is = mil_column(m, c);
        cr_expect(is.pooling == want[c].pooling && is.query == want[c].query && is.head == want[c].head, "column %d",
                  c);
    }
    mil_free(m);
}

Test(model_pooling_several, one_without_attention_refuses_selection)
{
    Target target[N_TARGET];
    BagSpec spec = TEST_SPEC(LONGEST);
    Mil *m;
    targets(target);
    for (int p = 0; pooling_types[p]; p++)
        for (int q = 0; pooling_types[q]; q++) {
            ModelOptions o = pair(0, p, q, SELECT_ALL);
            o.select = SELECT_TOP;
            const bool both = pooling_types[p]->ranks && pooling_types[q]->ranks;
            cr_expect_eq(mil_new(&m, &o, &spec, target, N_TARGET), both ? OK : ERR_CONFIG);
            mil_free(m);
        }
}

/* ---- threads, memory ---- */

Test(model_pooling_several, threads_change_no_bit)
{
    Minibatch x;
    Target target[N_TARGET];
    real *first = NULL;
    ModelOptions o = pair(0, 0, 1, SELECT_TOP);
    minibatch(&x, false);
    for (int n = 1; n <= 4; n++) {
        parallel_start(n);
        Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
        const size_t size = mil_params(m)->size;
        real *theta = start(m, 3), *grad = calloc(size, sizeof *grad);
        mil_learn(m, grad, theta, &x.batch, 1, 1, NULL);
        if (first) cr_expect_arr_eq(grad, first, size * sizeof *grad, "%d threads", n);
        free(theta), mil_free(m);
        if (first)
            free(grad);
        else
            first = grad;
    }
    free(first);
    minibatch_free(&x);
}

Test(model_pooling_several, counting_memory_leaves_the_network_as_it_is)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = pair(0, 1, 0, SELECT_TOP);
    minibatch(&x, false);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    real *theta = start(m, 3), before[N_TARGET], after[N_TARGET];
    mil_prepare(m, theta);
    mil_predict(m, before, &x.bag[3], NULL);
    cr_expect_gt(mil_memory(m, 2 * N_BAG, 20, true), mil_memory(m, N_BAG, 10, true));
    mil_predict(m, after, &x.bag[3], NULL);
    cr_expect_arr_eq(before, after, sizeof before);
    free(theta), mil_free(m);
    minibatch_free(&x);
}

/* Seen once, with all instances pooled, z is what it is where all embeddings are kept. */
Test(model_pooling_several, streams_where_every_entry_can)
{
    Minibatch x;
    Target target[N_TARGET];
    ModelOptions o = pair(0, 0, 1, SELECT_ALL);
    const Option *rows = pooling_types[1]->options;
    test_option(o.pooling_entry[1].options, rows, "norm_stored", 2);
    test_option(o.pooling_entry[1].options, rows, "norm_projection", 2);
    test_option(o.pooling_entry[1].options, rows, "mean", true);
    minibatch(&x, false);
    Mil *m = model(&o, target, N_BAG, 10, true, LONGEST);
    cr_assert(mil_weighs(m));
    real *theta = start(m, 6), *grad = calloc(mil_params(m)->size, sizeof *grad), z[64];
    cr_assert_leq(mil_n_z(m), 64);
    mil_learn(m, grad, theta, &x.batch, 0, 0, NULL);
    real *kept = calloc((size_t)(N_BAG * mil_n_z(m)), sizeof *kept);
    for (int b = 0; b < N_BAG; b++)
        memcpy(kept + b * mil_n_z(m), mil_view(m, b).z, (size_t)mil_n_z(m) * sizeof *kept);
    mil_prepare(m, theta);
    for (int b = 0; b < N_BAG; b++) {
        mil_vector(m, z, &x.bag[b]);
        for (int j = 0; j < mil_n_z(m); j++)
            cr_expect_float_eq((double)z[j], (double)kept[b * mil_n_z(m) + j], LOOSE, "bag %d, number %d", b, j);
    }
    free(theta), free(grad), free(kept), mil_free(m);
    minibatch_free(&x);
}
