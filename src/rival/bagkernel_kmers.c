/* SPDX-License-Identifier: MIT
 *
 * One walk over the cells serves all sets, and all models, of a batch. Of a panel of cells φ is made for one set after the
 * other, and added to the lower triangle of that set's products: by dense products, and of cells in few bags, which are most
 * of them, by pairs. A row is one thread's at a time, so bits do not depend on threads.
 */
#include "rival/bagkernel_kmers.h"
#include "core/parallel.h"
#include "rival/kmerapply.h"
#include "rival/kmerreader.h"
#include "rival/kmerscale.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BAG  8
#define CHUNK_CELL 250

typedef struct {
    const Rival *rival;
    bool by_counts;
    int n_all; /* members of the cohort */
    KmerProfile profile;
    KmerBlocks *blocks;
    KmerScale scale;
    bool *member; /* [n of blocks] of the set at work */
} KmerState;

static void close_state(void *state)
{
    KmerState *s = state;
    if (!s) return;
    kmerblocks_close(s->blocks);
    kmerscale_free(&s->scale);
    free(s->member);
    free(s);
}

static Status open_parts(KmerState *s, const Rival *rival, const RivalBags *bags)
{
    const KmerDetail *detail = rival->detail;
    const KmerBlocksSetup setup = kmerreader_blocks(bags);
    s->rival = rival;
    s->by_counts = bags->by_counts;
    s->n_all = bags->cohort->n;
    s->profile = kmerprofile_new(detail->views);
    TRY(kmerblocks_open(&s->blocks, &s->profile, &setup));
    s->member = calloc((size_t)kmerblocks_n(s->blocks) + 1, sizeof *s->member);
    if (!s->member) return fail(ERR_MEMORY, "no memory for %d bags", kmerblocks_n(s->blocks));
    return kmerscale_new(&s->scale, kmerblocks_n(s->blocks));
}

static Status open_state(void **state, const Rival *rival, const RivalBags *bags)
{
    KmerState *s = calloc(1, sizeof *s);
    *state = s;
    if (!s) return fail(ERR_MEMORY, "no memory for %s", rival->name);
    const Status status = open_parts(s, rival, bags);
    if (status != OK) close_state(s);
    if (status != OK) *state = NULL;
    return status;
}

/* φ by the members of a set; `member` [n_all]. */
static void scale_by(KmerState *s, const bool *member)
{
    const int *number = kmerblocks_member(s->blocks);
    for (int i = 0; i < s->scale.n; i++) s->member[i] = member[number[i]];
    kmerscale_set(&s->scale, s->member);
}

/* ---- inner products ---- */

/* Sums of one set over the cells that are lists, y = x / sd and μ = mean / sd:
 *   Σ (y_i - μ) (y_j - μ) = Σ y_i y_j - Σ μ y_i - Σ μ y_j + Σ μ²
 * The first is added to the products, the others are kept until the end. */
typedef struct {
    double *own; /* [n] Σ μ y_i */
    double square;
} ListSums;

typedef struct {
    KmerState *state;
    BagKernelSet *set;
    ListSums *sums; /* [n_set] */
    int n_set, k;   /* at work */
} GramWork;

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Until all cells are added, bags in use have the first rows and columns. */
static double *row_of(const GramWork *w, int row)
{
    return w->set[w->k].gram + (Index)row * w->state->n_all;
}

/* Entry e of list k, which is bag i's; those before it are of bags before i. */
static void add_entry(double *row, double *own, const KmerLists *l, int k, int e)
{
    const double factor = l->x[e] * l->inv_sd[k] * l->inv_sd[k];
    for (int other = l->start[k]; other <= e; other++) row[l->bag[other]] += factor * l->x[other];
    *own += factor * l->mean[k];
}

static void add_lists(void *context, int chunk, int thread)
{
    const GramWork *w = context;
    const KmerScale *scale = &w->state->scale;
    const KmerLists *l = &scale->lists;
    (void)thread;
    for (int i = chunk * CHUNK_BAG; i < least((chunk + 1) * CHUNK_BAG, scale->n); i++)
        for (int t = l->of_bag[i]; t < l->of_bag[i + 1]; t++)
            add_entry(row_of(w, i), &w->sums[w->k].own[i], l, l->position[t], l->entry[t]);
}

static void add_set(GramWork *w)
{
    const KmerScale *scale = &w->state->scale;
    const KmerLists *l = &scale->lists;
    bagproduct_add(w->set[w->k].gram, w->state->n_all, scale->phi, scale->n, scale->n_kept);
    parallel_for((scale->n + CHUNK_BAG - 1) / CHUNK_BAG, add_lists, w);
    for (int k = 0; k < l->n; k++) w->sums[w->k].square += l->mean[k] * l->mean[k] * l->inv_sd[k] * l->inv_sd[k];
}

static Status add_panel(void *context, const KmerPanel *panel)
{
    GramWork *w = context;
    kmerscale_panel(&w->state->scale, panel);
    for (w->k = 0; w->k < w->n_set; w->k++) {
        scale_by(w->state, w->set[w->k].member);
        kmerscale_phi(&w->state->scale);
        add_set(w);
    }
    return OK;
}

