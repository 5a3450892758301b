/* SPDX-License-Identifier: MIT */
#include "rival/publicmodel.h"
#include "rival/clonemodel.h"

#include <stdlib.h>

#define ODDS 6 /* numbers of the tensor "odds" */

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

/* ---- other bags ---- */

typedef struct {
    const Cohort *cohort;
    bool genes;
    CloneTable table; /* of all models */
    int n_model;
    double *log_p;    /* [n_row, n_model] 0 where the model does not have the sequence */
    uint32_t n_row;   /* those of the table */
    PublicOdds *odds; /* [n_model] */
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
    free(a->log_p);
    free(a->odds);
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

static Status fill(PublicApplier *a, int k, const uint32_t *number, const Tensor *log_p)
{
    const size_t n_model = (size_t)a->n_model, n = (size_t)a->table.n * n_model;
    double *more = realloc(a->log_p, (n + 1) * sizeof *more);
    if (!more) return no_memory(a->n_model);
    a->log_p = more;
    for (size_t i = (size_t)a->n_row * n_model; i < n; i++) more[i] = 0;
    a->n_row = a->table.n;
    for (int64_t i = 0; i < log_p->shape[0]; i++)
        if (number[i] != CLONEMODEL_NONE)
            more[(size_t)number[i] * n_model + (size_t)k] = ((const double *)log_p->data)[i];
    return OK;
}

static Status check_genes(const PublicApplier *a, const RivalModel *model)
{
    if (!a->genes || bagfile_has_genes(a->cohort->file)) return OK;
    return fail(ERR_MODEL, "%s: has no genes, which a model of %s needs; import a table that has them",
                bagfile_path(a->cohort->file), model->rival->name);
}

static Status add_model(PublicApplier *a, int k, const RivalModel *model)
{
    const Tensor *log_p;
    uint32_t *number = NULL;
    int64_t n;
    TRY(clonemodel_check(model, a->cohort->file));
    TRY(check_genes(a, model));
    TRY(read_odds(&a->odds[k], model));
    Status status = clonemodel_join(&a->table, &number, &n, model, bagfile_spec(a->cohort->file)->alphabet, a->genes);
    if (status == OK) status = rival_model_tensor(&log_p, model, "log_p", TENSOR_F64, 1, &n);
    if (status == OK) status = fill(a, k, number, log_p);
    free(number);
    return status;
}

Status publicmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    const PublicDetail *detail = model[0]->rival->detail;
    PublicApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return no_memory(n_model);
    *a = (PublicApplier){.cohort = cohort, .genes = detail->genes, .n_model = n_model};
    a->odds = calloc((size_t)n_model + 1, sizeof *a->odds);
    if (!a->odds) return no_memory(n_model);
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
    TRY(clonebag_read(bag, a->cohort->file, a->cohort->bag[member], a->genes));
    *row = malloc(((size_t)bag->n + 1) * sizeof **row);
    if (*row) {
        look_up(*row, a, bag);
        return OK;
    }
    const Status status = fail(ERR_MEMORY, "no memory for a bag of %d sequences", bag->n);
    clonebag_free(bag);
    return status;
}

static double log_p_of(const PublicApplier *a, uint32_t row, int k)
{
    return row == CLONEMODEL_NONE ? 0 : a->log_p[(size_t)row * (size_t)a->n_model + (size_t)k];
}

Status publicmodel_apply(double *output, void *applier, int member)
{
    const PublicApplier *a = applier;
    CloneBag bag;
    uint32_t *row;
    TRY(read_bag(&bag, &row, a, member));
    for (int k = 0; k < a->n_model; k++) {
        int associated = 0;
        for (int i = 0; i < bag.n; i++) {
            const double log_p = log_p_of(a, row[i], k);
            associated += log_p > 0 && log_p >= a->odds[k].threshold;
        }
        output[k] = publicmodel_output(&a->odds[k], associated, bag.n);
    }
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
            score[i] += log_p_of(a, row[bag.key[i]], k) / a->n_model;
    }
    free(row);
    clonebag_free(&bag);
    return OK;
}
