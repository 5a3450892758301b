/* SPDX-License-Identifier: MIT
 *
 * mil.c: how the parts work together on a minibatch.
 *
 * Work is cut by sizes alone: pass one into runs of PASS_ROWS instances of a bag, learning into runs of LEARN_ROWS
 * selected ones. Run i adds its gradients to slot i mod n_slot, runs of a slot one after the other, and slots are summed in
 * order; so the thread count changes no bit.
 *
 * Bags of sequences are embedded one by one, because the divisor of a bag's input is in its tables. Vectors know nothing of
 * their bag: those of a whole minibatch are laid end to end, so that bags of six instances make blocks of sixty-four.
 */
#include "model/mil.h"
#include "core/log.h"
#include "core/parallel.h"
#include "model/embedder.h"
#include "model/pooling.h"
#include "model/select.h"
#include "nn/kernel.h"
#include "nn/linear.h"
#include "nn/retrieval.h"
#include "nn/selu.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASS_ROWS          1024
#define LEARN_ROWS         512
#define SLOTS              16
#define WIDE_PARAMS        4000000 /* from here one slot must do: slots are as large as the parameters */
#define OUTPUT_LAYERS      8
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    int slot, from, n;
} Run; /* places from … from+n-1 of bag `slot`, or of all bags joined */

/* What belongs to one bag of the minibatch. */
typedef struct {
    Bag whole, kept; /* kept: what selection leaves, in memory of `room` */
    Arena room;
    int a_at; /* its first row in a */
    SelectScratch select;
} Seat;

struct Mil {
    ModelOptions o;
    BagSpec spec;
    Target *target;
    int n_target, n_out;
    const EmbedderType *embedder_type;
    const PoolingType *pooling_type;
    Embedder *embedder;
    Pooling *pooling;
    Linear output[OUTPUT_LAYERS + 1];
    ParamList params;
    const real *theta; /* of the last prepare */

    /* workspace, laid out by plan */
    Arena arena;
    int n_bag, n_max; /* what it holds */
    bool learn;
    int n_slot;  /* of gradients */
    Seat *seat;  /* [n_bag] */
    int *bounds; /* [n_bag + 1] of the selected instances of each bag in the arrays over them */
    Bag joined;  /* vectors: the selected instances of all bags, in memory of `join_room` */
    Arena join_room;
    const Bag **kept; /* [n_bag] */
    bool *present;    /* [max_len + 1] lengths in the minibatch */
    Run *run;         /* [runs of either kind] */
    int n_run;
    real **block;                                       /* [n_thread] embeddings of a block [KERNEL_BLOCK, width] */
    real *a;                                            /* [n_bag · n_max, n_query] logits of pass one */
    real *h, *dh;                                       /* [n_keep, width] of selected instances */
    real *a_kept, *w, *da;                              /* [n_keep, n_query] */
    real *z, *dz;                                       /* [n_bag, n_z] */
    real *y[OUTPUT_LAYERS + 1], *dy[OUTPUT_LAYERS + 1]; /* [n_bag, n_out of that layer] */
};

/* ---- putting together ---- */

/* Names an embedder that would do: the first in the table for this kind of bag. */
static Status check_kind(const Mil *m)
{
    static const char *const words[] = {[BAG_SEQUENCES] = "sequences", [BAG_VECTORS] = "vectors"};
    const EmbedderType *const *other = embedder_types;
    if (m->embedder_type->takes == m->spec.kind) return OK;
    while ((*other)->takes != m->spec.kind) other++;
    return fail(ERR_MODEL, "embedder %s reads %s, but the bags hold %s; set model.embedder.kind: %s",
                m->embedder_type->name, words[m->embedder_type->takes], words[m->spec.kind], (*other)->name);
}

