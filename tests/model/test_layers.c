/* SPDX-License-Identifier: MIT
 *
 * test_layers.c: layers between embedder and pooling, over vectors and over sequences: gradients of every setting against
 * differences (double), each kind against what it is made of, and what no arrangement of the work may change.
 */
#define GRADIENT_POINTS 5

#include "core/parallel.h"
#include "model/layer_hopfield.h"
#include "model/layers.h"
#include "support/vectorgradient.h"

#include <math.h>

#define NEARLY (REAL_IS_DOUBLE ? 1e-12 : 3e-5)

static int kind_of(const char *name)
{
    int kind = 0;
    while (strcmp(layer_types[kind]->name, name) != 0) kind++;
    return kind;
}

/* One more layer, with its defaults; returns its options. */
static void *add_layer(ModelOptions *o, const char *name)
{
    LayerChoice *layer = &o->layer[o->n_layer++];
    layer->kind = kind_of(name);
    test_options(layer->options, layer_types[layer->kind]->options);
    test_option(layer->options, layer_types[layer->kind]->options, "n_unit", 6);
    return layer->options;
}

static void set(void *options, const char *layer, const char *name, int value)
{
    cr_assert(test_option(options, layer_types[kind_of(layer)]->options, name, value), "%s has no %s", layer, name);
}

static int embedder_of(const char *name)
{
    int e = 0;
    while (strcmp(embedder_types[e]->name, name) != 0) e++;
    return e;
}

static int pooling_of(const char *name)
{
    int p = 0;
    while (strcmp(pooling_types[p]->name, name) != 0) p++;
    return p;
}

static ModelOptions plain(const char *embedder, const char *pooling)
{
    ModelOptions o = small(embedder_of(embedder), pooling_of(pooling));
    o.select = SELECT_ALL;
    return o;
}

#if REAL_IS_DOUBLE

/* One setting each, away from its default. */
static const struct {
    const char *name;
    int value;
} settings[] = {
    {"n_head", 1},
    {"n_head", 3},
    {"head_size", 4},
    {"learn_beta", 1},
    {"steps", 2},
    {"steps", -1},
    {"init", 1},
    {"pattern_size", 2},
    {"output_size", 7},
    {"activation", 1},
    {"activation", 2},
    {"bias", 0},
    {"norm_query", 1},
    {"norm_query", 2},
    {"norm_stored", 1},
    {"norm_stored", 2},
    {"norm_projection", 1},
    {"norm_projection", 2},
    {"norm_space", 1},
    {"norm_space", 2},
    {"connected", 1},
    {"static_query", 1},
    {"output_projection", 0},
    {"zero_association", 1},
    {"similarity", 1},
    {"similarity", 2},
    {"normalizer", 1},
    {"normalizer", 2},
};

static void gradient_of_settings(const char *layer)
{
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++)
        for (int residual = 0; residual < 2; residual++) {
            ModelOptions o = plain("mlp", "attention");
            char what[160];
            void *options = add_layer(&o, layer);
            set(options, layer, "head_size", 3);
            set(options, layer, "n_head", 2);
            set(options, layer, "residual", residual);
            if (strcmp(settings[k].name, "static_query") == 0) set(options, layer, "head_size", 0);
            set(options, layer, settings[k].name, settings[k].value);
            test_number(options, layer_types[kind_of(layer)]->options, "beta", 0.9);
            test_number(options, layer_types[kind_of(layer)]->options, "dropout", k % 3 == 0 ? 0.3 : 0);
            const bool wide =
                strcmp(settings[k].name, "output_size") == 0 || strcmp(settings[k].name, "output_projection") == 0;
            if (residual && wide) continue;
            snprintf(what, sizeof what, "%s %s=%d residual %d", layer, settings[k].name, settings[k].value, residual);
            check_gradient(&o, k % 2, what);
        }
}

Test(model_layers, gradient_of_an_association)
{
    gradient_of_settings("association");
}

