/* SPDX-License-Identifier: MIT */
#include "train/scorer.h"
#include "train/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- getting ready ---- */

#define SAMPLE_MIN 1000

/* Instances that an evaluation during training sees of a bag, at most; 0: all. */
static int sample_size(const LoopSetup *in)
{
    int n_bag = 0;
    for (int i = 0; i < in->n; i++) n_bag += in->part[i] == PART_TRAIN || in->part[i] == PART_VALIDATION;
    if (in->options->evaluate_instances == 0 || n_bag == 0) return 0;
    const int share = in->options->evaluate_instances / n_bag, size = share > SAMPLE_MIN ? share : SAMPLE_MIN;
    return size < in->n_max ? size : 0;
}

void scorer_plan(Arena *arena, const LoopSetup *in)
{
    const int n = sample_size(in);
    if (n > 0) sampler_plan(arena, in->spec, in->n_max, n, in->n_count);
}

static Status reserve(Scorer *s)
{
    const size_t n = s->in->n, n_out = s->n_out, n_train = s->n_train;
    s->output = calloc(n * n_out, sizeof *s->output);
    s->vector = calloc(mil_calibrates(s->mil) ? n_train * mil_n_z(s->mil) : 1, sizeof *s->vector);
    s->bits = calloc((s->in->n_max + 63) / 64 + 1, sizeof *s->bits);
    s->part_output = calloc(n * n_out, sizeof *s->part_output);
    s->part_target = calloc(n * n_out, sizeof *s->part_target);
    s->part_mask = calloc(n * s->in->n_target, sizeof *s->part_mask);
    s->rank = calloc(n, sizeof *s->rank);
    if (s->output && s->vector && s->bits && s->part_output && s->part_target && s->part_mask && s->rank) return OK;
    return fail(ERR_MEMORY, "no memory to evaluate %d bags", s->in->n);
}

Status scorer_new(Scorer *s, const LoopSetup *in, const int *train, int n_train)
{
    *s = (Scorer){.in = in, .train = train, .n_train = n_train};
    TRY(mil_new(&s->mil, in->model, in->spec, in->target, in->n_target));
    s->n_out = mil_n_out(s->mil);
    TRY(reserve(s));
    s->n_sample = sample_size(in);
    scorer_plan(&s->sample, in);
    TRY(arena_reserve(&s->sample, "the instances of an evaluation"));
    return mil_plan(s->mil, 1, in->n_max, false);
}

void scorer_free(Scorer *s)
{
    void *const owned[] = {s->output, s->vector, s->bits, s->part_output, s->part_target, s->part_mask, s->rank};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    arena_free(&s->sample);
    mil_free(s->mil);
}

/* ---- outputs ---- */

typedef Status ReadBag(Scorer *s, const Bag **out, Bag *sample, int member);

/* Bag of a member as evaluations during training see it: whole, or always the same part of it. */
static Status sampled_bag(Scorer *s, const Bag **out, Bag *sample, int member)
{
    TRY(cache_bag(s->in->cache, out, s->in->bag[member], 0));
    if (s->n_sample == 0 || (*out)->n <= s->n_sample) return OK;
    Rng rng = rng_stream(s->in->seed, "evaluate", (uint64_t)member);
    arena_rewind(&s->sample);
    if (s->hits && s->hits->n > 0)
        sampler_draw_always(sample, &s->sample, *out, s->n_sample, s->hits->place[member], s->hits->count[member],
                            &rng, s->bits);
    else
        sampler_draw(sample, &s->sample, *out, s->in->spec->n_feat, s->n_sample, false, &rng, s->bits);
    *out = sample;
    return OK;
}

static Status whole_bag(Scorer *s, const Bag **out, Bag *sample, int member)
{
    (void)sample;
    return cache_bag(s->in->cache, out, s->in->bag[member], 0);
}

static Status check_stop(const Scorer *s)
{
    return stop_check(s->in->stop, " after update %d of %d", s->update, s->updates);
}

/* The bags of the members from `first` on are asked for next: all, or those of a part. */
static void expect(const Scorer *s, int first, const Part *part)
{
    const LoopSetup *in = s->in;
    if (in->in_turn || cache_is_whole(in->cache)) return;
    while (first < in->n && ((part && in->part[first] != *part) || cache_holds(in->cache, in->bag[first]))) first++;
    if (first < in->n) cache_next(in->cache, in->bag[first]);
}

/* Outputs [n, n_out] of the training bags by theta, the parameters that the network was prepared with, whose norm is set
 * by these bags first. */