static Status init_parts(Mil *m)
{
    const EmbedderType *et = m->embedder_type = embedder_types[m->o.embedder];
    const PoolingType *pt = m->pooling_type = pooling_types[m->o.pooling];
    TRY(check_kind(m));
    if (!pt->ranks && select_scores(&m->o))
        return fail(ERR_CONFIG,
                    "model.pooling.kind: %s has no attention to select by; set model.selection.kind to all or random",
                    pt->name);
    m->embedder = calloc(1, et->size);
    m->pooling = calloc(1, pt->size);
    if (!m->embedder || !m->pooling) return fail(ERR_MEMORY, "no memory for the model");
    TRY(et->init(m->embedder, &m->params, m->o.embedder_options, &m->spec));
    TRY(pt->init(m->pooling, &m->params, m->o.pooling_options, m->embedder->n_h, m->embedder->width));
    if (m->o.output_hidden > OUTPUT_LAYERS)
        return fail(ERR_CONFIG, "model.output.n_hidden is %d; at most %d", m->o.output_hidden, OUTPUT_LAYERS);
    int n_in = m->pooling->n_z;
    for (int j = 0; j <= m->o.output_hidden; j++) {
        char name[64];
        snprintf(name, sizeof name, "output_nn.output_nn.%d", 2 * j);
        linear_init(&m->output[j], &m->params, name, n_in, j < m->o.output_hidden ? m->o.output_unit : m->n_out);
        n_in = m->o.output_unit;
    }
    return param_check(&m->params);
}

Status mil_new(Mil **out, const ModelOptions *options, const BagSpec *spec, Target *target, int n_target)
{
    Mil *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) return fail(ERR_MEMORY, "no memory for the model");
    m->o = *options;
    m->spec = *spec;
    m->spec.clip = options->clip;
    m->target = target;
    m->n_target = n_target;
    for (int t = 0; t < n_target; t++) {
        target[t].at = m->n_out;
        target[t].n_out = target[t].type->n_out ? target[t].type->n_out : target[t].n_class;
        m->n_out += target[t].n_out;
    }
    const Status status = init_parts(m);
    if (status != OK) {
        mil_free(m);
        return status;
    }
    *out = m;
    return OK;
}

static void free_seats(Mil *m)
{
    for (int b = 0; b < m->n_bag; b++) arena_free(&m->seat[b].room);
    arena_free(&m->join_room);
}

void mil_free(Mil *m)
{
    if (!m) return;
    free_seats(m);
    arena_free(&m->arena);
    param_free(&m->params);
    free(m->embedder);
    free(m->pooling);
    free(m);
}

const ParamList *mil_params(const Mil *m)
{
    return &m->params;
}
int mil_n_out(const Mil *m)
{
    return m->n_out;
}
int mil_n_query(const Mil *m)
{
    return m->pooling->n_query;
}
int mil_n_head(const Mil *m)
{
    return m->pooling->n_head;
}
void mil_say_capped(const Mil *m, const char *where)
{
    const long long n = m->pooling->n_capped;
    if (n == 0) return;
    log_warn(
        "%s: %lld associations had not converged after %d updates and stopped there; raise model.pooling.eps, or set "
        "model.pooling.steps",
        where, n, RETRIEVAL_CAP);
}

/* ---- workspace ---- */

/* Memory of its own as large as `room` counted, so that bags can be laid out in it anew for each minibatch. */
static void own_room(Arena *room, Arena *arena)
{
    room->size = room->used;
    room->used = 0;
    room->base = ARENA_TAKE(arena, char, room->size);
    room->borrowed = true;
}

static void plan_seat(Mil *m, Seat *seat, Arena *arena, int n_max)
{
    Arena room = {0};
    SelectScratch select;
    select_plan(&select, arena, n_max, m->pooling->n_query);
    bag_take_room(&room, &m->spec, select_count(&m->o, n_max), true);
    own_room(&room, arena);
    if (seat) *seat = (Seat){.room = room, .select = select};
}

/* Room for the runs, and the slots: no more than there can be runs. */
static void plan_runs(Mil *m, Arena *arena, int n_bag, int n_max, int n_keep)
{
    const size_t bags = (size_t)n_bag, whole = bags * (size_t)(n_max / PASS_ROWS + 1),
                 kept = m->spec.kind == BAG_VECTORS ? (size_t)n_keep / LEARN_ROWS + 1
                                                    : bags * (size_t)(n_max / LEARN_ROWS + 1);
    m->run = ARENA_TAKE(arena, Run, whole > kept ? whole : kept);
    m->n_slot = kept < SLOTS ? (int)kept : SLOTS;
    if (m->params.size > WIDE_PARAMS) m->n_slot = 1;
}

static void plan_join(Mil *m, Arena *arena, int n_bag, int n_keep)
{
    m->join_room = (Arena){0};
    if (m->spec.kind != BAG_VECTORS) return;
    m->kept = ARENA_TAKE(arena, const Bag *, (size_t)n_bag);
    bag_join_room(&m->join_room, &m->spec, n_bag, n_keep);
    own_room(&m->join_room, arena);
}

