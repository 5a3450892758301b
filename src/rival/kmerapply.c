/* SPDX-License-Identifier: MIT */
#include "rival/kmerapply.h"
#include "core/parallel.h"
#include "rival/bagkernel_kmers.h"
#include "rival/kmerrank.h"
#include "rival/kmerreader.h"
#include "rival/kmerscale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    KmerReader reader;
    KmerProfile profile;
    int n_model, n_out;
    const double **weight, **offset; /* [n_model] [n_out, n_cell] and [n_out] of the models */
    const float **variance;          /* [n_model] [n_cell] */
    uint32_t *count;                 /* [n_cell of the profile] of the bag at work */
    double *sum;                     /* [n_view, n_model, n_out] of the bag at work */
    const Bag *bag;
    KmerRank rank;
} KmerApplier;

/* ---- opening ---- */

static Status bind(KmerApplier *a, RivalModel *const *model, int k)
{
    const Tensor *weight, *offset, *variance;
    const int64_t any = k == 0 ? -1 : a->n_out;
    TRY(rival_model_tensor(&weight, model[k], "weight", TENSOR_F64, 2, (const int64_t[]){any, a->profile.n_cell}));
    TRY(rival_model_tensor(&offset, model[k], "offset", TENSOR_F64, 1, (const int64_t[]){weight->shape[0]}));
    TRY(rival_model_tensor(&variance, model[k], "variance", TENSOR_F32, 1, (const int64_t[]){a->profile.n_cell}));
    a->n_out = (int)weight->shape[0];
    a->weight[k] = weight->data;
    a->variance[k] = variance->data;
    a->offset[k] = offset->data;
    return OK;
}

static Status open_parts(KmerApplier *a, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    const KmerDetail *detail = model[0]->rival->detail;
    a->profile = kmerprofile_new(detail->views);
    a->weight = calloc((size_t)n_model + 1, sizeof *a->weight);
    a->offset = calloc((size_t)n_model + 1, sizeof *a->offset);
    a->variance = calloc((size_t)n_model + 1, sizeof *a->variance);
    a->count = calloc((size_t)a->profile.n_cell, sizeof *a->count);
    if (!a->weight || !a->offset || !a->variance || !a->count)
        return fail(ERR_MEMORY, "no memory for %d models of %s", n_model, model[0]->rival->name);
    for (int k = 0; k < n_model; k++) TRY(bind(a, model, k));
    a->sum = calloc((size_t)a->profile.n_view * (size_t)n_model * (size_t)a->n_out + 1, sizeof *a->sum);
    if (!a->sum) return fail(ERR_MEMORY, "no memory for %d models of %s", n_model, model[0]->rival->name);
    return kmerreader_open(&a->reader, model, n_model, cohort);
}

Status kmerapply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    KmerApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return fail(ERR_MEMORY, "no memory for models of %s", model[0]->rival->name);
    a->n_model = n_model;
    const Status status = open_parts(a, model, n_model, cohort);
    if (status != OK) kmerapply_close(a);
    if (status != OK) *applier = NULL;
    return status;
}

void kmerapply_close(void *applier)
{
    KmerApplier *a = applier;
    if (!a) return;
    kmerreader_close(&a->reader);
    free(a->weight);
    free(a->offset);
    free(a->variance);
    free(a->count);
    free(a->sum);
    kmerrank_free(&a->rank);
    free(a);
}

/* ---- products ---- */

static void add_cell(double *sum, const KmerApplier *a, int cell, double x)
{
    for (int k = 0; k < a->n_model; k++)
        for (int o = 0; o < a->n_out; o++)
            sum[k * a->n_out + o] += a->weight[k][(Index)o * a->profile.n_cell + cell] * x;
}

/* One view. */
static void multiply(void *context, int chunk, int thread)
{
    KmerApplier *a = context;
    const KmerView *view = &a->profile.view[chunk];
    double *sum = a->sum + (Index)chunk * a->n_model * a->n_out;
    uint32_t *count = a->count + view->first;
    const double total = kmerprofile_total(view, a->bag);
    (void)thread;
    memset(sum, 0, (size_t)a->n_model * (size_t)a->n_out * sizeof *sum);
    kmerprofile_count(count, 0, view->n_cell, view, a->bag);
    for (int c = 0; c < view->n_cell; c++)
        if (count[c] > 0) add_cell(sum, a, view->first + c, kmerscale_x(count[c], total));
}

Status kmerapply_product(double *product, double *size, void *applier, int member)
{
    KmerApplier *a = applier;
    *size = 1;
    TRY(kmerreader_bag(&a->bag, &a->reader, member));
    parallel_for(a->profile.n_view, multiply, a);
    for (int k = 0; k < a->n_model; k++)
        for (int o = 0; o < a->n_out; o++) {
            double sum = -a->offset[k][o];
            for (int v = 0; v < a->profile.n_view; v++) sum += a->sum[((Index)v * a->n_model + k) * a->n_out + o];
            product[k * a->n_out + o] = sum;
        }
    return OK;
}

/* ---- ranking ---- */

static double mean_value(const double *weight, const float *variance, const KmerView *view)
{
    double sum = 0;
    for (int c = view->first; c < view->first + view->n_cell; c++) sum += weight[c] * (double)variance[c];
    return sum / view->n_cell;
}

static double value_of(const double *weight, const float *variance, int cell, double mean)
{
    return weight[cell] * (double)variance[cell] - mean;
}

static double root_mean_square(const KmerApplier *a, int model, const double *weight)
{
    double sum = 0;
    for (int v = 0; v < a->profile.n_view; v++) {
        const KmerView *view = &a->profile.view[v];
        const double mean = mean_value(weight, a->variance[model], view);
        for (int c = view->first; c < view->first + view->n_cell; c++) {
            const double value = value_of(weight, a->variance[model], c, mean);
            sum += value * value;
        }
    }
    return sqrt(sum / a->profile.n_cell);
}

/* Models that have chosen other C differ by orders of magnitude: each counts in units of its own root mean square. */
static void add_model(KmerApplier *a, int model, const double *weight)
{
    const double unit = root_mean_square(a, model, weight), factor = unit > 0 ? 1 / (unit * a->n_model) : 0;
    for (int v = 0; v < a->profile.n_view; v++) {
        const KmerView *view = &a->profile.view[v];
        const double mean = mean_value(weight, a->variance[model], view);
        for (int c = view->first; c < view->first + view->n_cell; c++)
            a->rank.value[c] += factor * value_of(weight, a->variance[model], c, mean);
    }
}

static Status find_values(KmerApplier *a, int output)
{
    if (kmerrank_is_of(&a->rank, output)) return OK;
    TRY(kmerrank_begin(&a->rank, &a->profile, a->reader.cohort, output));
    for (int k = 0; k < a->n_model; k++) add_model(a, k, a->weight[k] + (Index)output * a->profile.n_cell);
    return OK;
}

Status kmerapply_rank(double *score, void *applier, int member, int output)
{
    KmerApplier *a = applier;
    TRY(find_values(a, output));
    TRY(kmerreader_bag(&a->bag, &a->reader, member));
    kmerrank_score(score, &a->rank, a->bag);
    return OK;
}