/* From the first rows and columns to those of the members, from the end on, so that nothing is overwritten that is still to
 * be moved; and to the upper triangle. */
static void finish(double *gram, const ListSums *sums, const int *member, int n, Index n_all)
{
    for (int i = n - 1; i >= 0; i--)
        for (int j = n - 1; j >= 0; j--) {
            const double value = gram[i * n_all + j] - sums->own[i] - sums->own[j] + sums->square;
            gram[i * n_all + j] = 0;
            if (j <= i) gram[member[i] * n_all + member[j]] = value;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) gram[member[j] * n_all + member[i]] = gram[member[i] * n_all + member[j]];
}

static Status grams(void *state, BagKernelSet *set, int n_set)
{
    KmerState *s = state;
    Status status = OK;
    const size_t n = (size_t)s->scale.n;
    ListSums *sums = calloc((size_t)n_set + 1, sizeof *sums);
    double *own = calloc(n * (size_t)n_set + 1, sizeof *own);
    if (!sums || !own) TRY_DONE(fail(ERR_MEMORY, "no memory for %d sets of bags", n_set));
    for (int k = 0; k < n_set; k++) sums[k].own = own + (size_t)k * n;
    GramWork work = {.state = s, .set = set, .sums = sums, .n_set = n_set};
    TRY_DONE(kmerblocks_walk(s->blocks, add_panel, &work));
    for (int k = 0; k < n_set; k++) finish(set[k].gram, &sums[k], kmerblocks_member(s->blocks), s->scale.n, s->n_all);
done:
    free(sums);
    free(own);
    return status;
}

/* ---- models ---- */

typedef struct {
    KmerState *state;
    const BagKernelWeights *weights;
    double *const *feature; /* [n] weights of cells [n_out, n_cell] */
    double *const *offset;  /* [n] [n_out] */
    float *const *variance; /* [n] [n_cell] */
    int n, k, output;       /* at work */
    int first;              /* cell of the panel */
    double *own;            /* [bags in use] weights of the output */
} FeatureWork;

static void read_weights(const FeatureWork *w)
{
    const double *weight = w->weights[w->k].weight + (Index)w->output * w->state->n_all;
    for (int i = 0; i < w->state->scale.n; i++) w->own[i] = weight[kmerblocks_member(w->state->blocks)[i]];
}

static double *cells_of(const FeatureWork *w)
{
    return w->feature[w->k] + (Index)w->output * w->state->profile.n_cell + w->first;
}

static void weigh_dense(void *context, int chunk, int thread)
{
    const FeatureWork *w = context;
    const KmerScale *scale = &w->state->scale;
    const int from = chunk * CHUNK_CELL, n = least(CHUNK_CELL, scale->n_dense - from);
    double sum[CHUNK_CELL];
    (void)thread;
    kmerscale_sum(sum, scale, w->own, from, n);
    for (int c = 0; c < n; c++)
        if (scale->inv_sd[from + c] > 0) cells_of(w)[scale->dense[from + c]] = sum[c] * scale->inv_sd[from + c];
}

static void weigh_lists(void *context, int chunk, int thread)
{
    const FeatureWork *w = context;
    const KmerLists *l = &w->state->scale.lists;
    double all = 0;
    (void)thread;
    for (int i = 0; i < w->state->scale.n; i++) all += w->own[i];
    for (int k = chunk * CHUNK_CELL; k < least((chunk + 1) * CHUNK_CELL, l->n); k++) {
        double sum = -all * l->mean[k];
        for (int e = l->start[k]; e < l->start[k + 1]; e++) sum += w->own[l->bag[e]] * l->x[e];
        cells_of(w)[l->cell[k]] = sum * l->inv_sd[k] * l->inv_sd[k];
    }
}

static void weigh_output(FeatureWork *w, int output)
{
    const KmerScale *scale = &w->state->scale;
    const KmerLists *l = &scale->lists;
    double *offset = &w->offset[w->k][output];
    w->output = output;
    read_weights(w);
    parallel_for((scale->n_dense + CHUNK_CELL - 1) / CHUNK_CELL, weigh_dense, w);
    parallel_for((l->n + CHUNK_CELL - 1) / CHUNK_CELL, weigh_lists, w);
    for (int c = 0; c < scale->n_dense; c++) *offset += cells_of(w)[scale->dense[c]] * scale->mean[c];
    for (int k = 0; k < l->n; k++) *offset += cells_of(w)[l->cell[k]] * l->mean[k];
}

static void keep_variance(const FeatureWork *w)
{
    const KmerScale *scale = &w->state->scale;
    const KmerLists *l = &scale->lists;
    float *out = w->variance[w->k] + w->first;
    for (int k = 0; k < scale->n_kept; k++) {
        const int dense = scale->kept[k];
        out[scale->dense[dense]] = (float)(1 / (scale->inv_sd[dense] * scale->inv_sd[dense]));
    }
    for (int k = 0; k < l->n; k++)
        if (l->inv_sd[k] > 0) out[l->cell[k]] = (float)(1 / (l->inv_sd[k] * l->inv_sd[k]));
}