static void plan(Mil *m, Arena *arena, int n_bag, int n_max, bool learn)
{
    const int n_thread = parallel_threads(), keep_max = select_count(&m->o, n_max);
    const size_t n_keep = (size_t)n_bag * (size_t)keep_max, n_query = (size_t)m->pooling->n_query,
                 width = (size_t)m->embedder->width, bags = (size_t)n_bag;
    plan_runs(m, arena, n_bag, n_max, (int)n_keep);
    plan_join(m, arena, n_bag, keep_max);
    const ModelRoom room = {.n_bag = n_bag,
                            .n_row = (int)n_keep,
                            .n_keep = learn ? (int)n_keep : 0,
                            .n_slot = learn ? m->n_slot : 0,
                            .n_thread = n_thread};
    m->embedder_type->plan(m->embedder, arena, &room);
    m->pooling_type->plan(m->pooling, arena, &room);
    m->seat = ARENA_TAKE(arena, Seat, bags);
    for (int b = 0; b < n_bag; b++) plan_seat(m, m->seat ? &m->seat[b] : NULL, arena, n_max);
    m->present = ARENA_TAKE(arena, bool, (size_t)m->spec.max_len + 1);
    m->bounds = ARENA_TAKE(arena, int, bags + 1);
    m->block = ARENA_TAKE(arena, real *, (size_t)n_thread);
    for (int t = 0; t < n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, KERNEL_BLOCK * width);
        if (m->block) m->block[t] = piece;
    }
    m->a = ARENA_TAKE(arena, real, select_scores(&m->o) ? bags * (size_t)n_max * n_query : 0);
    m->h = ARENA_TAKE(arena, real, n_keep * width);
    m->a_kept = ARENA_TAKE(arena, real, n_keep * n_query);
    m->w = ARENA_TAKE(arena, real, n_keep * n_query);
    m->dh = ARENA_TAKE(arena, real, learn ? n_keep * width : 0);
    m->da = ARENA_TAKE(arena, real, learn ? n_keep * n_query : 0);
    m->z = ARENA_TAKE(arena, real, bags * (size_t)m->pooling->n_z);
    m->dz = ARENA_TAKE(arena, real, learn ? bags * (size_t)m->pooling->n_z : 0);
    for (int j = 0; j <= m->o.output_hidden; j++) {
        m->y[j] = ARENA_TAKE(arena, real, bags * (size_t)m->output[j].n_out);
        m->dy[j] = ARENA_TAKE(arena, real, learn ? bags * (size_t)m->output[j].n_out : 0);
    }
}

size_t mil_memory(const Mil *mil, int n_bag, int n_max, bool learn)
{
    Mil m = *mil; /* a copy of what plan writes to; nothing is written through its pointers while counting */
    Arena count = {0};
    m.embedder = malloc(m.embedder_type->size);
    m.pooling = malloc(m.pooling_type->size);
    if (m.embedder && m.pooling) {
        memcpy(m.embedder, mil->embedder, m.embedder_type->size);
        memcpy(m.pooling, mil->pooling, m.pooling_type->size);
        plan(&m, &count, n_bag, n_max, learn);
    }
    free(m.embedder);
    free(m.pooling);
    return count.used;
}

Status mil_plan(Mil *m, int n_bag, int n_max, bool learn)
{
    free_seats(m);
    m->n_bag = 0;
    m->theta = NULL;
    arena_free(&m->arena);
    plan(m, &m->arena, n_bag, n_max, learn);
    TRY(arena_reserve(&m->arena, "the model's workspace"));
    plan(m, &m->arena, n_bag, n_max, learn);
    m->n_bag = n_bag;
    m->n_max = n_max;
    m->learn = learn;
    return OK;
}

void mil_prepare(Mil *m, const real *theta)
{
    m->theta = theta;
    m->embedder_type->prepare(m->embedder, theta, NULL, NULL);
    m->pooling_type->prepare(m->pooling, theta, NULL);
}

/* Like mil_prepare, but only for the lengths of a minibatch. */
static void prepare_for(Mil *m, const real *theta, const Batch *batch, const Pass *pass)
{
    ZERO(m->present, (size_t)m->spec.max_len + 1);
    for (int b = 0; b < batch->n_bag; b++)
        for (int l = 0; l <= batch->bag[b].max_len; l++)
            if (batch->bag[b].first && batch->bag[b].first[l + 1] > batch->bag[b].first[l]) m->present[l] = true;
    m->theta = theta;
    m->embedder_type->prepare(m->embedder, theta, m->present, pass);
    m->pooling_type->prepare(m->pooling, theta, pass);
}

