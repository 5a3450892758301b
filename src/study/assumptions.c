/* SPDX-License-Identifier: MIT
 *
 * Bags are so few and small that they stay in memory: no dataset, no cache, no checkpoint. The recipe is fixed, and the
 * same for every model.
 */
#include "study/assumptions.h"
#include "cohort/roc.h"
#include "core/jsontext.h"
#include "core/rng.h"
#include "model/embedder.h"
#include "model/pooling.h"
#include "run/config.h"
#include "study/assumptionbags.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCHS 60
#define BATCH  16
#define NAME   64

static const OptimizerOptions recipe = {
    .lr = 5e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01, .clip_norm = 1};

/* ---- one training ---- */

typedef struct {
    ModelOptions model;
    AssumptionBags train, alike, test;
    Target target;
    Mil *mil;
    OptimizerState state;
    real *theta, *grad;
} AssumptionTrial;

static void trial_free(AssumptionTrial *t)
{
    assumptionbags_free(&t->train);
    assumptionbags_free(&t->alike);
    assumptionbags_free(&t->test);
    mil_free(t->mil);
    free(t->theta), free(t->grad), free(t->state.m), free(t->state.v);
}

/* Statistics of bags, where the model reads them, are standardised by the training bags. */
static Status fit_inputs(const AssumptionTrial *t)
{
    const int n_input = mil_n_input(t->mil);
    const real *at[ASSUMPTION_BAGS];
    if (n_input == 0) return OK;
    real *u = malloc(sizeof *u * (size_t)n_input * ASSUMPTION_BAGS);
    if (!u) return fail(ERR_MEMORY, "no memory for statistics of bags");
    for (int b = 0; b < ASSUMPTION_BAGS; b++) {
        mil_read_inputs(t->mil, u + (Index)b * n_input, &t->train.bag[b]);
        at[b] = u + (Index)b * n_input;
    }
    mil_fit_inputs(t->mil, t->theta, at, ASSUMPTION_BAGS);
    free(u);
    return OK;
}

static Status trial_new(AssumptionTrial *t, const ModelOptions *model, AssumptionTest test, uint64_t seed)
{
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = ASSUMPTION_FEATURES};
    *t = (AssumptionTrial){.model = *model,
                           .target = {.type = target_type("binary"), .name = "label", .weight = 1, .pos_weight = 1}};
    TRY(assumptionbags_make(&t->train, test, ASSUMPTION_TRAIN, seed));
    TRY(assumptionbags_make(&t->alike, test, ASSUMPTION_ALIKE, seed));
    TRY(assumptionbags_make(&t->test, test, ASSUMPTION_TEST, seed));
    TRY(mil_new(&t->mil, &t->model, &spec, &t->target, 1));
    TRY(mil_plan(t->mil, BATCH, ASSUMPTION_MOST, true));
    const size_t n = mil_params(t->mil)->size;
    t->theta = calloc(n, sizeof *t->theta), t->grad = calloc(n, sizeof *t->grad);
    t->state.m = calloc(n, sizeof *t->theta), t->state.v = calloc(n, sizeof *t->theta);
    if (!t->theta || !t->grad || !t->state.m || !t->state.v) return fail(ERR_MEMORY, "no memory for a model");
    param_start(mil_params(t->mil), t->theta, seed);
    return fit_inputs(t);
}

/* One update, on the bags `number` [n]. */
static Status learn(AssumptionTrial *t, const int *number, int n, uint64_t seed, uint64_t update)
{
    Bag bag[BATCH];
    real target[BATCH], mask[BATCH];
    const Batch batch = {.n_bag = n, .bag = bag, .target = target, .mask = mask};
    for (int b = 0; b < n; b++) {
        bag[b] = t->train.bag[number[b]];
        target[b] = (real)t->train.label[number[b]];
        mask[b] = 1;
    }
    const double loss = mil_learn(t->mil, t->grad, t->theta, &batch, seed, update, NULL);
    if (!isfinite(loss))
        return fail(ERR_DIVERGED,
                    "the loss of a simulated test is no number after update %llu; the model's settings "
                    "do not suit standard normal features",
                    (unsigned long long)update);
    optimizer_clip(t->grad, mil_params(t->mil), recipe.clip_norm);
    optimizer_step(optimizer_type("adamw"), t->theta, &t->state, &recipe, t->grad, mil_params(t->mil));
    return OK;
}

