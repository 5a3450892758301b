/* SPDX-License-Identifier: MIT */
#include "rival/enrichmodel.h"
#include "core/parallel.h"
#include "data/bagfile/cache.h"
#include "rival/kmerrank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL(mask)                                                                                                    \
    {                                                                                                                \
        mask, SECTION_ALL                                                                                            \
    }

const KmerViewText enrichmodel_views[] = {
    ALL("xxxx"),    ALL("x.xxx"),   ALL("xx.xx"),   ALL("xxx.x"),   ALL("x..xxx"), ALL("x.x.xx"), ALL("x.xx.x"),
    ALL("xx..xx"),  ALL("xx.x.x"),  ALL("xxx..x"),  ALL("xxx"),     ALL("x.xx"),   ALL("xx.x"),   ALL("x..xx"),
    ALL("x.x.x"),   ALL("xx..x"),   ALL("x...xx"),  ALL("x..x.x"),  ALL("x.x..x"), ALL("xx...x"), ALL("x....xx"),
    ALL("x...x.x"), ALL("x..x..x"), ALL("x.x...x"), ALL("xx....x"), {0},
};

/* ---- writing ---- */

Status enrichmodel_begin(RivalModel *model, const double *scale, int n_out)
{
    void *data;
    const KmerProfile profile = kmerprofile_new(enrichmodel_views);
    TRY(rival_model_add(model, &data, "scale", TENSOR_F64, 1, (const int64_t[]){profile.n_view}));
    memcpy(data, scale, (size_t)profile.n_view * sizeof *scale);
    return json_object_set_new(model->facts, "n_out", json_integer(n_out)) == 0
               ? OK
               : fail(ERR_MEMORY, "no memory for a model");
}

static Status add(void **data, RivalModel *model, const char *name, int output, TensorType type, int64_t n)
{
    char own[32];
    snprintf(own, sizeof own, "%s.%d", name, output);
    return rival_model_add(model, data, own, type, 1, &n);
}

Status enrichmodel_add(RivalModel *model, const EnrichModelPart *part, const EnrichMark *mark, const double *weight)
{
    void *cell, *level, *to, *intercept;
    TRY(add(&cell, model, "cell", part->output, TENSOR_I64, part->n));
    TRY(add(&level, model, "level", part->output, TENSOR_F64, part->n));
    TRY(add(&to, model, "weight", part->output, TENSOR_F64, part->n));
    TRY(add(&intercept, model, "intercept", part->output, TENSOR_F64, 1));
    for (int m = 0; m < part->n; m++) {
        ((int64_t *)cell)[m] = mark[m].cell;
        ((double *)level)[m] = mark[m].level;
    }
    memcpy(to, weight, (size_t)part->n * sizeof *weight);
    *(double *)intercept = part->intercept;
    return OK;
}

/* ---- reading ---- */

/* One output of one model. */
typedef struct {
    int n;
    const int64_t *cell;
    const double *level, *weight, *intercept, *scale;
} Marks;

typedef struct {
    const Cohort *cohort;
    Cache *cache;
    KmerProfile profile;
    int n_model, n_out;
    Marks *marks;    /* [n_model, n_out] */
    uint32_t *count; /* [n_cell] of the bag at work */
    double *total;   /* [n_view] */
    const Bag *bag;
    KmerRank rank;
} EnrichApplier;

static Status find(const Tensor **out, const RivalModel *m, const char *name, int output, TensorType type, int64_t n)
{
    char own[32];
    snprintf(own, sizeof own, "%s.%d", name, output);
    return rival_model_tensor(out, m, own, type, 1, &n);
}

static Status bind(Marks *out, const EnrichApplier *a, const RivalModel *m, int output)
{
    const Tensor *cell, *level, *weight, *intercept, *scale;
    TRY(find(&cell, m, "cell", output, TENSOR_I64, -1));
    TRY(find(&level, m, "level", output, TENSOR_F64, cell->shape[0]));
    TRY(find(&weight, m, "weight", output, TENSOR_F64, cell->shape[0]));
    TRY(find(&intercept, m, "intercept", output, TENSOR_F64, 1));
    TRY(rival_model_tensor(&scale, m, "scale", TENSOR_F64, 1, (const int64_t[]){a->profile.n_view}));
    *out = (Marks){(int)cell->shape[0], cell->data, level->data, weight->data, intercept->data, scale->data};
    for (int k = 0; k < out->n; k++)
        if (out->cell[k] < 0 || out->cell[k] >= a->profile.n_cell)
            return fail(ERR_MODEL, "a model of %s holds a k-mer that there is not", m->rival->name);
    return OK;
}

