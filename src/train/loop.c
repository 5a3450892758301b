/* SPDX-License-Identifier: MIT
 *
 * The network stands here twice, over the same parameters: once with workspace for a minibatch of draws and its
 * gradients, once with workspace for one whole bag. A whole bag may be a hundred times a draw, and needs no gradients.
 *
 * A checkpoint is of the state after an update, with that update's evaluation if one was due by train.evaluate_every. The
 * evaluation at the end that was not due by it comes after the last checkpoint, so that a longer run can go on from there
 * as if the shorter had never ended. Evaluating whole bags may take minutes: a signal ends it half-way, and what had been
 * evaluated is evaluated again on resume.
 */
#include "train/loop.h"
#include "core/log.h"
#include "core/number.h"
#include "core/parallel.h"
#include "train/keep.h"
#include "train/rarehits.h"
#include "train/sampler.h"
#include "train/scaling.h"
#include "train/schedule.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Loop {
    LoopSetup in;
    Mil *learner, *scorer;
    const OptimizerType *optimizer;
    OptimizerOptions step;
    OptimizerState state;
    size_t n_params;
    int n_out, n_train, per_epoch, updates;

    real *theta, *grad, *kept; /* [n_params]; between updates the gradient is 0 */
    real *average;             /* [n_params] of theta over updates, with train.average; else NULL */
    LoopKept best;
    int *train, *order; /* [n_train] members; in the order of the epoch */
    int epoch;          /* whose order that is; -1: none */
    RareHits hits;      /* of the training bags, by member's place in `train`; n 0: none are drawn always */
    int *place_of;      /* [n] a member's place in `train` */
    Bag *drawn;         /* [batch] */
    const Bag **whole;  /* [batch] */
    Arena *room;        /* [batch] memory of a draw */
    uint64_t *bits;     /* [batch, n_bits] scratch of a draw */
    size_t n_bits;
    real *target, *mask; /* [batch, n_out], [batch, n_target] */
    int update, first;   /* under way, from 1; its first place in `order` */
    int n_batch;         /* bags of this update */

    real *output;            /* [n, n_out] of the parts last evaluated */
    real *vector;            /* [n_train, n_z] of the training bags, where model.norm wants them */
    int n_sample;            /* instances of a bag that evaluations see at most; 0: all */
    Arena sample;            /* memory of what an evaluation draws from a bag */
    int seen[PART_TEST + 1]; /* after which update each of them was; 0: not yet */
    real *part_output, *part_target, *part_mask; /* the same without gaps */
    int *member;                                 /* [n] of that part */
    MetricRank *rank;                            /* [n] */
    LoopTimes times;
    double started, smooth; /* seconds; mean loss for the progress line */
    int evaluated, saved;   /* update that was evaluated, and saved, last */
    double lowest;          /* value of keep.h so far; NaN: none */
    int waited;             /* evaluations since */
    double before;          /* seconds trained before a resume */
    double saved_at;        /* time of the last checkpoint */
};

/* ---- putting together ---- */

static int draw_max(const LoopSetup *in)
{
    const int draws = in->options->draws;
    return draws > 0 && draws < in->n_max ? draws : in->n_max;
}

static void *take(size_t count, size_t size, bool *lost)
{
    void *piece = calloc(count ? count : 1, size);
    if (!piece) *lost = true;
    return piece;
}
#define TAKE(count, place) ((place) = take((size_t)(count), sizeof *(place), &lost))

