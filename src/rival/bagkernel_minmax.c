/* SPDX-License-Identifier: MIT
 *
 * Σ max is Σ v_i + Σ v_j - Σ min, so one sum of pairs is all that is taken of the cells. It runs in lanes of a fixed number,
 * whatever the processor's vectors, and in the order of the panels: its bits depend on nothing else.
 */
#include "rival/bagkernel_minmax.h"
#include "core/parallel.h"
#include "rival/countstream.h"
#include "rival/kmerreader.h"
#include "rival/minmaxapply.h"

#include <stdlib.h>
#include <string.h>

#define TILE  16 /* bags */
#define LANES 16 /* cells */

#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

typedef struct {
    const Rival *rival;
    bool presence, by_counts;
    int n;     /* bags in use */
    int n_all; /* members of the cohort */
    KmerProfile profile;
    KmerBlocks *blocks;
    double *value; /* [n, KMERBLOCKS_PANEL] v */
} MinmaxState;

KmerProfile bagkernel_minmax_profile(void)
{
    return kmerprofile_new((const KmerViewText[]){{"xxxx", SECTION_ALL}, {0}});
}

static void close_state(void *state)
{
    MinmaxState *s = state;
    if (!s) return;
    kmerblocks_close(s->blocks);
    free(s->value);
    free(s);
}

static Status open_parts(MinmaxState *s, const Rival *rival, const RivalBags *bags)
{
    const KmerBlocksSetup setup = kmerreader_blocks(bags);
    s->rival = rival;
    s->presence = ((const MinmaxDetail *)rival->detail)->presence;
    s->by_counts = bags->by_counts;
    s->n_all = bags->cohort->n;
    s->profile = bagkernel_minmax_profile();
    TRY(kmerblocks_open(&s->blocks, &s->profile, &setup));
    s->n = kmerblocks_n(s->blocks);
    s->value = malloc(((size_t)s->n + 1) * KMERBLOCKS_PANEL * sizeof *s->value);
    return s->value ? OK : fail(ERR_MEMORY, "no memory for k-mers of %d bags", s->n);
}

static Status open_state(void **state, const Rival *rival, const RivalBags *bags)
{
    MinmaxState *s = calloc(1, sizeof *s);
    *state = s;
    if (!s) return fail(ERR_MEMORY, "no memory for %s", rival->name);
    const Status status = open_parts(s, rival, bags);
    if (status != OK) close_state(s);
    if (status != OK) *state = NULL;
    return status;
}

/* ---- similarities ---- */

typedef struct {
    MinmaxState *state;
    const KmerPanel *panel;
    double *sum; /* [n, n_all] Σ min: bags in use have the first rows and columns */
} PairWork;

static void fill_values(void *context, int chunk, int thread)
{
    const PairWork *w = context;
    const uint32_t *count = w->panel->count + chunk * w->panel->stride;
    const double total = w->panel->total[chunk];
    double *value = w->state->value + (Index)chunk * KMERBLOCKS_PANEL;
    (void)thread;
    for (int c = 0; c < w->panel->n_cell; c++)
        value[c] = count[c] == 0 ? 0 : w->state->presence ? 1 : count[c] / total;
}

