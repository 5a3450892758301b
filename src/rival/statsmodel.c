/* SPDX-License-Identifier: MIT */
#include "rival/statsmodel.h"
#include "cohort/bagstats.h"
#include "data/bagfile/featureorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- making one ---- */

static Status add_numbers(double **out, RivalModel *m, const char *name, int64_t n)
{
    void *data;
    TRY(rival_model_add(m, &data, name, TENSOR_F64, 1, &n));
    *out = data;
    return OK;
}

/* Weights of the features as they are in the file. */
static Status add_weights(RivalModel *m, const StatsLearned *l, const double *mean, const double *scale)
{
    double *weight, *intercept;
    const FeatureRows *r = l->rows;
    TRY(add_numbers(&weight, m, "weight", r->n_column));
    TRY(add_numbers(&intercept, m, "intercept", 1));
    *intercept = l->learned->intercept;
    for (int k = 0; k < r->n_column; k++) {
        weight[k] = l->learned->weight[k] * scale[k];
        if (r->dense) *intercept -= weight[k] * mean[k];
    }
    return OK;
}

/* Scaled rows of support vectors, those that are 0 left out, as in FeatureRows. */
static Status add_support(RivalModel *m, const StatsLearned *l)
{
    int64_t n = 0, n_number = 0, at = 0;
    void *start, *column;
    double *coefficient, *value;
    const FeatureRows *r = l->scaled;
    for (int i = 0; i < l->n_train; i++)
        if (l->learned->coefficient[i] != 0)
            n++, n_number += (int64_t)(r->start[l->train[i] + 1] - r->start[l->train[i]]);
    TRY(add_numbers(&coefficient, m, "coefficient", n));
    TRY(add_numbers(&value, m, "value", n_number));
    TRY(rival_model_add(m, &start, "start", TENSOR_I64, 1, (int64_t[]){n + 1}));
    TRY(rival_model_add(m, &column, "column", TENSOR_I64, 1, &n_number));
    n = 0;
    for (int i = 0; i < l->n_train; i++) {
        if (l->learned->coefficient[i] == 0) continue;
        coefficient[n] = l->learned->coefficient[i];
        for (size_t e = r->start[l->train[i]]; e < r->start[l->train[i] + 1]; e++, at++) {
            ((int64_t *)column)[at] = r->column[e];
            value[at] = r->value[e];
        }
        ((int64_t *)start)[++n] = at;
    }
    return OK;
}

static Status add_machine(RivalModel *m, const StatsLearned *l, const double *mean, const double *scale)
{
    double *own_mean, *own_scale, *intercept, *gamma;
    const FeatureRows *r = l->rows;
    TRY(add_support(m, l));
    TRY(add_numbers(&own_mean, m, "mean", r->n_column));
    TRY(add_numbers(&own_scale, m, "scale", r->n_column));
    TRY(add_numbers(&intercept, m, "intercept", 1));
    TRY(add_numbers(&gamma, m, "gamma", 1));
    *intercept = l->learned->intercept;
    *gamma = l->learned->gamma;
    for (int k = 0; k < r->n_column; k++) {
        own_mean[k] = r->dense ? mean[k] : 0;
        own_scale[k] = scale[k];
    }
    return OK;
}

/* What is needed to find the features again in another dataset. */
static Status add_facts(RivalModel *m, const StatsLearned *l)
{
    const BagFile *file = l->cohort->file;
    const int n_feat = bagfile_spec(file)->n_feat;
    const char *const *name = bagfile_feature_names(file);
    json_t *names = name ? json_array() : json_null();
    for (int f = 0; name && f < n_feat; f++) json_array_append_new(names, json_string(name[f]));
    const bool good = json_object_set_new(m->facts, "linear", json_boolean(l->is_linear)) == 0 &&
                      json_object_set_new(m->facts, "n_feat", json_integer(n_feat)) == 0 &&
                      json_object_set_new(m->facts, "features", names) == 0 &&
                      (l->clip <= 0 || json_object_set_new(m->facts, "clip", json_real(l->clip)) == 0);
    return good ? OK : fail(ERR_MEMORY, "no memory for a model of %s", m->rival->name);
}