static Status take_room(Loop *l)
{
    const LoopSetup *in = &l->in;
    const size_t n = (size_t)in->n, batch = (size_t)in->options->batch, n_out = (size_t)l->n_out;
    bool lost = false;
    l->n_bits = ((size_t)in->n_max + 63) / 64;
    TAKE(l->n_params, l->theta);
    TAKE(l->n_params, l->grad);
    TAKE(l->n_params, l->kept);
    if (in->options->average > 0) TAKE(l->n_params, l->average);
    TAKE(l->n_params, l->state.m);
    TAKE(l->n_params, l->state.v);
    TAKE(l->n_train, l->order);
    TAKE(batch, l->drawn);
    TAKE(batch, l->whole);
    TAKE(batch, l->room);
    TAKE(batch * l->n_bits, l->bits);
    TAKE(batch * n_out, l->target);
    TAKE(batch * (size_t)in->n_target, l->mask);
    TAKE(n * n_out, l->output);
    TAKE(mil_calibrates(l->scorer) ? (size_t)l->n_train * (size_t)mil_n_z(l->scorer) : 0, l->vector);
    TAKE(n * n_out, l->part_output);
    TAKE(n * n_out, l->part_target);
    TAKE(n * (size_t)in->n_target, l->part_mask);
    TAKE(n, l->member);
    TAKE(n, l->rank);
    return lost ? fail(ERR_MEMORY, "no memory for training with %zu parameters", l->n_params) : OK;
}

/* Counts what one bag's draw takes, and what dropping instances of it takes. */
static void plan_draw(const LoopSetup *in, Arena *arena)
{
    sampler_room(arena, in->spec, in->n_max, in->options->draws, in->counts);
    if (in->options->instance_drop > 0) sampler_drop_room(arena, in->spec, draw_max(in), in->counts);
}

#define SAMPLE_LEAST 1000

/* Instances that an evaluation during training sees of a bag, at most; 0: all. */
static int sample_size(const LoopSetup *in)
{
    int n_bag = 0;
    for (int i = 0; i < in->n; i++) n_bag += in->part[i] == PART_TRAIN || in->part[i] == PART_VALIDATION;
    if (in->options->evaluate_instances == 0 || n_bag == 0) return 0;
    const int share = in->options->evaluate_instances / n_bag, size = share > SAMPLE_LEAST ? share : SAMPLE_LEAST;
    return size < in->n_max ? size : 0;
}

/* Counts what an evaluation takes of one bag. */
static void plan_sample(const LoopSetup *in, Arena *arena)
{
    if (sample_size(in) > 0) sampler_room(arena, in->spec, in->n_max, sample_size(in), in->counts);
}

static Status take_draw_room(Loop *l)
{
    l->n_sample = sample_size(&l->in);
    plan_sample(&l->in, &l->sample);
    TRY(arena_reserve(&l->sample, "the instances of an evaluation"));
    for (int s = 0; s < l->in.options->batch; s++) {
        plan_draw(&l->in, &l->room[s]);
        TRY(arena_reserve(&l->room[s], "a draw of instances"));
    }
    return OK;
}

static Status list_training(Loop *l)
{
    bool lost = false;
    TAKE(l->in.n, l->train);
    if (lost) return fail(ERR_MEMORY, "no memory for the list of training bags");
    for (int i = 0; i < l->in.n; i++)
        if (l->in.part[i] == PART_TRAIN) l->train[l->n_train++] = i;
    if (l->n_train == 0) return fail(ERR_FORMAT, "the training part holds no bag");
    return OK;
}

int loop_per_epoch(const TrainOptions *o, const ModelOptions *model, int n_train)
{
    const bool leaves_one = model->norm == NORM_BAGS && n_train % o->batch == 1;
    return (n_train + o->batch - 1) / o->batch - leaves_one;
}

static Status set_length(Loop *l)
{
    const TrainOptions *o = l->in.options;
    if (l->in.model->norm == NORM_BAGS && l->n_train == 1)
        return fail(ERR_FORMAT, "the training part holds one bag; model.norm bags needs at least two");
    l->per_epoch = loop_per_epoch(o, l->in.model, l->n_train);
    const int64_t updates = o->updates > 0 ? o->updates : (int64_t)o->epochs * l->per_epoch;
    if (updates > INT32_MAX) return fail(ERR_CONFIG, "train.epochs=%d is more updates than %d", o->epochs, INT32_MAX);
    l->updates = (int)updates;
    return OK;
}

static Status training_bag(void *context, const Bag **out, int i)
{
    const Loop *l = context;
    return cache_bag(l->in.cache, out, l->in.bag[l->train[i]], 0);
}

