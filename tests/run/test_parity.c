/* SPDX-License-Identifier: MIT
 *
 * test_parity.c: walks the golden files deeprc_*.h5 and compares everything that this build computes: embeddings,
 * attention, selection, pooled vectors, outputs, losses, gradients, parameters after Adam steps. It prints which files
 * it passed and which belong to a part that is not built yet.
 *
 * In double to 1e-10 of an array's largest magnitude (1e-8 after Adam steps); in float as the file's README suggests.
 */
#include "model/embedder.h"
#include "model/mil.h"
#include "model/pooling.h"
#include "model/select.h"
#include "nn/seqinput.h"
#include "support/golden.h"
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#if REAL_IS_DOUBLE
#define GROUP       "f64"
#define FORWARD     1e-10
#define GRADIENT    1e-10
#define NOISE       1e-10 /* absolute, where the exact value is 0 */
#define AFTER_STEPS 1e-8
#else
#define GROUP       "f32"
#define FORWARD     5e-6
#define GRADIENT    1e-4
#define NOISE       1e-5
#define AFTER_STEPS 5e-6 /* absolute */
#endif

#define LAST_ATTENTION_BIAS "the bias that softmax ignores"
#define MOST_BAGS           16

static const char *file_name;
static int compared;

/* ---- comparing ---- */

/* Largest difference of x [n] to a golden array; relative to its largest entry unless `absolute`. */
static void same(const Golden *g, const char *path, const double *x, size_t n, double tolerance, bool absolute)
{
    GoldenArray want;
    char full[256];
    snprintf(full, sizeof full, GROUP "/%s", path);
    if (!golden_read(&want, g, full)) return;
    cr_assert_eq(want.n, n, "%s: %s has %zu entries, ours %zu", file_name, full, want.n, n);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(x[i] - want.v[i]) <= worst)) worst = fabs(x[i] - want.v[i]);
        if (fabs(want.v[i]) > largest) largest = fabs(want.v[i]);
    }
    const double bound = absolute || largest == 0 ? tolerance : tolerance * largest;
    cr_expect(worst <= bound, "%s: %s differs by %.3g, largest entry %.3g, bound %.3g", file_name, full, worst,
              largest, bound);
    compared++;
    golden_free(&want);
}

static bool is_last_attention_bias(const Param *p, const ParamList *list)
{
    return strncmp(p->name, "attention_nn", 12) == 0 && p->n_dim == 1 && p->shape[0] == 1 &&
           strncmp(list->param[p - list->param + 1].name, "output_nn", 9) == 0;
}

/* ---- a golden file as model and minibatch ---- */

static void set_option(void *blob, const Option *rows, const char *name, double value)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0) {
            if (rows->kind == OPTION_BOOL)
                *(bool *)((char *)blob + rows->at) = value != 0;
            else
                *(int *)((char *)blob + rows->at) = (int)value;
            return;
        }
    cr_assert_fail("no option %s", name);
}

static int place_of(const char *name, const char *const *(*names)(int))
{
    for (int i = 0; *names(i); i++)
        if (strcmp(*names(i), name) == 0) return i;
    return -1;
}
static const char *const *embedder_name(int i)
{
    static const char *none = NULL;
    return embedder_types[i] ? &embedder_types[i]->name : &none;
}

typedef struct {
    Golden g;
    ModelOptions o;
    BagSpec spec;
    Target target[MOST_BAGS];
    double class_weights[MOST_BAGS][16];
    int n_target, n_out;
    double lr;
    Arena arena;
    Bag bag[MOST_BAGS];
    Batch batch;
    real targets[MOST_BAGS * 32], mask[MOST_BAGS * 32];
} Case;

