/* SPDX-License-Identifier: MIT */
#include "run/evaluation.h"
#include "cohort/innerparts.h"
#include "cohort/settle.h"
#include "cohort/task.h"
#include "core/log.h"
#include "run/predictions.h"
#include "run/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- getting ready ---- */

static Status copy_labels(Evaluation *o, const Dataset *dataset)
{
    const Labels *from = &o->cohort->labels;
    const size_t n = (size_t)from->n * (size_t)from->n_out, n_task = (size_t)o->config->n_task;
    o->labels = *from;
    o->labels.target = calloc(n + 1, sizeof *o->labels.target);
    o->target = calloc(n_task + 1, sizeof *o->target);
    o->output = calloc(n + 1, sizeof *o->output);
    if (!o->labels.target || !o->target || !o->output)
        return fail(ERR_MEMORY, "no memory for the labels and outputs of %d bags", from->n);
    memcpy(o->labels.target, from->target, n * sizeof *from->target);
    memcpy(o->target, dataset->target, n_task * sizeof *o->target);
    return OK;
}

/* Regression targets are normalised by the training bags. */
static Status fit_labels(Evaluation *o)
{
    const int n = o->cohort->n;
    bool *use = calloc((size_t)n + 1, sizeof *use);
    if (!use) return fail(ERR_MEMORY, "no memory for %d bags", n);
    for (int i = 0; i < n; i++) use[i] = o->partition.part[i] == PART_TRAIN;
    label_fit(&o->labels, o->target, o->config->n_task, use);
    free(use);
    return OK;
}

Status evaluation_open(Evaluation *out, const Config *config, Dataset *dataset)
{
    *out = (Evaluation){.config = config, .cohort = &dataset->cohort};
    TRY(innerparts_make(&out->partition, &dataset->folds, &config->splits));
    if (config->train.calibrate != CALIBRATE_NONE && out->partition.count[PART_VALIDATION] == 0)
        return fail(ERR_CONFIG,
                    "train.calibrate: there are no validation bags to calibrate the probabilities on; give "
                    "the splits a validation set, or leave train.calibrate out");
    TRY(copy_labels(out, dataset));
    return fit_labels(out);
}

void evaluation_free(Evaluation *o)
{
    partition_free(&o->partition);
    free(o->labels.target);
    free(o->target);
    free(o->output);
}

void evaluation_restore(Evaluation *o, Part part, const real *from)
{
    const size_t n_out = (size_t)o->labels.n_out;
    for (int i = 0; i < o->cohort->n; i++)
        if (o->partition.part[i] == part)
            memcpy(o->output + (size_t)i * n_out, from + (size_t)i * n_out, n_out * sizeof *from);
}

/* ---- what comes of it ---- */

static Status check_finite(const Evaluation *o)
{
    const size_t n_out = (size_t)o->labels.n_out;
    for (int i = 0; i < o->cohort->n; i++)
        for (size_t k = 0; o->partition.part[i] != PART_NONE && k < n_out; k++)
            if (!isfinite(o->output[(size_t)i * n_out + k]))
                return fail(
                    ERR_DIVERGED,
                    "the output of the trained model for bag '%s' is not a finite number: its weights overflow; "
                    "a smaller train.lr may help",
                    o->cohort->id[i]);
    return OK;
}

/* Outputs and classes of the validation bags of one task. */
typedef struct {
    double *output; /* [n, n_out] */
    int *class;     /* [n] -1: unknown */
    int n;
} Held;

static Status held_new(Held *h, const Evaluation *o)
{
    const size_t n = (size_t)o->partition.count[PART_VALIDATION] + 1;
    *h = (Held){.output = malloc(n * (size_t)o->labels.n_out * sizeof *h->output),
                .class = malloc(n * sizeof *h->class)};
    return h->output && h->class ? OK : fail(ERR_MEMORY, "no memory for %zu validation bags", n);
}

static void hold(Held *h, const Evaluation *o, int task)
{
    const Target *t = &o->target[task];
    h->n = 0;
    for (int i = 0; i < o->cohort->n; i++) {
        const size_t at = (size_t)i * (size_t)o->labels.n_out + (size_t)t->at;
        const bool known = o->labels.mask[i * o->config->n_task + task] != 0;
        if (o->partition.part[i] != PART_VALIDATION) continue;
        for (int k = 0; k < t->n_out; k++) h->output[h->n * t->n_out + k] = (double)o->output[at + (size_t)k];
        h->class[h->n++] = known ? task_label_class(t, o->labels.target + at) : -1;
    }
}

static Status settle(const Evaluation *o, Held *h, int task)
{
    bool settled;
    SettleRule rule = {.calibrate = o->config->train.calibrate == CALIBRATE_PLATT};
    cutoff_read(&rule.cutoff, o->config->train.operating);
    hold(h, o, task);
    TRY(settle_target(&o->target[task], &settled, rule, h->output, h->class, h->n));
    if (!settled)
        log_warn("task '%s': its validation bags are of one class, so probabilities are not calibrated",
                 o->target[task].name);
    return OK;
}

Status evaluation_settle(Evaluation *o)
{
    Held held;
    Status status;
    TRY(check_finite(o));
    if (o->partition.count[PART_VALIDATION] == 0) return OK;
    TRY_DONE(held_new(&held, o));
    for (int k = 0; k < o->config->n_task; k++) TRY_DONE(settle(o, &held, k));
done:
    free(held.output);
    free(held.class);
    return status;
}

Status evaluation_write(const Evaluation *o, const char *path)
{
    const size_t n_out = (size_t)o->labels.n_out, n_target = (size_t)o->config->n_task;
    TextOut *out;
    TRY(textout_open(&out, path, true));
    predictions_header(out);
    for (int i = 0; i < o->cohort->n; i++) {
        if (o->partition.part[i] == PART_NONE) continue;
        const Prediction p = {.bag = o->cohort->id[i],
                              .part = part_name[o->partition.part[i]],
                              .repeat = o->config->splits.repeat,
                              .fold = o->config->splits.fold,
                              .target = o->target,
                              .n_target = (int)n_target,
                              .output = o->output + (size_t)i * n_out,
                              .label = o->labels.target + (size_t)i * n_out,
                              .mask = o->labels.mask + (size_t)i * n_target};
        predictions_write(out, &p);
    }
    return textout_commit(out);
}

static json_t *part_scores(const Evaluation *o, Part part)
{
    json_t *scores = NULL;
    int *member = malloc(((size_t)o->cohort->n + 1) * sizeof *member);
    int n = 0;
    for (int i = 0; member && i < o->cohort->n; i++)
        if (o->partition.part[i] == part) member[n++] = i;
    if (member) scores = record_scores(o->target, &o->labels, o->output, member, n, o->config->seed);
    free(member);
    return scores;
}

json_t *evaluation_scores(const Evaluation *o)
{
    json_t *parts = json_object();
    for (Part part = PART_TRAIN; parts && part <= PART_TEST; part++) {
        json_t *scores = o->partition.count[part] ? part_scores(o, part) : json_null();
        if (json_object_set_new(parts, part_name[part], scores) == 0) continue;
        json_decref(parts);
        parts = NULL;
    }
    return parts;
}
