/* SPDX-License-Identifier: MIT */
#include "rival/publicmodel.h"
#include "rival/clonemodel.h"

#include <math.h>
#include <stdlib.h>

#define ODDS 6 /* numbers of the tensor "odds" */
#define BASE 2 /* of the tensor "base" */

double publicmodel_output(const PublicOdds *odds, double k, double n)
{
    const BetaBinomial *of_class = odds->of_class;
    return odds->prior + betabinomial_log(&of_class[1], k, n) - betabinomial_log(&of_class[0], k, n);
}

Status publicmodel_add(double **log_p, RivalModel *model, int64_t n, const PublicOdds *odds)
{
    const BetaBinomial *b = odds->of_class;
    void *data;
    TRY(rival_model_add(model, &data, "log_p", TENSOR_F64, 1, &n));
    *log_p = data;
    TRY(rival_model_add(model, &data, "odds", TENSOR_F64, 1, (const int64_t[]){ODDS}));
    double *to = data;
    *to++ = odds->threshold;
    *to++ = odds->prior;
    for (int class = 0; class < 2; class ++) {
        *to++ = b[class].alpha;
        *to++ = b[class].beta;
    }
    return OK;
}

double publicmodel_weighed(const PublicBase *base, double sum, double n)
{
    return base->prior + sum - base->each * n;
}

Status publicmodel_add_weights(double **log_odds, RivalModel *model, int64_t n, const PublicBase *base)
{
    void *data;
    TRY(rival_model_add(model, &data, "log_odds", TENSOR_F64, 1, &n));
    *log_odds = data;
    TRY(rival_model_add(model, &data, "base", TENSOR_F64, 1, (const int64_t[]){BASE}));
    double *to = data;
    to[0] = base->prior;
    to[1] = base->each;
    return OK;
}

/* ---- other bags ---- */

typedef struct {
    const Cohort *cohort;
    const PublicDetail *detail;
    CloneTable table; /* of all models */
    int n_model;
    double *value;    /* [n_row, n_model] -log10 p or weight; 0 where the model does not have the sequence */
    uint32_t n_row;   /* those of the table */
    PublicOdds *odds; /* [n_model] where sequences are counted */
    PublicBase *base; /* [n_model] where they are weighed */
} PublicApplier;

static Status no_memory(int n_model)
{
    return fail(ERR_MEMORY, "no memory for the sequences of %d models", n_model);
}

void publicmodel_close(void *applier)
{
    PublicApplier *a = applier;
    if (!a) return;
    clonemodel_close(&a->table);
    free(a->value);
    free(a->odds);
    free(a->base);
    free(a);
}

static Status read_odds(PublicOdds *out, const RivalModel *model)
{
    const Tensor *t;
    TRY(rival_model_tensor(&t, model, "odds", TENSOR_F64, 1, (const int64_t[]){ODDS}));
    const double *from = t->data;
    *out = (PublicOdds){from[0], from[1], {{from[2], from[3]}, {from[4], from[5]}}};
    for (int k = 2; k < ODDS; k++)
        if (!(from[k] > 0 && from[k] < 1e300))
            return fail(ERR_MODEL, "a model of %s has a distribution that is none", model->rival->name);
    return OK;
}

static Status read_base(PublicBase *out, const RivalModel *model)
{
    const Tensor *t;
    TRY(rival_model_tensor(&t, model, "base", TENSOR_F64, 1, (const int64_t[]){BASE}));
    const double *from = t->data;
    *out = (PublicBase){from[0], from[1]};
    if (isfinite(from[0]) && isfinite(from[1])) return OK;
    return fail(ERR_MODEL, "a model of %s has numbers in 'base' that are not finite", model->rival->name);
}

static Status fill(PublicApplier *a, int k, const uint32_t *number, const Tensor *value)
{
    const size_t n_model = (size_t)a->n_model, n = (size_t)a->table.n * n_model;
    double *more = realloc(a->value, (n + 1) * sizeof *more);
    if (!more) return no_memory(a->n_model);
    a->value = more;
    for (size_t i = (size_t)a->n_row * n_model; i < n; i++) more[i] = 0;
    a->n_row = a->table.n;
    for (int64_t i = 0; i < value->shape[0]; i++)
        if (number[i] != CLONEMODEL_NONE)
            more[(size_t)number[i] * n_model + (size_t)k] = ((const double *)value->data)[i];
    return OK;
}

