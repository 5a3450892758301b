/* SPDX-License-Identifier: MIT */
#include "train/minibatch.h"
#include "core/parallel.h"
#include "train/sampler.h"
#include "train/schedule.h"

#include <stdlib.h>
#include <string.h>

int minibatch_draw_max(const LoopSetup *in)
{
    const int draws = in->options->draws;
    return draws > 0 && draws < in->n_max ? draws : in->n_max;
}

void minibatch_plan(Arena *arena, const LoopSetup *in)
{
    sampler_plan(arena, in->spec, in->n_max, in->options->draws, in->n_count);
    if (in->options->instance_drop > 0) sampler_plan_drop(arena, in->spec, minibatch_draw_max(in), in->n_count);
}

/* ---- one update ---- */

static void draw(Minibatch *m, int s, uint64_t number)
{
    const LoopSetup *in = m->in;
    Rng rng = rng_stream(in->seed, "draw", number);
    uint64_t *bits = m->bits + s * m->n_bits;
    if (m->hits && m->hits->n > 0) {
        const int member = m->order[m->first + s];
        sampler_draw_always(&m->to->bag[s], &m->to->memory[s], m->whole[s], in->options->draws,
                            m->hits->place[member], m->hits->count[member], &rng, bits);
    } else
        sampler_draw(&m->to->bag[s], &m->to->memory[s], m->whole[s], in->spec->n_feat, in->options->draws,
                     in->model->compat == COMPAT_DEEPRC, &rng, bits);
}

/* A draw of all that there is would go on with the bag's memory. */
static void copy_whole(Minibatch *m, int s)
{
    const Bag all = m->to->bag[s];
    Arena *memory = &m->to->memory[s];
    if (all.row != m->whole[s]->row) return;
    int *keep = ARENA_TAKE(memory, int, all.n);
    for (int i = 0; i < all.n; i++) keep[i] = i;
    bag_take(&m->to->bag[s], memory, &all, keep, all.n, m->in->spec->n_feat);
}

static void draw_bag(void *context, int s, int thread)
{
    Minibatch *m = context;
    const TrainOptions *o = m->in->options;
    const uint64_t number = (uint64_t)(m->update - 1) * (uint64_t)o->batch + (uint64_t)s;
    (void)thread;
    arena_rewind(&m->to->memory[s]);
    draw(m, s, number);
    if (m->is_copied) copy_whole(m, s);
    if (o->instance_drop <= 0) return;
    const Bag all = m->to->bag[s];
    Rng rng = rng_stream(m->in->seed, "drop", number);
    sampler_drop(&m->to->bag[s], &m->to->memory[s], &all, m->in->spec->n_feat, o->instance_drop, &rng);
}

static void copy_labels(Minibatch *m, int s, int member)
{
    const Labels *labels = m->in->labels;
    const size_t n_out = m->n_out, n_target = m->in->n_target;
    memcpy(m->to->target + s * n_out, labels->target + member * n_out, n_out * sizeof *m->to->target);
    memcpy(m->to->mask + s * n_target, labels->mask + member * n_target, n_target * sizeof *m->to->mask);
}

static void choose(Minibatch *m, int update)
{
    const int epoch = (update - 1) / m->per_epoch, batch = m->in->options->batch;
    m->update = update;
    m->first = (update - 1) % m->per_epoch * batch;
    m->to->n_bag = m->n_train - m->first < batch ? m->n_train - m->first : batch;
    if (epoch == m->epoch) return;
    sampler_epoch(m->order, m->train, m->n_train, m->in->seed, (uint64_t)epoch);
    m->epoch = epoch;
}

static int bag_at(const Minibatch *m, int place)
{
    return m->in->bag[m->order[place]];
}

/* Of this epoch. */
static void expect(const Minibatch *m, int place)
{
    while (place < m->n_train && cache_holds(m->in->cache, bag_at(m, place))) place++;
    if (place < m->n_train) cache_next(m->in->cache, bag_at(m, place));
}

/* All bags of the update at once. */
static Status load_together(Minibatch *m)
{
    const bool is_whole = cache_is_whole(m->in->cache);
    for (int s = 0; s < m->to->n_bag; s++) {
        TRY(cache_bag(m->in->cache, &m->whole[s], bag_at(m, m->first + s), s));
        if (!is_whole && !m->in->in_turn) expect(m, m->first + s + 1);
    }
    parallel_for(m->to->n_bag, draw_bag, m);
    return OK;
}

static Status load_in_turn(Minibatch *m, bool is_aside)
{
    Cache *cache = m->in->cache;
    for (int s = 0; s < m->to->n_bag; s++) {
        const int bag = bag_at(m, m->first + s);
        TRY(is_aside ? cache_bag_aside(cache, &m->whole[s], bag) : cache_bag(cache, &m->whole[s], bag, 0));
        draw_bag(m, s, 0);
    }
    return OK;
}

static Status load(Minibatch *m, int update, bool is_aside)
{
    choose(m, update);
    for (int s = 0; s < m->to->n_bag; s++) {
        const int member = m->order[m->first + s];
        copy_labels(m, s, member);
        m->to->own[s] = m->number[member];
    }
    return m->is_copied ? load_in_turn(m, is_aside) : load_together(m);
}

