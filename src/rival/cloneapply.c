/* SPDX-License-Identifier: MIT
 *
 * Models of folds share most of their sequences, so that all have one table, and a sequence is looked up once.
 */
#include "rival/cloneapply.h"
#include "rival/clonemodel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUTS_MOST 4096
#define TIE          1e-9 /* what the largest v adds to a rank: less than -log10 p differ by */

typedef struct {
    const Cohort *cohort;
    bool patterns;
    CloneTable table;
    int n_model, n_out, n_column; /* a column for each output of each model */
    uint32_t n_row;               /* of both, those of the table */
    double *v;                    /* [n_row, n_column] 0 where the model does not have the sequence */
    float *log_p;                 /* [n_row, n_column] NaN there */
    double *tie;                  /* [n_column] what v is multiplied by to break ties */

    const CloneBag *bag; /* at hand */
    double *product;     /* [n_column] */
    int output;          /* that ranks */
    double *score;       /* [keys of the bag, n_model] NaN: no model has it */
} CloneApplier;

static Status no_memory(int n_model)
{
    return fail(ERR_MEMORY, "no memory for the sequences of %d models", n_model);
}

void cloneapply_close(void *applier)
{
    CloneApplier *a = applier;
    if (!a) return;
    clonemodel_close(&a->table);
    free(a->v);
    free(a->log_p);
    free(a->tie);
    free(a);
}

/* ---- models ---- */

static Status grow(CloneApplier *a)
{
    const size_t from = (size_t)a->n_row * (size_t)a->n_column, n = (size_t)a->table.n * (size_t)a->n_column;
    double *v = realloc(a->v, (n + 1) * sizeof *v);
    if (v) a->v = v;
    float *log_p = realloc(a->log_p, (n + 1) * sizeof *log_p);
    if (log_p) a->log_p = log_p;
    if (!v || !log_p) return no_memory(a->n_model);
    for (size_t i = from; i < n; i++) {
        a->v[i] = 0;
        a->log_p[i] = NAN;
    }
    a->n_row = a->table.n;
    return OK;
}

static void fill(CloneApplier *a, int k, const uint32_t *number, int64_t n, const Tensor *v, const Tensor *log_p)
{
    for (int o = 0; o < a->n_out; o++) {
        const int column = k * a->n_out + o;
        double most = 0;
        for (int64_t i = 0; i < n; i++) {
            const size_t at = (size_t)number[i] * (size_t)a->n_column + (size_t)column;
            const double value = ((const double *)v->data)[o * n + i];
            if (fabs(value) > most) most = fabs(value);
            if (number[i] == CLONEMODEL_NONE) continue;
            a->v[at] = value;
            a->log_p[at] = ((const float *)log_p->data)[o * n + i];
        }
        a->tie[column] = most > 0 ? TIE / most : 0;
    }
}

/* As many outputs as the intercept has, which bagkernel.c adds to them. */
static Status check_outputs(const RivalModel *model, int64_t n_out)
{
    for (int k = 0; k < model->n_tensor; k++)
        if (strcmp(model->tensor[k].name, "intercept") == 0 && model->tensor[k].shape[0] != n_out)
            return fail(ERR_MODEL, "a model of %s has %lld intercepts for %lld outputs", model->rival->name,
                        (long long)model->tensor[k].shape[0], (long long)n_out);
    if (n_out > 0 && n_out < OUTPUTS_MOST) return OK;
    return fail(ERR_MODEL, "a model of %s has %lld outputs", model->rival->name, (long long)n_out);
}

static Status set_outputs(CloneApplier *a, int n_out)
{
    a->n_out = n_out;
    a->n_column = a->n_model * n_out;
    a->tie = calloc((size_t)a->n_column + 1, sizeof *a->tie);
    return a->tie ? OK : no_memory(a->n_model);
}

static Status add_tensors(CloneApplier *a, int k, const RivalModel *model, const uint32_t *number, int64_t n)
{
    const Tensor *v, *log_p;
    const int64_t shape[] = {k ? a->n_out : -1, n};
    TRY(rival_model_tensor(&v, model, "v", TENSOR_F64, 2, shape));
    TRY(rival_model_tensor(&log_p, model, "log_p", TENSOR_F32, 2, v->shape));
    TRY(check_outputs(model, v->shape[0]));
    if (k == 0) TRY(set_outputs(a, (int)v->shape[0]));
    TRY(grow(a));
    fill(a, k, number, n, v, log_p);
    return OK;
}