VECTOR static double sum_min(const double *restrict a, const double *restrict b, int n)
{
    double lane[LANES] = {0}, sum = 0;
    int c = 0;
    for (; c + LANES <= n; c += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += a[c + k] < b[c + k] ? a[c + k] : b[c + k];
    for (; c < n; c++) sum += a[c] < b[c] ? a[c] : b[c];
    for (int k = 0; k < LANES; k++) sum += lane[k];
    return sum;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void add_tile(void *context, int chunk, int thread)
{
    const PairWork *w = context;
    const MinmaxState *s = w->state;
    int row = 0, column = chunk;
    (void)thread;
    while (column > row) column -= ++row;
    for (int i = row * TILE; i < least((row + 1) * TILE, s->n); i++)
        for (int j = column * TILE; j < least((column + 1) * TILE, i + 1); j++)
            w->sum[(Index)i * s->n_all + j] += sum_min(s->value + (Index)i * KMERBLOCKS_PANEL,
                                                       s->value + (Index)j * KMERBLOCKS_PANEL, w->panel->n_cell);
}

static Status add_panel(void *context, const KmerPanel *panel)
{
    PairWork *w = context;
    const int n_tile = (w->state->n + TILE - 1) / TILE;
    w->panel = panel;
    parallel_for(w->state->n, fill_values, w);
    parallel_for(n_tile * (n_tile + 1) / 2, add_tile, w);
    return OK;
}

/* Sums become similarities, at the members' places. From the end on: nothing is overwritten that is still needed, since
 * those of a bag with itself are kept apart. */
static Status finish(double *sum, const MinmaxState *s)
{
    const int *member = kmerblocks_member(s->blocks);
    const Index n_all = s->n_all;
    double *own = malloc(((size_t)s->n + 1) * sizeof *own);
    if (!own) return fail(ERR_MEMORY, "no memory for %d bags", s->n);
    for (int i = 0; i < s->n; i++) own[i] = sum[i * n_all + i];
    for (int i = s->n - 1; i >= 0; i--)
        for (int j = i; j >= 0; j--) {
            const double value = i == j ? 1 : bagkernel_minmax_similarity(sum[i * n_all + j], own[i], own[j]);
            sum[i * n_all + j] = 0;
            sum[member[i] * n_all + member[j]] = value;
        }
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < i; j++) sum[member[j] * n_all + member[i]] = sum[member[i] * n_all + member[j]];
    free(own);
    return OK;
}

/* No set matters to them. */
static Status grams(void *state, BagKernelSet *set, int n_set)
{
    MinmaxState *s = state;
    PairWork work = {.state = s, .sum = set[0].gram};
    TRY(kmerblocks_walk(s->blocks, add_panel, &work));
    TRY(finish(work.sum, s));
    for (int k = 1; k < n_set; k++)
        memcpy(set[k].gram, work.sum, (size_t)s->n_all * (size_t)s->n_all * sizeof *work.sum);
    return OK;
}

/* ---- models ---- */

typedef struct {
    MinmaxState *state;
    bool *needed;        /* [n] by any model */
    CountStream *stream; /* [n] */
} StreamWork;

static bool has_weight(const BagKernelWeights *w, int n_all, int member)
{
    for (int o = 0; o < w->n_out; o++)
        if (w->weight[(Index)o * n_all + member] != 0) return true;
    return false;
}

static Status stream_panel(void *context, const KmerPanel *panel)
{
    StreamWork *w = context;
    for (int i = 0; i < panel->n; i++) {
        const uint32_t *count = panel->count + i * panel->stride;
        if (!w->needed[i]) continue;
        for (int c = 0; c < panel->n_cell; c++)
            if (count[c] > 0) TRY(countstream_add(&w->stream[i], panel->first + c, count[c]));
    }
    return OK;
}

/* Bags without k-mers are left out: they are similar to nothing. */
static bool is_held(const StreamWork *w, const BagKernelWeights *weights, int i)
{
    return w->stream[i].total > 0 && has_weight(weights, w->state->n_all, kmerblocks_member(w->state->blocks)[i]);
}

static void fill_weights(double *out, int n_held, const StreamWork *w, const BagKernelWeights *weights)
{
    for (int o = 0; o < weights->n_out; o++)
        for (int i = 0, k = 0; i < w->state->n; i++)
            if (is_held(w, weights, i))
                out[(Index)o * n_held + k++] =
                    weights->weight[(Index)o * w->state->n_all + kmerblocks_member(w->state->blocks)[i]];
}

static Status make_model(const StreamWork *w, const BagKernelWeights *weights)
{
    void *byte, *start, *total, *weight;
    int64_t n_held = 0, n_byte = 0, k = 0;
    for (int i = 0; i < w->state->n; i++) {
        n_held += is_held(w, weights, i);
        n_byte += is_held(w, weights, i) ? (int64_t)w->stream[i].n : 0;
    }
    TRY(rival_model_add(weights->model, &byte, "bags", TENSOR_U8, 1, &n_byte));
    TRY(rival_model_add(weights->model, &start, "start", TENSOR_I64, 1, (const int64_t[]){n_held + 1}));
    TRY(rival_model_add(weights->model, &total, "total", TENSOR_F64, 1, &n_held));
    TRY(rival_model_add(weights->model, &weight, "weight", TENSOR_F64, 2, (const int64_t[]){weights->n_out, n_held}));
    for (int i = 0; i < w->state->n; i++) {
        if (!is_held(w, weights, i)) continue;
        memcpy((uint8_t *)byte + ((int64_t *)start)[k], w->stream[i].byte, w->stream[i].n);
        ((double *)total)[k] = (double)w->stream[i].total;
        ((int64_t *)start)[k + 1] = ((int64_t *)start)[k] + (int64_t)w->stream[i].n;
        k++;
    }
    fill_weights(weight, (int)n_held, w, weights);
    if (json_object_set_new(weights->model->facts, "by_counts", json_boolean(w->state->by_counts)) == 0) return OK;
    return fail(ERR_MEMORY, "no memory for a model of %s", w->state->rival->name);
}

static void free_streams(StreamWork *w)
{
    for (int i = 0; w->stream && i < w->state->n; i++) countstream_free(&w->stream[i]);
    free(w->stream);
    free(w->needed);
}

static Status weigh(void *state, BagKernelWeights *weights, int n)
{
    Status status = OK;
    MinmaxState *s = state;
    StreamWork w = {.state = s};
    w.needed = calloc((size_t)s->n + 1, sizeof *w.needed);
    w.stream = calloc((size_t)s->n + 1, sizeof *w.stream);
    if (!w.needed || !w.stream) TRY_DONE(fail(ERR_MEMORY, "no memory for %d models of %s", n, s->rival->name));
    for (int i = 0; i < s->n; i++) {
        w.stream[i] = (CountStream){.last = -1, .presence = s->presence};
        for (int k = 0; k < n; k++) w.needed[i] |= has_weight(&weights[k], s->n_all, kmerblocks_member(s->blocks)[i]);
    }
    TRY_DONE(kmerblocks_walk(s->blocks, stream_panel, &w));
    for (int k = 0; k < n; k++) TRY_DONE(make_model(&w, &weights[k]));
done:
    free_streams(&w);
    return status;
}

/* ---- the kernels ---- */

static const BagKernel kernel = {
    .as_is = true,
    .n_cost = 4,
    .cost = {0.1, 1, 10, 100},
    .open = open_state,
    .close = close_state,
    .grams = grams,
    .weigh = weigh,
    .apply_open = minmaxapply_open,
    .product = minmaxapply_product,
    .apply_close = minmaxapply_close,
};

const MinmaxDetail bagkernel_minmax_counts = {&kernel, false};
const MinmaxDetail bagkernel_minmax_presence = {&kernel, true};
