/* SPDX-License-Identifier: MIT
 *
 * looppace.c: the time of an update is a line in the instances drawn: parameters are prepared and moved once, and each
 * instance takes its share. Two short timings at different draws give the line where the whole update would be long.
 *
 * Times are processor time of one thread, which other load hardly lengthens; the shortest of some counts.
 */
#include "train/looppace.h"
#include "core/log.h"
#include "core/parallel.h"

#include <stdlib.h>

#define FEW    256  /* draws of the first timing */
#define BUDGET 0.02 /* seconds of a timing */
#define MOST   5    /* updates of a timing */
#define BAGS   64   /* training bags at most, but for a minibatch */
#define PASS   0.05 /* seconds of a pass that may be timed */

typedef struct {
    LoopSetup setup;
    TrainOptions options;
    Part *part; /* [n] with fewer training bags */
    Status status;
    LoopPace *pace;
} Timing;

/* Every k-th training bag stays one; the others are of no part that loops look at. */
static Status thin(Timing *t, const LoopSetup *in)
{
    int n_train = 0, number = 0;
    const int most = in->options->batch > BAGS ? in->options->batch : BAGS;
    for (int i = 0; i < in->n; i++) n_train += in->part[i] == PART_TRAIN;
    t->part = malloc((size_t)in->n * sizeof *t->part + 1);
    if (!t->part) return fail(ERR_MEMORY, "no memory for %d bags", in->n);
    const int step = n_train > most ? n_train / most : 1;
    for (int i = 0; i < in->n; i++)
        t->part[i] = in->part[i] == PART_TRAIN && number++ % step == 0 ? PART_TRAIN : PART_TEST;
    return OK;
}

/* Instances that an update draws on average. */
static double drawn(const LoopSetup *in, int draws)
{
    double sum = 0;
    int n_train = 0;
    for (int i = 0; i < in->n; i++) {
        if (in->part[i] != PART_TRAIN) continue;
        const int n = cache_n(in->cache, in->bag[i]);
        sum += draws > 0 && draws < n ? draws : n;
        n_train++;
    }
    return n_train ? sum / n_train * in->options->batch : 0;
}

/* ---- timing ---- */

/* Without the decoding of its bags, whose share of the time is that on the clock. */
static Status time_updates(double *seconds, Loop *loop)
{
    const double begun = log_own_seconds();
    *seconds = 0;
    TRY(loop_update(loop)); /* pages, tables and clock settle */
    for (int k = 0; k < MOST && (k == 0 || log_own_seconds() - begun < BUDGET); k++) {
        const LoopTimes before = loop_times(loop);
        const double started = log_own_seconds();
        TRY(loop_update(loop));
        const double whole = log_own_seconds() - started;
        const LoopTimes now = loop_times(loop);
        const double work = now.learn - before.learn + now.step - before.step, load = now.load - before.load;
        const double one = whole * work / (work + load);
        if (k == 0 || one < *seconds) *seconds = one;
    }
    return OK;
}

static Status time_draws(double *update, Timing *t, int draws)
{
    Loop *loop;
    t->options.draws = draws;
    TRY(loop_new(&loop, &t->setup));
    const Status status = time_updates(update, loop);
    loop_free(loop);
    return status;
}

/* The whole update, or the line through two shorter ones. */
static Status time_update(Timing *t, int whole)
{
    double few;
    LoopPace *pace = t->pace;
    const double n_whole = drawn(&t->setup, whole), n_few = drawn(&t->setup, FEW);
    TRY(time_draws(&few, t, n_few < n_whole ? FEW : whole));
    pace->update = few;
    if (n_few >= n_whole) return OK;
    int more = few * n_whole / n_few < 2 * BUDGET ? whole : (int)(FEW * 2 * BUDGET / few);
    if (more < 2 * FEW && more != whole) more = 2 * FEW;
    const double n_more = drawn(&t->setup, more);
    TRY(time_draws(&pace->update, t, more));
    if (n_more < n_whole && pace->update > few)
        pace->update += (pace->update - few) / (n_more - n_few) * (n_whole - n_more);
    else
        pace->update *= n_whole / n_more;
    return OK;
}

static Status time_read(Timing *t)
{
    const Bag *bag;
    const LoopSetup *in = &t->setup;
    double started = 0;
    const int last = in->bag[in->n - 1];
    for (int k = 0; k < 2; k++) { /* the first opens what reading needs; a slot keeps its bag */
        started = log_own_seconds();
        TRY(cache_bag(in->cache, &bag, k == 0 ? in->bag[0] : last, 0));
    }
    t->pace->read = (log_own_seconds() - started) / cache_n(in->cache, last);
    t->pace->load = t->pace->read * drawn(in, 0);
    return OK;
}

/* Of a bag whose pass is short; else as much as a third of an instance's update. */
static Status time_pass(Timing *t, int whole)
{
    Loop *loop = NULL;
    const LoopSetup *in = &t->setup;
    const double n = cache_n(in->cache, in->bag[0]), share = t->pace->update / (drawn(in, whole) + 1);
    t->pace->pass = share / 3;
    if (share * n > PASS) return OK;
    real *output = calloc((size_t)in->labels->n_out + 1, sizeof *output);
    if (!output) return fail(ERR_MEMORY, "no memory for outputs");
    double started = 0;
    Status status = loop_new(&loop, in);
    for (int k = 0; k < 2 && status == OK; k++) {
        started = log_own_seconds();
        status = loop_pass(loop, 1, output);
    }
    t->pace->pass = (log_own_seconds() - started) / n; /* the slot holds the bag the second time */
    loop_free(loop);
    free(output);
    return status;
}

static void measure(void *context, int chunk, int thread)
{
    Timing *t = context;
    (void)thread;
    if (chunk > 0) return;
    const int whole = t->options.draws;
    t->status = time_read(t);
    if (t->status == OK) t->status = time_update(t, whole);
    if (t->status == OK) t->status = time_pass(t, whole);
}

Status looppace_measure(LoopPace *out, const LoopSetup *setup)
{
    *out = (LoopPace){0};
    Timing t = {.setup = *setup, .options = *setup->options, .pace = out};
    Status status = setup->n ? thin(&t, setup) : fail(ERR_FORMAT, "there are no bags");
    t.setup.options = &t.options;
    t.setup.part = t.part;
    t.setup.save = NULL;
    t.setup.in_turn = true;
    t.setup.updated = NULL;
    if (status == OK) {
        parallel_for(2, measure, &t); /* what runs inside has one thread */
        status = t.status;
    }
    free(t.part);
    return status;
}
