/* SPDX-License-Identifier: MIT
 *
 * Evaluating whole bags may take minutes: a signal ends it half-way, and what had been evaluated is evaluated again on
 * resume.
 */
#include "train/loop.h"
#include "core/log.h"
#include "core/number.h"
#include "train/average.h"
#include "train/keep.h"
#include "train/loop_parts.h"
#include "train/scaling.h"
#include "train/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- putting together ---- */

static Status set_length(Loop *l)
{
    const TrainOptions *o = l->in.options;
    const int64_t updates = schedule_updates(o, l->in.model, l->minibatch.n_train);
    if (updates > INT32_MAX) return fail(ERR_CONFIG, "train.epochs=%d is more updates than %d", o->epochs, INT32_MAX);
    l->updates = (int)updates;
    return OK;
}

static Status reserve(Loop *l)
{
    const size_t n = l->n_params;
    const bool averages = l->in.options->average > 0;
    l->theta = calloc(n, sizeof(real));
    l->grad = calloc(n, sizeof(real));
    l->stop.theta = calloc(n, sizeof(real));
    l->state.m = calloc(n, sizeof(real));
    l->state.v = calloc(n, sizeof(real));
    if (averages) l->average = calloc(n, sizeof(real));
    if (l->theta && l->grad && l->stop.theta && l->state.m && l->state.v && (l->average || !averages)) return OK;
    return fail(ERR_MEMORY, "no memory for training with %zu parameters", n);
}

static Status training_bag(void *context, const Bag **out, int i)
{
    return minibatch_bag(context, out, i);
}

static Status scale(Loop *l)
{
    const ScalingBags bags = {
        .spec = l->in.spec, .n = l->minibatch.n_train, .bag = training_bag, .context = &l->minibatch};
    int n_constant;
    TRY(scaling_set(l->theta, mil_params(l->learner), &n_constant, (ScaleKind)l->in.scale, &bags));
    if (n_constant > 0)
        log_info("constant features in the training set, which become 0 everywhere: %d of %d", n_constant,
                 l->in.spec->n_feat);
    return OK;
}

/* Of a network that retrieves from them. */
static Status store_training(Loop *l)
{
    const Labels *labels = l->in.labels;
    if (!mil_stores(l->learner)) return OK;
    mil_prepare(l->learner, l->theta);
    for (int i = 0; i < l->minibatch.n_train; i++) {
        const Bag *bag;
        const Index member = l->minibatch.train[i];
        TRY(minibatch_bag(&l->minibatch, &bag, i));
        mil_store(l->learner, l->theta, i, bag, labels->target + member * l->minibatch.n_out,
                  labels->mask + member * l->in.n_target);
    }
    return OK;
}

#define RARE_SHARE 0.1 /* of the draws: what is found more often a random draw does not miss */

/* Instances of a bag that updates see, or else evaluations; 0: all, or a network that cannot weigh what it is given. */
static int draws_of(const Loop *l)
{
    const int draws = l->in.options->draws;
    const ModelOptions *model = l->in.model;
    if (model->select != SELECT_ALL || model->compat == COMPAT_DEEPRC || !mil_weighs(l->learner)) return 0;
    return draws > 0 && draws < l->in.n_max ? draws : l->scorer.n_sample;
}

/* Rare is what is rare in the training bags. The others are looked at where evaluations see samples of them. */
static Status find_rare(Loop *l, int draws)
{
    const LoopSetup *in = &l->in;
    const Minibatch *m = &l->minibatch;
    RareKmers rare;
    int *bag = calloc(in->n, sizeof *bag);
    if (!bag) return fail(ERR_MEMORY, "no memory for the places of k-mers");
    for (int i = 0; i < m->n_train; i++) bag[i] = in->bag[m->train[i]];
    Status status = rarehits_choose(&rare, in->cache, bag, m->n_train, in->start, in->n_start, RARE_SHARE * draws);
    for (int i = 0; i < in->n; i++) {
        const bool seen = in->part[i] == PART_TRAIN || (in->part[i] == PART_VALIDATION && l->scorer.n_sample > 0);
        bag[i] = seen ? in->bag[i] : -1;
    }
    if (status == OK) status = rarehits_find(&l->hits, in->cache, bag, in->n, &rare);
    free(bag);
    return status;
}

/* The first training bag tells how inputs are scaled. */
static Status start_from_kmers(Loop *l)
{
    const Bag *bag = NULL;
    int n_started;
    if (l->in.n_start > 0) TRY(minibatch_bag(&l->minibatch, &bag, 0));
    TRY(mil_start(l->learner, &n_started, l->theta, l->in.start, l->in.n_start, bag));
    if (n_started < l->in.n_start) log_info("%d of %d k-mers found a kernel to start", n_started, l->in.n_start);
    const int draws = draws_of(l);
    return l->in.n_start > 0 && draws > 0 ? find_rare(l, draws) : OK;
}