Test(model_layers, gradient_of_a_lookup)
{
    gradient_of_settings("lookup");
}

Test(model_layers, gradient_of_learned_patterns)
{
    for (int bits = 0; bits < 16; bits++) {
        ModelOptions o = plain("mlp", "attention");
        char what[160];
        void *options = add_layer(&o, "lookup");
        set(options, "lookup", "n_stored", 3);
        set(options, "lookup", "per_class", bits & 1);
        set(options, "lookup", "separate", bits & 2);
        set(options, "lookup", "learn_stored", !(bits & 4));
        set(options, "lookup", "static_stored", bits >> 3 & 1);
        set(options, "lookup", "head_size", bits & 8 ? 5 : 4);
        snprintf(what, sizeof what, "lookup per_class %d separate %d fixed %d static %d", bits & 1, bits & 2,
                 bits & 4, bits & 8);
        check_gradient(&o, false, what);
    }
}

Test(model_layers, gradient_of_static_instances)
{
    static const char *const names[] = {"static_stored", "static_projection"};
    for (int k = 0; k < 3; k++) {
        ModelOptions o = plain("mlp", "attention");
        void *options = add_layer(&o, "association");
        for (int j = 0; j < 2; j++) set(options, "association", names[j], k == j || k == 2);
        set(options, "association", "n_head", 1);
        check_gradient(&o, false, names[k % 2]);
    }
}

Test(model_layers, gradient_of_dense)
{
    for (int bits = 0; bits < 8; bits++) {
        ModelOptions o = plain("mlp", "hopfield");
        char what[80];
        void *options = add_layer(&o, "dense");
        set(options, "dense", "activation", bits >> 1);
        test_number(options, layer_types[kind_of("dense")]->options, "dropout", bits & 1 ? 0.3 : 0);
        snprintf(what, sizeof what, "dense activation %d dropout %d", bits >> 1, bits & 1);
        check_gradient(&o, false, what);
    }
}

/* Every kind before and behind every other, with every pooling; the mean beside; selections. */
static void gradient_of_stacks(int e, int p)
{
    for (int a = 0; layer_types[a]; a++)
        for (int b = 0; layer_types[b]; b++) {
            ModelOptions o = small(e, p);
            char what[160];
            void *first = add_layer(&o, layer_types[a]->name), *second = add_layer(&o, layer_types[b]->name);
            test_number(first, layer_types[a]->options, "dropout", b % 2 ? 0.3 : 0);
            test_option(second, layer_types[b]->options, "residual", 1);
            test_option(o.pooling_options, pooling_types[p]->options, "n_head", 2);
            test_option(o.pooling_options, pooling_types[p]->options, "head_size", 3);
            o.select = !layer_types[a]->block || !layer_types[b]->block ? (a + b) % 2 ? SELECT_RANDOM : SELECT_ALL
                                                                        : o.select;
            if (o.select != SELECT_TOP) test_option(o.pooling_options, pooling_types[p]->options, "mean", b % 2);
            o.embedder_dropout = strcmp(embedder_types[e]->name, "none") == 0 ? 0.3 : 0;
            snprintf(what, sizeof what, "%s+%s+%s+%s selection %d", embedder_types[e]->name, layer_types[a]->name,
                     layer_types[b]->name, pooling_types[p]->name, o.select);
            check_gradient(&o, b == 1, what);
        }
}

Test(model_layers, gradient_of_every_stack)
{
    for_all(gradient_of_stacks);
}

Test(model_layers, gradient_with_input_dropout)
{
    ModelOptions o = plain("mlp", "attention");
    o.embedder_dropout = 0.3;
    check_gradient(&o, false, "input dropout");
}