/* Models of several labels of one training part stand side by side. */
static bool same_set(const FeatureWork *w, int k)
{
    return k > 0 && memcmp(w->weights[k].member, w->weights[k - 1].member,
                           (size_t)w->state->n_all * sizeof *w->weights[k].member) == 0;
}

static Status weigh_panel(void *context, const KmerPanel *panel)
{
    FeatureWork *w = context;
    kmerscale_panel(&w->state->scale, panel);
    w->first = panel->first;
    for (w->k = 0; w->k < w->n; w->k++) {
        if (!same_set(w, w->k)) scale_by(w->state, w->weights[w->k].member);
        for (int o = 0; o < w->weights[w->k].n_out; o++) weigh_output(w, o);
        keep_variance(w);
    }
    return OK;
}

/* Arrays of the models, to be filled. */
typedef struct {
    double **feature, **offset;
    float **variance;
} ModelArrays;

static Status add_tensors(const ModelArrays *a, int k, const KmerState *s, const BagKernelWeights *weights)
{
    void *data;
    const int64_t shape[] = {weights->n_out, s->profile.n_cell};
    TRY(rival_model_add(weights->model, &data, "weight", TENSOR_F64, 2, shape));
    a->feature[k] = data;
    TRY(rival_model_add(weights->model, &data, "offset", TENSOR_F64, 1, shape));
    a->offset[k] = data;
    TRY(rival_model_add(weights->model, &data, "variance", TENSOR_F32, 1, shape + 1));
    a->variance[k] = data;
    if (json_object_set_new(weights->model->facts, "by_counts", json_boolean(s->by_counts)) != 0)
        return fail(ERR_MEMORY, "no memory for a model of %s", s->rival->name);
    return OK;
}

static Status weigh(void *state, BagKernelWeights *weights, int n)
{
    Status status = OK;
    const size_t room = (size_t)n + 1;
    const ModelArrays a = {.feature = calloc(room, sizeof *a.feature),
                           .offset = calloc(room, sizeof *a.offset),
                           .variance = calloc(room, sizeof *a.variance)};
    FeatureWork work = {
        .state = state, .weights = weights, .feature = a.feature, .offset = a.offset, .variance = a.variance, .n = n};
    work.own = calloc((size_t)work.state->scale.n + 1, sizeof *work.own);
    if (!work.own || !a.feature || !a.offset || !a.variance) TRY_DONE(fail(ERR_MEMORY, "no memory for %d models", n));
    for (int k = 0; k < n; k++) TRY_DONE(add_tensors(&a, k, state, &weights[k]));
    TRY_DONE(kmerblocks_walk(work.state->blocks, weigh_panel, &work));
done:
    free(work.own);
    free(a.feature);
    free(a.offset);
    free(a.variance);
    return status;
}

/* ---- the kernels ---- */

static const BagKernel kernel = {
    .n_cost = 5,
    .cost = {0.1, 1, 10, 100, 1000},
    .open = open_state,
    .close = close_state,
    .grams = grams,
    .weigh = weigh,
    .apply_open = kmerapply_open,
    .product = kmerapply_product,
    .apply_close = kmerapply_close,
    .rank = kmerapply_rank,
};

static const KmerViewText views_3[] = {{"xxx", SECTION_ALL}, {0}};
static const KmerViewText views_4[] = {{"xxxx", SECTION_ALL}, {0}};
static const KmerViewText views_gap1[] = {{"xxxx", SECTION_ALL}, {"x.xx", SECTION_ALL}, {"xx.x", SECTION_ALL}, {0}};
static const KmerViewText views_gapped[] = {
    {"x.xxx", SECTION_ALL}, {"xx.xx", SECTION_ALL},  {"xxx.x", SECTION_ALL},  {"xx..xx", SECTION_ALL},
    {"x.xx", SECTION_ALL},  {"xx.x", SECTION_ALL},   {"x.x.x", SECTION_ALL},  {"x..xx", SECTION_ALL},
    {"xx..x", SECTION_ALL}, {"x...xx", SECTION_ALL}, {"xx...x", SECTION_ALL}, {0},
};
static const KmerViewText views_halves[] = {
    {"xxxx", SECTION_CORE}, {"xxxx", SECTION_LEFT}, {"xxxx", SECTION_RIGHT}, {0}};
static const KmerViewText views_thirds[] = {
    {"xxxx", SECTION_START}, {"xxxx", SECTION_MIDDLE}, {"xxxx", SECTION_END}, {0}};

const KmerDetail bagkernel_kmers_3 = {&kernel, views_3};
const KmerDetail bagkernel_kmers_4 = {&kernel, views_4};
const KmerDetail bagkernel_kmers_gapped = {&kernel, views_gapped};
const KmerDetail bagkernel_kmers_gap1 = {&kernel, views_gap1};
const KmerDetail bagkernel_kmers_halves = {&kernel, views_halves};
const KmerDetail bagkernel_kmers_thirds = {&kernel, views_thirds};
