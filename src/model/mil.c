/* SPDX-License-Identifier: MIT
 *
 * mil.c: the network put together, its memory, and its start.
 */
#include "core/log.h"
#include "core/parallel.h"
#include "model/embedder_genes.h"
#include "model/mil_parts.h"
#include "model/pooling_several.h"
#include "nn/retrieval.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS       16
#define WIDE_PARAMS 4000000 /* from here one slot must do: slots are as large as the parameters */

/* One pooling alone is entry 0. */
_Static_assert(offsetof(ModelOptions, pooling_options) == offsetof(ModelOptions, pooling_entry[0].options),
               "both lie at one place");

/* ---- putting together ---- */

/* Names an embedder that would do: the first in the table for this kind of bag. */
static Status check_kind(const Mil *m)
{
    static const char *const words[] = {[BAG_SEQUENCES] = "sequences", [BAG_VECTORS] = "vectors"};
    const EmbedderType *const *other = embedder_types;
    if (embedder_types[m->o.embedder]->bag_kind == m->spec.kind) return OK;
    while ((*other)->bag_kind != m->spec.kind) other++;
    return fail(ERR_MODEL, "embedder %s reads %s, but the bags hold %s; set model.embedder.kind: %s",
                embedder_types[m->o.embedder]->name, words[embedder_types[m->o.embedder]->bag_kind],
                words[m->spec.kind], (*other)->name);
}

/* The mean is of all that are selected, so selection must leave a fair part of them. */
static Status check_selection(const Mil *m)
{
    if (m->pooling->mean && m->o.select == SELECT_TOP && select_scores(&m->o))
        return fail(ERR_CONFIG, "model.pooling.mean: with model.selection.kind: top most instances are left out, and "
                                "their mean with them; set it to all or random");
    return OK;
}

static int n_pooling(const ModelOptions *o)
{
    return o->n_pooling > 1 ? o->n_pooling : 1;
}

int mil_count_weight(const ModelOptions *o)
{
    for (int k = 0; k < n_pooling(o); k++)
        if (o->pooling_entry[k].count_weight) return o->pooling_entry[k].count_weight;
    return 0;
}

bool mil_ranks(const ModelOptions *o)
{
    for (int k = 0; k < n_pooling(o); k++)
        if (pooling_types[o->pooling_entry[k].kind]->ranks) return true;
    return false;
}

/* Every pooling has a say in what is selected, or none is asked. */
static Status check_ranks(const Mil *m)
{
    for (int k = 0; k < n_pooling(&m->o); k++) {
        const PoolingType *type = pooling_types[m->o.pooling_entry[k].kind];
        char entry[24] = "";
        if (type->ranks || !select_scores(&m->o)) continue;
        if (n_pooling(&m->o) > 1) snprintf(entry, sizeof entry, ".%d", k);
        return fail(
            ERR_CONFIG,
            "model.pooling%s.kind: %s has no attention to select by; set model.selection.kind to all or random",
            entry, type->name);
    }
    return OK;
}

/* Of several classes some outputs must fall where others rise. */
static Status check_monotone(const Mil *m)
{
    for (int t = 0; m->o.output_monotone && t < m->n_target; t++)
        if (m->target[t].type->n_out == 0)
            return fail(ERR_CONFIG,
                        "model.output.monotone: task %s has several classes; it is for binary and "
                        "regression tasks",
                        m->target[t].name);
    return OK;
}

static Status init_embedder(Mil *m)
{
    const EmbedderType *type = embedder_types[m->o.embedder];
    const GenesChosen chosen = {type, m->o.embedder_options, m->o.gene_size, &m->o.genes};
    const void *options = mil_genes(m) ? (const void *)&chosen : m->o.embedder_options;
    return m->embedder_type->init(m->embedder, &m->params, options, &m->spec);
}

static Status init_pooling(Mil *m)
{
    const PoolingsChosen several = {m->o.pooling_entry, n_pooling(&m->o)};
    const void *options = several.n > 1 ? (const void *)&several : m->o.pooling_options;
    return m->pooling_type->init(m->pooling, &m->params, options, (int)m->embedder->n_h, (int)m->embedder->width);
}