/* Six bags of one vector, all of them stored; the label of one is missing. */
Test(model_layers, gradient_of_a_lookup_in_the_training_set)
{
    enum { N = 6 };
    for (int excludes = 0; excludes < 2; excludes++)
        for (int drops = 0; drops < 2; drops++) {
            VectorBag owner[N];
            Bag bag[N];
            Target target;
            real label[N], mask[N];
            static const int own[N] = {0, 1, 2, 3, 4, 5};
            ModelOptions o = plain("none", "none");
            void *options = add_layer(&o, "lookup");
            set(options, "lookup", "n_head", 1);
            set(options, "lookup", "stored", 1);
            set(options, "lookup", "learn_beta", 1);
            set(options, "lookup", "head_size", 4);
            set(options, "lookup", "exclude_self", excludes);
            test_number(options, layer_types[kind_of("lookup")]->options, "beta", 3);
            o.n_train = N;
            o.embedder_dropout = drops ? 0.2 : 0;
            for (int b = 0; b < N; b++) {
                vector_bag(&owner[b], 1, N_FEAT, (uint64_t)b);
                bag[b] = owner[b].dense;
                label[b] = b % 2, mask[b] = b != 4;
            }
            Mil *m = network(&o, &target, false, N, 1, true);
            real *theta = start(m, 1, true), *grad = calloc(mil_params(m)->size, sizeof *grad);
            const Batch batch = {.n_bag = N, .bag = bag, .target = label, .mask = mask, .own = own};
            mil_prepare(m, theta);
            cr_assert(mil_stores(m));
            for (int b = 0; b < N; b++) mil_store(m, theta, b, &bag[b], &label[b], &mask[b]);
            cr_assert(isfinite(mil_learn(m, grad, theta, &batch, 5, 3, NULL)));
            for (int i = 0; i < mil_params(m)->n; i++)
                if (!mil_params(m)->param[i].frozen)
                    check_tensor(m, &mil_params(m)->param[i], theta, grad, &batch, 2e-7, "stored: training");
            free(theta), free(grad);
            mil_free(m);
            for (int b = 0; b < N; b++) vector_bag_free(&owner[b]);
        }
}

#endif

/* ---- what layers are made of ---- */

/* A layer alone, with random parameters, on rows x of two bags, 3 and 6 of them. */
typedef struct {
    const LayerType *type;
    MilLayer *layer;
    ParamList list;
    Arena arena;
    real *theta, *x, *y;
    int bounds[3];
} Alone;

enum { ALONE_IN = 6, ALONE_ROWS = 9 };

static void plan_alone(Alone *a)
{
    const ModelSizes room = {
        .n_bag = 2, .n_row = ALONE_ROWS, .bag_max = 6, .n_keep = ALONE_ROWS, .n_slot = 1, .n_thread = 1};
    a->type->plan(a->layer, &a->arena, &room);
}

static void open_alone(Alone *a, const char *name, const void *options)
{
    const LayerSpec spec = {.name = "layers.0.", .n_in = ALONE_IN, .n_class = 2};
    *a = (Alone){.type = layer_types[kind_of(name)], .bounds = {0, 3, ALONE_ROWS}};
    a->layer = calloc(1, a->type->size);
    cr_assert_eq(a->type->init(a->layer, &a->list, options, &spec), OK, "%s", status_sentence());
    plan_alone(a);
    cr_assert_eq(arena_reserve(&a->arena, "test"), OK);
    plan_alone(a);
    a->theta = malloc(a->list.size * sizeof *a->theta);
    param_start(&a->list, a->theta, 3);
    for (size_t j = 0; j < a->list.size; j++) a->theta[j] *= 5;
    a->x = calloc(ALONE_ROWS * (size_t)a->layer->in, sizeof *a->x);
    a->y = calloc(ALONE_ROWS * (size_t)a->layer->out, sizeof *a->y);
    Rng rng = rng_stream(11, "rows", 0);
    for (int i = 0; i < ALONE_ROWS; i++)
        for (int j = 0; j < ALONE_IN; j++) a->x[i * a->layer->in + j] = (real)rng_normal(&rng);
    a->type->prepare(a->layer, a->theta, NULL);
    a->type->forward(a->layer, a->y, a->x, &(LayerBags){.bounds = a->bounds, .n_bag = 2});
}