/* ---- pass one: score all, select ---- */

static void cut_rows(Mil *m, int slot, int n, int rows)
{
    for (int from = 0; from < n; from += rows)
        m->run[m->n_run++] = (Run){slot, from, n - from < rows ? n - from : rows};
}

static void cut_whole(Mil *m, int n_bag)
{
    m->n_run = 0;
    for (int b = 0; b < n_bag; b++) cut_rows(m, b, m->seat[b].whole.n, PASS_ROWS);
}

static void cut_kept(Mil *m, int n_bag)
{
    m->n_run = 0;
    if (m->spec.kind == BAG_VECTORS)
        cut_rows(m, 0, m->joined.n, LEARN_ROWS);
    else
        for (int b = 0; b < n_bag; b++) cut_rows(m, b, m->seat[b].kept.n, LEARN_ROWS);
}

static void open_bag(void *context, int b, int thread)
{
    Mil *m = context;
    (void)thread;
    m->embedder_type->open(m->embedder, &m->seat[b].whole, b);
}

/* Seats the bags; under COMPAT_DEEPRC all are padded to the longest sequence of the minibatch. */
static void seat_bags(Mil *m, const Bag *bag, int n_bag)
{
    int pad_len = 0, a_at = 0;
    assert(n_bag <= m->n_bag);
    if (m->o.compat == COMPAT_DEEPRC) {
        pad_len = m->embedder_type->least_pad(m->embedder);
        for (int b = 0; b < n_bag; b++)
            if (bag[b].max_len > pad_len) pad_len = bag[b].max_len;
    }
    for (int b = 0; b < n_bag; b++) {
        Seat *seat = &m->seat[b];
        assert(bag[b].n <= m->n_max);
        seat->whole = bag[b];
        seat->whole.pad_len = pad_len;
        seat->a_at = a_at;
        a_at += bag[b].n;
    }
    if (m->spec.kind == BAG_SEQUENCES) parallel_for(n_bag, open_bag, m); /* vectors know nothing of their bag */
}

static void score_run(void *context, int chunk, int thread)
{
    Mil *m = context;
    const Run *run = &m->run[chunk];
    Seat *seat = &m->seat[run->slot];
    for (int at = 0; at < run->n; at += KERNEL_BLOCK) {
        const Rows rows = {.bag = &seat->whole,
                           .slot = run->slot,
                           .from = run->from + at,
                           .n = run->n - at < KERNEL_BLOCK ? run->n - at : KERNEL_BLOCK,
                           .cached = -1,
                           .thread = thread};
        m->embedder_type->forward(m->embedder, m->block[thread], &rows);
        m->pooling_type->score(m->pooling, m->a + (size_t)(seat->a_at + rows.from) * (size_t)m->pooling->n_query,
                               m->block[thread], &rows);
    }
}

static void keep_top(void *context, int b, int thread)
{
    Mil *m = context;
    Seat *seat = &m->seat[b];
    const int n = seat->whole.n, k = select_count(&m->o, n), n_query = m->pooling->n_query;
    (void)thread;
    select_top(&seat->select, m->a + (size_t)seat->a_at * (size_t)n_query, seat->whole.row, n, n_query, k);
    arena_rewind(&seat->room);
    bag_take(&seat->kept, &seat->room, &seat->whole, seat->select.keep, k, m->spec.n_feat);
}

static void join_kept(Mil *m, int n_bag)
{
    if (n_bag == 1) {
        m->joined = m->seat[0].kept;
        return;
    }
    for (int b = 0; b < n_bag; b++) m->kept[b] = &m->seat[b].kept;
    arena_rewind(&m->join_room);
    bag_join(&m->joined, &m->join_room, m->kept, n_bag, m->spec.n_feat);
}

/* Fills the seats' `kept`. `rng` is for a random choice. */
static void select_kept(Mil *m, int n_bag, Rng rng)
{
    if (select_scores(&m->o)) {
        cut_whole(m, n_bag);
        parallel_for(m->n_run, score_run, m);
        parallel_for(n_bag, keep_top, m);
    } else
        for (int b = 0; b < n_bag; b++) {
            Seat *seat = &m->seat[b];
            const int n = seat->whole.n, k = select_count(&m->o, n);
            if (k == n) {
                seat->kept = seat->whole;
                continue;
            }
            select_random(&seat->select, n, k, &rng);
            arena_rewind(&seat->room);
            bag_take(&seat->kept, &seat->room, &seat->whole, seat->select.keep, k, m->spec.n_feat);
        }
    m->bounds[0] = 0;
    for (int b = 0; b < n_bag; b++) m->bounds[b + 1] = m->bounds[b] + m->seat[b].kept.n;
    if (m->spec.kind == BAG_VECTORS) join_kept(m, n_bag);
}