static Status add_model(CloneApplier *a, int k, const RivalModel *model)
{
    uint32_t *number = NULL;
    int64_t n;
    TRY(clonemodel_check(model, a->cohort->file));
    Status status = clonemodel_join(&a->table, &number, &n, model, bagfile_spec(a->cohort->file)->alphabet, false);
    if (status == OK) status = add_tensors(a, k, model, number, n);
    free(number);
    return status;
}

Status cloneapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort, bool patterns)
{
    CloneApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return no_memory(n_model);
    *a = (CloneApplier){.cohort = cohort, .n_model = n_model, .patterns = patterns};
    for (int k = 0; k < n_model; k++) TRY(add_model(a, k, model[k]));
    return OK;
}

/* ---- bags ---- */

typedef void Found(CloneApplier *a, const uint64_t *form, int n_word, int number);

/* Calls `found` for what a key of the bag makes and models may have: itself, or its patterns. */
static void each_form(CloneApplier *a, const uint64_t *key, int n_word, int number, Found *found)
{
    uint64_t form[CLONEKEY_LONGEST / CLONEKEY_PER_WORD];
    const int len = a->bag->len[number];
    if (!a->patterns) {
        found(a, key, n_word, number);
        return;
    }
    for (int t = 0; t < len && len <= CLONEKEY_LONGEST; t++) {
        clonekey_copy(form, key, n_word);
        clonekey_open(form, t);
        found(a, form, n_word, number);
    }
}

static void each_key(CloneApplier *a, Found *found)
{
    for (int s = 0; s < a->bag->n_section; s++) {
        const CloneSection *section = &a->bag->section[s];
        for (int i = 0; i < section->n; i++)
            each_form(a, clonebag_key(a->bag, section, i), section->n_word, section->first + i, found);
    }
}

static void add_v(CloneApplier *a, const uint64_t *form, int n_word, int number)
{
    const uint32_t i = clonemodel_meet(&a->table, form, n_word);
    const double *v = a->v + (size_t)i * (size_t)a->n_column;
    (void)number;
    for (int c = 0; i != CLONEMODEL_NONE && c < a->n_column; c++) a->product[c] += v[c];
}

Status cloneapply_product(double *product, double *size, void *applier, int member)
{
    CloneApplier *a = applier;
    CloneBag bag;
    TRY(clonebag_read(&bag, a->cohort->file, a->cohort->bag[member], false));
    a->bag = &bag;
    a->product = product;
    memset(product, 0, (size_t)a->n_column * sizeof *product);
    clonemodel_turn(&a->table);
    each_key(a, add_v);
    *size = bag.n;
    clonebag_free(&bag);
    return OK;
}

/* The largest of a sequence's patterns. */
static void add_score(CloneApplier *a, const uint64_t *form, int n_word, int number)
{
    const uint32_t i = clonemodel_find(&a->table, form, n_word);
    for (int k = 0; i != CLONEMODEL_NONE && k < a->n_model; k++) {
        const int column = k * a->n_out + a->output;
        const size_t at = (size_t)i * (size_t)a->n_column + (size_t)column;
        double *score = &a->score[(size_t)number * (size_t)a->n_model + (size_t)k];
        const double value = a->log_p[at] + a->tie[column] * a->v[at];
        if (!isnan(value) && !(*score >= value)) *score = value;
    }
}

static double mean_of(const double *score, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += isnan(score[k]) ? 0 : score[k] / n;
    return sum;
}

Status cloneapply_rank(double *score, void *applier, int member, int output)
{
    CloneApplier *a = applier;
    CloneBag bag;
    TRY(clonebag_read(&bag, a->cohort->file, a->cohort->bag[member], false));
    const size_t n = (size_t)bag.n * (size_t)a->n_model;
    a->bag = &bag;
    a->output = output;
    a->score = malloc((n + 1) * sizeof *a->score);
    for (size_t i = 0; a->score && i < n; i++) a->score[i] = NAN;
    if (a->score) each_key(a, add_score);
    for (int i = 0; a->score && i < bag.n_row; i++)
        score[i] = bag.key[i] < 0 ? 0 : mean_of(a->score + (size_t)bag.key[i] * (size_t)a->n_model, a->n_model);
    const Status status = a->score ? OK : no_memory(a->n_model);
    free(a->score);
    clonebag_free(&bag);
    return status;
}
