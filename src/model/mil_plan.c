/* SPDX-License-Identifier: MIT
 *
 * mil_plan.c: the network's workspace.
 */
#include "core/memory.h"
#include "core/parallel.h"
#include "model/mil_parts.h"

#include <stdlib.h>

#define SLOTS       16
#define WIDE_PARAMS 4000000 /* from here one slot must do: slots are as large as the parameters */

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
    const Index z = bags * m->n_z, dz = learn ? z : 0, n_h = m->n_h, pooled = bags * m->pooling->n_z;
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
    const Index bags = n_bag, n_keep = bags * keep_max, n_column = m->pooling->n_column, width = m->width;
    plan_runs(m, arena, n_bag, n_max, (int)n_keep);
    plan_join(m, arena, n_bag, keep_max);
    const ModelSizes sizes = {.n_bag = n_bag,
                              .n_row = (int)n_keep,
                              .bag_max = keep_max,
                              .n_keep = learn ? (int)n_keep : 0,
                              .n_slot = learn ? m->n_slot : 0,
                              .n_thread = n_thread};
    m->embedder_type->plan(m->embedder, arena, &sizes);
    layers_plan(&m->layers, arena, &sizes);
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
    m->h = m->layers.n > 0 ? m->layers.x[m->layers.n] : ARENA_TAKE(arena, real, n_keep * width);
    m->embedded = m->layers.n > 0 ? m->layers.x[0] : m->h;
    m->a_kept = ARENA_TAKE(arena, real, n_keep * n_column);
    m->w = ARENA_TAKE(arena, real, n_keep * n_column);
    m->dh = m->layers.n > 0 ? m->layers.dx[m->layers.n] : ARENA_TAKE(arena, real, learn ? n_keep * width : 0);
    m->dembedded = m->layers.n > 0 ? m->layers.dx[0] : m->dh;
    m->da = ARENA_TAKE(arena, real, learn ? n_keep * n_column : 0);
    plan_vectors(m, arena, bags, learn);
}

void mil_free_workspace(Mil *m)
{
    for (int b = 0; b < m->n_bag; b++) arena_free(&m->entry[b].arena);
    arena_free(&m->join_arena);
    arena_free(&m->arena);
}

size_t mil_memory(const Mil *mil, int n_bag, int n_max, bool learn)
{
    Mil m = *mil; /* a copy of what plan writes to; nothing is written through its pointers while counting */
    Arena count = {0};
    m.embedder = malloc(m.embedder_type->size);
    m.pooling = malloc(m.pooling_type->size);
    if (layers_copy(&m.layers, &mil->layers) && m.embedder && m.pooling) {
        memcpy(m.embedder, mil->embedder, m.embedder_type->size);
        memcpy(m.pooling, mil->pooling, m.pooling_type->size);
        plan(&m, &count, n_bag, n_max, learn);
    }
    layers_free(&m.layers);
    free(m.embedder);
    free(m.pooling);
    return count.used;
}

/* An association has an entry for each pair of instances of a bag. */
static Status check_room(const Mil *m, int n_bag, int n_max, bool learn)
{
    const double have = (double)memory_available();
    if (!m->layers.mixes) return OK;
    const double need = (double)mil_memory(m, n_bag, n_max, learn);
    if (need <= have) return OK;
    return fail(
        ERR_MEMORY,
        "model.layers: associations among the %d instances of a bag need %.3g GB, and %.3g GB are free; pool "
        "fewer (model.selection.kind: random with a smaller fraction; train.draws), or leave the association out",
        select_count(&m->o, n_max), need / 1e9, have / 1e9);
}

Status mil_plan(Mil *m, int n_bag, int n_max, bool learn)
{
    mil_free_workspace(m);
    m->n_bag = 0;
    m->theta = NULL;
    TRY(check_room(m, n_bag, n_max, learn));
    plan(m, &m->arena, n_bag, n_max, learn);
    TRY(arena_reserve(&m->arena, "the model's workspace"));
    plan(m, &m->arena, n_bag, n_max, learn);
    m->n_bag = n_bag;
    m->n_max = n_max;
    m->learn = learn;
    return OK;
}
