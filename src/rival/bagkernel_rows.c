/* SPDX-License-Identifier: MIT
 *
 * bagkernel_rows.c: the rows of a cohort are read once and kept; each set of bags standardises them anew. Rows that are not
 * dense are scaled and not shifted, which keeps their zeros: bagkernel.c centres all kernels anyway.
 */
#include "rival/bagkernel_rows.h"
#include "cohort/featurerows.h"
#include "cohort/roc.h"
#include "core/parallel.h"

#include <math.h>
#include <stdlib.h>

/* ---- the rows of a cohort ---- */

typedef struct {
    const RowsKind *kind;
    FeatureRows rows; /* [cohort->n], NaN: missing */
    json_t *columns;  /* [n_column] */
} RowsState;

static void close_state(void *state)
{
    RowsState *s = state;
    if (!s) return;
    featurerows_free(&s->rows);
    json_decref(s->columns);
    free(s);
}

static Status add_row(FeatureRows *rows, const RowsKind *kind, void *reader, int member)
{
    const double *row;
    TRY(kind->read(&row, reader, member));
    for (int k = 0; k < rows->n_column; k++)
        if (kind->dense || row[k] != 0) TRY(featurerows_add(rows, k, row[k])); /* NaN is not 0 */
    return OK;
}

static Status read_rows(RowsState *s, void *reader, const RivalBags *bags)
{
    TRY(featurerows_new(&s->rows, s->kind->n(reader), s->kind->dense));
    for (int i = 0; i < bags->cohort->n; i++) {
        TRY(stop_check(bags->stop, "; nothing was written"));
        if (bags->use[i]) TRY(add_row(&s->rows, s->kind, reader, i));
        TRY(featurerows_end(&s->rows));
    }
    return OK;
}

/* Leaves the columns that `place` keeps, under their new numbers. */
static void renumber(FeatureRows *r, const int *place, int n_column)
{
    size_t to = 0, from = 0;
    for (int i = 0; i < r->n; i++) {
        for (const size_t end = r->start[i + 1]; from < end; from++) {
            if (place[r->column[from]] < 0) continue;
            r->column[to] = place[r->column[from]];
            r->value[to++] = r->value[from];
        }
        r->start[i + 1] = to;
    }
    r->n_column = n_column;
}

/* Numbers that no bag has are no columns. */
static Status keep_columns(RowsState *s, const void *reader)
{
    FeatureRows *r = &s->rows;
    int n = 0;
    int *place = malloc(((size_t)r->n_column + 1) * sizeof *place);
    s->columns = json_array();
    if (!place) return fail(ERR_MEMORY, "no memory for %d columns", r->n_column);
    for (int k = 0; k < r->n_column; k++) place[k] = s->kind->dense ? 0 : -1;
    for (size_t e = 0; e < r->start[r->n]; e++)
        if (!isnan(r->value[e])) place[r->column[e]] = 0;
    for (int k = 0; k < r->n_column; k++) {
        if (place[k] < 0) continue;
        place[k] = n++;
        json_array_append_new(s->columns, s->kind->describe(reader, k));
    }
    renumber(r, place, n);
    free(place);
    return (int)json_array_size(s->columns) == n ? OK : fail(ERR_MEMORY, "no memory for the names of %d columns", n);
}

static Status open_state(void **out, const Rival *rival, const RivalBags *bags)
{
    Status status;
    void *reader = NULL;
    const RowsDetail *detail = rival->detail;
    RowsState *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return fail(ERR_MEMORY, "no memory for the baseline %s", rival->name);
    s->kind = detail->kind;
    TRY_DONE(s->kind->open(&reader, bags->cohort));
    if (s->kind->add_columns) TRY_DONE(s->kind->add_columns(reader, bags));
    TRY_DONE(read_rows(s, reader, bags));
    TRY_DONE(keep_columns(s, reader));
done:
    s->kind->close(reader);
    return status;
}

/* ---- inner products ---- */

typedef struct {
    int *train; /* [n] the set's members */
    int n_train;
    FeatureRows filled, scaled;
    double *mean, *scale; /* [n_column] of the set */
} RowsSet;

static void free_set(RowsSet *s)
{
    free(s->train), free(s->mean), free(s->scale);
    featurerows_free(&s->filled);
    featurerows_free(&s->scaled);
}

static Status make_set(RowsSet *out, const RowsState *s, const bool *member)
{
    int n_used;
    const size_t n_column = (size_t)s->rows.n_column + 1;
    *out = (RowsSet){.train = malloc(((size_t)s->rows.n + 1) * sizeof *out->train),
                     .mean = malloc(n_column * sizeof *out->mean),
                     .scale = malloc(n_column * sizeof *out->scale)};
    if (!out->train || !out->mean || !out->scale)
        return fail(ERR_MEMORY, "no memory for %d columns", s->rows.n_column);
    for (int i = 0; i < s->rows.n; i++)
        if (member[i]) out->train[out->n_train++] = i;
    TRY(featurerows_fill(&out->filled, &s->rows, out->train, out->n_train));
    TRY(featurerows_moments(out->mean, out->scale, &out->filled, out->train, out->n_train));
    return featurerows_scale(&out->scaled, &n_used, &out->filled, out->train, out->n_train);
}