static Status init_parts(Mil *m)
{
    const EmbedderType *et = m->embedder_type = mil_genes(m) ? &embedder_genes : embedder_types[m->o.embedder];
    const PoolingType *pt = m->pooling_type = n_pooling(&m->o) > 1 ? &pooling_several : pooling_types[m->o.pooling];
    TRY(check_kind(m));
    TRY(check_ranks(m));
    TRY(check_monotone(m));
    m->embedder = calloc(1, et->size);
    m->pooling = calloc(1, pt->size);
    if (!m->embedder || !m->pooling) return fail(ERR_MEMORY, "no memory for the model");
    TRY(init_embedder(m));
    TRY(init_pooling(m));
    TRY(check_selection(m));
    if (n_pooling(&m->o) == 1 && mil_counts(m)) TRY(pooling_check_weights(m->pooling_type, m->pooling));
    if (m->o.output_hidden > OUTPUT_LAYERS)
        return fail(ERR_CONFIG, "model.output.n_hidden is %d; at most %d", m->o.output_hidden, OUTPUT_LAYERS);
    m->n_z = m->pooling->n_z + (m->pooling->mean ? m->embedder->n_h : 0);
    attendstream_init(&m->stream, m->pooling->n_column, m->pooling->mean, m->embedder->width);
    if (m->o.norm == NORM_BAGS) bagnorm_init(&m->norm, &m->params, m->n_z);
    TRY(mil_init_inputs(m));
    int n_in = (int)mil_n_joined(m);
    for (int j = 0; j <= m->o.output_hidden; j++) {
        char name[64];
        snprintf(name, sizeof name, "output_nn.output_nn.%d", 2 * j);
        linear_init(&m->output[j], &m->params, name, n_in, j < m->o.output_hidden ? m->o.output_unit : m->n_out);
        /* Weights of one sign do not cancel: their sum must start small, not that of their squares. */
        if (m->o.output_monotone)
            param_nonnegative(&m->params, m->output[j].w_at, 1 / sqrt((double)m->output[j].n_in));
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

static void free_entries(Mil *m)
{
    for (int b = 0; b < m->n_bag; b++) arena_free(&m->entry[b].arena);
    arena_free(&m->join_arena);
}

void mil_free(Mil *m)
{
    if (!m) return;
    free_entries(m);
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
int mil_n_z(const Mil *m)
{
    return (int)m->n_z + m->inputs.n_input;
}
bool mil_weighs(const Mil *m)
{
    return m->pooling->streams;
}
bool mil_calibrates(const Mil *m)
{
    return m->o.norm == NORM_BAGS;
}
int mil_n_column(const Mil *m)
{
    return m->pooling->n_column;
}
int mil_n_pooling(const Mil *m)
{
    return n_pooling(&m->o);
}
MilColumn mil_column(const Mil *m, int column)
{
    const int n_head = m->pooling->n_head;
    if (n_pooling(&m->o) > 1) return pooling_several_column(m->pooling, column);
    return (MilColumn){.query = column / n_head, .head = column % n_head};
}
void mil_report_capped(const Mil *m, const char *where)
{
    const long long n = m->pooling->n_capped;
    if (n == 0) return;
    log_warn(
        "%s: %lld associations had not converged after %d updates and stopped there; raise model.pooling.eps, or set "
        "model.pooling.steps",
        where, n, RETRIEVAL_CAP);
}

/* ---- workspace ---- */

/* Memory of its own as large as `own` counted, so that bags can be laid out in it anew for each minibatch. */
static void own_arena(Arena *own, Arena *arena)
{
    own->size = own->used;
    own->used = 0;
    own->base = ARENA_TAKE(arena, char, own->size);
    own->borrowed = true;
}

static void plan_entry(Mil *m, MilBag *entry, Arena *arena, int n_max, int keep_max)
{
    Arena own = {0};
    SelectScratch select;
    select_plan(&select, arena, n_max, m->pooling->n_column);
    bag_take_room(&own, &m->spec, keep_max, 1 + mil_counts(m) + mil_genes(m));
    own_arena(&own, arena);
    if (entry) *entry = (MilBag){.arena = own, .select = select};
}

/* Memory of the runs, and the slots: no more than there can be runs. */
static void plan_runs(Mil *m, Arena *arena, int n_bag, int n_max, int n_keep)
{
    const Index bags = n_bag, whole = bags * (n_max / PASS_ROWS + 1),
                kept = m->spec.kind == BAG_VECTORS ? n_keep / LEARN_ROWS + 1 : bags * (n_max / LEARN_ROWS + 1);
    m->run = ARENA_TAKE(arena, MilRun, whole > kept ? whole : kept);
    m->n_slot = kept < SLOTS ? (int)kept : SLOTS;
    if (m->params.size > WIDE_PARAMS) m->n_slot = 1;
    if (mil_streams(m)) attendstream_plan(&m->stream, arena, (int)whole, n_bag, parallel_threads());
}

static void plan_join(Mil *m, Arena *arena, int n_bag, int n_keep)
{
    m->join_arena = (Arena){0};
    if (m->spec.kind != BAG_VECTORS) return;
    m->kept = ARENA_TAKE(arena, const Bag *, n_bag);
    bag_join_room(&m->join_arena, &m->spec, n_bag, n_keep);
    own_arena(&m->join_arena, arena);
}

/* Bag vectors from pooling to output: one array where what stands between is off. */
static void plan_vectors(Mil *m, Arena *arena, Index bags, bool learn)
{
    const Index z = bags * m->n_z, dz = learn ? z : 0, n_h = m->embedder->n_h, pooled = bags * m->pooling->n_z;
    const bool mean = m->pooling->mean, norm = m->o.norm == NORM_BAGS;
    m->is_empty = ARENA_TAKE(arena, bool, bags);
    m->z = ARENA_TAKE(arena, real, z);
    m->dz = ARENA_TAKE(arena, real, dz);
    m->pooled = mean ? ARENA_TAKE(arena, real, pooled) : m->z;
    m->dpooled = mean ? ARENA_TAKE(arena, real, learn ? pooled : 0) : m->dz;
    m->dmean = ARENA_TAKE(arena, real, mean && learn ? bags * n_h : 0);
    m->x = norm ? ARENA_TAKE(arena, real, z) : m->z;
    m->dx = norm ? ARENA_TAKE(arena, real, dz) : m->dz;
    m->inv_std = ARENA_TAKE(arena, real, norm ? m->n_z : 0);
    mil_plan_inputs(m, arena, bags, learn);
    const Index joined = m->inputs.n_out > 0 ? bags * mil_n_joined(m) : 0;
    m->in = joined ? ARENA_TAKE(arena, real, joined) : m->x;
    m->din = joined ? ARENA_TAKE(arena, real, learn ? joined : 0) : m->dx;
    for (int j = 0; j <= m->o.output_hidden; j++) {
        m->y[j] = ARENA_TAKE(arena, real, bags * m->output[j].n_out);
        m->dy[j] = ARENA_TAKE(arena, real, learn ? bags * m->output[j].n_out : 0);
    }
}

static void plan(Mil *m, Arena *arena, int n_bag, int n_max, bool learn)
{
    const int n_thread = parallel_threads(), keep_max = mil_streams(m) && !learn ? 0 : select_count(&m->o, n_max);
    const Index bags = n_bag, n_keep = bags * keep_max, n_column = m->pooling->n_column, width = m->embedder->width;
    plan_runs(m, arena, n_bag, n_max, (int)n_keep);
    plan_join(m, arena, n_bag, keep_max);
    const ModelSizes sizes = {.n_bag = n_bag,
                              .n_row = (int)n_keep,
                              .n_keep = learn ? (int)n_keep : 0,
                              .n_slot = learn ? m->n_slot : 0,
                              .n_thread = n_thread};
    m->embedder_type->plan(m->embedder, arena, &sizes);
    m->pooling_type->plan(m->pooling, arena, &sizes);
    m->entry = ARENA_TAKE(arena, MilBag, bags);
    for (int b = 0; b < n_bag; b++) plan_entry(m, m->entry ? &m->entry[b] : NULL, arena, n_max, keep_max);
    m->present = ARENA_TAKE(arena, bool, m->spec.max_len + 1);
    m->bounds = ARENA_TAKE(arena, int, bags + 1);
    m->block = ARENA_TAKE(arena, real *, n_thread);
    for (int t = 0; t < n_thread; t++) {
        real *piece = ARENA_TAKE(arena, real, KERNEL_BLOCK * width);
        if (m->block) m->block[t] = piece;
    }
    m->a = ARENA_TAKE(arena, real, select_scores(&m->o) || mil_streams(m) ? bags * n_max * n_column : 0);
    m->log_weight = mil_counts(m) ? ARENA_TAKE(arena, real, n_keep) : NULL;
    m->c = mil_counts(m) && m->pooling->mean ? ARENA_TAKE(arena, real, n_keep) : NULL;
    m->h = ARENA_TAKE(arena, real, n_keep * width);
    m->a_kept = ARENA_TAKE(arena, real, n_keep * n_column);
    m->w = ARENA_TAKE(arena, real, n_keep * n_column);
    m->dh = ARENA_TAKE(arena, real, learn ? n_keep * width : 0);
    m->da = ARENA_TAKE(arena, real, learn ? n_keep * n_column : 0);
    plan_vectors(m, arena, bags, learn);
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
    free_entries(m);
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

/* ---- a start from k-mers ---- */

#define START_OUTPUT 0.3 /* of the output's weights; small beside what is learned in some ten updates */

/* Weight of number z of the bag vector for an output. */
static void start_output(const Mil *m, real *theta, int output, int z, double weight)
{
    if (z >= 0) theta[m->output[0].w_at + output * mil_n_joined(m) + z] = (real)(float)weight;
}

static int start_parts(Mil *m, real *theta, const KmerStart *start, int n, const Bag *bag, Kmer *kmer, int *z_at)
{
    if (!m->embedder_type->start) return 0;
    for (int j = 0; j < n; j++) kmer[j] = start[j].kmer, z_at[j] = -1;
    n = m->embedder_type->start(m->embedder, theta, kmer, n, bag);
    if (m->pooling_type->start) m->pooling_type->start(m->pooling, theta, n, z_at);
    for (int j = 0; m->o.output_hidden == 0 && j < n; j++) {
        start_output(m, theta, start[j].output, z_at[j], start[j].sign * START_OUTPUT);
        if (m->pooling->mean)
            start_output(m, theta, start[j].output, m->pooling->n_z + j, start[j].sign * START_OUTPUT);
    }
    param_project(&m->params, theta);
    return n;
}

/* Those that a kernel has places for; returns their number. */
static int list_fitting(KmerStart *fit, const Mil *m, const KmerStart *start, int n)
{
    const EmbedderType *type = embedder_types[m->o.embedder];
    const int max_span = type->start_of ? type->start_of(m->o.embedder_options).max_span : 0;
    int n_fit = 0;
    for (int j = 0; j < n; j++)
        if (start[j].kmer.span <= max_span) fit[n_fit++] = start[j];
    return n_fit;
}

Status mil_start(Mil *m, int *n_started, real *theta, const KmerStart *start, int n, const Bag *bag)
{
    KmerStart *fit = malloc((n + 1) * sizeof *fit);
    Kmer *kmer = malloc((n + 1) * sizeof *kmer);
    int *z_at = malloc((n + 1) * sizeof *z_at);
    const bool lost = !fit || !kmer || !z_at;
    *n_started = lost ? 0 : start_parts(m, theta, fit, list_fitting(fit, m, start, n), bag, kmer, z_at);
    const Status status = lost ? fail(ERR_MEMORY, "no memory for %d k-mers", n) : OK;
    free(fit);
    free(kmer);
    free(z_at);
    return status;
}

/* ---- for tests and diagnostics ---- */

MilView mil_view(const Mil *m, int bag)
{
    const MilBag *entry = &m->entry[bag];
    const Index n_column = m->pooling->n_column, width = m->embedder->width, b = bag, at = m->bounds[bag],
                n_z = m->n_z, n_out = m->n_out;
    const real *y = m->y[m->o.output_hidden], *dy = m->dy[m->o.output_hidden];
    MilView v = {.whole = &entry->whole,
                 .kept = &entry->kept,
                 .width = m->embedder->width,
                 .a = select_scores(&m->o) ? m->a + entry->a_at * n_column : NULL,
                 .h = m->h + at * width,
                 .a_kept = m->a_kept + at * n_column,
                 .w = m->w + at * n_column,
                 .z = m->z + b * n_z,
                 .y = y + b * n_out};
    if (m->learn) {
        v.dh = m->dh + at * width;
        v.da = m->da + at * n_column;
        v.dz = m->dz + b * n_z;
        v.dy = dy + b * n_out;
    }
    return v;
}