static Status open_parts(EnrichApplier *a, RivalModel *const *model)
{
    const json_t *n_out = json_object_get(model[0]->facts, "n_out");
    if (!json_is_integer(n_out) || json_integer_value(n_out) < 1 || json_integer_value(n_out) > 1 << 16)
        return fail(ERR_MODEL, "a model of %s does not say how many outputs it has", model[0]->rival->name);
    a->n_out = (int)json_integer_value(n_out);
    a->marks = calloc((size_t)a->n_model * (size_t)a->n_out, sizeof *a->marks);
    a->count = calloc((size_t)a->profile.n_cell, sizeof *a->count);
    a->total = calloc((size_t)a->profile.n_view, sizeof *a->total);
    if (!a->marks || !a->count || !a->total) return fail(ERR_MEMORY, "no memory for %d models", a->n_model);
    for (int k = 0; k < a->n_model; k++)
        for (int o = 0; o < a->n_out; o++) TRY(bind(&a->marks[k * a->n_out + o], a, model[k], o));
    if (kmerblocks_check(a->cohort->file) != OK)
        return fail_at(ERR_MODEL, "models of %s do not fit", model[0]->rival->name);
    return cache_open(&a->cache, a->cohort->file, COUNTS_NONE, 0);
}

Status enrichmodel_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    EnrichApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    *a = (EnrichApplier){.cohort = cohort, .n_model = n_model, .profile = kmerprofile_new(enrichmodel_views)};
    const Status status = open_parts(a, model);
    if (status == OK) return OK;
    enrichmodel_close(a);
    *applier = NULL;
    return status;
}

void enrichmodel_close(void *applier)
{
    EnrichApplier *a = applier;
    if (!a) return;
    cache_close(a->cache);
    free(a->marks), free(a->count), free(a->total);
    kmerrank_free(&a->rank);
    free(a);
}

/* ---- bags ---- */

static void count_view(void *context, int chunk, int thread)
{
    EnrichApplier *a = context;
    const KmerView *view = &a->profile.view[chunk];
    (void)thread;
    kmerprofile_count(a->count + view->first, 0, view->n_cell, view, a->bag);
    a->total[chunk] = kmerprofile_total(view, a->bag);
}

static int view_of(const KmerProfile *profile, int64_t cell)
{
    int v = 0;
    while (v + 1 < profile->n_view && cell >= profile->view[v + 1].first) v++;
    return v;
}

static double sum_marks(const EnrichApplier *a, const Marks *m)
{
    double sum = 0;
    for (int k = 0; k < m->n; k++) {
        const int v = view_of(&a->profile, m->cell[k]);
        const double count = a->count[m->cell[k]], scaled = a->total[v] > 0 ? count * (m->scale[v] / a->total[v]) : 0;
        if (m->level[k] > 0 ? scaled > m->level[k] : count > 0) sum += m->weight[k];
    }
    return sum + *m->intercept;
}

Status enrichmodel_apply(double *output, void *applier, int member)
{
    EnrichApplier *a = applier;
    TRY(cache_bag(a->cache, &a->bag, a->cohort->bag[member], 0));
    parallel_for(a->profile.n_view, count_view, a);
    for (int k = 0; k < a->n_model * a->n_out; k++) output[k] = sum_marks(a, &a->marks[k]);
    return OK;
}

static Status find_values(EnrichApplier *a, int output)
{
    if (kmerrank_is_of(&a->rank, output)) return OK;
    TRY(kmerrank_begin(&a->rank, &a->profile, a->cohort, output));
    for (int k = 0; k < a->n_model; k++) {
        const Marks *m = &a->marks[k * a->n_out + output];
        for (int c = 0; c < m->n; c++) a->rank.value[m->cell[c]] += m->weight[c] / a->n_model;
    }
    return OK;
}

Status enrichmodel_rank(double *score, void *applier, int member, int output)
{
    EnrichApplier *a = applier;
    TRY(find_values(a, output));
    TRY(cache_bag(a->cache, &a->bag, a->cohort->bag[member], 0));
    kmerrank_score(score, &a->rank, a->bag);
    return OK;
}
