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

static Status reserve_draws(Minibatch *m)
{
    for (int s = 0; s < m->in->options->batch; s++) {
        minibatch_plan(&m->memory[s], m->in);
        TRY(arena_reserve(&m->memory[s], "a draw of instances"));
    }
    return OK;
}

Status minibatch_reserve(Minibatch *m, int n_out)
{
    const size_t batch = m->in->options->batch;
    m->n_out = n_out;
    m->n_bits = (m->in->n_max + 63) / 64;
    m->order = calloc(m->n_train, sizeof *m->order);
    m->drawn = calloc(batch, sizeof *m->drawn);
    m->whole = calloc(batch, sizeof *m->whole);
    m->memory = calloc(batch, sizeof *m->memory);
    m->bits = calloc(batch * m->n_bits + 1, sizeof *m->bits);
    m->target = calloc(batch * n_out, sizeof *m->target);
    m->mask = calloc(batch * m->in->n_target, sizeof *m->mask);
    m->number = calloc(m->in->n, sizeof *m->number);
    m->own = calloc(batch, sizeof *m->own);
    if (!m->order || !m->drawn || !m->whole || !m->memory || !m->bits || !m->target || !m->mask || !m->number ||
        !m->own)
        return fail(ERR_MEMORY, "no memory for minibatches of %d bags", m->in->options->batch);
    for (int i = 0; i < m->n_train; i++) m->number[m->train[i]] = i;
    return reserve_draws(m);
}

void minibatch_free(Minibatch *m)
{
    for (int s = 0; m->memory && s < m->in->options->batch; s++) arena_free(&m->memory[s]);
    void *const owned[] = {m->train, m->order,  m->drawn, (void *)m->whole, m->memory,
                           m->bits,  m->target, m->mask,  m->number,        m->own};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
}

Status minibatch_bag(const Minibatch *m, const Bag **out, int i)
{
    return cache_bag(m->in->cache, out, m->in->bag[m->train[i]], 0);
}

/* ---- one update ---- */

static void draw(Minibatch *m, int s, uint64_t number)
{
    const LoopSetup *in = m->in;
    Rng rng = rng_stream(in->seed, "draw", number);
    uint64_t *bits = m->bits + s * m->n_bits;
    if (m->hits && m->hits->n > 0) {
        const int member = m->order[m->first + s];
        sampler_draw_always(&m->drawn[s], &m->memory[s], m->whole[s], in->options->draws, m->hits->place[member],
                            m->hits->count[member], &rng, bits);
    } else
        sampler_draw(&m->drawn[s], &m->memory[s], m->whole[s], in->spec->n_feat, in->options->draws,
                     in->model->compat == COMPAT_DEEPRC, &rng, bits);
}

static void draw_bag(void *context, int s, int thread)
{
    Minibatch *m = context;
    const TrainOptions *o = m->in->options;
    const uint64_t number = (uint64_t)(m->update - 1) * (uint64_t)o->batch + (uint64_t)s;
    (void)thread;
    arena_rewind(&m->memory[s]);
    draw(m, s, number);
    if (o->instance_drop <= 0) return;
    const Bag all = m->drawn[s];
    Rng rng = rng_stream(m->in->seed, "drop", number);
    sampler_drop(&m->drawn[s], &m->memory[s], &all, m->in->spec->n_feat, o->instance_drop, &rng);
}

static void copy_labels(Minibatch *m, int s, int member)
{
    const Labels *labels = m->in->labels;
    const size_t n_out = m->n_out, n_target = m->in->n_target;
    memcpy(m->target + s * n_out, labels->target + member * n_out, n_out * sizeof *m->target);
    memcpy(m->mask + s * n_target, labels->mask + member * n_target, n_target * sizeof *m->mask);
}

static void choose(Minibatch *m, int update)
{
    const int epoch = (update - 1) / m->per_epoch, batch = m->in->options->batch;
    m->update = update;
    m->first = (update - 1) % m->per_epoch * batch;
    m->n_bag = m->n_train - m->first < batch ? m->n_train - m->first : batch;
    if (epoch == m->epoch) return;
    sampler_epoch(m->order, m->train, m->n_train, m->in->seed, (uint64_t)epoch);
    m->epoch = epoch;
}

Status minibatch_load(Batch *out, Minibatch *m, int update)
{
    choose(m, update);
    for (int s = 0; s < m->n_bag; s++) {
        const int member = m->order[m->first + s];
        TRY(cache_bag(m->in->cache, &m->whole[s], m->in->bag[member], s));
        copy_labels(m, s, member);
        m->own[s] = m->number[member];
    }
    parallel_for(m->n_bag, draw_bag, m);
    *out = (Batch){.n_bag = m->n_bag, .bag = m->drawn, .target = m->target, .mask = m->mask, .own = m->own};
    return OK;
}
