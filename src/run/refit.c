/* SPDX-License-Identifier: MIT */
#include "run/refit.h"
#include "core/file.h"
#include "core/log.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- length ---- */

/* Of the last three evaluations. */
typedef struct {
    double value[3]; /* the newest first */
    int update[3];
    int n;    /* evaluations so far */
    int best; /* update of the least average; 0: none */
    double least;
} Smoother;

static void compare(Smoother *s, int update, double sum, int n)
{
    if (s->best > 0 && !(sum / n < s->least)) return;
    s->best = update;
    s->least = sum / n;
}

static void add_value(Smoother *s, int update, double value)
{
    for (int k = 2; k > 0; k--) s->value[k] = s->value[k - 1], s->update[k] = s->update[k - 1];
    s->value[0] = value;
    s->update[0] = update;
    s->n++;
    if (s->n == 2) compare(s, s->update[1], s->value[0] + s->value[1], 2);
    if (s->n > 2) compare(s, s->update[1], s->value[0] + s->value[1] + s->value[2], 3);
}

/* The last evaluation has none behind it. */
static int smoothed_best(Smoother *s)
{
    if (s->n == 1) return s->update[0];
    if (s->n > 1) compare(s, s->update[0], s->value[0] + s->value[1], 2);
    return s->best;
}

int refit_bags(const TrainOptions *options, const int count[3])
{
    return options->refit && count[PART_VALIDATION] ? count[PART_TRAIN] + count[PART_VALIDATION] : 0;
}

Status refit_length(int *chosen, const TrainOptions *options, const char *metrics, int ended)
{
    Smoother smoother = {.best = 0};
    *chosen = 0;
    if (!options->refit) return OK;
    while (*metrics) {
        const size_t length = strcspn(metrics, "\n");
        json_t *record = json_loadb(metrics, length, 0, NULL);
        const json_t *value = json_object_get(record, "value"), *update = json_object_get(record, "update");
        const bool sound = record && json_is_integer(update);
        if (sound && json_is_real(value))
            add_value(&smoother, (int)json_integer_value(update), json_real_value(value));
        json_decref(record);
        if (!sound) return fail(ERR_FORMAT, "metrics.jsonl: a line is no record of an evaluation");
        metrics += length + (metrics[length] == '\n');
    }
    *chosen = smoother.n == 0 || options->keep != KEEP_LAST ? smoothed_best(&smoother) : ended;
    return OK;
}

/* ---- training ---- */

/* *n_train: training bags before. */
static Status join_parts(Refit *r, int *n_train, const LoopSetup *setup)
{
    *n_train = 0;
    r->part = malloc(((size_t)setup->n + 1) * sizeof *r->part);
    if (!r->part) return fail(ERR_MEMORY, "no memory for the parts of %d bags", setup->n);
    for (int i = 0; i < setup->n; i++) {
        r->part[i] = setup->part[i] == PART_VALIDATION ? PART_TRAIN : setup->part[i];
        r->n_bag += r->part[i] == PART_TRAIN;
        *n_train += setup->part[i] == PART_TRAIN;
    }
    return OK;
}

/* A length in updates, and nothing to choose. */
static TrainOptions fixed_length(const TrainOptions *options, int updates)
{
    TrainOptions o = *options;
    o.updates = updates;
    o.epochs = o.evaluate_every = o.patience = 0;
    o.min_delta = 0;
    o.keep = KEEP_LAST;
    return o;
}

static CheckpointFacts facts_of(const Refit *r)
{
    return (CheckpointFacts){.config = r->config, .data = r->data};
}

static Status save(void *context)
{
    Refit *r = context;
    const CheckpointFacts facts = facts_of(r);
    return loop_save(r->loop, r->path, &facts);
}

/* A checkpoint that is damaged, or of another length, is passed over: training anew comes to the same bits. */
static Status load(Refit *r, const LoopSetup *setup)
{
    char *metrics = NULL;
    const CheckpointFacts facts = facts_of(r);
    if (!file_exists(r->path)) return OK;
    const Status status = loop_load(r->loop, r->path, &facts, &metrics);
    free(metrics);
    if (status != ERR_MODEL) return status;
    log_detail("%s; the refit begins anew", status_sentence());
    loop_free(r->loop);
    r->loop = NULL;
    return loop_new(&r->loop, setup);
}

Status refit_run(Refit *r, const LoopSetup *setup, int chosen, const char *path, const char *config, const char *data)
{
    LoopSetup own = *setup;
    int n_train;
    *r = (Refit){.path = path, .config = config};
    TRY(join_parts(r, &n_train, setup));
    const int64_t length = ((int64_t)chosen * r->n_bag + n_train / 2) / n_train;
    const int updates = length < INT32_MAX ? (int)length : INT32_MAX; /* a file of parts may have few training bags */
    r->options = fixed_length(setup->options, updates);
    if (asprintf(&r->data, "%s, refit of %d updates", data, updates) < 0) {
        r->data = NULL;
        return fail(ERR_MEMORY, "no memory for a refit");
    }
    own.options = &r->options;
    own.part = r->part;
    own.save = save;
    TRY(loop_new(&r->loop, &own));
    TRY(load(r, &own));
    return loop_run(r->loop, NULL, r);
}

Status refit_outputs(Refit *r, Evaluation *o)
{
    const size_t size = (size_t)o->cohort->n * (size_t)o->labels.n_out * sizeof *o->output;
    real *chosen = malloc(size + 1);
    if (!chosen) return fail(ERR_MEMORY, "no memory for the outputs of %d bags", o->cohort->n);
    memcpy(chosen, o->output, size);
    Status status = loop_part(r->loop, PART_TRAIN, o->output);
    evaluation_restore(o, PART_VALIDATION, chosen);
    free(chosen);
    if (status == OK) status = loop_part(r->loop, PART_TEST, o->output);
    return status;
}

void refit_free(Refit *r)
{
    loop_free(r->loop);
    free(r->part);
    free(r->data);
    *r = (Refit){0};
}