static double number(json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

/* false: the embedder is not built yet. */
static bool read_options(Case *c, json_t *config)
{
    const int embedder = place_of(json_string_value(json_object_get(config, "embedding")), embedder_name);
    if (embedder < 0) return false;
    c->o = (ModelOptions){.embedder = embedder,
                          .select = SELECT_TOP,
                          .select_fraction = number(config, "sequence_reduction_fraction"),
                          .select_min = 1,
                          .output_hidden =
                              (int)number(config, "out_layers") > 1 ? (int)number(config, "out_layers") - 1 : 0,
                          .output_unit = (int)number(config, "out_units"),
                          .compat = COMPAT_DEEPRC};
    void *blob = c->o.embedder_options;
    const bool lstm = strcmp(embedder_types[embedder]->name, "lstm") == 0;
    set_option(blob, embedder_types[embedder]->options, lstm ? "n_unit" : "n_kernel", number(config, "n_kernels"));
    if (!lstm) {
        set_option(blob, embedder_types[embedder]->options, "kernel", number(config, "kernel_size"));
        set_option(blob, embedder_types[embedder]->options, "n_layer", number(config, "n_cnn_layers"));
    }
    set_option(blob, embedder_types[embedder]->options, "position",
               json_is_true(json_object_get(config, "add_positional_information")));
    set_option(c->o.pooling_options, pooling_types[0]->options, "n_layer", number(config, "att_layers"));
    set_option(c->o.pooling_options, pooling_types[0]->options, "n_unit", number(config, "att_units"));
    set_option(c->o.pooling_options, pooling_types[0]->options, "n_query", 1);
    c->spec = (BagSpec){.kind = BAG_SEQUENCES,
                        .n_feat = 20,
                        .max_len = (int)number(config, "max_seq_len"),
                        .alphabet = "ACDEFGHIKLMNPQRSTVWY"};
    c->lr = number(config, "lr");
    return true;
}

static void read_targets(Case *c, json_t *tasks)
{
    size_t i;
    json_t *task;
    json_array_foreach(tasks, i, task)
    {
        json_t *weights = json_object_get(task, "class_weights");
        Target *t = &c->target[c->n_target++];
        *t = (Target){.type = target_type(json_string_value(json_object_get(task, "type"))),
                      .weight = number(task, "task_weight"),
                      .pos_weight = number(task, "pos_weight"),
                      .n_class = (int)number(task, "n_outputs"),
                      .mean = number(task, "mean"),
                      .std = number(task, "std")};
        cr_assert_not_null(t->type, "%s: a kind of task that is not built", file_name);
        c->n_out += (int)number(task, "n_outputs");
        if (!json_is_array(weights)) continue;
        t->class_weights = c->class_weights[i];
        for (int k = 0; k < t->n_class; k++)
            c->class_weights[i][k] = json_number_value(json_array_get(weights, (size_t)k));
    }
}

static void read_bags(Case *c, json_t *config)
{
    GoldenArray offsets, sequences, lengths, factor, targets;
    cr_assert(golden_read(&offsets, &c->g, "bags/offsets"));
    cr_assert(golden_read(&sequences, &c->g, "bags/sequences"));
    cr_assert(golden_read(&lengths, &c->g, "bags/lengths"));
    cr_assert(golden_read(&factor, &c->g, "bags/counts_scaled"));
    cr_assert(golden_read(&targets, &c->g, "bags/targets"));
    const bool counts = json_is_true(json_object_get(config, "consider_seq_counts"));
    const size_t n = lengths.n, stride = (size_t)sequences.shape[1];
    int8_t *codes = calloc(n * stride + 1, 1);
    int64_t *len = calloc(n, sizeof *len);
    real *f = calloc(n, sizeof *f);
    for (size_t i = 0; i < n * stride; i++) codes[i] = (int8_t)sequences.v[i];
    for (size_t i = 0; i < n; i++) len[i] = (int64_t)lengths.v[i], f[i] = (real)factor.v[i];
    c->batch = (Batch){.n_bag = (int)offsets.n - 1, .bag = c->bag, .target = c->targets, .mask = c->mask};
    cr_assert_leq(c->batch.n_bag, MOST_BAGS);
    for (int pass = 0; pass < 2; pass++) {
        for (int b = 0; b < c->batch.n_bag; b++) {
            const size_t at = (size_t)offsets.v[b];
            bag_pack(&c->bag[b], &c->arena, codes + at * stride, stride, len + at, counts ? f + at : NULL,
                     (int)(offsets.v[b + 1] - offsets.v[b]));
        }
        if (pass == 0) cr_assert_eq(arena_reserve(&c->arena, "the test"), OK);
    }
    for (size_t i = 0; i < targets.n; i++) c->targets[i] = (real)targets.v[i], c->mask[i] = 1;
    free(codes), free(len), free(f);
    golden_free(&offsets), golden_free(&sequences), golden_free(&lengths), golden_free(&factor),
        golden_free(&targets);
}

static Mil *build(Case *c, const ModelOptions *o, real **theta)
{
    Mil *m;
    int n_max = 0;
    cr_assert_eq(mil_new(&m, o, &c->spec, c->target, c->n_target), OK, "%s", status_sentence());
    for (int b = 0; b < c->batch.n_bag; b++) n_max = c->bag[b].n > n_max ? c->bag[b].n : n_max;
    cr_assert_eq(mil_plan(m, c->batch.n_bag, n_max, true), OK);
    const ParamList *list = mil_params(m);
    *theta = calloc(list->size, sizeof **theta);
    for (int i = 0; i < list->n; i++) {
        GoldenArray value;
        char path[128];
        snprintf(path, sizeof path, "params/%s", list->param[i].name);
        cr_assert(golden_read(&value, &c->g, path), "%s: no %s", file_name, path);
        cr_assert_eq(value.n, list->param[i].size);
        for (size_t j = 0; j < value.n; j++) (*theta)[list->param[i].at + j] = (real)value.v[j];
        golden_free(&value);
    }
    return m;
}

/* ---- what is compared ---- */

/* x [n, width] of our selected instances, in DeepRC's order (descending attention), first `cols` columns. */
static double *in_order(double *out, const real *x, int width, int cols, const int *order, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < cols; k++) out[i * cols + k] = (double)x[(size_t)order[i] * (size_t)width + (size_t)k];
    return out;
}

