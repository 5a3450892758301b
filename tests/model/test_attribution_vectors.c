/* SPDX-License-Identifier: MIT
 *
 * test_attribution_vectors.c: contributions sum to the score, and integrated gradients of features are those that finite
 * differences of whole predictions give (double), for every pooling, alone and side by side.
 */
#include "model/attribution.h"
#include "support/vectornet.h"

#include <math.h>

typedef struct {
    ModelOptions o;
    Target target[2];
    Mil *mil, *twin;
    real *theta;
    Attribution *a;
    bool sparse;
} Net;

static void build(Net *n, bool sparse)
{
    n->sparse = sparse;
    n->mil = network(&n->o, &n->target[0], sparse, 1, MOST, false);
    n->twin = network(&n->o, &n->target[1], sparse, 1, 1, false);
    n->theta = start(n->mil, 4, !sparse);
    mil_prepare(n->mil, n->theta);
    cr_assert_eq(attribution_new(&n->a, n->mil, n->twin, MOST), OK, "%s", status_sentence());
}

static void drop(Net *n)
{
    attribution_free(n->a);
    mil_free(n->mil), mil_free(n->twin);
    free(n->theta);
}

/* Every pooling, all pairs, Hopfield pooling that is not of means, the mean beside, hidden layers, norms, and numbers of the
 * bag. */
static void for_networks(void (*check)(Net *n, const char *what))
{
    static const char *const words[] = {"",        " steps", " zero",  " static", " relu",      " mean",
                                        " hidden", " norm",  " heads", " inputs", " statistics"};
    for (int e = 0; embedder_types[e]; e++)
        for (int p = 0; pooling_types[p]; p++)
            for (int v = 0; v < 11; v++)
                for (int q = -1; q < 0 || pooling_types[q]; q++) {
                    if (embedder_types[e]->bag_kind != BAG_VECTORS || (q >= 0 && (v > 0 || e % 2))) continue;
                    Net n = {.o = small(e, p)};
                    const Option *rows = pooling_types[p]->options;
                    void *blob = n.o.pooling_options;
                    char what[128];
                    n.o.select = SELECT_ALL;
                    n.o.clip = 0;
                    test_option(n.o.embedder_options, embedder_types[e]->options, "activation", 1);
                    test_option(blob, rows, "head_size", 3);
                    test_option(blob, rows, "n_head", 2);
                    test_option(blob, rows, "n_query", 2);
                    test_option(blob, rows, "activation", v == 4 ? 0 : 2);
                    if (v == 1 && !test_option(blob, rows, "steps", 2)) continue;
                    if (v == 2 && !test_option(blob, rows, "zero_association", 1)) continue;
                    if (v == 3 && !test_option(blob, rows, "static_projection", 1)) continue;
                    if (v == 4 && !test_option(blob, rows, "n_head", 2)) continue;
                    if (v == 5 && !test_option(blob, rows, "mean", 1)) continue;
                    if (v == 6) n.o.output_hidden = 2;
                    if (v == 7) n.o.norm = NORM_BAGS;
                    if (v == 8 && !test_option(blob, rows, "norm_projection", 2)) continue;
                    n.o.n_input = v == 9 ? 2 : 0;
                    n.o.input_unit = v == 9 ? 3 : 0;
                    n.o.statistics = v == 10;
                    if (q >= 0) {
                        const ModelOptions other = small(e, q);
                        n.o.pooling_entry[1] = other.pooling_entry[0];
                        test_option(n.o.pooling_entry[1].options, pooling_types[q]->options, "head_size", 3);
                        test_option(n.o.pooling_entry[1].options, pooling_types[q]->options, "activation", 2);
                        n.o.n_pooling = 2;
                    }
                    snprintf(what, sizeof what, "%s %s%s%s%s", embedder_types[e]->name, pooling_types[p]->name,
                             words[v], q >= 0 ? " and " : "", q >= 0 ? pooling_types[q]->name : "");
                    for (int sparse = 0; sparse < 2 - n.o.statistics; sparse++) {
                        build(&n, sparse);
                        check(&n, what);
                        drop(&n);
                    }
                }
}

/* The minibatch, with numbers of each bag. */
static void bags(Minibatch *x)
{
    static const real inputs[] = {0.7f, -0.4f};
    minibatch(x);
    for (int b = 0; b < N_BAG; b++) x->dense[b].inputs = x->sparse[b].inputs = inputs;
}

