/* SPDX-License-Identifier: MIT
 *
 * test_weights.c: clone counts as weights in the pooling (model.pooling.count_weight): gradients, and that an instance of
 * weight c is as good as c instances.
 */
#include "data/bagfile/bagfile.h"
#include "nn/baginputs.h"
#include "support/network.h"

#include <math.h>

enum { MOST = 4 };

/* Minibatch whose instances have weights 1 … MOST. */
typedef struct {
    Minibatch x;
    int count[N_BAG][10];
    real log_weight[N_BAG][10];
} Weighted;

static void weighted(Weighted *w, bool stands_for)
{
    Rng rng = rng_stream(11, "count", 0);
    minibatch(&w->x, false);
    if (stands_for) weigh(&w->x, 20);
    for (int b = 0; b < N_BAG; b++) {
        for (int i = 0; i < w->x.bag[b].n; i++) {
            w->count[b][i] = 1 + (int)rng_below(&rng, MOST);
            w->log_weight[b][i] = (real)log((double)w->count[b][i]);
        }
        w->x.bag[b].log_weight = w->log_weight[b];
    }
}

/* The options of a pooling that takes weights. False: this one does not. */
static bool options(ModelOptions *o, int pooling, bool mean, int select)
{
    *o = test_model(0, pooling);
    o->select = select;
    o->count_weight = WEIGHT_RAW;
    if (pooling_types[pooling] == &pooling_max || !set_up(o, mean)) return false;
    return pooling_types[pooling]->ranks || select != SELECT_TOP;
}

#if REAL_IS_DOUBLE

static bool is_frozen(const ParamList *list, size_t j)
{
    for (int k = 0; k < list->n; k++)
        if (list->param[k].frozen && j >= list->param[k].at && j < list->param[k].at + list->param[k].size)
            return true;
    return false;
}

static void check_gradient(const ModelOptions *o, const Batch *batch, const char *what)
{
    ModelOptions own = *o;
    Target target[N_TARGET];
    Mil *m = model(&own, target, N_BAG, 10, true, LONGEST);
    const ParamList *list = mil_params(m);
    real *theta = start(m, 1), *grad = calloc(list->size, sizeof *grad), *waste = calloc(list->size, sizeof *waste);
    const real *rows[N_BAG];
    for (int b = 0; b < N_BAG; b++) rows[b] = batch->bag[b].inputs;
    mil_fit_inputs(m, theta, rows, N_BAG);
    mil_learn(m, grad, theta, batch, 5, 0, NULL);
    for (size_t j = 0; j < list->size; j += 1 + list->size / 150) {
        const real was = theta[j], step = 1e-6;
        if (is_frozen(list, j)) continue;
        theta[j] = was + step;
        const double up = mil_learn(m, waste, theta, batch, 5, 0, NULL);
        theta[j] = was - step;
        const double numeric = (up - mil_learn(m, waste, theta, batch, 5, 0, NULL)) / (2 * step);
        theta[j] = was;
        cr_expect_lt(fabs(numeric - grad[j]), 2e-7 * fmax(0.1, fabs(numeric)), "%s: parameter %zu: %g, not %g", what,
                     j, grad[j], numeric);
    }
    free(theta), free(grad), free(waste);
    mil_free(m);
}

Test(model_weights, gradient)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int bits = 0; bits < 12; bits++) {
            ModelOptions o;
            Weighted w;
            char what[80];
            const bool mean = bits & 1, stands_for = bits & 2 && pooling_types[p]->ranks;
            const int select = bits / 4 == 0 ? SELECT_TOP : bits / 4 == 1 ? SELECT_ALL : SELECT_RANDOM;
            if (!options(&o, p, mean, select) || (mean && select == SELECT_TOP)) continue;
            snprintf(what, sizeof what, "%s, mean %d, selection %d", pooling_types[p]->name, mean, select);
            weighted(&w, stands_for);
            check_gradient(&o, &w.x.batch, what);
            minibatch_free(&w.x);
        }
}

#endif

#define CLOSE (REAL_IS_DOUBLE ? 1e-11 : 2e-5)