static void close_alone(Alone *a)
{
    free(a->layer), free(a->theta), free(a->x), free(a->y);
    param_free(&a->list);
    arena_free(&a->arena);
}

static const real *tensor_of(const Alone *a, const char *name)
{
    const Param *p = param_find(&a->list, name);
    cr_assert_not_null(p, "no tensor %s", name);
    return a->theta + p->at;
}

/* Rows of x through w [n_out, ALONE_IN] and its bias. */
static void project(double *y, const real *w, const real *b, const real *x, int n_out)
{
    for (int o = 0; o < n_out; o++) {
        y[o] = (double)b[o];
        for (int j = 0; j < ALONE_IN; j++) y[o] += (double)w[o * ALONE_IN + j] * (double)x[j];
    }
}

/* By hand, one head, no norms: y_i = x_i + W_o Σ_j softmax_j(β q_i · k_j) v_j + b_o within each bag. */
Test(model_layers, an_association_by_hand)
{
    ModelOptions o = {0};
    Alone a;
    void *options = add_layer(&o, "association");
    set(options, "association", "residual", 1);
    for (int k = 0; k < 3; k++)
        set(options, "association", (const char *const[]){"norm_query", "norm_stored", "norm_projection"}[k], 2);
    test_number(options, layer_types[0]->options, "beta", 0.7);
    open_alone(&a, "association", options);
    const real *w = tensor_of(&a, "layers.0.association_core.in_proj_weight"),
               *b = tensor_of(&a, "layers.0.association_core.in_proj_bias"),
               *w_o = tensor_of(&a, "layers.0.association_core.out_proj.weight"),
               *b_o = tensor_of(&a, "layers.0.association_core.out_proj.bias");
    for (int bag = 0; bag < 2; bag++)
        for (int i = a.bounds[bag]; i < a.bounds[bag + 1]; i++) {
            double q[ALONE_IN], k[ALONE_IN], v[ALONE_IN], z[ALONE_IN] = {0}, sum = 0;
            project(q, w, b, a.x + i * a.layer->in, ALONE_IN);
            for (int j = a.bounds[bag]; j < a.bounds[bag + 1]; j++) {
                double dot = 0;
                project(k, w + ALONE_IN * ALONE_IN, b + ALONE_IN, a.x + j * a.layer->in, ALONE_IN);
                project(v, w + 2 * ALONE_IN * ALONE_IN, b + 2 * ALONE_IN, a.x + j * a.layer->in, ALONE_IN);
                for (int f = 0; f < ALONE_IN; f++) dot += q[f] * k[f];
                const double e = exp(0.7 * dot);
                for (int f = 0; f < ALONE_IN; f++) z[f] += e * v[f];
                sum += e;
            }
            for (int f = 0; f < ALONE_IN; f++) {
                double want = (double)a.x[i * a.layer->in + f] + (double)b_o[f];
                for (int g = 0; g < ALONE_IN; g++) want += (double)w_o[f * ALONE_IN + g] * z[g] / sum;
                cr_expect_float_eq((double)a.y[i * a.layer->out + f], want, NEARLY, "row %d, number %d", i, f);
            }
            for (Index f = ALONE_IN; f < a.layer->out; f++) cr_expect_eq(a.y[i * a.layer->out + f], 0);
        }
    close_alone(&a);
}