static Status fill_model(RivalModel *m, const StatsLearned *l)
{
    Status status;
    const size_t n = (size_t)l->rows->n_column + 1;
    double *mean = malloc(n * sizeof *mean), *scale = malloc(n * sizeof *scale);
    if (!mean || !scale) TRY_DONE(fail(ERR_MEMORY, "no memory for %d features", l->rows->n_column));
    TRY_DONE(featurerows_moments(mean, scale, l->rows, l->train, l->n_train));
    TRY_DONE(add_facts(m, l));
    if (l->is_linear)
        TRY_DONE(add_weights(m, l, mean, scale));
    else
        TRY_DONE(add_machine(m, l, mean, scale));
done:
    free(mean);
    free(scale);
    return status;
}

Status statsmodel_new(RivalModel **out, const Rival *rival, const StatsLearned *l)
{
    TRY(rival_model_new(out, rival));
    return fill_model(*out, l);
}

/* ---- other bags ---- */

/* weight NULL: a machine. */
typedef struct {
    const double *weight, *coefficient, *value, *mean, *scale;
    const int64_t *start, *column;
    double intercept, gamma, clip; /* clip: infinite, none */
    int n_support;
} AppliedStats;

typedef struct {
    AppliedStats *model; /* [n_model] */
    int n_model, n_column;
    BagStats *stats;
    double *row, *scaled; /* [n_column] */
} StatsApplier;

void statsmodel_apply_close(void *applier)
{
    StatsApplier *a = applier;
    if (!a) return;
    bagstats_close(a->stats);
    free(a->model), free(a->row), free(a->scaled);
    free(a);
}

static Status doubles(const double **out, const RivalModel *m, const char *name, int64_t n)
{
    const Tensor *t;
    TRY(rival_model_tensor(&t, m, name, TENSOR_F64, 1, &n));
    *out = t->data;
    return OK;
}

static Status check_support(const AppliedStats *s, const RivalModel *m, int64_t n_number, int n_column)
{
    bool good = s->start[0] == 0 && s->start[s->n_support] == n_number;
    for (int i = 0; i < s->n_support && good; i++) good = s->start[i] <= s->start[i + 1];
    for (int64_t e = 0; e < n_number && good; e++) good = s->column[e] >= 0 && s->column[e] < n_column;
    return good ? OK : fail(ERR_MODEL, "a model of %s has support vectors that are no rows", m->rival->name);
}

static Status take_support(AppliedStats *s, const RivalModel *m, int n_column)
{
    const Tensor *coefficient, *value, *start, *column;
    const int64_t any = -1;
    TRY(rival_model_tensor(&coefficient, m, "coefficient", TENSOR_F64, 1, &any));
    TRY(rival_model_tensor(&value, m, "value", TENSOR_F64, 1, &any));
    TRY(rival_model_tensor(&start, m, "start", TENSOR_I64, 1, (int64_t[]){coefficient->shape[0] + 1}));
    TRY(rival_model_tensor(&column, m, "column", TENSOR_I64, 1, &value->shape[0]));
    s->coefficient = coefficient->data;
    s->value = value->data;
    s->start = start->data;
    s->column = column->data;
    s->n_support = (int)coefficient->shape[0];
    return check_support(s, m, value->shape[0], n_column);
}

static Status take_model(AppliedStats *s, const RivalModel *m, int n_column)
{
    const double *intercept, *gamma;
    const bool is_linear = json_is_true(json_object_get(m->facts, "linear"));
    TRY(doubles(&intercept, m, "intercept", 1));
    s->intercept = *intercept;
    if (is_linear) return doubles(&s->weight, m, "weight", n_column);
    TRY(doubles(&gamma, m, "gamma", 1));
    s->gamma = *gamma;
    s->clip = json_number_value(json_object_get(m->facts, "clip"));
    if (s->clip <= 0) s->clip = INFINITY;
    TRY(doubles(&s->mean, m, "mean", n_column));
    TRY(doubles(&s->scale, m, "scale", n_column));
    return take_support(s, m, n_column);
}