/* order [n]: our kept places as DeepRC lists them. */
static void selection_order(int *order, const Case *c, const MilView *v)
{
    const int *row = v->kept->row;
    const int n = v->kept->n;
    for (int i = 0; i < n; i++) order[i] = i;
    if (c->o.select_fraction <= 1)
        select_order(order, n, v->a_kept, 1, row);
    else
        for (int i = 0; i < n; i++) order[row[i]] = i;
}

/* Numbers of an embedding: with one query, what the output network reads. */
static int width_of(const Mil *m)
{
    return param_find(mil_params(m), "output_nn.output_nn.0.weight")->shape[1];
}

static void compare_selected(Case *c, const Mil *m)
{
    static double h[1 << 18], a[1 << 14], w[1 << 14], dh[1 << 18], da[1 << 14], index[1 << 14];
    const int n_h = width_of(m);
    int at = 0;
    for (int b = 0; b < c->batch.n_bag; b++) {
        const MilView v = mil_view(m, b);
        int order[4096];
        const int n = v.kept->n;
        selection_order(order, c, &v);
        in_order(h + at * n_h, v.h, v.width, n_h, order, n);
        in_order(a + at, v.a_kept, 1, 1, order, n);
        in_order(w + at, v.w, 1, 1, order, n);
        in_order(dh + at * n_h, v.dh, v.width, n_h, order, n);
        in_order(da + at, v.da, 1, 1, order, n);
        for (int i = 0; i < n; i++) index[at + i] = v.kept->row[order[i]];
        at += n;
    }
    const bool ties = strstr(file_name, "ties") != NULL;
    if (!ties) same(&c->g, "reduce/selected_index", index, (size_t)at, 0, true);
    same(&c->g, "forward/embedding", h, (size_t)(at * n_h), FORWARD, false);
    same(&c->g, "forward/attention_logit", a, (size_t)at, FORWARD, false);
    same(&c->g, "forward/attention_weight", w, (size_t)at, FORWARD * 5, false);
    same(&c->g, "grad_activations/embedding", dh, (size_t)(at * n_h), GRADIENT, false);
    same(&c->g, "grad_activations/attention_logit", da, (size_t)at, ties ? NOISE : GRADIENT, ties);
}