static Status scale(Loop *l)
{
    const ScalingBags bags = {.spec = l->in.spec, .n = l->n_train, .bag = training_bag, .context = l};
    int n_constant;
    TRY(scaling_set(l->theta, mil_params(l->learner), &n_constant, (ScaleKind)l->in.scale, &bags));
    if (n_constant > 0)
        log_info("constant features in the training set, which become 0 everywhere: %d of %d", n_constant,
                 l->in.spec->n_feat);
    return OK;
}

/* The first training bag tells how inputs are scaled. */
static Status start_from_kmers(Loop *l)
{
    const Bag *bag;
    int n_started;
    if (l->in.n_start == 0) return OK;
    TRY(training_bag(l, &bag, 0));
    TRY(mil_start(l->learner, &n_started, l->theta, l->in.start, l->in.n_start, bag));
    if (n_started < l->in.n_start) log_info("%d of %d k-mers found a kernel to start", n_started, l->in.n_start);
    return OK;
}

#define RARE_SHARE 0.1 /* of the draws: what is found more often a random draw does not miss */

/* Where the network starts from k-mers, draws are small, and all that is drawn is pooled. */
static Status find_rare(Loop *l)
{
    const LoopSetup *in = &l->in;
    const int draws = in->options->draws;
    bool lost = false;
    if (in->n_start == 0 || draws <= 0 || draws >= in->n_max || in->model->select != SELECT_ALL) return OK;
    if (in->model->compat == COMPAT_DEEPRC || !mil_weighs(l->learner)) return OK;
    int *bag = NULL;
    TAKE(l->n_train, bag);
    TAKE(in->n, l->place_of);
    if (lost) {
        free(bag);
        return fail(ERR_MEMORY, "no memory for the places of k-mers");
    }
    for (int i = 0; i < l->n_train; i++) bag[i] = in->bag[l->train[i]], l->place_of[l->train[i]] = i;
    const Status status =
        rarehits_find(&l->hits, in->cache, bag, l->n_train, in->start, in->n_start, RARE_SHARE * draws);
    free(bag);
    return status;
}

static Status make(Loop *l)
{
    const LoopSetup *in = &l->in;
    if (in->options->batch > CACHE_SLOTS)
        return fail(ERR_CONFIG, "train.batch is %d; at most %d bags", in->options->batch, CACHE_SLOTS);
    if (in->n_target > LOOP_TARGETS)
        return fail(ERR_CONFIG, "tasks: %d are given; at most %d", in->n_target, LOOP_TARGETS);
    TRY(list_training(l));
    TRY(set_length(l));
    l->optimizer = optimizer_types[in->options->optimizer];
    l->step = in->options->step;
    TRY(mil_new(&l->learner, in->model, in->spec, in->target, in->n_target));
    TRY(mil_new(&l->scorer, in->model, in->spec, in->target, in->n_target));
    l->n_params = mil_params(l->learner)->size;
    l->n_out = mil_n_out(l->learner);
    TRY(take_room(l));
    TRY(take_draw_room(l));
    TRY(mil_plan(l->learner, in->options->batch, draw_max(in), true));
    TRY(mil_plan(l->scorer, 1, in->n_max, false));
    param_start(mil_params(l->learner), l->theta, in->seed);
    TRY(start_from_kmers(l));
    TRY(find_rare(l));
    TRY(scale(l));
    if (l->average) memcpy(l->average, l->theta, l->n_params * sizeof *l->average);
    return OK;
}

Status loop_new(Loop **out, const LoopSetup *setup)
{
    *out = NULL;
    Loop *l = calloc(1, sizeof *l);
    if (!l) return fail(ERR_MEMORY, "no memory for training");
    l->in = *setup;
    l->epoch = -1;
    l->best.loss = l->lowest = NAN;
    const Status status = make(l);
    if (status == OK)
        *out = l;
    else
        loop_free(l);
    return status;
}

