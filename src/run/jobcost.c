/* SPDX-License-Identifier: MIT */
#include "run/jobcost.h"
#include "run/evaluation.h"
#include "run/refit.h"
#include "train/kmerstart.h"
#include "train/looppace.h"
#include "train/schedule.h"

#include <math.h>
#include <stdlib.h>

/* On the reference machine (core/cost.h). */
#define HASH_SECONDS  60e-9  /* an instance: content hashes, numbers that alone predict the label */
#define OPEN_SECONDS  0.05   /* once: libraries, config, labels, folds */
#define KMERS_SECONDS 0.6e-6 /* an instance: k-mers counted for the start */
#define FILES_SECONDS 0.01   /* a training: files written and synced */
#define KMERS_BYTES   60e6   /* tables of the start k-mers' counts */
#define KMERS_AGAIN   100e6  /* further ones, where inner folds are counted too */

/* A training goes on as it began, but for the machine's clock and caches. */
#define LOW  0.8
#define HIGH 1.4

typedef struct {
    const Config *config;
    const Dataset *dataset;
    Evaluation evaluation;
    ModelOptions model;
    Cache *cache; /* holds nothing */
    real *inputs; /* [bags of the file, n_input] zeros, where the model reads inputs */
    LoopSetup loop;
    LoopPace pace;
} JobCosting;

static Status open_cache(JobCosting *c)
{
    const Cohort *cohort = &c->dataset->cohort;
    const size_t n_bag = (size_t)bagfile_n_bag(cohort->file), n_input = (size_t)c->model.n_input;
    TRY(cache_open(&c->cache, cohort->file, config_counts(c->config), 0));
    if (n_input == 0) return OK;
    c->inputs = calloc(n_bag * n_input, sizeof *c->inputs);
    if (!c->inputs) return fail(ERR_MEMORY, "no memory for the inputs of %zu bags", n_bag);
    cache_inputs(c->cache, c->inputs, c->model.n_input);
    return OK;
}

static Status open_costing(JobCosting *c, const Config *config, Dataset *dataset)
{
    *c = (JobCosting){.config = config, .dataset = dataset, .model = dataset_model(dataset, config)};
    const Cohort *cohort = &dataset->cohort;
    TRY(evaluation_open(&c->evaluation, config, dataset));
    TRY(open_cache(c));
    c->loop = (LoopSetup){.options = &config->train,
                          .seed = config->seed,
                          .model = &c->model,
                          .spec = bagfile_spec(cohort->file),
                          .target = c->evaluation.target,
                          .n_target = config->n_task,
                          .cache = c->cache,
                          .n = cohort->n,
                          .n_max = bagfile_n_max(cohort->file),
                          .n_count = bagfile_n_count(config_counts(config)),
                          .scale = config->data.scale,
                          .bag = cohort->bag,
                          .part = c->evaluation.partition.part,
                          .labels = &c->evaluation.labels};
    return OK;
}

static void close_costing(JobCosting *c)
{
    evaluation_free(&c->evaluation);
    cache_close(c->cache);
    free(c->inputs);
}

/* ---- sums ---- */

static double instances(const JobCosting *c, Part part)
{
    double n = 0;
    const Cohort *cohort = &c->dataset->cohort;
    for (int i = 0; i < cohort->n; i++)
        if (c->evaluation.partition.part[i] == part) n += bagfile_n(cohort->file, cohort->bag[i]);
    return n;
}

/* Bags held, and what reading the others takes. */
static double bag_bytes(const JobCosting *c)
{
    size_t held, largest;
    const Cohort *cohort = &c->dataset->cohort;
    if (cache_room(&held, &largest, cohort->file, config_counts(c->config), c->config->data.cache) != OK) return 0;
    return (double)held + (largest > 0 ? (double)loop_stream_memory(&c->loop, largest) : 0);
}

/* Of `updates` updates with their evaluations. */
static double seconds_of(const JobCosting *c, double updates, bool held)
{
    const TrainOptions *o = &c->config->train;
    const double most = o->evaluate_instances, scored = instances(c, PART_TRAIN) + instances(c, PART_VALIDATION);
    const double seen = most > 0 && most < scored ? most : scored;
    const double times = o->evaluate_every > 0 ? updates / o->evaluate_every : 1;
    const double reading = held ? 0 : c->pace.read;
    return updates * (c->pace.update + (held ? 0 : c->pace.load)) + times * seen * (c->pace.pass + reading);
}

static void add_up(JobCost *out, const JobCosting *c, bool held, bool alone)
{
    const TrainOptions *o = &c->config->train;
    const int *count = c->evaluation.partition.count;
    const double updates = (double)schedule_updates(o, &c->model, count[PART_TRAIN]);
    /* with min_delta it ends at once where no better score is possible */
    const double evaluations = o->patience > 0 && o->min_delta > 0 ? 1 : o->patience + 1;
    const double least = o->patience > 0 ? evaluations * o->evaluate_every : updates;
    const double all = instances(c, PART_TRAIN) + instances(c, PART_VALIDATION) + instances(c, PART_TEST);
    const bool early = count[PART_VALIDATION] > 0 && least < updates;
    double low = seconds_of(c, early ? least : updates, held), high = seconds_of(c, updates, held);
    const double once = all * (c->pace.pass + (held ? 0 : c->pace.read)) + FILES_SECONDS * cost_pace();
    if (refit_bags(o, count)) { /* of updates up to the best one, and more of them by its larger part */
        const double larger = (double)refit_bags(o, count) / count[PART_TRAIN];
        low += larger * c->pace.update * (early ? o->evaluate_every : updates / 4);
        high += larger * c->pace.update * updates;
    }
    const double threads = alone ? 1 : cost_speedup();
    out->job.low = LOW * (low + once) / threads;
    out->job.high = HIGH * (high + once) / threads;
    out->pass = all * (c->pace.pass + c->pace.read) / cost_speedup();
    out->open = OPEN_SECONDS * cost_pace() + all * (c->pace.read + HASH_SECONDS * cost_pace());
    if (kmerstart_is_on(NULL, &c->model)) out->kmers = all * KMERS_SECONDS * cost_pace() / cost_speedup();
}

Status jobcost_make(JobCost *out, const JobSetup *setup, Dataset *dataset, bool alone)
{
    JobCosting c;
    size_t bytes = 0, params;
    *out = (JobCost){0};
    Status status = open_costing(&c, setup->config, dataset);
    if (status == OK) status = loop_memory(&c.loop, &bytes, &params);
    if (status == OK) {
        const double bags = bag_bytes(&c);
        out->room = (double)bytes * (refit_bags(&setup->config->train, c.evaluation.partition.count) ? 2 : 1);
        out->job.bytes = COST_PROCESS + bags + out->room + (kmerstart_is_on(NULL, &c.model) ? KMERS_BYTES : 0);
        out->job.low = out->job.high = out->pass = NAN;
        if (looppace_measure(&c.pace, &c.loop) == OK) add_up(out, &c, setup->config->data.cache < 0, alone);
    }
    close_costing(&c);
    return status;
}

Cost jobcost_whole(const JobCost *one, double longer, int at_once, int n_cut)
{
    const Cost once = cost_of(one->open + n_cut * one->kmers, 0);
    const double again = one->kmers > 0 && n_cut > 1 ? KMERS_AGAIN : 0;
    const double rooms = one->room * (at_once > 1 ? at_once - 1 : 0), beside = at_once > 1 ? at_once : 1;
    return (Cost){.low = once.low + one->job.low * longer / beside,
                  .high = once.high + one->job.high * longer / beside,
                  .bytes = one->job.bytes + rooms + again};
}