static Status calibrate(Scorer *s, real *theta, real *output, ReadBag *read)
{
    const size_t n_z = mil_n_z(s->mil);
    const Part train = PART_TRAIN;
    for (int i = 0; i < s->n_train; i++) {
        const Bag *bag;
        Bag sample;
        TRY(check_stop(s));
        TRY(read(s, &bag, &sample, s->train[i]));
        expect(s, s->train[i] + 1, &train);
        mil_vector(s->mil, s->vector + i * n_z, bag);
    }
    mil_calibrate(s->mil, theta, s->vector, s->n_train);
    for (int i = 0; i < s->n_train; i++)
        mil_predict_vector(s->mil, output + s->train[i] * s->n_out, s->vector + i * n_z);
    return OK;
}

/* Outputs [n, n_out] of a part's members (others untouched) by the parameters that the network was prepared with. */
static Status predict(Scorer *s, Part part, real *output, ReadBag *read)
{
    for (int i = 0; i < s->in->n; i++) {
        const Bag *bag;
        Bag sample;
        if (s->in->part[i] != part) continue;
        TRY(check_stop(s));
        TRY(read(s, &bag, &sample, i));
        expect(s, i + 1, &part);
        mil_predict(s->mil, output + i * s->n_out, bag, NULL);
    }
    return OK;
}

/* ---- scores ---- */

/* Outputs and labels of the part's members without gaps; returns their number. */
static int gather(Scorer *s, Part part)
{
    const Labels *labels = s->in->labels;
    const size_t n_out = s->n_out, n_target = s->in->n_target;
    int n = 0;
    for (int i = 0; i < s->in->n; i++) {
        if (s->in->part[i] != part) continue;
        memcpy(s->part_output + n * n_out, s->output + i * n_out, n_out * sizeof(real));
        memcpy(s->part_target + n * n_out, labels->target + i * n_out, n_out * sizeof(real));
        memcpy(s->part_mask + n * n_target, labels->mask + i * n_target, n_target * sizeof(real));
        n++;
    }
    return n;
}

MetricInput scorer_input(const Scorer *s, int n_bag)
{
    return (MetricInput){.n_bag = n_bag,
                         .n_out = s->n_out,
                         .n_target = s->in->n_target,
                         .output = s->part_output,
                         .target = s->part_target,
                         .mask = s->part_mask,
                         .rank = s->rank};
}

static void score(const Scorer *s, LoopRecord *record)
{
    const MetricInput in = scorer_input(s, record->n_bag);
    for (int k = 0; k < s->in->n_target; k++) {
        const Target *t = &s->in->target[k];
        const int known = metric_scores(record->score[k], t, k, &in);
        if (known > 0) record->loss += (double)(float)t->weight * record->score[k][0];
    }
}

Status scorer_evaluate(Scorer *s, LoopRecord *record, Part part, real *theta)
{
    *record = (LoopRecord){.part = part, .value = NAN};
    s->seen[part] = 0;
    if (part == PART_TRAIN && mil_calibrates(s->mil))
        TRY(calibrate(s, theta, s->output, sampled_bag));
    else
        TRY(predict(s, part, s->output, sampled_bag));
    s->seen[part] = s->update;
    record->n_bag = gather(s, part);
    score(s, record);
    return OK;
}

Status scorer_pass(Scorer *s, real *output, int n, const real *theta)
{
    mil_prepare(s->mil, theta);
    for (int i = 0; i < n; i++) {
        const Bag *whole;
        TRY(cache_bag(s->in->cache, &whole, s->in->bag[i], 0));
        if (i + 1 < n) expect(s, i + 1, NULL);
        mil_predict(s->mil, output + i * s->n_out, whole, NULL);
    }
    return OK;
}

/* Where evaluations saw samples of bags, or none saw these parameters, they are calibrated on whole bags. */
Status scorer_part(Scorer *s, real *output, Part part, real *theta, int kept)
{
    const size_t n_out = s->n_out;
    const bool is_new = s->n_sample > 0 || kept == 0 || s->seen[part] != kept;
    mil_prepare(s->mil, theta);
    if (part == PART_TRAIN && is_new && mil_calibrates(s->mil)) return calibrate(s, theta, output, whole_bag);
    if (is_new) return predict(s, part, output, whole_bag);
    for (int i = 0; i < s->in->n; i++)
        if (s->in->part[i] == part) memcpy(output + i * n_out, s->output + i * n_out, n_out * sizeof *output);
    return OK;
}