typedef struct {
    const FeatureRows *rows;
    double *gram;   /* [n, n] */
    double *spread; /* [threads, n_column] a row with its zeros, all 0 between rows */
} RowsGram;

static double product_of(const FeatureRows *r, const double *spread, int j)
{
    double sum = 0;
    for (size_t e = r->start[j]; e < r->start[j + 1]; e++) sum += r->value[e] * spread[r->column[e]];
    return sum;
}

static void multiply_row(void *context, int i, int thread)
{
    const RowsGram *w = context;
    const FeatureRows *r = w->rows;
    double *spread = w->spread + (size_t)thread * (size_t)r->n_column;
    for (size_t e = r->start[i]; e < r->start[i + 1]; e++) spread[r->column[e]] = r->value[e];
    for (int j = 0; j <= i; j++) {
        const double product = product_of(r, spread, j);
        w->gram[(size_t)i * (size_t)r->n + (size_t)j] = w->gram[(size_t)j * (size_t)r->n + (size_t)i] = product;
    }
    for (size_t e = r->start[i]; e < r->start[i + 1]; e++) spread[r->column[e]] = 0;
}

static Status multiply(double *gram, const FeatureRows *rows)
{
    const size_t room = (size_t)parallel_threads() * (size_t)rows->n_column + 1;
    RowsGram w = {.rows = rows, .gram = gram, .spread = calloc(room, sizeof *w.spread)};
    if (!w.spread) return fail(ERR_MEMORY, "no memory for products of %d columns", rows->n_column);
    parallel_for(rows->n, multiply_row, &w);
    free(w.spread);
    return OK;
}

static Status make_grams(void *state, BagKernelSet *set, int n_set)
{
    for (int k = 0; k < n_set; k++) {
        RowsSet rows;
        Status status = make_set(&rows, state, set[k].member);
        if (status == OK) status = multiply(set[k].gram, &rows.scaled);
        free_set(&rows);
        TRY(status);
    }
    return OK;
}

/* ---- models ---- */

/* weight [n_column] in the columns' own units, and the offset that takes their means away. */
static double weigh_columns(double *weight, const RowsSet *rows, const double *of_bag)
{
    double offset = 0;
    const FeatureRows *r = &rows->scaled;
    for (int i = 0; i < r->n; i++)
        for (size_t e = r->start[i]; of_bag[i] != 0 && e < r->start[i + 1]; e++)
            weight[r->column[e]] += of_bag[i] * r->value[e] * rows->scale[r->column[e]];
    for (int k = 0; k < r->n_column && r->dense; k++) offset -= weight[k] * rows->mean[k];
    return offset;
}

static Status add_model(const RowsState *s, const RowsSet *rows, const BagKernelWeights *w)
{
    void *weight, *offset, *mean;
    const int n_column = s->rows.n_column;
    TRY(rival_model_add(w->model, &weight, "weight", TENSOR_F64, 2, (int64_t[]){w->n_out, n_column}));
    TRY(rival_model_add(w->model, &offset, "offset", TENSOR_F64, 1, (int64_t[]){w->n_out}));
    TRY(rival_model_add(w->model, &mean, "mean", TENSOR_F64, 1, (int64_t[]){n_column}));
    for (int k = 0; k < n_column; k++) ((double *)mean)[k] = rows->mean[k];
    for (int o = 0; o < w->n_out; o++)
        ((double *)offset)[o] = weigh_columns((double *)weight + (size_t)o * (size_t)n_column, rows,
                                              w->weight + (size_t)o * (size_t)s->rows.n);
    return json_object_set(w->model->facts, "columns", s->columns) == 0 ? OK
                                                                        : fail(ERR_MEMORY, "no memory for a model");
}

static Status weigh(void *state, BagKernelWeights *weights, int n)
{
    for (int k = 0; k < n; k++) {
        RowsSet rows;
        Status status = make_set(&rows, state, weights[k].member);
        if (status == OK) status = add_model(state, &rows, &weights[k]);
        free_set(&rows);
        TRY(status);
    }
    return OK;
}

/* ---- other bags ---- */

typedef struct {
    const double *weight, *offset, *mean; /* [n_out, n_column], [n_out], [n_column] */
    int n_out, n_column;
    int *place; /* [n_column] in the reader's row; -1: none */
} RowsModel;

typedef struct {
    const RowsKind *kind;
    void *reader;
    RowsModel *model; /* [n_model] */
    int n_model;
} RowsApplier;

static void close_applier(void *applier)
{
    RowsApplier *a = applier;
    if (!a) return;
    for (int m = 0; a->model && m < a->n_model; m++) free(a->model[m].place);
    free(a->model);
    a->kind->close(a->reader);
    free(a);
}