static void compare_bags(Case *c, const Mil *m)
{
    double z[2048], dz[2048], y[512], dy[512], p[512], losses[512], std[MOST_BAGS] = {0}, pad = NAN;
    const int n_z = width_of(m), n = c->batch.n_bag, n_out = c->n_out;
    for (int b = 0; b < n; b++) {
        const MilView v = mil_view(m, b);
        for (int k = 0; k < n_z; k++) z[b * n_z + k] = (double)v.z[k], dz[b * n_z + k] = (double)v.dz[k];
        for (int k = 0; k < n_out; k++) y[b * n_out + k] = (double)v.y[k], dy[b * n_out + k] = (double)v.dy[k];
        for (int k = 0; k < c->n_target; k++) {
            Target t = c->target[k];
            losses[k * n + b] = (double)(float)t.weight * t.type->loss(&t, v.y + t.at, c->targets + b * n_out + t.at);
            t.mean = 0, t.std = 1; /* the file's predictions of a regression are normalised */
            t.type->predict(&p[b * n_out + t.at], &t, v.y + t.at);
        }
        std[b] = 1 / (double)v.whole->inv_std;
        pad = v.whole->pad_len;
    }
    same(&c->g, "reduce/feature_std", std, (size_t)n, FORWARD, false);
    const double lmb = golden_attr_number(&c->g, GROUP "/reduce", "max_len_in_minibatch");
    if (!isnan(lmb)) cr_expect_eq(pad, lmb, "%s: padded to %g, not %g", file_name, pad, lmb);
    same(&c->g, "forward/pooled", z, (size_t)(n * n_z), FORWARD, false);
    same(&c->g, "forward/output", y, (size_t)(n * n_out), FORWARD, false);
    same(&c->g, "forward/prediction", p, (size_t)(n * n_out), FORWARD, false);
    same(&c->g, "forward/losses_weighted", losses, (size_t)(n * c->n_target), FORWARD, false);
    same(&c->g, "grad_activations/pooled", dz, (size_t)(n * n_z), GRADIENT, false);
    same(&c->g, "grad_activations/output", dy, (size_t)(n * n_out), GRADIENT, false);
}

static void compare_params(Case *c, const ParamList *list, const char *group, const real *slab, double tolerance,
                           bool gradient)
{
    const bool ties = strstr(file_name, "ties") != NULL;
    double largest = 0; /* rounding noise grows with it */
    for (size_t j = 0; j < list->size; j++) largest = fmax(largest, fabs((double)slab[j]));
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        double *x = calloc(p->size, sizeof *x);
        char path[160];
        bool absolute = !gradient && !REAL_IS_DOUBLE;
        const bool noise = is_last_attention_bias(p, list) || (gradient && ties && strstr(p->name, "attention_nn"));
        for (size_t j = 0; j < p->size; j++) x[j] = (double)slab[p->at + j];
        snprintf(path, sizeof path, "%s/%s", group, p->name);
        if (gradient && noise)
            same(&c->g, path, x, p->size, NOISE * fmax(1, largest), true);
        else if (!noise || REAL_IS_DOUBLE)
            same(&c->g, path, x, p->size, tolerance, absolute);
        free(x);
    }
}

/* The gradient-free pass over all: embeddings by a model that selects all, logits by one that does not. */
static void compare_all(Case *c, const Mil *m)
{
    static double h[1 << 18], a[1 << 14];
    ModelOptions all = c->o;
    real *theta, *grad;
    int at = 0;
    if (c->o.select_fraction > 1) return;
    all.select = SELECT_ALL;
    Mil *whole = build(c, &all, &theta);
    grad = calloc(mil_params(whole)->size, sizeof *grad);
    mil_learn(whole, grad, theta, &c->batch, 0, 0, NULL);
    const int n_h = width_of(whole);
    for (int b = 0; b < c->batch.n_bag; b++) {
        const MilView v = mil_view(whole, b), one = mil_view(m, b);
        for (int i = 0; i < v.whole->n; i++) {
            const int row = at + v.whole->row[i];
            a[row] = (double)one.a[i];
            for (int k = 0; k < n_h; k++) h[row * n_h + k] = (double)v.h[i * v.width + k];
        }
        at += v.whole->n;
    }
    same(&c->g, "reduce/embedding", h, (size_t)(at * n_h), FORWARD, false);
    same(&c->g, "reduce/attention_logit", a, (size_t)at, FORWARD, false);
    free(theta), free(grad);
    mil_free(whole);
}