void loop_free(Loop *l)
{
    if (!l) return;
    for (int s = 0; l->room && s < l->in.options->batch; s++) arena_free(&l->room[s]);
    void *const owned[] = {l->theta, l->grad,   l->kept,          l->state.m,     l->state.v,   l->train,
                           l->order, l->drawn,  (void *)l->whole, l->room,        l->bits,      l->target,
                           l->mask,  l->output, l->part_output,   l->part_target, l->part_mask, l->member,
                           l->rank,  l->vector, l->place_of,      l->average};
    arena_free(&l->sample);
    rarehits_free(&l->hits);
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    mil_free(l->learner);
    mil_free(l->scorer);
    free(l);
}

int loop_updates(const Loop *l)
{
    return l->updates;
}
int loop_done(const Loop *l)
{
    return l->update;
}
double loop_seconds(const Loop *l)
{
    return l->before;
}
LoopKept loop_kept(const Loop *l)
{
    return l->best;
}
const real *loop_theta(const Loop *l)
{
    return l->kept;
}
const Mil *loop_mil(const Loop *l)
{
    return l->scorer;
}

Status loop_memory(const LoopSetup *in, size_t *bytes, size_t *params)
{
    Mil *mil;
    Arena draw = {0}, sample = {0};
    TRY(mil_new(&mil, in->model, in->spec, in->target, in->n_target));
    plan_draw(in, &draw);
    plan_sample(in, &sample);
    *params = param_learned(mil_params(mil));
    *bytes = mil_memory(mil, in->options->batch, draw_max(in), true) + mil_memory(mil, 1, in->n_max, false) +
             (size_t)in->options->batch * draw.used + sample.used +
             (5 + (in->options->average > 0)) * mil_params(mil)->size * sizeof(real);
    mil_free(mil);
    return OK;
}

/* ---- one update ---- */

static void draw_bag(void *context, int s, int thread)
{
    Loop *l = context;
    const TrainOptions *o = l->in.options;
    const uint64_t number = (uint64_t)(l->update - 1) * (uint64_t)o->batch + (uint64_t)s;
    (void)thread;
    Rng rng = rng_stream(l->in.seed, "draw", number);
    arena_rewind(&l->room[s]);
    if (l->hits.n > 0) {
        const int member = l->place_of[l->order[l->first + s]];
        sampler_draw_always(&l->drawn[s], &l->room[s], l->whole[s], o->draws, l->hits.place[member],
                            l->hits.count[member], &rng, l->bits + (size_t)s * l->n_bits);
    } else
        sampler_draw(&l->drawn[s], &l->room[s], l->whole[s], l->in.spec->n_feat, o->draws,
                     l->in.model->compat == COMPAT_DEEPRC, &rng, l->bits + (size_t)s * l->n_bits);
    if (o->instance_drop <= 0) return;
    const Bag all = l->drawn[s];
    rng = rng_stream(l->in.seed, "drop", number);
    sampler_drop(&l->drawn[s], &l->room[s], &all, l->in.spec->n_feat, o->instance_drop, &rng);
}

static void copy_labels(Loop *l, int s, int member)
{
    const Labels *labels = l->in.labels;
    const size_t n_out = (size_t)l->n_out, n_target = (size_t)l->in.n_target;
    memcpy(l->target + (size_t)s * n_out, labels->target + (size_t)member * n_out, n_out * sizeof *l->target);
    memcpy(l->mask + (size_t)s * n_target, labels->mask + (size_t)member * n_target, n_target * sizeof *l->mask);
}

/* The bags of this update, with their draws and labels. */
static Status load_batch(Loop *l)
{
    const int epoch = (l->update - 1) / l->per_epoch;
    l->first = (l->update - 1) % l->per_epoch * l->in.options->batch;
    l->n_batch = l->n_train - l->first < l->in.options->batch ? l->n_train - l->first : l->in.options->batch;
    if (epoch != l->epoch) {
        sampler_epoch(l->order, l->train, l->n_train, l->in.seed, (uint64_t)epoch);
        l->epoch = epoch;
    }
    for (int s = 0; s < l->n_batch; s++) {
        const int member = l->order[l->first + s];
        TRY(cache_bag(l->in.cache, &l->whole[s], l->in.bag[member], s));
        copy_labels(l, s, member);
    }
    parallel_for(l->n_batch, draw_bag, l);
    return OK;
}