/* n_stored patterns a class, values of their own, as the reference's lookup layer has it. */
Test(model_layers, a_lookup_is_the_hopfield_lookup)
{
    for (int steps = 0; steps < 2; steps++) {
        ModelOptions o = {0};
        Alone a;
        ParamList list = {0};
        Arena arena = {0};
        HopfieldLookup layer;
        HopfieldCache cache;
        HopfieldLookupOptions want = {.quantity = 8, .separate = true};
        void *options = add_layer(&o, "lookup");
        set(options, "lookup", "n_stored", 4);
        set(options, "lookup", "per_class", 1);
        set(options, "lookup", "separate", 1);
        set(options, "lookup", "n_head", 2);
        set(options, "lookup", "steps", steps);
        set(options, "lookup", "init", 1);
        test_number(options, layer_types[1]->options, "beta", 0.7);
        open_alone(&a, "lookup", options);

        hopfield_options(&want.hopfield, ALONE_IN);
        want.hopfield.core.n_head = 2, want.hopfield.core.fan = true;
        association_heads(&want.hopfield.core, 0.7, steps, 1e-4);
        cr_assert_eq(hopfield_lookup_resolve(&want), OK);
        hopfield_lookup_init(&layer, &list, "layers.0.", &want);
        cr_assert_eq(list.size, a.list.size);
        for (int k = 0; k < list.n; k++) cr_expect_str_eq(list.param[k].name, a.list.param[k].name);
        int bounds[ALONE_ROWS + 1];
        for (int i = 0; i <= ALONE_ROWS; i++) bounds[i] = i;
        const BagPairs bags = hopfield_lookup_pairs(&layer, bounds, ALONE_ROWS);
        const RetrievalSizes room = retrieval_sizes(&bags);
        hopfield_plan(&cache, &layer.hopfield, &room, &arena);
        cr_assert_eq(arena_reserve(&arena, "test"), OK);
        hopfield_plan(&cache, &layer.hopfield, &room, &arena);
        real x[ALONE_ROWS * ALONE_IN], y[ALONE_ROWS * ALONE_IN];
        for (int i = 0; i < ALONE_ROWS; i++) memcpy(x + i * ALONE_IN, a.x + i * a.layer->in, ALONE_IN * sizeof *x);
        hopfield_lookup_forward(y, &cache, &layer, a.theta, &(AssociationInput){.state = x, .bags = &bags});
        for (int i = 0; i < ALONE_ROWS; i++)
            for (int f = 0; f < ALONE_IN; f++)
                cr_expect_eq(a.y[i * a.layer->out + f], y[i * ALONE_IN + f], "steps %d, row %d", steps, i);

        real block[64 * 16]; /* KERNEL_BLOCK rows, of a stride of KERNEL_LANES */
        a.type->block(a.layer, block, a.x, ALONE_ROWS, 0);
        cr_expect(memcmp(block, a.y, ALONE_ROWS * (size_t)a.layer->out * sizeof *block) == 0, "a block differs");
        const LayerBags two = {.bounds = a.bounds, .n_bag = 2};
        const LayerWeights w = a.type->weights(a.layer, &two, 1);
        cr_expect_eq(w.n_stored, 8);
        for (int i = 0; i < 6; i++)
            for (int h = 0; h < 2; h++) {
                double sum = 0;
                for (int j = 0; j < 8; j++) {
                    const double p = (double)w.p[i * w.row_step + h * w.head_step + j];
                    sum += p;
                    cr_expect_eq(p, (double)cache.core.retrieval.p[cache.core.retrieval.p_at[3 + i] + h * 8 + j]);
                }
                cr_expect_float_eq(sum, 1, 1e-5);
            }
        param_free(&list);
        arena_free(&arena);
        close_alone(&a);
    }
}

Test(model_layers, fan_starts_patterns_with_deviation_one)
{
    ModelOptions o = {0};
    Alone a;
    void *options = add_layer(&o, "lookup");
    set(options, "lookup", "n_stored", 500);
    for (int fan = 0; fan < 2; fan++) {
        set(options, "lookup", "init", fan);
        open_alone(&a, "lookup", options);
        const real *x = tensor_of(&a, "layers.0.lookup_weights");
        double square = 0;
        for (int j = 0; j < 500 * ALONE_IN; j++) square += (double)x[j] * (double)x[j] / (500 * ALONE_IN) / 25;
        cr_expect_float_eq(sqrt(square), fan ? 1 : 0.02, fan ? 0.05 : 0.001);
        close_alone(&a);
    }
}

/* ---- what must be the same ---- */

