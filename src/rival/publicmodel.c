/* SPDX-License-Identifier: MIT */
#include "rival/publicmodel.h"
#include "rival/clonemodel.h"

#include <math.h>
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
    CloneTable table;
    const double *log_p; /* [table.n] */
    PublicOdds odds;
} OfPublic;

typedef struct {
    const Cohort *cohort;
    bool genes;
    OfPublic *model; /* [n_model] */
    int n_model;
} PublicApplier;

void publicmodel_close(void *applier)
{
    PublicApplier *a = applier;
    if (!a) return;
    for (int k = 0; a->model && k < a->n_model; k++) clonemodel_close(&a->model[k].table);
    free(a->model);
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

static Status open_model(PublicApplier *a, OfPublic *m, const RivalModel *model)
{
    const Tensor *log_p;
    TRY(clonemodel_check(model, a->cohort->file));
    if (a->genes && !bagfile_has_genes(a->cohort->file))
        return fail(ERR_MODEL, "%s: has no genes, which a model of %s needs; import a table that has them",
                    bagfile_path(a->cohort->file), model->rival->name);
    TRY(clonemodel_open(&m->table, model, bagfile_spec(a->cohort->file)->alphabet, a->genes));
    TRY(rival_model_tensor(&log_p, model, "log_p", TENSOR_F64, 1, &m->table.n));
    m->log_p = log_p->data;
    return read_odds(&m->odds, model);
}

Status publicmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    const PublicDetail *detail = model[0]->rival->detail;
    PublicApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    *a = (PublicApplier){.cohort = cohort, .genes = detail->genes, .n_model = n_model};
    a->model = calloc((size_t)n_model + 1, sizeof *a->model);
    if (!a->model) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    for (int k = 0; k < n_model; k++) TRY(open_model(a, &a->model[k], model[k]));
    return OK;
}

/* -log10 p of each key of a bag, 0 where the model does not have it; log_p [bag->n]. */
static void look_up(double *log_p, const OfPublic *m, const CloneBag *bag)
{
    for (int s = 0; s < bag->n_section; s++) {
        const CloneSection *section = &bag->section[s];
        for (int i = 0; i < section->n; i++) {
            const int64_t found = clonemodel_find(&m->table, clonebag_key(bag, section, i), section->n_word);
            log_p[section->first + i] = found < 0 ? 0 : m->log_p[found];
        }
    }
}

static Status read_bag(CloneBag *bag, double **log_p, const PublicApplier *a, int member)
{
    *log_p = NULL;
    TRY(clonebag_read(bag, a->cohort->file, a->cohort->bag[member], a->genes));
    *log_p = malloc(((size_t)bag->n + 1) * sizeof **log_p);
    if (*log_p) return OK;
    const Status status = fail(ERR_MEMORY, "no memory for a bag of %d sequences", bag->n);
    clonebag_free(bag);
    return status;
}

Status publicmodel_apply(double *output, void *applier, int member)
{
    const PublicApplier *a = applier;
    CloneBag bag;
    double *log_p;
    TRY(read_bag(&bag, &log_p, a, member));
    for (int k = 0; k < a->n_model; k++) {
        int associated = 0;
        look_up(log_p, &a->model[k], &bag);
        for (int i = 0; i < bag.n; i++) associated += log_p[i] > 0 && log_p[i] >= a->model[k].odds.threshold;
        output[k] = publicmodel_output(&a->model[k].odds, associated, bag.n);
    }
    free(log_p);
    clonebag_free(&bag);
    return OK;
}

Status publicmodel_rank(double *score, void *applier, int member, int output)
{
    const PublicApplier *a = applier;
    CloneBag bag;
    double *log_p;
    (void)output;
    TRY(read_bag(&bag, &log_p, a, member));
    for (int i = 0; i < bag.n_row; i++) score[i] = 0;
    for (int k = 0; k < a->n_model; k++) {
        look_up(log_p, &a->model[k], &bag);
        for (int i = 0; i < bag.n_row; i++)
            if (bag.key[i] >= 0) score[i] += log_p[bag.key[i]] / a->n_model;
    }
    free(log_p);
    clonebag_free(&bag);
    return OK;
}