/* Of the update under way. */
static double lr_now(const Loop *l)
{
    return schedule_lr(l->in.options->step.lr, l->in.options->decay, l->update, l->per_epoch);
}

/* The average over the first updates is of them alone. */
static void move_average(Loop *l)
{
    const double t = l->update, early = (1 + t) / (10 + t), most = l->in.options->average;
    const real decay = (real)(early < most ? early : most);
    if (!l->average) return;
    for (size_t at = 0, n; (n = param_run(mil_params(l->learner), &at)) > 0; at += n)
        for (size_t i = at; i < at + n; i++) l->average[i] = decay * l->average[i] + (1 - decay) * l->theta[i];
}

Status loop_update(Loop *l)
{
    const double started = log_seconds();
    l->update++;
    TRY(load_batch(l));
    const double loaded = log_seconds();
    const Batch batch = {.n_bag = l->n_batch, .bag = l->drawn, .target = l->target, .mask = l->mask};
    double loss = mil_learn(l->learner, l->grad, l->theta, &batch, l->in.seed, (uint64_t)l->update, NULL);
    const double learned = log_seconds();
    l->step.lr = lr_now(l);
    if (l->step.l1 != 0) loss += optimizer_l1(l->grad, l->theta, mil_params(l->learner), l->step.l1);
    if (!isfinite(loss))
        return fail(ERR_DIVERGED, "the loss of update %d is not a number any more; a smaller train.lr may help",
                    l->update);
    if (l->step.clip_norm > 0) optimizer_clip(l->grad, mil_params(l->learner), l->step.clip_norm);
    optimizer_step(l->optimizer, l->theta, &l->state, &l->step, l->grad, mil_params(l->learner));
    move_average(l);
    l->smooth = l->update == 1 ? loss : 0.95 * l->smooth + 0.05 * loss;
    l->times.load += loaded - started;
    l->times.learn += learned - loaded;
    l->times.step += log_seconds() - learned;
    return OK;
}

LoopTimes loop_times(const Loop *l)
{
    return l->times;
}

/* ---- evaluation ---- */

/* Labels of the part's members without gaps; returns their number. */
static int gather(Loop *l, Part part)
{
    const Labels *labels = l->in.labels;
    const size_t n_out = (size_t)l->n_out, n_target = (size_t)l->in.n_target;
    int n = 0;
    for (int i = 0; i < l->in.n; i++) {
        if (l->in.part[i] != part) continue;
        memcpy(l->part_target + (size_t)n * n_out, labels->target + (size_t)i * n_out, n_out * sizeof(real));
        memcpy(l->part_mask + (size_t)n * n_target, labels->mask + (size_t)i * n_target, n_target * sizeof(real));
        l->member[n++] = i;
    }
    return n;
}

static void score(Loop *l, LoopRecord *record)
{
    const MetricInput in = {.n_bag = record->n_bag,
                            .n_out = l->n_out,
                            .n_target = l->in.n_target,
                            .output = l->part_output,
                            .target = l->part_target,
                            .mask = l->part_mask,
                            .rank = l->rank};
    for (int k = 0; k < l->in.n_target; k++) {
        const Target *t = &l->in.target[k];
        const int known = metric_scores(record->score[k], t, k, &in);
        if (known > 0) record->loss += (double)(float)t->weight * record->score[k][0];
    }
}

static Status stopped(const Loop *l)
{
    if (!l->in.stop || *l->in.stop == 0) return OK;
    const bool term = *l->in.stop == SIGTERM;
    return fail(term ? ERR_SIGTERM : ERR_SIGINT, "%s after update %d of %d", term ? "terminated" : "interrupted",
                l->update, l->updates);
}

/* The parameters that are evaluated and kept. */
static real *shown(const Loop *l)
{
    return l->average ? l->average : l->theta;
}

/* Bag of a member as evaluations during training see it: whole, or always the same part of it, from stream
 * (seed, "evaluate", member). */