static Status find_columns(RowsModel *out, const RowsApplier *a, const RivalModel *model)
{
    size_t k;
    json_t *column, *columns = json_object_get(model->facts, "columns");
    if ((int)json_array_size(columns) != out->n_column)
        return fail(ERR_MODEL, "a model of %s names %d columns and weighs %d", model->rival->name,
                    (int)json_array_size(columns), out->n_column);
    out->place = malloc(((size_t)out->n_column + 1) * sizeof *out->place);
    if (!out->place) return fail(ERR_MEMORY, "no memory for a model of %s", model->rival->name);
    json_array_foreach(columns, k, column) TRY(a->kind->find(&out->place[k], a->reader, column));
    return OK;
}

static Status take_model(RowsModel *out, const RowsApplier *a, const RivalModel *model)
{
    const Tensor *weight, *offset, *mean, *intercept;
    TRY(rival_model_tensor(&weight, model, "weight", TENSOR_F64, 2, (int64_t[]){-1, -1}));
    TRY(rival_model_tensor(&intercept, model, "intercept", TENSOR_F64, 1, (int64_t[]){weight->shape[0]}));
    TRY(rival_model_tensor(&offset, model, "offset", TENSOR_F64, 1, (int64_t[]){weight->shape[0]}));
    TRY(rival_model_tensor(&mean, model, "mean", TENSOR_F64, 1, (int64_t[]){weight->shape[1]}));
    *out = (RowsModel){.weight = weight->data,
                       .offset = offset->data,
                       .mean = mean->data,
                       .n_out = (int)weight->shape[0],
                       .n_column = (int)weight->shape[1]};
    for (int k = 0; k < out->n_column; k++)
        if (!isfinite(out->mean[k]))
            return fail(ERR_MODEL, "a model of %s has a mean that is no number", model->rival->name);
    return find_columns(out, a, model);
}

static Status open_applier(void **out, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    const RowsDetail *detail = model[0]->rival->detail;
    RowsApplier *a = calloc(1, sizeof *a);
    *out = a;
    if (!a) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    *a = (RowsApplier){
        .kind = detail->kind, .model = calloc((size_t)n_model + 1, sizeof *a->model), .n_model = n_model};
    if (!a->model) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    TRY(a->kind->open(&a->reader, cohort));
    for (int m = 0; m < n_model; m++) TRY(take_model(&a->model[m], a, model[m]));
    if (a->kind->remark) a->kind->remark(a->reader, model[0]);
    return OK;
}

static double column_value(const RowsModel *m, const RowsKind *kind, const double *row, int k)
{
    const double missing = kind->dense ? m->mean[k] : 0;
    if (m->place[k] < 0) return missing;
    return isnan(row[m->place[k]]) ? m->mean[k] : row[m->place[k]];
}

static Status multiply_member(double *product, double *size, void *applier, int member)
{
    const RowsApplier *a = applier;
    const double *row;
    TRY(a->kind->read(&row, a->reader, member));
    for (int i = 0; i < a->n_model; i++) {
        const RowsModel *m = &a->model[i];
        for (int o = 0; o < m->n_out; o++, product++) {
            *product = m->offset[o];
            for (int k = 0; k < m->n_column; k++)
                *product += m->weight[(size_t)o * (size_t)m->n_column + (size_t)k] * column_value(m, a->kind, row, k);
        }
    }
    *size = 1;
    return OK;
}

/* ---- each number alone ---- */

static double value_at(const FeatureRows *r, int row, int column)
{
    for (size_t e = r->start[row]; e < r->start[row + 1]; e++)
        if (r->column[e] == column) return r->value[e];
    return 0;
}

static Status add_areas(json_t *out, const RowsState *s, const double *label, double *value, int *class)
{
    size_t k;
    json_t *column;
    json_array_foreach(s->columns, k, column)
    {
        int n = 0;
        double area, interval[2];
        for (int i = 0; i < s->rows.n; i++) {
            if (isnan(label[i]) || s->rows.start[i] == s->rows.start[i + 1]) continue;
            class[n] = label[i] > 0.5;
            value[n++] = value_at(&s->rows, i, (int)k);
        }
        TRY(roc_area(&area, interval, value, class, n));
        json_object_set_new(out, json_string_value(json_object_get(column, "name")),
                            isnan(area) ? json_null() : json_real(area));
    }
    return OK;
}

static Status single(json_t **out, void *state, const double *label)
{
    const RowsState *s = state;
    const size_t n = (size_t)s->rows.n + 1;
    double *value = malloc(n * sizeof *value);
    int *class = malloc(n * sizeof *class);
    *out = json_object();
    Status status = value && class && *out ? OK : fail(ERR_MEMORY, "no memory for the numbers of %d bags", s->rows.n);
    if (status == OK) status = add_areas(*out, s, label, value, class);
    if (status != OK) json_decref(*out), *out = NULL;
    free(value);
    free(class);
    return status;
}

/* ---- the kernel ---- */

const BagKernel bagkernel_rows = {.n_cost = 5,
                                  .cost = {0.01, 0.1, 1, 10, 100},
                                  .open = open_state,
                                  .close = close_state,
                                  .grams = make_grams,
                                  .weigh = weigh,
                                  .apply_open = open_applier,
                                  .product = multiply_member,
                                  .apply_close = close_applier,
                                  .single = single};