static void compare_adam(Case *c, const char *variant)
{
    char group[64];
    double loss[5], plain[5];
    real *theta;
    Mil *m = build(c, &c->o, &theta);
    const ParamList *list = mil_params(m);
    real *grad = calloc(list->size, sizeof *grad), *mv = calloc(2 * list->size, sizeof *mv);
    snprintf(group, sizeof group, GROUP "/adam/%s", variant);
    const OptimizerOptions o = {.lr = c->lr,
                                .beta1 = 0.9,
                                .beta2 = 0.999,
                                .eps = 1e-4,
                                .l1 = golden_attr_number(&c->g, group, "l1_weight_decay"),
                                .l2 = golden_attr_number(&c->g, group, "l2_weight_decay")};
    OptimizerState state = {.m = mv, .v = mv + list->size};
    for (int step = 1; step <= 5; step++) {
        memset(grad, 0, list->size * sizeof *grad);
        plain[step - 1] = mil_learn(m, grad, theta, &c->batch, 0, (uint64_t)step, NULL);
        loss[step - 1] = plain[step - 1] + optimizer_l1(grad, theta, list, o.l1);
        optimizer_step(optimizer_type("adam"), theta, &state, &o, grad, list);
        snprintf(group, sizeof group, "adam/%s/step%d", variant, step);
        if (step == 1 || step == 5) compare_params(c, list, group, theta, AFTER_STEPS, false);
    }
    snprintf(group, sizeof group, "adam/%s/loss", variant);
    same(&c->g, group, loss, 5, REAL_IS_DOUBLE ? 1e-9 : 1e-5, false);
    snprintf(group, sizeof group, "adam/%s/pred_loss", variant);
    same(&c->g, group, plain, 5, REAL_IS_DOUBLE ? 1e-9 : 1e-5, false);
    free(theta), free(grad), free(mv);
    mil_free(m);
}

static void compare_case(Case *c)
{
    real *theta;
    Mil *m = build(c, &c->o, &theta);
    const ParamList *list = mil_params(m);
    real *grad = calloc(list->size, sizeof *grad);
    const double loss = mil_learn(m, grad, theta, &c->batch, 0, 0, NULL);
    compare_selected(c, m);
    compare_bags(c, m);
    compare_all(c, m);
    const double want = golden_attr_number(&c->g, GROUP "/forward", "loss");
    if (!isnan(want)) cr_expect_float_eq(loss, want, FORWARD * fabs(want) + 1e-12, "%s: loss", file_name);
    compare_params(c, list, "grad", grad, GRADIENT, true);
    GoldenNames variants = golden_list(&c->g, GROUP "/adam");
    for (int i = 0; i < variants.n; i++) compare_adam(c, variants.name[i]);
    golden_names_free(&variants);
    free(theta), free(grad);
    mil_free(m);
}

static void walk(const char *name)
{
    Case *c = calloc(1, sizeof *c);
    file_name = name;
    compared = 0;
    cr_assert(golden_open(&c->g, name));
    json_t *config = golden_attr_json(&c->g, "/", "config"), *tasks = golden_attr_json(&c->g, "/", "tasks");
    if (!config || !tasks)
        printf("# %s: no network in it; tested elsewhere\n", name);
    else if (!read_options(c, config))
        printf("# %s: belongs to embedder %s, not built yet\n", name,
               json_string_value(json_object_get(config, "embedding")));
    else {
        read_targets(c, tasks);
        read_bags(c, config);
        compare_case(c);
        cr_expect_gt(compared, 0, "%s: nothing compared", name);
        printf("# %s: %d arrays equal\n", name, compared);
    }
    json_decref(config);
    json_decref(tasks);
    arena_free(&c->arena);
    golden_close(&c->g);
    free(c);
}

Test(train_parity, golden_files)
{
    GoldenNames files = golden_files("deeprc_");
    cr_assert_geq(files.n, 8, "golden files found: %d", files.n);
    for (int i = 0; i < files.n; i++) walk(files.name[i]);
    golden_names_free(&files);
}