static Status check(const LoopSetup *in)
{
    if (in->options->batch > CACHE_SLOTS)
        return fail(ERR_CONFIG, "train.batch is %d; at most %d bags", in->options->batch, CACHE_SLOTS);
    if (in->n_target > LOOP_TARGETS)
        return fail(ERR_CONFIG, "tasks: %d are given; at most %d", in->n_target, LOOP_TARGETS);
    return OK;
}

static Status make(Loop *l)
{
    const LoopSetup *in = &l->in;
    TRY(check(in));
    TRY(minibatch_list(&l->minibatch, in));
    TRY(set_length(l));
    l->optimizer = optimizer_types[in->options->optimizer];
    l->step = in->options->step;
    l->model = *in->model;
    l->model.n_train = l->minibatch.n_train;
    l->in.model = &l->model;
    TRY(mil_new(&l->learner, in->model, in->spec, in->target, in->n_target));
    l->n_params = mil_params(l->learner)->size;
    TRY(reserve(l));
    TRY(minibatch_reserve(&l->minibatch, mil_n_out(l->learner)));
    TRY(mil_plan(l->learner, in->options->batch, minibatch_draw_max(in), true));
    TRY(scorer_new(&l->scorer, in, l->minibatch.train, l->minibatch.n_train));
    l->scorer.updates = l->updates;
    l->minibatch.hits = l->scorer.hits = &l->hits;
    param_start(mil_params(l->learner), l->theta, in->seed);
    TRY(start_from_kmers(l));
    TRY(scale(l));
    TRY(loop_fit_inputs(l));
    TRY(store_training(l));
    if (l->average) memcpy(l->average, l->theta, l->n_params * sizeof *l->average);
    return OK;
}

Status loop_new(Loop **out, const LoopSetup *setup)
{
    *out = NULL;
    Loop *l = calloc(1, sizeof *l);
    if (!l) return fail(ERR_MEMORY, "no memory for training");
    l->in = *setup;
    l->minibatch.in = l->scorer.in = &l->in;
    l->stop.value = l->stop.lowest = NAN;
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
    real *const owned[] = {l->theta, l->grad, l->average, l->stop.theta, l->state.m, l->state.v};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    minibatch_free(&l->minibatch);
    scorer_free(&l->scorer);
    rarehits_free(&l->hits);
    mil_free(l->learner);
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
    return (LoopKept){l->stop.update, l->stop.value};
}
const real *loop_theta(const Loop *l)
{
    return l->stop.theta;
}
const Mil *loop_mil(const Loop *l)
{
    return l->scorer.mil;
}
LoopTimes loop_times(const Loop *l)
{
    return l->times;
}

Status loop_memory(const LoopSetup *in, size_t *bytes, size_t *params)
{
    Mil *mil;
    Arena draw = {0}, sample = {0};
    ModelOptions model = *in->model;
    model.n_train = in->n;
    TRY(mil_new(&mil, &model, in->spec, in->target, in->n_target));
    minibatch_plan(&draw, in);
    scorer_plan(&sample, in);
    *params = param_learned(mil_params(mil));
    *bytes = mil_memory(mil, in->options->batch, minibatch_draw_max(in), true) +
             mil_memory(mil, 1, in->n_max, false) + in->options->batch * draw.used + sample.used +
             (5 + (in->options->average > 0)) * mil_params(mil)->size * sizeof(real);
    mil_free(mil);
    return OK;
}

/* ---- one update ---- */

/* Of the update under way. */
static double lr_now(const Loop *l)
{
    const TrainOptions *o = l->in.options;
    const double lr = schedule_lr(o->step.lr, o->decay, l->update, l->minibatch.per_epoch);
    return o->schedule == SCHEDULE_COSINE ? lr * schedule_cosine(l->update, l->updates) : lr;
}

/* The gradient is there; returns the loss with its penalty. */
static Status step(Loop *l, double loss)
{
    const ParamList *params = mil_params(l->learner);
    l->step.lr = lr_now(l);
    if (l->step.l1 != 0) loss += optimizer_l1(l->grad, l->theta, params, l->step.l1);
    if (!isfinite(loss))
        return fail(ERR_DIVERGED, "the loss of update %d is not a number any more; a smaller train.lr may help",
                    l->update);
    if (l->step.clip_norm > 0) optimizer_clip(l->grad, params, l->step.clip_norm);
    optimizer_step(l->optimizer, l->theta, &l->state, &l->step, l->grad, params);
    if (l->average) average_move(l->average, l->theta, params, l->in.options->average, l->update);
    l->smooth = l->update == 1 ? loss : 0.95 * l->smooth + 0.05 * loss;
    return OK;
}

Status loop_update(Loop *l)
{
    const double started = log_seconds();
    Batch batch;
    l->update++;
    TRY(minibatch_load(&batch, &l->minibatch, l->update));
    const double loaded = log_seconds();
    const double loss = mil_learn(l->learner, l->grad, l->theta, &batch, l->in.seed, (uint64_t)l->update, NULL);
    const double learned = log_seconds();
    TRY(step(l, loss));
    l->times.load += loaded - started;
    l->times.learn += learned - loaded;
    l->times.step += log_seconds() - learned;
    return OK;
}