/* ---- pass two: the selected instances to outputs ---- */

/* Rows of a block within a run over selected instances. */
static Rows kept_rows(const Mil *m, const Run *run, int at, int thread)
{
    const bool joined = m->spec.kind == BAG_VECTORS;
    return (Rows){.bag = joined ? &m->joined : &m->seat[run->slot].kept,
                  .slot = run->slot,
                  .from = run->from + at,
                  .n = run->n - at < KERNEL_BLOCK ? run->n - at : KERNEL_BLOCK,
                  .cached = (joined ? 0 : m->bounds[run->slot]) + run->from + at,
                  .thread = thread};
}

static void embed_run(void *context, int chunk, int thread)
{
    Mil *m = context;
    const Run *run = &m->run[chunk];
    for (int at = 0; at < run->n; at += KERNEL_BLOCK) {
        Rows rows = kept_rows(m, run, at, thread);
        const size_t row = (size_t)rows.cached;
        if (!m->learn) rows.cached = -1;
        real *h = m->h + row * (size_t)m->embedder->width;
        m->embedder_type->forward(m->embedder, h, &rows);
        m->pooling_type->score(m->pooling, m->a_kept + row * (size_t)m->pooling->n_query, h, &rows);
    }
}

static void output_forward(Mil *m, int n_bag)
{
    const real *x = m->z;
    for (int j = 0; j <= m->o.output_hidden; j++) {
        linear_forward(m->y[j], &m->output[j], m->theta, x, n_bag);
        if (j < m->o.output_hidden)
            for (int i = 0; i < n_bag * m->output[j].n_out; i++) m->y[j][i] = selu(m->y[j][i]);
        x = m->y[j];
    }
}

static void forward(Mil *m, const Bag *bag, int n_bag, Rng rng)
{
    assert(m->theta);
    seat_bags(m, bag, n_bag);
    select_kept(m, n_bag, rng);
    cut_kept(m, n_bag);
    parallel_for(m->n_run, embed_run, m);
    m->pooling_type->pool(m->pooling, m->z, m->w, m->a_kept, m->h, m->bounds, n_bag, m->learn);
    output_forward(m, n_bag);
}

/* ---- backward ---- */

/* Σ_targets weight · mean over bags with a known label; its gradient goes to the last dy. */
static double losses(Mil *m, const Batch *batch, double *target_loss)
{
    real *y = m->y[m->o.output_hidden], *dy = m->dy[m->o.output_hidden];
    double total = 0;
    ZERO(dy, (size_t)batch->n_bag * (size_t)m->n_out);
    for (int t = 0; t < m->n_target; t++) {
        const Target *target = &m->target[t];
        double sum = 0;
        int known = 0;
        for (int b = 0; b < batch->n_bag; b++) known += batch->mask[b * m->n_target + t] != 0;
        for (int b = 0; b < batch->n_bag; b++) {
            const int at = b * m->n_out + target->at;
            if (batch->mask[b * m->n_target + t] == 0) continue;
            sum += target->type->loss(target, y + at, batch->target + at);
            target->type->loss_backward(dy + at, target, y + at, batch->target + at,
                                        (double)(float)target->weight / known);
        }
        const double weighted = known ? (double)(float)target->weight * sum / known : 0;
        if (target_loss) target_loss[t] = weighted;
        total += weighted;
    }
    return total;
}

static void output_backward(Mil *m, real *grad, int n_bag)
{
    ZERO(m->dz, (size_t)n_bag * (size_t)m->pooling->n_z);
    for (int j = m->o.output_hidden; j >= 0; j--) {
        const size_t n = (size_t)n_bag * (size_t)m->output[j].n_in;
        real *dx = j ? m->dy[j - 1] : m->dz;
        if (j) ZERO(dx, n);
        linear_backward(dx, grad, &m->output[j], m->theta, j ? m->y[j - 1] : m->z, m->dy[j], n_bag);
        if (j)
            for (size_t i = 0; i < n; i++) dx[i] *= selu_slope(m->y[j - 1][i]);
    }
}