static void predict(real *z, ModelOptions *o, const Bag *bag, bool learn)
{
    Target target[N_TARGET];
    real y[N_TARGET];
    Mil *m = model(o, target, 2, bag->n, learn, LONGEST);
    real *theta = start(m, 3), *grad = calloc(mil_params(m)->size, sizeof *grad);
    const Bag both[2] = {*bag, *bag};
    const real twice[2 * N_TARGET] = {0}, known[2 * N_TARGET] = {1, 1, 1, 1};
    const Batch batch = {.n_bag = 2, .bag = both, .target = twice, .mask = known};
    mil_prepare(m, theta);
    if (learn)
        mil_learn(m, grad, theta, &batch, 0, 0, NULL);
    else
        mil_predict(m, y, bag, NULL);
    memcpy(z, mil_view(m, 0).z, (size_t)mil_n_z(m) * sizeof *z);
    free(theta), free(grad);
    mil_free(m);
}

/* The bag with every instance as often as it counts. */
static void repeated(TestBag *out, const TestBag *one, const int *count)
{
    int n = 0;
    for (int i = 0; i < one->bag.n; i++) n += count[i];
    *out = (TestBag){.stride = one->stride,
                     .codes = malloc((size_t)n * one->stride + 1),
                     .len = malloc((size_t)n * sizeof(int64_t))};
    for (int i = 0, k = 0; i < one->bag.n; i++)
        for (int c = 0; c < count[i]; c++, k++) {
            const size_t row = (size_t)one->bag.row[i];
            memcpy(out->codes + (size_t)k * one->stride, one->codes + row * one->stride, one->stride);
            out->len[k] = one->len[row];
        }
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&out->bag, &out->arena, out->codes, out->stride, out->len, NULL, n);
        if (pass == 0) cr_assert_eq(arena_reserve(&out->arena, "test"), OK);
    }
}

static void same(const real *a, const real *b, int n, const char *what, const char *pooling)
{
    for (int k = 0; k < n; k++)
        cr_assert_float_eq((double)a[k], (double)b[k], CLOSE * fmax(1, fabs((double)b[k])),
                           "%s of %s: number %d: %g, %g", what, pooling, k, (double)a[k], (double)b[k]);
}

static int width_of(ModelOptions *o)
{
    Target target[N_TARGET];
    Mil *m = model(o, target, 1, 10, false, LONGEST);
    const int n = mil_n_z(m);
    mil_free(m);
    return n;
}

/* With the norm a prediction is streamed, and learning keeps all embeddings: both ways. */
Test(model_weights, a_clone_of_c_cells_is_c_instances)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int bits = 0; bits < 8; bits++) {
            ModelOptions o;
            Weighted w;
            real z[2][64];
            if (!options(&o, p, bits & 1, SELECT_ALL)) continue;
            o.norm = bits & 2 ? NORM_BAGS : NORM_NONE;
            const bool learn = bits & 4;
            const int n_z = width_of(&o);
            cr_assert_leq(n_z, 64);
            weighted(&w, false);
            for (int b = 0; b < N_BAG; b++) {
                TestBag many;
                ModelOptions plain = o;
                plain.count_weight = WEIGHT_NONE;
                repeated(&many, &w.x.owner[b], w.count[b]);
                predict(z[0], &o, &w.x.bag[b], learn);
                predict(z[1], &plain, &many.bag, learn);
                same(z[0], z[1], n_z, "the bag vector", pooling_types[p]->name);
                test_bag_free(&many);
            }
            minibatch_free(&w.x);
        }
}

/* Two poolings side by side, of which the first weighs counts and, with `both`, the second. False: they cannot. */
static bool side_by_side(ModelOptions *o, int p, int q, bool both, bool mean)
{
    ModelOptions one = test_model(0, q);
    if (!options(o, p, mean, SELECT_ALL) || !set_up(&one, false)) return false;
    if (both && pooling_types[q] == &pooling_max) return false;
    o->pooling_entry[1] = one.pooling_entry[0];
    o->pooling_entry[1].count_weight = both ? WEIGHT_RAW : WEIGHT_NONE;
    o->n_pooling = 2;
    return true;
}