static Status load_ahead(void *context)
{
    Minibatch *m = context;
    return load(m, m->next, true);
}

static void begin_next(Minibatch *m, int update)
{
    Drawn *other = m->to == m->drawn ? m->drawn + 1 : m->drawn;
    m->next = 0;
    if (!other->bag || update > m->updates) return;
    m->to = other;
    m->next = update;
    if (!cache_begin(m->in->cache, &m->ahead)) m->next = 0;
}

Status minibatch_load(Batch *out, Minibatch *m, int update)
{
    if (!m->to) m->to = m->drawn;
    const Status ahead = cache_end(m->in->cache, &m->ahead);
    const bool is_there = m->next == update;
    m->next = 0;
    TRY(is_there ? ahead : load(m, update, false));
    *out = (Batch){
        .n_bag = m->to->n_bag, .bag = m->to->bag, .target = m->to->target, .mask = m->to->mask, .own = m->to->own};
    begin_next(m, update + 1);
    return OK;
}

/* ---- getting ready ---- */

Status minibatch_list(Minibatch *m, const LoopSetup *in)
{
    *m = (Minibatch){.in = in, .epoch = -1};
    m->train = calloc(in->n + 1, sizeof *m->train);
    if (!m->train) return fail(ERR_MEMORY, "no memory for the list of training bags");
    for (int i = 0; i < in->n; i++)
        if (in->part[i] == PART_TRAIN) m->train[m->n_train++] = i;
    if (m->n_train == 0) return fail(ERR_FORMAT, "the training part holds no bag");
    if (in->model->norm == NORM_BAGS && m->n_train == 1)
        return fail(ERR_FORMAT, "the training part holds one bag; model.norm bags needs at least two");
    m->per_epoch = schedule_per_epoch(in->options, in->model, m->n_train);
    return OK;
}

static bool can_copy(const LoopSetup *in)
{
    return in->options->draws > 0 && !in->spec->sparse;
}

size_t minibatch_stream_bytes(const LoopSetup *in, size_t largest)
{
    Arena draw = {0};
    const size_t batch = in->options->batch;
    minibatch_plan(&draw, in);
    if (!can_copy(in)) return (batch + 1) * largest;
    return 2 * largest + batch * draw.used;
}

static Status reserve_drawn(Drawn *d, const Minibatch *m)
{
    const size_t batch = m->in->options->batch;
    d->bag = calloc(batch, sizeof *d->bag);
    d->memory = calloc(batch, sizeof *d->memory);
    d->target = calloc(batch * m->n_out, sizeof *d->target);
    d->mask = calloc(batch * m->in->n_target, sizeof *d->mask);
    d->own = calloc(batch, sizeof *d->own);
    if (!d->bag || !d->memory || !d->target || !d->mask || !d->own)
        return fail(ERR_MEMORY, "no memory for minibatches of %d bags", m->in->options->batch);
    for (int s = 0; s < m->in->options->batch; s++) {
        minibatch_plan(&d->memory[s], m->in);
        TRY(arena_reserve(&d->memory[s], "a draw of instances"));
    }
    return OK;
}

Status minibatch_reserve(Minibatch *m, int n_out)
{
    const size_t batch = m->in->options->batch;
    m->n_out = n_out;
    m->n_bits = (m->in->n_max + 63) / 64;
    m->is_copied = !cache_is_whole(m->in->cache) && can_copy(m->in);
    m->ahead = (SideWork){.work = load_ahead, .context = m};
    m->order = calloc(m->n_train, sizeof *m->order);
    m->whole = calloc(batch, sizeof *m->whole);
    m->bits = calloc(batch * m->n_bits + 1, sizeof *m->bits);
    m->number = calloc(m->in->n, sizeof *m->number);
    if (!m->order || !m->whole || !m->bits || !m->number)
        return fail(ERR_MEMORY, "no memory for minibatches of %d bags", m->in->options->batch);
    for (int i = 0; i < m->n_train; i++) m->number[m->train[i]] = i;
    if (m->is_copied) cache_trim(m->in->cache);
    TRY(reserve_drawn(&m->drawn[0], m));
    return m->is_copied && !m->in->in_turn && parallel_threads() > 1 ? reserve_drawn(&m->drawn[1], m) : OK;
}

static void free_drawn(Drawn *d, int batch)
{
    for (int s = 0; d->memory && s < batch; s++) arena_free(&d->memory[s]);
    free(d->bag);
    free(d->memory);
    free(d->target);
    free(d->mask);
    free(d->own);
}

void minibatch_free(Minibatch *m)
{
    if (m->ahead.is_begun) (void)cache_end(m->in->cache, &m->ahead);
    for (int k = 0; k < 2; k++) free_drawn(&m->drawn[k], m->in->options->batch);
    free(m->train);
    free(m->order);
    free((void *)m->whole);
    free(m->bits);
    free(m->number);
}

Status minibatch_bag(const Minibatch *m, const Bag **out, int i)
{
    return cache_bag(m->in->cache, out, m->in->bag[m->train[i]], 0);
}