/* ---- evaluation ---- */

static Status check_stop(const Loop *l)
{
    return stop_check(l->in.stop, " after update %d of %d", l->update, l->updates);
}

Status loop_pass(Loop *l, int n, real *output)
{
    return scorer_pass(&l->scorer, output, n, l->theta);
}

Status loop_part(Loop *l, Part part, real *output)
{
    l->scorer.update = l->update;
    return scorer_part(&l->scorer, output, part, l->stop.theta, l->stop.update);
}

static Status evaluate(Loop *l, LoopRecord *record, Part part)
{
    TRY(scorer_evaluate(&l->scorer, record, part, loop_shown(l)));
    record->update = l->update;
    record->lr = lr_now(l);
    record->epoch = (double)l->update / l->minibatch.per_epoch;
    record->seconds = log_seconds() - l->started;
    return OK;
}

/* By what the evaluation just made of the validation part is worth. */
static void keep(Loop *l, LoopRecord *validation)
{
    const TrainOptions *o = l->in.options;
    const MetricInput in = scorer_input(&l->scorer, validation->n_bag);
    const KeepRule rule = keep_rule((Keep)o->keep, l->in.model);
    const double floor = keep_floor(rule, &l->in.target[0], &in);
    const double value = keep_value(rule, &l->in.target[0], &in, validation->score[0]);
    validation->value = value;
    earlystop_keep(&l->stop, o, loop_shown(l), l->n_params, l->update, value);
    earlystop_count(&l->stop, o, value, floor);
}

/* Nobody hears of the scores, and nothing depends on them. */
static bool scores_are_unused(const Loop *l, LoopEvaluated *evaluated)
{
    return !evaluated && l->in.options->keep == KEEP_LAST && l->in.options->patience == 0;
}

static Status evaluate_both(Loop *l, LoopEvaluated *evaluated, void *context)
{
    LoopRecord train, validation;
    if (scores_are_unused(l, evaluated)) {
        earlystop_keep(&l->stop, l->in.options, loop_shown(l), l->n_params, l->update, NAN);
        l->evaluated = l->update;
        return OK;
    }
    l->scorer.update = l->update;
    mil_prepare(l->scorer.mil, loop_shown(l));
    TRY(evaluate(l, &train, PART_TRAIN));
    TRY(evaluate(l, &validation, PART_VALIDATION));
    if (!isfinite(train.loss) || !isfinite(validation.loss))
        return fail(ERR_DIVERGED, "the loss after update %d is not a number any more; a smaller train.lr may help",
                    l->update);
    keep(l, &validation);
    l->evaluated = l->update;
    if (evaluated) TRY(evaluated(context, &train));
    if (evaluated && validation.n_bag) TRY(evaluated(context, &validation));
    return OK;
}

/* ---- checkpoints ---- */

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

/* Evaluation and checkpoint, where they are due between two updates. */
static Status evaluate_and_save(Loop *l, LoopEvaluated *evaluated, void *context)
{
    const bool due = l->evaluated < l->update && (on_grid(l) || l->update == l->updates);
    if (due && !on_grid(l) && l->saved < l->update) TRY(save(l, context));
    if (due) TRY(evaluate_both(l, evaluated, context));
    if (due ? on_grid(l) : save_is_due(l)) TRY(save(l, context));
    return check_stop(l);
}

static Status train(Loop *l, LoopEvaluated *evaluated, void *context, Progress *progress)
{
    if (l->in.updated) l->in.updated(l->update);
    for (;;) {
        char note[64];
        TRY(evaluate_and_save(l, evaluated, context));
        if (l->update == l->updates || earlystop_is_due(&l->stop, l->in.options)) return OK;
        TRY(loop_update(l));
        if (l->in.updated) l->in.updated(l->update);
        snprintf(note, sizeof note, "loss %.4f", l->smooth);
        progress_update(progress, l->update, note);
    }
}

/* A loop that diverged has nothing to save; one that was stopped at an update already saved need not. */
static Status save_stopped(Loop *l, void *context, Status status)
{
    if (!stop_is_cause(status) || l->saved == l->update) return status;
    TRY(save(l, context));
    return check_stop(l); /* and its sentence again */
}

Status loop_run(Loop *l, LoopEvaluated *evaluated, void *context)
{
    Progress progress;
    l->saved_at = log_seconds();
    l->started = l->saved_at - l->before;
    progress_start(&progress, "training", "updates", l->updates);
    progress.done = progress.first = l->update;
    const Status status = save_stopped(l, context, train(l, evaluated, context, &progress));
    mil_report_capped(l->learner, "training");
    mil_report_capped(l->scorer.mil, "evaluation");
    if (status != OK) return status;
    if (earlystop_is_due(&l->stop, l->in.options))
        log_info("no better validation score in %d evaluation%s, or none possible: training ends with update %d",
                 l->stop.waited, number_plural(l->stop.waited), l->update);
    progress_end(&progress, NULL);
    return OK;
}
