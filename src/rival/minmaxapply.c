/* SPDX-License-Identifier: MIT
 *
 * The bags of a model are read from their bytes for each new bag: as arrays those of a large cohort would take gigabytes.
 */
#include "rival/minmaxapply.h"
#include "core/parallel.h"
#include "rival/bagkernel_minmax.h"
#include "rival/countstream.h"
#include "rival/kmerreader.h"

#include <stdlib.h>
#include <string.h>

/* A bag that a model knows. */
typedef struct {
    CountReader reader; /* at its beginning */
    double total;
    double similarity; /* to the bag at work */
} TrainingBag;

typedef struct {
    int n;                /* bags */
    const double *weight; /* [n_out, n] */
    int first;            /* of its bags among all */
} KnownModel;

typedef struct {
    KmerReader reader;
    KmerProfile profile;
    bool presence;
    int n_model, n_out, n_known;
    KnownModel *model;  /* [n_model] */
    TrainingBag *known; /* [n_known] of all models */
    uint32_t *count;    /* [n_cell] of the bag at work */
    double *value;      /* [n_cell] v of the bag at work */
    double own;         /* Σ v */
} MinmaxApplier;

/* ---- opening ---- */

static Status unsound(const RivalModel *model)
{
    return fail(ERR_MODEL, "a model of %s is damaged: what it says of its bags does not agree", model->rival->name);
}

static Status bind_bags(MinmaxApplier *a, const RivalModel *model, KnownModel *known)
{
    const Tensor *bags, *start, *total;
    TRY(rival_model_tensor(&bags, model, "bags", TENSOR_U8, 1, (const int64_t[]){-1}));
    TRY(rival_model_tensor(&start, model, "start", TENSOR_I64, 1, (const int64_t[]){known->n + 1}));
    TRY(rival_model_tensor(&total, model, "total", TENSOR_F64, 1, (const int64_t[]){known->n}));
    const int64_t *at = start->data;
    if (at[0] != 0 || at[known->n] != bags->shape[0]) return unsound(model);
    for (int i = 0; i < known->n; i++) {
        const double sum = ((const double *)total->data)[i];
        if (at[i + 1] < at[i] || at[i + 1] > bags->shape[0]) return unsound(model);
        const CountReader reader = {.at = (const uint8_t *)bags->data + at[i],
                                    .end = (const uint8_t *)bags->data + at[i + 1],
                                    .cell = -1,
                                    .presence = a->presence};
        if (!countstream_is_sound(reader, a->profile.n_cell, sum)) return unsound(model);
        a->known[known->first + i] = (TrainingBag){.reader = reader, .total = sum};
    }
    return OK;
}

static Status bind(MinmaxApplier *a, RivalModel *model, int k)
{
    const Tensor *weight;
    const int64_t any = k == 0 ? -1 : a->n_out;
    TRY(rival_model_tensor(&weight, model, "weight", TENSOR_F64, 2, (const int64_t[]){any, -1}));
    if (weight->shape[1] > INT32_MAX / 2 - a->n_known) return unsound(model);
    a->n_out = (int)weight->shape[0];
    a->model[k] = (KnownModel){.n = (int)weight->shape[1], .weight = weight->data, .first = a->n_known};
    a->n_known += a->model[k].n;
    TrainingBag *known = realloc(a->known, ((size_t)a->n_known + 1) * sizeof *known);
    if (!known) return fail(ERR_MEMORY, "no memory for %d bags of models", a->n_known);
    a->known = known;
    return bind_bags(a, model, &a->model[k]);
}

static Status open_parts(MinmaxApplier *a, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    a->presence = ((const MinmaxDetail *)model[0]->rival->detail)->presence;
    a->profile = bagkernel_minmax_profile();
    a->model = calloc((size_t)n_model + 1, sizeof *a->model);
    a->count = malloc((size_t)a->profile.n_cell * sizeof *a->count);
    a->value = malloc((size_t)a->profile.n_cell * sizeof *a->value);
    if (!a->model || !a->count || !a->value)
        return fail(ERR_MEMORY, "no memory for %d models of %s", n_model, model[0]->rival->name);
    for (int k = 0; k < n_model; k++) TRY(bind(a, model[k], k));
    return kmerreader_open(&a->reader, model, n_model, cohort);
}

Status minmaxapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    MinmaxApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    a->n_model = n_model;
    const Status status = open_parts(a, model, n_model, cohort);
    if (status != OK) minmaxapply_close(a);
    if (status != OK) *applier = NULL;
    return status;
}

void minmaxapply_close(void *applier)
{
    MinmaxApplier *a = applier;
    if (!a) return;
    kmerreader_close(&a->reader);
    free(a->model);
    free(a->known);
    free(a->count);
    free(a->value);
    free(a);
}

/* ---- products ---- */

static Status read_values(MinmaxApplier *a, int member)
{
    const Bag *bag;
    const KmerView *view = &a->profile.view[0];
    TRY(kmerreader_bag(&bag, &a->reader, member));
    const double total = kmerprofile_total(view, bag);
    kmerprofile_count(a->count, 0, view->n_cell, view, bag);
    a->own = 0;
    for (int c = 0; c < view->n_cell; c++) {
        a->value[c] = a->count[c] == 0 ? 0 : a->presence ? 1 : a->count[c] / total;
        a->own += a->value[c];
    }
    return OK;
}

static void compare(void *context, int chunk, int thread)
{
    MinmaxApplier *a = context;
    TrainingBag *known = &a->known[chunk];
    CountReader reader = known->reader;
    double both = 0, own = 0;
    (void)thread;
    while (countstream_next(&reader)) {
        const double v = a->presence ? 1 : reader.count / known->total, w = a->value[reader.cell];
        both += v < w ? v : w;
        own += v;
    }
    known->similarity = bagkernel_minmax_similarity(both, own, a->own);
}

Status minmaxapply_product(double *product, double *size, void *applier, int member)
{
    MinmaxApplier *a = applier;
    *size = 1;
    TRY(read_values(a, member));
    parallel_for(a->n_known, compare, a);
    for (int k = 0; k < a->n_model; k++)
        for (int o = 0; o < a->n_out; o++) {
            const KnownModel *m = &a->model[k];
            double sum = 0;
            for (int i = 0; i < m->n; i++) sum += m->weight[(Index)o * m->n + i] * a->known[m->first + i].similarity;
            product[k * a->n_out + o] = sum;
        }
    return OK;
}