static Status evaluation_bag(Loop *l, const Bag **out, Bag *sample, int member)
{
    TRY(cache_bag(l->in.cache, out, l->in.bag[member], 0));
    if (l->n_sample == 0 || (*out)->n <= l->n_sample) return OK;
    Rng rng = rng_stream(l->in.seed, "evaluate", (uint64_t)member);
    arena_rewind(&l->sample);
    sampler_draw(sample, &l->sample, *out, l->in.spec->n_feat, l->n_sample, false, &rng, l->bits);
    *out = sample;
    return OK;
}

static Status whole_bag(Loop *l, const Bag **out, Bag *sample, int member)
{
    (void)sample;
    return cache_bag(l->in.cache, out, l->in.bag[member], 0);
}

typedef Status ReadBag(Loop *l, const Bag **out, Bag *sample, int member);

/* Outputs [n, n_out] of the training bags by theta, the parameters that the scorer was prepared with, whose norm is set
 * by these bags first. */
static Status calibrate(Loop *l, real *theta, real *output, ReadBag *read)
{
    const size_t n_z = (size_t)mil_n_z(l->scorer);
    for (int i = 0; i < l->n_train; i++) {
        const Bag *bag;
        Bag sample;
        TRY(stopped(l));
        TRY(read(l, &bag, &sample, l->train[i]));
        mil_vector(l->scorer, l->vector + (size_t)i * n_z, bag);
    }
    mil_calibrate(l->scorer, theta, l->vector, l->n_train);
    for (int i = 0; i < l->n_train; i++)
        mil_predict_vector(l->scorer, output + (size_t)l->train[i] * (size_t)l->n_out, l->vector + (size_t)i * n_z);
    return OK;
}

/* Outputs [n, n_out] of a part's members (others untouched) by the parameters that the scorer was prepared with. */
static Status predict(Loop *l, Part part, real *output, ReadBag *read)
{
    for (int i = 0; i < l->in.n; i++) {
        const Bag *bag;
        Bag sample;
        if (l->in.part[i] != part) continue;
        TRY(stopped(l));
        TRY(read(l, &bag, &sample, i));
        mil_predict(l->scorer, output + (size_t)i * (size_t)l->n_out, bag, NULL);
    }
    return OK;
}

/* By the parameters that the scorer was prepared with; the training part comes first, as it calibrates them. */
static Status evaluate(Loop *l, Part part, LoopRecord *record)
{
    *record =
        (LoopRecord){.update = l->update, .part = part, .lr = lr_now(l), .epoch = (double)l->update / l->per_epoch};
    const size_t n_out = (size_t)l->n_out;
    l->seen[part] = 0;
    if (part == PART_TRAIN && mil_calibrates(l->scorer))
        TRY(calibrate(l, shown(l), l->output, evaluation_bag));
    else
        TRY(predict(l, part, l->output, evaluation_bag));
    l->seen[part] = l->update;
    record->n_bag = gather(l, part);
    for (int i = 0; i < record->n_bag; i++)
        memcpy(l->part_output + (size_t)i * n_out, l->output + (size_t)l->member[i] * n_out, n_out * sizeof(real));
    score(l, record);
    record->seconds = log_seconds() - l->started;
    return OK;
}

Status loop_pass(Loop *l, int n, real *output)
{
    mil_prepare(l->scorer, l->theta);
    for (int i = 0; i < n; i++) {
        const Bag *whole;
        TRY(cache_bag(l->in.cache, &whole, l->in.bag[i], 0));
        mil_predict(l->scorer, output + (size_t)i * (size_t)l->n_out, whole, NULL);
    }
    return OK;
}

/* Where evaluations saw samples of bags, the parameters kept are calibrated anew, on whole bags. */
Status loop_part(Loop *l, Part part, real *output)
{
    const size_t n_out = (size_t)l->n_out;
    const bool sampled = l->n_sample > 0;
    mil_prepare(l->scorer, l->kept);
    if (part == PART_TRAIN && sampled && mil_calibrates(l->scorer)) return calibrate(l, l->kept, output, whole_bag);
    if (sampled || l->best.update == 0 || l->seen[part] != l->best.update) return predict(l, part, output, whole_bag);
    for (int i = 0; i < l->in.n; i++)
        if (l->in.part[i] == part)
            memcpy(output + (size_t)i * n_out, l->output + (size_t)i * n_out, n_out * sizeof *output);
    return OK;
}