#if REAL_IS_DOUBLE

Test(model_weights, gradient_side_by_side)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int q = 0; pooling_types[q]; q++)
            for (int both = 0; both < 2; both++) {
                ModelOptions o;
                Weighted w;
                char what[80];
                if (!side_by_side(&o, p, q, both, (p + q) % 2)) continue;
                snprintf(what, sizeof what, "%s and %s, both %d", pooling_types[p]->name, pooling_types[q]->name,
                         both);
                weighted(&w, false);
                check_gradient(&o, &w.x.batch, what);
                minibatch_free(&w.x);
            }
}

#endif

/* The vector of an entry that weighs is that of a bag with every sequence as often as it counts; that of the other is that
 * of the bag with each once. The divisor of the input depends on the counts in both, so it is set apart. */
Test(model_weights, entries_weigh_on_their_own)
{
    int n_checked = 0;
    for (int p = 0; pooling_types[p]; p++)
        for (int q = 0; pooling_types[q]; q++)
            for (int bits = 0; bits < 4; bits++) {
                ModelOptions o;
                Weighted w;
                TestBag many;
                real z[3][64];
                const bool both = bits & 1, learn = bits & 2;
                if (!side_by_side(&o, p, q, both, false)) continue;
                ModelOptions plain = o;
                plain.pooling_entry[0].count_weight = plain.pooling_entry[1].count_weight = WEIGHT_NONE;
                const int n_z = width_of(&o);
                ModelOptions first = o;
                first.n_pooling = 1;
                const int n_first = width_of(&first);
                cr_assert_leq(n_z, 64);
                weighted(&w, false);
                repeated(&many, &w.x.owner[3], w.count[3]);
                predict(z[0], &o, &w.x.bag[3], learn);
                predict(z[1], &plain, &many.bag, learn);
                same(z[0], z[1], both || pooling_types[q] == &pooling_max ? n_z : n_first, "the bag vector",
                     pooling_types[p]->name);
                if (!both && pooling_types[q] != &pooling_max) {
                    double apart = 0;
                    for (int k = n_first; k < n_z; k++) apart = fmax(apart, fabs((double)(z[0][k] - z[1][k])));
                    cr_expect_gt(apart, 1e-3, "%s and %s", pooling_types[p]->name, pooling_types[q]->name);
                }
                test_bag_free(&many);
                minibatch_free(&w.x);
                n_checked++;
            }
    cr_expect_gt(n_checked, 50);
}

/* The largest logit is that with the weight. */
Test(model_weights, selection_sees_them)
{
    ModelOptions o;
    Weighted w;
    Target target[N_TARGET];
    real y[N_TARGET];
    cr_assert(options(&o, 0, false, SELECT_TOP));
    o.select_fraction = 0.1;
    weighted(&w, false);
    Mil *m = model(&o, target, 1, 10, false, LONGEST);
    real *theta = start(m, 3);
    mil_prepare(m, theta);
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 10; k++) w.log_weight[3][k] = k == i ? 50 : 0;
        mil_predict(m, y, &w.x.bag[3], NULL);
        cr_expect_eq(mil_view(m, 0).kept->n, 1);
        cr_expect_eq(mil_view(m, 0).kept->row[0], w.x.bag[3].row[i]);
    }
    free(theta);
    mil_free(m);
    minibatch_free(&w.x);
}

#if REAL_IS_DOUBLE

/* Hopfield pooling as it is by default, with norms of instances, and with a learned beta and dropped associations. */
Test(model_weights, gradient_of_hopfield_with_norms)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int bits = 0; bits < 4; bits++) {
            Weighted w;
            ModelOptions o = test_model(0, p);
            if (pooling_types[p] != &pooling_hopfield) continue;
            shrink(&o);
            o.select = SELECT_ALL;
            o.count_weight = WEIGHT_RAW;
            test_option(o.pooling_options, pooling_types[p]->options, "learn_beta", bits & 1);
            test_option(o.pooling_options, pooling_types[p]->options, "mean", bits >> 1);
            weighted(&w, false);
            w.x.batch.n_bag = 4;
            check_gradient(&o, &w.x.batch, "hopfield with norms");
            minibatch_free(&w.x);
        }
}