/* By names where both have them, as models of networks do. */
static Status order_features(const RivalModel *m, const Cohort *cohort)
{
    size_t f;
    json_t *feature, *features = json_object_get(m->facts, "features");
    const size_t n = json_array_size(features);
    const int n_feat = (int)json_integer_value(json_object_get(m->facts, "n_feat"));
    if (n > 0 && bagfile_feature_names(cohort->file)) {
        const char **name = malloc((n + 1) * sizeof *name);
        if (!name) return fail(ERR_MEMORY, "no memory for the names of %zu features", n);
        json_array_foreach(features, f, feature) name[f] = json_is_string(feature) ? json_string_value(feature) : "";
        const Status status = featureorder_set(cohort->file, name, (int)n, m->rival->name);
        free(name);
        TRY(status);
    }
    if (bagfile_spec(cohort->file)->n_feat == n_feat) return OK;
    return fail(ERR_MODEL, "%s: its bags have %d features, and those that %s was trained on had %d",
                bagfile_path(cohort->file), bagfile_spec(cohort->file)->n_feat, m->rival->name, n_feat);
}

Status statsmodel_apply_open(void **out, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    StatsApplier *a = calloc(1, sizeof *a);
    *out = a;
    if (!a) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    for (int k = 0; k < n_model; k++) TRY(order_features(model[k], cohort));
    const size_t n = (size_t)bagstats_n_column(cohort);
    *a = (StatsApplier){.model = calloc((size_t)n_model + 1, sizeof *a->model),
                        .n_model = n_model,
                        .n_column = (int)n,
                        .row = malloc((n + 1) * sizeof *a->row),
                        .scaled = malloc((n + 1) * sizeof *a->scaled)};
    if (!a->model || !a->row || !a->scaled)
        return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    for (int k = 0; k < n_model; k++) TRY(take_model(&a->model[k], model[k], a->n_column));
    return bagstats_open(&a->stats, cohort);
}

static Status read_row(StatsApplier *a, int member)
{
    FeatureRows rows;
    Status status;
    memset(a->row, 0, (size_t)a->n_column * sizeof *a->row);
    TRY(featurerows_new(&rows, a->n_column, false));
    status = bagstats_row(&rows, a->stats, member);
    for (size_t e = 0; status == OK && e < rows.start[1]; e++) a->row[rows.column[e]] = rows.value[e];
    featurerows_free(&rows);
    return status;
}

static double linear(const AppliedStats *s, const double *row, int n)
{
    double sum = s->intercept;
    for (int k = 0; k < n; k++) sum += s->weight[k] * row[k];
    return sum;
}

/* |x - x_i|² = |x|² + Σ over the numbers of x_i of (x - x_i)² - x². */
static double machine(const AppliedStats *s, const double *row, double *x, int n)
{
    double sum = s->intercept, square = 0;
    for (int k = 0; k < n; k++) {
        x[k] = fmin(fmax((row[k] - s->mean[k]) * s->scale[k], -s->clip), s->clip);
        square += x[k] * x[k];
    }
    for (int i = 0; i < s->n_support; i++) {
        double distance = square;
        for (int64_t e = s->start[i]; e < s->start[i + 1]; e++) {
            const double own = x[s->column[e]], far = own - s->value[e];
            distance += far * far - own * own;
        }
        sum += s->coefficient[i] * exp(-s->gamma * fmax(distance, 0));
    }
    return sum;
}

Status statsmodel_apply(double *output, void *applier, int member)
{
    StatsApplier *a = applier;
    TRY(read_row(a, member));
    for (int k = 0; k < a->n_model; k++)
        output[k] = a->model[k].weight ? linear(&a->model[k], a->row, a->n_column)
                                       : machine(&a->model[k], a->row, a->scaled, a->n_column);
    return OK;
}