/* The parameters of the least value, the earlier where equal; the last ones without a value. */
static void keep(Loop *l, double value)
{
    const bool last = l->in.options->keep == KEEP_LAST || isnan(value);
    if (!last && l->best.update > 0 && !(value < l->best.loss)) return;
    memcpy(l->kept, shown(l), l->n_params * sizeof *l->kept);
    l->best = (LoopKept){l->update, value};
}

/* For patience, whatever is kept. Where no state can be better by min_delta than this one, waiting ends at once. */
static void watch(Loop *l, double value, double floor)
{
    const double delta = l->in.options->min_delta;
    if (isnan(value)) return;
    l->waited = value < l->lowest - delta || isnan(l->lowest) ? 0 : l->waited + 1;
    if (l->waited == 0) l->lowest = value;
    if (delta > 0 && value - delta < floor && l->waited < l->in.options->patience)
        l->waited = l->in.options->patience;
}

/* What the evaluation just made of the validation part is worth, NaN without one, and the least that it could be. */
static double value_of(const Loop *l, const LoopRecord *validation, double *floor)
{
    const MetricInput in = {.n_bag = validation->n_bag,
                            .n_out = l->n_out,
                            .n_target = l->in.n_target,
                            .output = l->part_output,
                            .target = l->part_target,
                            .mask = l->part_mask};
    const KeepRule rule = keep_rule((Keep)l->in.options->keep, l->in.model);
    *floor = keep_floor(rule, &l->in.target[0], &in);
    return keep_value(rule, &l->in.target[0], &in, validation->score[0]);
}

static Status evaluate_both(Loop *l, LoopEvaluated *evaluated, void *context)
{
    LoopRecord train, validation;
    mil_prepare(l->scorer, shown(l));
    TRY(evaluate(l, PART_TRAIN, &train));
    TRY(evaluate(l, PART_VALIDATION, &validation));
    if (!isfinite(train.loss) || !isfinite(validation.loss))
        return fail(ERR_DIVERGED, "the loss after update %d is not a number any more; a smaller train.lr may help",
                    l->update);
    double floor;
    const double value = value_of(l, &validation, &floor);
    keep(l, value);
    watch(l, value, floor);
    l->evaluated = l->update;
    if (evaluated) TRY(evaluated(context, &train));
    if (evaluated && validation.n_bag) TRY(evaluated(context, &validation));
    return OK;
}

/* ---- checkpoints ---- */

typedef struct {
    real *slab[CHECKPOINT_SLABS]; /* [n_params] each, as checkpoint.h numbers them */
} Slabs;

static Slabs slabs(const Loop *l)
{
    return (Slabs){{l->theta, l->kept, l->state.m, l->state.v, l->average}};
}

/* A mean of squares that overflowed only stops its parameter. */
static bool is_sound(const Loop *l)
{
    for (size_t i = 0; i < l->n_params; i++)
        if (!isfinite(l->theta[i]) || !isfinite(shown(l)[i]) || !isfinite(l->kept[i]) || !isfinite(l->state.m[i]) ||
            isnan(l->state.v[i]))
            return false;
    return true;
}

Status loop_save(const Loop *l, const char *path, const CheckpointFacts *facts)
{
    const CheckpointState state = {.update = l->update,
                                   .step = l->state.step,
                                   .evaluated = l->evaluated,
                                   .kept_update = l->best.update,
                                   .kept_loss = l->best.loss,
                                   .lowest = l->lowest,
                                   .waited = l->waited,
                                   .smooth = l->smooth,
                                   .seconds = l->started > 0 ? log_seconds() - l->started : l->before};
    if (!is_sound(l))
        return fail(ERR_DIVERGED,
                    "the parameters after update %d are not numbers any more; a smaller train.lr may help",
                    l->update);
    const Slabs all = slabs(l);
    return checkpoint_write(path, mil_params(l->learner), all.slab, &state, facts);
}