static Status train(AssumptionTrial *t, uint64_t seed)
{
    int order[ASSUMPTION_BAGS];
    uint64_t update = 0;
    for (int b = 0; b < ASSUMPTION_BAGS; b++) order[b] = b;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        Rng rng = rng_stream(seed, "assumption order", (uint64_t)epoch);
        rng_shuffle(&rng, order, ASSUMPTION_BAGS);
        for (int at = 0; at < ASSUMPTION_BAGS; at += BATCH) {
            const int n = ASSUMPTION_BAGS - at < BATCH ? ASSUMPTION_BAGS - at : BATCH;
            TRY(learn(t, order + at, n, seed, ++update));
        }
    }
    return OK;
}

/* model.norm: bags takes the statistics of all training bags. */
static Status calibrate(AssumptionTrial *t)
{
    const int n_z = mil_n_z(t->mil);
    if (!mil_calibrates(t->mil)) return OK;
    real *z = malloc(sizeof *z * (size_t)n_z * ASSUMPTION_BAGS);
    if (!z) return fail(ERR_MEMORY, "no memory for bag vectors");
    for (int b = 0; b < ASSUMPTION_BAGS; b++) mil_vector(t->mil, z + (Index)b * n_z, &t->train.bag[b]);
    mil_calibrate(t->mil, t->theta, z, ASSUMPTION_BAGS);
    free(z);
    return OK;
}

static Status score(double *auc, AssumptionTrial *t, const AssumptionBags *bags)
{
    double output[ASSUMPTION_BAGS], interval[2];
    for (int b = 0; b < ASSUMPTION_BAGS; b++) {
        real y;
        mil_predict(t->mil, &y, &bags->bag[b], NULL);
        output[b] = (double)y;
    }
    return roc_area(auc, interval, output, bags->label, ASSUMPTION_BAGS);
}

typedef struct {
    double alike, test; /* AUC */
    size_t parameters;
} Outcome;

static Status try_once(Outcome *out, const ModelOptions *model, AssumptionTest test, uint64_t seed)
{
    Status status = OK;
    AssumptionTrial *t = calloc(1, sizeof *t);
    if (!t) return fail(ERR_MEMORY, "no memory for a model");
    TRY_DONE(trial_new(t, model, test, seed));
    TRY_DONE(train(t, seed));
    mil_prepare(t->mil, t->theta);
    TRY_DONE(calibrate(t));
    TRY_DONE(score(&out->alike, t, &t->alike));
    TRY_DONE(score(&out->test, t, &t->test));
    out->parameters = param_learned(mil_params(t->mil));
done:
    trial_free(t);
    free(t);
    return status;
}

/* ---- one model ---- */

static const char *verdict_of(double alike, double test)
{
    if (!(alike >= ASSUMPTION_THRESHOLD_AUC)) return "not learned";
    return test >= ASSUMPTION_THRESHOLD_AUC ? "passes" : "breaks";
}

/* {"verdict", "alike", "test"} of one test over the seeds; the worst decides. */
static Status try_test(json_t *tests, Outcome *last, const ModelOptions *model, AssumptionTest test,
                       const AssumptionSetup *setup)
{
    double worst[2] = {1, 1};
    json_t *alike = json_array(), *held = json_array();
    Status status = OK;
    for (int k = 0; k < setup->n_seed && status == OK; k++) {
        status = try_once(last, model, test, setup->seed + (uint64_t)k);
        if (status != OK) break;
        json_array_append_new(alike, jsontext_real(last->alike));
        json_array_append_new(held, jsontext_real(last->test));
        worst[0] = fmin(worst[0], last->alike);
        worst[1] = fmin(worst[1], last->test);
    }
    json_object_set_new(
        tests, assumption_name[test],
        json_pack("{s:s, s:o, s:o}", "verdict", verdict_of(worst[0], worst[1]), "alike", alike, "test", held));
    return status;
}