static void assert_sums(Net *n, const char *what)
{
    Minibatch x;
    const double one = 1;
    bags(&x);
    for (int b = 0; b < N_BAG; b++) {
        const Bag *bag = n->sparse ? &x.sparse[b] : &x.dense[b];
        double part[MOST], total = 0;
        real y;
        AttributionSum sum;
        mil_predict(n->mil, &y, bag, NULL);
        attribution_open(n->a, bag);
        attribution_divide(part, &sum, n->a, &one);
        for (int i = 0; i < bag->n; i++) total += part[i];
        const double scale = 1 + fabs(sum.score) + fabs(sum.bias);
        cr_expect_lt(fabs(sum.score - (double)y), (REAL_IS_DOUBLE ? 1e-10 : 1e-5) * scale, "%s: bag %d: %g is not %g",
                     what, b, sum.score, (double)y);
        cr_expect_lt(fabs(sum.bias + total - sum.score),
                     (n->o.output_hidden || !REAL_IS_DOUBLE ? 2e-6 : 1e-10) * scale,
                     "%s: bag %d: the parts sum to %g, not %g", what, b, sum.bias + total, sum.score);
        cr_expect(bag->n == 0 || sum.bias == sum.score || total != 0, "%s: no part", what);
    }
    minibatch_free(&x);
}

static void refer(Net *n, AttributionReference kind)
{
    Minibatch x;
    minibatch(&x);
    for (int b = 0; b < N_BAG; b++) {
        attribution_open(n->a, n->sparse ? &x.sparse[b] : &x.dense[b]);
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

Test(model_attribution_vectors, contributions_sum_to_the_score)
{
    for_networks(assert_sums);
    for_networks(assert_sums_with_bags);
    for_networks(assert_sums_with_instances);
}

#if REAL_IS_DOUBLE

enum { BAG = 2, ROW = 3 };

/* The score of a bag whose instance ROW has these features. */
static double score_of(Net *n, const Minibatch *x, const float *vector)
{
    float moved[7 * N_FEAT];
    SparseRow rows[7];
    Bag bag = n->sparse ? x->sparse[BAG] : x->dense[BAG];
    static int32_t feature[N_FEAT];
    real y;
    for (int j = 0; j < N_FEAT; j++) feature[j] = j;
    if (n->sparse) {
        memcpy(rows, bag.sparse, sizeof rows);
        rows[ROW] = (SparseRow){N_FEAT, feature, vector};
        bag.sparse = rows;
    } else {
        memcpy(moved, bag.x, sizeof moved);
        memcpy(moved + ROW * N_FEAT, vector, N_FEAT * sizeof *moved);
        bag.x = moved;
    }
    mil_predict(n->mil, &y, &bag, NULL);
    return (double)y;
}

static double origin_of(const Net *n, int j)
{
    const Param *shift = param_find(mil_params(n->mil), "instance_embedding.shift");
    return n->sparse ? 0 : (double)n->theta[shift->at + (size_t)j];
}

static void assert_gradients(Net *n, const char *what)
{
    Minibatch x;
    AttributionPath path;
    const double one = 1;
    double out[N_FEAT], worst = 0, largest = 0.01;
    bags(&x);
    const float *own = x.owner[BAG].x + ROW * N_FEAT;
    attribution_open(n->a, n->sparse ? &x.sparse[BAG] : &x.dense[BAG]);
    attribution_path(out, &path, n->a, &one, ROW, 0.05);
    for (int j = 0; j < N_FEAT; j++) {
        double sum = 0;
        for (int s = 0; s < path.steps; s++) {
            float vector[N_FEAT];
            const double t = (s + 0.5) / path.steps, along = path.is_even ? t : t * t * t;
            const double width = (path.is_even ? 1 : 3 * t * t) / path.steps;
            for (int k = 0; k < N_FEAT; k++)
                vector[k] = (float)(origin_of(n, k) + along * ((double)own[k] - origin_of(n, k)));
            const float at = vector[j], up = at + 1e-4f, down = at - 1e-4f;
            vector[j] = up;
            const double more = score_of(n, &x, vector);
            vector[j] = down;
            sum += (more - score_of(n, &x, vector)) / ((double)up - (double)down) * width;
        }
        sum *= (double)own[j] - origin_of(n, j);
        worst = fmax(worst, fabs(sum - out[j]));
        largest = fmax(largest, fabs(sum));
    }
    cr_expect_lt(worst, 5e-3 * largest, "%s%s: attributions differ by %g, largest %g", what,
                 n->sparse ? " sparse" : "", worst, largest);
    cr_expect_lt(fabs(path.to - score_of(n, &x, own)), 1e-10 * (1 + fabs(path.to)), "%s: ends at %g", what, path.to);
    cr_expect_lt(path.error, 0.01, "%s: error %g after %d steps", what, path.error, path.steps);
    minibatch_free(&x);
}

/* Kinks of ReLU and of maxima would need finer steps than differences of floats can take; those of SELU are small. Numbers of a
 * bag stay, which statistics of whole predictions would not. */
static void assert_smooth_gradients(Net *n, const char *what)
{
    if (!strstr(what, "relu") && !strstr(what, "max") && !strstr(what, "statistics")) assert_gradients(n, what);
}

Test(model_attribution_vectors, features_by_differences)
{
    for_networks(assert_smooth_gradients);
}

#endif