static Status check_genes(const PublicApplier *a, const RivalModel *model)
{
    if (!a->detail->genes || bagfile_has_genes(a->cohort->file)) return OK;
    return fail(ERR_MODEL, "%s: has no genes, which a model of %s needs; import a table that has them",
                bagfile_path(a->cohort->file), model->rival->name);
}

static Status add_model(PublicApplier *a, int k, const RivalModel *model)
{
    const bool weighs = a->detail->weighs;
    const Tensor *value;
    uint32_t *number = NULL;
    int64_t n;
    TRY(clonemodel_check(model, a->cohort->file));
    TRY(check_genes(a, model));
    TRY(weighs ? read_base(&a->base[k], model) : read_odds(&a->odds[k], model));
    const char *alphabet = bagfile_spec(a->cohort->file)->alphabet;
    Status status = clonemodel_join(&a->table, &number, &n, model, alphabet, a->detail->genes);
    if (status == OK) status = rival_model_tensor(&value, model, weighs ? "log_odds" : "log_p", TENSOR_F64, 1, &n);
    if (status == OK) status = fill(a, k, number, value);
    free(number);
    return status;
}

Status publicmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    PublicApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return no_memory(n_model);
    *a = (PublicApplier){.cohort = cohort, .detail = model[0]->rival->detail, .n_model = n_model};
    a->odds = calloc((size_t)n_model + 1, sizeof *a->odds);
    a->base = calloc((size_t)n_model + 1, sizeof *a->base);
    if (!a->odds || !a->base) return no_memory(n_model);
    for (int k = 0; k < n_model; k++) TRY(add_model(a, k, model[k]));
    return OK;
}

/* Rows of log_p of each key of a bag, CLONEMODEL_NONE where no model has it; row [bag->n]. */
static void look_up(uint32_t *row, const PublicApplier *a, const CloneBag *bag)
{
    for (int s = 0; s < bag->n_section; s++) {
        const CloneSection *section = &bag->section[s];
        for (int i = 0; i < section->n; i++)
            row[section->first + i] = clonemodel_find(&a->table, clonebag_key(bag, section, i), section->n_word);
    }
}

static Status read_bag(CloneBag *bag, uint32_t **row, const PublicApplier *a, int member)
{
    TRY(clonebag_read(bag, a->cohort->file, a->cohort->bag[member], a->detail->genes));
    *row = malloc(((size_t)bag->n + 1) * sizeof **row);
    if (*row) {
        look_up(*row, a, bag);
        return OK;
    }
    const Status status = fail(ERR_MEMORY, "no memory for a bag of %d sequences", bag->n);
    clonebag_free(bag);
    return status;
}

static double value_of(const PublicApplier *a, uint32_t row, int k)
{
    return row == CLONEMODEL_NONE ? 0 : a->value[(size_t)row * (size_t)a->n_model + (size_t)k];
}

static double counted(const PublicApplier *a, int k, const uint32_t *row, int n)
{
    int associated = 0;
    for (int i = 0; i < n; i++) {
        const double log_p = value_of(a, row[i], k);
        associated += log_p > 0 && log_p >= a->odds[k].threshold;
    }
    return publicmodel_output(&a->odds[k], associated, n);
}

static double weighed(const PublicApplier *a, int k, const uint32_t *row, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += value_of(a, row[i], k);
    return publicmodel_weighed(&a->base[k], sum, n);
}

Status publicmodel_apply(double *output, void *applier, int member)
{
    const PublicApplier *a = applier;
    CloneBag bag;
    uint32_t *row;
    TRY(read_bag(&bag, &row, a, member));
    for (int k = 0; k < a->n_model; k++)
        output[k] = a->detail->weighs ? weighed(a, k, row, bag.n) : counted(a, k, row, bag.n);
    free(row);
    clonebag_free(&bag);
    return OK;
}

Status publicmodel_rank(double *score, void *applier, int member, int output)
{
    const PublicApplier *a = applier;
    CloneBag bag;
    uint32_t *row;
    (void)output;
    TRY(read_bag(&bag, &row, a, member));
    for (int i = 0; i < bag.n_row; i++) {
        score[i] = 0;
        for (int k = 0; k < a->n_model && bag.key[i] >= 0; k++)
            score[i] += value_of(a, row[bag.key[i]], k) / a->n_model;
    }
    free(row);
    clonebag_free(&bag);
    return OK;
}