/* Numbers of the bag joined to its vector, one of them missing: gradient, and what is standardised. */
Test(model_weights, gradient_with_bag_inputs)
{
    static const real input[N_BAG][3] = {{1, 5, 2}, {2, NAN, 2}, {3, 7, 2}, {6, 9, 2}};
    const real *rows[N_BAG];
    for (int bits = 0; bits < 16; bits++) {
        Weighted w;
        ModelOptions o = test_model(0, 0);
        shrink(&o);
        o.select = SELECT_ALL;
        o.n_input = 3;
        o.input_dropout = bits & 1 ? 0.3 : 0;
        o.output_hidden = bits & 2 ? 1 : 0;
        o.norm = bits & 4 ? NORM_BAGS : NORM_NONE;
        o.input_unit = bits & 8 ? 4 : 0;
        o.input_clip = bits & 8 ? 1 : 0;
        weighted(&w, false);
        for (int b = 0; b < N_BAG; b++) w.x.bag[b].log_weight = NULL, w.x.bag[b].inputs = rows[b] = input[b];
        check_gradient(&o, &w.x.batch, "bag inputs");
        minibatch_free(&w.x);
    }
}

#endif

Test(model_weights, bag_inputs_are_standardised_on_what_is_known)
{
    static const real input[4][3] = {{1, 5, 2}, {2, NAN, 2}, {3, 7, 2}, {6, 9, 2}};
    const real *rows[4];
    real theta[64], x[3];
    ParamList list = {0};
    BagInputs l;
    for (int b = 0; b < 4; b++) rows[b] = input[b];
    baginputs_init(&l, &list, 3, 0, 0);
    cr_assert_eq(param_learned(&list), 0);
    baginputs_fit(theta, &l, rows, 4);
    baginputs_forward(x, &l, theta, input[1]);
    cr_expect_float_eq((double)x[0], (2 - 3.0) / sqrt(3.5), 1e-6);
    cr_expect_eq(x[1], 0, "missing is the mean");
    cr_expect_eq(x[2], 0, "what does not vary is 0");
    baginputs_forward(x, &l, theta, NULL);
    cr_expect(x[0] == 0 && x[1] == 0 && x[2] == 0);
    param_free(&list);
}

Test(model_weights, max_and_repeated_retrieval_have_no_use_for_them)
{
    for (int p = 0; pooling_types[p]; p++) {
        Target target[N_TARGET];
        BagSpec spec = TEST_SPEC(LONGEST);
        Mil *m;
        ModelOptions o = test_model(0, p);
        o.select = SELECT_ALL;
        o.count_weight = WEIGHT_LOG1P;
        test_option(o.pooling_options, pooling_types[p]->options, "steps", 3);
        targets(target);
        const bool refused = pooling_types[p] == &pooling_max || pooling_types[p] == &pooling_hopfield;
        cr_expect_eq(mil_new(&m, &o, &spec, target, N_TARGET), refused ? ERR_CONFIG : OK, "%s",
                     pooling_types[p]->name);
        if (refused) cr_expect_not_null(strstr(status_sentence(), "model.pooling.count_weight"));
        mil_free(m);
    }
}

/* With the norm a prediction is streamed: what samples stand for joins their weights there too. */
Test(model_weights, a_sample_weighs_the_same_in_one_pass)
{
    for (int p = 0; pooling_types[p]; p++)
        for (int mean = 0; mean < 2; mean++) {
            ModelOptions o;
            Weighted w;
            real z[2][64];
            if (!pooling_types[p]->ranks || !options(&o, p, mean, SELECT_ALL)) continue;
            o.norm = NORM_BAGS;
            const int n_z = width_of(&o);
            weighted(&w, true);
            for (int b = 0; b < N_BAG; b++) {
                for (int learn = 0; learn < 2; learn++) predict(z[learn], &o, &w.x.bag[b], learn);
                same(z[0], z[1], n_z, "the bag vector of a sample", pooling_types[p]->name);
            }
            minibatch_free(&w.x);
        }
}