static Status try_model(json_t *models, const char *name, const ModelOptions *model, const AssumptionSetup *setup)
{
    Outcome last = {0};
    json_t *tests = json_object();
    bool passes = true;
    for (int test = 0; test < ASSUMPTION_TESTS; test++) {
        const Status status = try_test(tests, &last, model, (AssumptionTest)test, setup);
        if (status != OK) {
            json_decref(tests);
            return fail_at(status, "%s, test '%s'", name, assumption_name[test]);
        }
        passes &= strcmp(jsontext_field(json_object_get(tests, assumption_name[test]), "verdict"), "passes") == 0;
    }
    json_array_append_new(models, json_pack("{s:s, s:b, s:I, s:o}", "name", name, "passes", passes, "parameters",
                                            (json_int_t)last.parameters, "tests", tests));
    return OK;
}

/* ---- models ---- */

/* The model around a pooling: 32 units of one layer, all instances, a linear output. */
static Status config_around(Config *config, const char *pooling, bool monotone)
{
    char kind[NAME];
    const char *const flags[] = {"target=label",
                                 "data.path=simulated",
                                 "model.embedder.kind=mlp",
                                 "model.embedder.n_layer=1",
                                 "model.embedder.n_unit=32",
                                 "model.selection.kind=all",
                                 monotone ? "model.output.monotone=true" : "model.output.monotone=false",
                                 kind};
    snprintf(kind, sizeof kind, "model.pooling.kind=%s", pooling);
    return config_read(config, NULL, flags, sizeof flags / sizeof *flags);
}

static Status try_pooling(json_t *models, const char *pooling, bool monotone, const AssumptionSetup *setup)
{
    Config config;
    char name[NAME];
    TRY(config_around(&config, pooling, monotone));
    snprintf(name, sizeof name, "%s%s", pooling, monotone ? ", monotone output" : "");
    const Status status = try_model(models, name, &config.model, setup);
    config_free(&config);
    return status;
}

/* A model of sequences gets the embedder of the others; bags have no genes, counts or numbers of their own. */
static Status try_own(json_t *models, const AssumptionSetup *setup)
{
    Config config;
    ModelOptions model = *setup->model;
    if (mil_of_one(&model))
        return fail(ERR_CONFIG,
                    "model.pooling.kind: none is for bags of one instance; the simulated bags have more, so "
                    "set another kind");
    TRY(config_around(&config, "mean", false));
    if (embedder_types[model.embedder]->bag_kind != BAG_VECTORS) {
        model.embedder = config.model.embedder;
        memcpy(model.embedder_options, config.model.embedder_options, sizeof model.embedder_options);
        model.compat = COMPAT_NONE;
    }
    model.gene_size = 0;
    model.n_input = 0;
    const Status status = try_model(models, setup->name, &model, setup);
    config_free(&config);
    return status;
}

static Status try_all(json_t *models, const AssumptionSetup *setup)
{
    if (setup->name) return try_own(models, setup);
    for (int k = 0; pooling_types[k]; k++)
        if (!pooling_types[k]->of_one) TRY(try_pooling(models, pooling_types[k]->name, false, setup));
    TRY(try_pooling(models, "logsumexp", true, setup));
    return try_pooling(models, "max", true, setup);
}

Status assumptions_run(json_t **out, const AssumptionSetup *setup)
{
    json_t *models = json_array(), *seeds = json_array();
    for (int k = 0; k < setup->n_seed; k++) json_array_append_new(seeds, json_integer((json_int_t)setup->seed + k));
    const Status status = try_all(models, setup);
    *out = json_pack("{s:f, s:i, s:i, s:o, s:o}", "threshold", ASSUMPTION_THRESHOLD_AUC, "bags", ASSUMPTION_BAGS,
                     "epochs", EPOCHS, "seeds", seeds, "models", models);
    if (status == OK) return *out ? OK : fail(ERR_MEMORY, "no memory for the results");
    json_decref(*out);
    *out = NULL;
    return status;
}