static void pool_backward(Mil *m, real *grad, int n_bag)
{
    const size_t n = (size_t)m->bounds[n_bag];
    ZERO(m->da, n * (size_t)m->pooling->n_query);
    ZERO(m->dh, n * (size_t)m->embedder->width);
    m->pooling_type->pool_backward(m->pooling, m->da, m->dh, grad, m->dz, m->z, m->w, m->a_kept, m->h, m->bounds,
                                   n_bag);
}

static void slot_backward(void *context, int slot, int thread)
{
    Mil *m = context;
    m->embedder_type->zero(m->embedder, slot);
    m->pooling_type->zero(m->pooling, slot);
    for (int i = slot; i < m->n_run; i += m->n_slot)
        for (int at = 0; at < m->run[i].n; at += KERNEL_BLOCK) {
            const Rows rows = kept_rows(m, &m->run[i], at, thread);
            const size_t row = (size_t)rows.cached;
            real *h = m->h + row * (size_t)m->embedder->width, *dh = m->dh + row * (size_t)m->embedder->width;
            m->pooling_type->score_backward(m->pooling, slot, dh, m->da + row * (size_t)m->pooling->n_query, h,
                                            &rows);
            m->embedder_type->backward(m->embedder, slot, h, dh, &rows);
        }
}

double mil_learn(Mil *m, real *grad, const real *theta, const Batch *batch, uint64_t seed, uint64_t update,
                 double *target_loss)
{
    assert(m->learn);
    prepare_for(m, theta, batch, &(Pass){.seed = seed, .update = update});
    forward(m, batch->bag, batch->n_bag, rng_stream(seed, "select", update));
    const double loss = losses(m, batch, target_loss);
    output_backward(m, grad, batch->n_bag);
    pool_backward(m, grad, batch->n_bag);
    const int n_slot = m->n_run < m->n_slot ? m->n_run : m->n_slot;
    parallel_for(n_slot, slot_backward, m);
    m->embedder_type->finish(m->embedder, grad, n_slot);
    m->pooling_type->finish(m->pooling, grad, n_slot);
    return loss;
}

/* By row of the bag. Without pass one the logits are those of the selected, which then are all or a random choice. */
static void copy_attention(const Mil *m, MilAttention *attention)
{
    const Seat *seat = &m->seat[0];
    const size_t n_query = (size_t)m->pooling->n_query, bytes = n_query * sizeof(real);
    memset(attention->weight, 0, (size_t)seat->whole.n * bytes);
    memset(attention->logit, 0, (size_t)seat->whole.n * bytes);
    if (select_scores(&m->o))
        for (int i = 0; i < seat->whole.n; i++)
            memcpy(attention->logit + (size_t)seat->whole.row[i] * n_query, m->a + (size_t)i * n_query, bytes);
    for (int i = 0; i < seat->kept.n; i++) {
        const size_t row = (size_t)seat->kept.row[i] * n_query;
        memcpy(attention->logit + row, m->a_kept + (size_t)i * n_query, bytes);
        memcpy(attention->weight + row, m->w + (size_t)i * n_query, bytes);
    }
}

void mil_predict(Mil *m, real *output, const Bag *bag, MilAttention *attention)
{
    const bool learn = m->learn;
    m->learn = false; /* keep nothing for backward */
    forward(m, bag, 1, rng_stream(0, "select", (uint64_t)bag->n));
    m->learn = learn;
    memcpy(output, m->y[m->o.output_hidden], (size_t)m->n_out * sizeof *output);
    if (attention) copy_attention(m, attention);
}

MilView mil_view(const Mil *m, int bag)
{
    const Seat *seat = &m->seat[bag];
    const size_t n_query = (size_t)m->pooling->n_query, width = (size_t)m->embedder->width, b = (size_t)bag,
                 at = (size_t)m->bounds[bag], n_z = (size_t)m->pooling->n_z, n_out = (size_t)m->n_out;
    const real *y = m->y[m->o.output_hidden], *dy = m->dy[m->o.output_hidden];
    MilView v = {.whole = &seat->whole,
                 .kept = &seat->kept,
                 .width = m->embedder->width,
                 .a = select_scores(&m->o) ? m->a + (size_t)seat->a_at * n_query : NULL,
                 .h = m->h + at * width,
                 .a_kept = m->a_kept + at * n_query,
                 .w = m->w + at * n_query,
                 .z = m->z + b * n_z,
                 .y = y + b * n_out};
    if (m->learn) {
        v.dh = m->dh + at * width;
        v.da = m->da + at * n_query;
        v.dz = m->dz + b * n_z;
        v.dy = dy + b * n_out;
    }
    return v;
}
