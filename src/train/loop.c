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
#include "core/parallel.h"
#include "data/sampler.h"
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
    LoopKept best;
    int *train, *order; /* [n_train] members; in the order of the epoch */
    int epoch;          /* whose order that is; -1: none */
    Bag *drawn;         /* [batch] */
    const Bag **whole;  /* [batch] */
    Arena *room;        /* [batch] memory of a draw */
    uint64_t *bits;     /* [batch, n_bits] scratch of a draw */
    size_t n_bits;
    real *target, *mask; /* [batch, n_out], [batch, n_target] */
    int update, first;   /* under way, from 1; its first place in `order` */
    int n_batch;         /* bags of this update */

    real *output;                                /* [n, n_out] of the parts last evaluated */
    int seen[PART_TEST + 1];                     /* after which update each of them was; 0: not yet */
    real *part_output, *part_target, *part_mask; /* the same without gaps */
    int *member;                                 /* [n] of that part */
    MetricRank *rank;                            /* [n] */
    LoopTimes times;
    double started, smooth; /* seconds; mean loss for the progress line */
    int evaluated, saved;   /* update that was evaluated, and saved, last */
    double lowest;          /* validation loss so far; NaN: none */
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

static Status take_draw_room(Loop *l)
{
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

static Status set_length(Loop *l)
{
    const TrainOptions *o = l->in.options;
    l->per_epoch = (l->n_train + o->batch - 1) / o->batch;
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
        log_info("%d of %d features do not vary over the training bags; they become 0 everywhere", n_constant,
                 l->in.spec->n_feat);
    return OK;
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
    return scale(l);
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
    void *const owned[] = {l->theta,       l->grad,      l->kept,   l->state.m,       l->state.v,
                           l->train,       l->order,     l->drawn,  (void *)l->whole, l->room,
                           l->bits,        l->target,    l->mask,   l->output,        l->part_output,
                           l->part_target, l->part_mask, l->member, l->rank};
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
    Arena draw = {0};
    TRY(mil_new(&mil, in->model, in->spec, in->target, in->n_target));
    plan_draw(in, &draw);
    *params = param_learned(mil_params(mil));
    *bytes = mil_memory(mil, in->options->batch, draw_max(in), true) + mil_memory(mil, 1, in->n_max, false) +
             (size_t)in->options->batch * draw.used + 5 * mil_params(mil)->size * sizeof(real);
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

/* By the parameters that the scorer was prepared with. */
static Status evaluate(Loop *l, Part part, LoopRecord *record)
{
    *record =
        (LoopRecord){.update = l->update, .part = part, .lr = lr_now(l), .epoch = (double)l->update / l->per_epoch};
    const size_t n_out = (size_t)l->n_out;
    record->n_bag = gather(l, part);
    l->seen[part] = 0;
    for (int i = 0; i < record->n_bag; i++) {
        const Bag *whole;
        TRY(stopped(l));
        TRY(cache_bag(l->in.cache, &whole, l->in.bag[l->member[i]], 0));
        real *output = l->output + (size_t)l->member[i] * n_out;
        mil_predict(l->scorer, output, whole, NULL);
        memcpy(l->part_output + (size_t)i * n_out, output, n_out * sizeof *output);
    }
    l->seen[part] = l->update;
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

/* The parameters kept may be those of the last evaluation. */
Status loop_part(Loop *l, Part part, real *output)
{
    const size_t n_out = (size_t)l->n_out;
    const bool known = l->best.update > 0 && l->seen[part] == l->best.update;
    mil_prepare(l->scorer, l->kept);
    for (int i = 0; i < l->in.n; i++) {
        const Bag *whole;
        if (l->in.part[i] != part) continue;
        TRY(stopped(l));
        if (known) {
            memcpy(output + (size_t)i * n_out, l->output + (size_t)i * n_out, n_out * sizeof *output);
            continue;
        }
        TRY(cache_bag(l->in.cache, &whole, l->in.bag[i], 0));
        mil_predict(l->scorer, output + (size_t)i * n_out, whole, NULL);
    }
    return OK;
}

/* Lowest validation loss of the first target, the earlier where equal; the last without such a loss. */
static void keep(Loop *l, double loss)
{
    const bool last = l->in.options->keep == KEEP_LAST || isnan(loss);
    if (!last && l->best.update > 0 && !(loss < l->best.loss)) return;
    memcpy(l->kept, l->theta, l->n_params * sizeof *l->kept);
    l->best = (LoopKept){l->update, loss};
}

/* For patience, whatever is kept. */
static void watch(Loop *l, double loss)
{
    if (isnan(loss)) return;
    l->waited = loss < l->lowest || isnan(l->lowest) ? 0 : l->waited + 1;
    if (l->waited == 0) l->lowest = loss;
}

static Status evaluate_both(Loop *l, LoopEvaluated *evaluated, void *context)
{
    LoopRecord train, validation;
    mil_prepare(l->scorer, l->theta);
    TRY(evaluate(l, PART_TRAIN, &train));
    TRY(evaluate(l, PART_VALIDATION, &validation));
    if (!isfinite(train.loss) || !isfinite(validation.loss))
        return fail(ERR_DIVERGED, "the loss after update %d is not a number any more; a smaller train.lr may help",
                    l->update);
    const double loss = validation.n_bag ? validation.score[0][0] : NAN;
    keep(l, loss);
    watch(l, loss);
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
    return (Slabs){{l->theta, l->kept, l->state.m, l->state.v}};
}

/* A mean of squares that overflowed only stops its parameter. */
static bool is_sound(const Loop *l)
{
    for (size_t i = 0; i < l->n_params; i++)
        if (!isfinite(l->theta[i]) || !isfinite(l->kept[i]) || !isfinite(l->state.m[i]) || isnan(l->state.v[i]))
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
        log_info("no lower validation loss in %d evaluations: training ends with update %d", l->waited, l->update);
    progress_end(&progress, NULL);
    return OK;
}