static ModelOptions stack_of(const char *first, const char *second, const char *pooling)
{
    ModelOptions o = plain("mlp", pooling);
    const char *const names[] = {first, second};
    for (int k = 0; k < 2; k++) {
        void *options = add_layer(&o, names[k]);
        test_option(options, layer_types[kind_of(names[k])]->options, "init", 1);
        test_option(options, layer_types[kind_of(names[k])]->options, "residual", 1);
    }
    return o;
}

Test(model_layers, prediction_does_not_depend_on_batch_mates)
{
    static const char *const pairs[][2] = {{"association", "dense"}, {"lookup", "dense"}, {"dense", "association"}};
    for (int k = 0; k < 3; k++)
        for (int steps = -1; steps < 1; steps++) {
            Minibatch x;
            Target target;
            ModelOptions o = stack_of(pairs[k][0], pairs[k][1], "attention");
            for (int j = 0; j < 2; j++)
                test_option(o.layer[j].options, layer_types[o.layer[j].kind]->options, "steps", steps);
            minibatch(&x);
            const Batch batch = batch_of(&x, false);
            Mil *m = network(&o, &target, false, N_BAG, MOST, true);
            real *theta = start(m, 3, true), *grad = calloc(mil_params(m)->size, sizeof *grad), together[N_BAG];
            mil_learn(m, grad, theta, &batch, 0, 0, NULL);
            for (int b = 0; b < N_BAG; b++) together[b] = mil_view(m, b).y[0];
            mil_prepare(m, theta);
            for (int b = 0; b < N_BAG; b++) {
                real alone;
                mil_predict(m, &alone, &batch.bag[b], NULL);
                cr_assert(isfinite(alone));
                cr_expect_float_eq((double)alone, (double)together[b], NEARLY, "%s, %s, steps %d, bag %d",
                                   pairs[k][0], pairs[k][1], steps, b);
            }
            free(theta), free(grad);
            mil_free(m);
            minibatch_free(&x);
        }
}

/* Selection, streamed predictions and whole bags agree where layers look at one instance at a time. */
Test(model_layers, one_pass_pools_as_two)
{
    enum { N = 2100 };
    VectorBag b;
    Target target[2];
    static const real label[] = {1}, mask[] = {1};
    ModelOptions o = stack_of("lookup", "dense", "attention");
    o.norm = NORM_BAGS;
    vector_bag(&b, N, N_FEAT, 5);
    const Batch batch = {.n_bag = 1, .bag = &b.dense, .target = label, .mask = mask};
    Mil *learner = network(&o, &target[0], false, 1, N, true), *scorer = network(&o, &target[1], false, 1, N, false);
    real *theta = start(learner, 3, true), *grad = calloc(mil_params(learner)->size, sizeof *grad),
         *z = calloc((size_t)mil_n_z(scorer), sizeof *z);
    mil_learn(learner, grad, theta, &batch, 0, 0, NULL);
    mil_prepare(scorer, theta);
    mil_vector(scorer, z, &b.dense);
    cr_assert(mil_weighs(scorer));
    cr_expect_eq(mil_view(scorer, 0).kept->n, 0, "it is no single pass");
    for (int k = 0; k < mil_n_z(scorer); k++)
        cr_expect_float_eq((double)z[k], (double)mil_view(learner, 0).z[k], NEARLY);
    free(theta), free(grad), free(z);
    mil_free(learner), mil_free(scorer);
    vector_bag_free(&b);
}

/* The logits that selection ranks by are those behind the layers. */
Test(model_layers, selection_ranks_behind_layers)
{
    Minibatch x;
    Target target;
    ModelOptions o = stack_of("lookup", "dense", "attention");
    o.select = SELECT_TOP;
    minibatch(&x);
    Mil *m = network(&o, &target, false, 1, MOST, false);
    real *theta = start(m, 3, true), y;
    mil_prepare(m, theta);
    mil_predict(m, &y, &x.dense[3], NULL);
    const MilView v = mil_view(m, 0);
    cr_assert_eq(v.kept->n, MOST / 2);
    for (int i = 0; i < v.kept->n; i++)
        cr_expect_float_eq((double)v.a_kept[i], (double)v.a[v.kept->row[i]], NEARLY, "instance %d", v.kept->row[i]);
    free(theta);
    mil_free(m);
    minibatch_free(&x);
}