Status loop_load(Loop *l, const char *path, const CheckpointFacts *facts, char **metrics)
{
    CheckpointState state;
    const Slabs all = slabs(l);
    TRY(checkpoint_read(path, mil_params(l->learner), all.slab, &state, facts, metrics));
    if (state.update > l->updates) {
        free(*metrics);
        *metrics = NULL;
        return fail(ERR_MODEL, "%s: is of update %d, the run has only %d", path, state.update, l->updates);
    }
    l->update = l->saved = state.update;
    l->state.step = state.step;
    l->evaluated = state.evaluated;
    l->best = (LoopKept){state.kept_update, state.kept_loss};
    l->lowest = state.lowest;
    l->waited = state.waited;
    l->smooth = state.smooth;
    l->before = state.seconds;
    return OK;
}

static Status save(Loop *l, void *context)
{
    if (!l->in.save) return OK;
    TRY(l->in.save(context));
    l->saved = l->update;
    l->saved_at = log_seconds();
    return OK;
}

static bool save_is_due(const Loop *l)
{
    return l->in.save && log_seconds() - l->saved_at >= 60 * l->in.options->checkpoint_minutes &&
           l->saved < l->update;
}

/* ---- all of it ---- */

static bool on_grid(const Loop *l)
{
    const int every = l->in.options->evaluate_every;
    return every > 0 && l->update % every == 0;
}

static bool patience_ended(const Loop *l)
{
    const int patience = l->in.options->patience;
    return patience > 0 && l->waited >= patience;
}

/* What is due between two updates. */
static Status look(Loop *l, LoopEvaluated *evaluated, void *context)
{
    const bool due = l->evaluated < l->update && (on_grid(l) || l->update == l->updates);
    if (due && !on_grid(l) && l->saved < l->update) TRY(save(l, context));
    if (due) TRY(evaluate_both(l, evaluated, context));
    if (due ? on_grid(l) : save_is_due(l)) TRY(save(l, context));
    return stopped(l);
}

/* For the tests of interruption: HOPSACK_TEST_STOP_AT=UPDATE:SIGNAL in the environment raises that signal number after
 * that update, 0 before the first; once, though several loops may run. */
static void stop_for_tests(const Loop *l)
{
    static atomic_bool raised;
    int update, number;
    const char *text = getenv("HOPSACK_TEST_STOP_AT");
    if (text && sscanf(text, "%d:%d", &update, &number) == 2 && update == l->update &&
        !atomic_exchange(&raised, true))
        raise(number);
}

static Status train(Loop *l, LoopEvaluated *evaluated, void *context, Progress *progress)
{
    stop_for_tests(l);
    for (;;) {
        char note[64];
        TRY(look(l, evaluated, context));
        if (l->update == l->updates || patience_ended(l)) return OK;
        TRY(loop_update(l));
        stop_for_tests(l);
        snprintf(note, sizeof note, "loss %.4f", l->smooth);
        progress_tell(progress, l->update, note);
    }
}

Status loop_run(Loop *l, LoopEvaluated *evaluated, void *context)
{
    Progress progress;
    l->saved_at = log_seconds();
    l->started = l->saved_at - l->before;
    progress_start(&progress, "training", "updates", l->updates);
    progress.done = progress.first = l->update;
    Status status = train(l, evaluated, context, &progress);
    /* A loop that diverged has nothing to save; one that was stopped at an update already saved need not. */
    if ((status == ERR_SIGINT || status == ERR_SIGTERM) && l->saved < l->update) {
        const Status saved = save(l, context);
        status = saved == OK ? stopped(l) : saved; /* and its sentence again */
    }
    mil_say_capped(l->learner, "training");
    mil_say_capped(l->scorer, "evaluation");
    if (status != OK) return status;
    if (patience_ended(l))
        log_info("no better validation score in %d evaluation%s, or none possible: training ends with update %d",
                 l->waited, number_plural(l->waited), l->update);
    progress_end(&progress, NULL);
    return OK;
}