/* Bags large enough that dense layers and the network share work out. */
Test(model_layers, threads_change_no_bit)
{
    enum { N = 700 };
    static const real target_of[] = {1, 0}, mask[] = {1, 1};
    static const char *const pairs[][2] = {{"association", "lookup"}, {"dense", "lookup"}, {"lookup", "association"}};
    for (int k = 0; k < 3; k++) {
        VectorBag b[2];
        Bag bag[2];
        real *first = NULL, y_first = 0;
        for (int j = 0; j < 2; j++) vector_bag(&b[j], N, N_FEAT, (uint64_t)j), bag[j] = b[j].dense;
        const Batch batch = {.n_bag = 2, .bag = bag, .target = target_of, .mask = mask};
        for (int n = 1; n <= 4; n++) {
            cr_assert_eq(parallel_start(n), OK);
            Target target;
            ModelOptions o = stack_of(pairs[k][0], pairs[k][1], "attention");
            for (int j = 0; j < 2; j++) {
                const Option *rows = layer_types[o.layer[j].kind]->options;
                test_option(o.layer[j].options, rows, "n_unit", 300);
                test_number(o.layer[j].options, rows, "dropout", 0.3);
            }
            Mil *m = network(&o, &target, false, 2, N, true);
            const size_t size = mil_params(m)->size;
            real *theta = start(m, 1, true), *grad = calloc(size, sizeof *grad), y;
            mil_learn(m, grad, theta, &batch, 5, 3, NULL);
            mil_prepare(m, theta);
            mil_predict(m, &y, &bag[0], NULL);
            if (!first) first = grad, y_first = y;
            cr_expect(memcmp(first, grad, size * sizeof *grad) == 0, "%s, %s, %d threads", pairs[k][0], pairs[k][1],
                      n);
            cr_expect_eq(y, y_first, "%s, %s: prediction by %d threads", pairs[k][0], pairs[k][1], n);
            if (grad != first) free(grad);
            free(theta);
            mil_free(m);
        }
        free(first);
        vector_bag_free(&b[0]), vector_bag_free(&b[1]);
    }
    parallel_start(1);
}

/* ---- settings that do not fit ---- */

static void refuses(ModelOptions *o, const char *part)
{
    Mil *m;
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT};
    Target target = {.type = target_type("binary"), .weight = 1, .pos_weight = 1};
    cr_expect_eq(mil_new(&m, o, &spec, &target, 1), ERR_CONFIG);
    cr_expect_not_null(strstr(status_sentence(), part), "%s", status_sentence());
}

Test(model_layers, contradictions_are_told)
{
    ModelOptions o = plain("mlp", "attention");
    void *options = add_layer(&o, "association");
    o.select = SELECT_TOP;
    refuses(&o, "model.selection.kind");
    o.select = SELECT_ALL;
    set(options, "association", "residual", 1);
    set(options, "association", "output_size", 7);
    refuses(&o, "model.layers.0: residual");
    set(options, "association", "output_size", 0);
    set(options, "association", "n_head", 3);
    refuses(&o, "model.layers.0: 3 heads do not divide");
    o.n_layer = 0;
    options = add_layer(&o, "lookup");
    set(options, "lookup", "n_stored", 40000);
    set(options, "lookup", "per_class", 1);
    refuses(&o, "at most 65536");
    o.n_layer = 0;
    options = add_layer(&o, "lookup");
    set(options, "lookup", "stored", 1);
    refuses(&o, "set model.embedder.kind: none");
    o.embedder = embedder_of("none");
    refuses(&o, "model.pooling.kind: none");
    o.pooling = pooling_of("none");
    set(options, "lookup", "n_head", 2);
    refuses(&o, "has one head");
}
