/* SPDX-License-Identifier: MIT */
#include "study/stackscore.h"
#include "cohort/task.h"
#include "core/log.h"
#include "core/number.h"
#include "cv/tally.h"
#include "run/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const StackFrame *frame;
    const StackScored *scored;
    real *output;  /* [n_repeat, n_bag, n_out] ranks */
    real *logit;   /* [n_repeat, n_bag, n_out] the logits of the probabilities, where there are any */
    int *member;   /* [n_bag] rows of the labels, of a fold's test bags */
    bool *is_test; /* [n_bag] scratch */
    json_t **fold; /* [n_job] */
    FoldAuc *auc;  /* [n_task] */
    uint64_t seed;
} StackScoring;

/* ---- outputs by bag ---- */

/* Of one of two classes, or of several: softmax takes logarithms of probabilities as well. */
static double logit_of(double probability, int n_out)
{
    const double least = 1e-12, p = probability < least ? least : probability;
    if (n_out > 1) return log(p);
    return log(p) - log(1 - p < least ? least : 1 - p);
}

static size_t row_of(const StackScoring *s, const StackBlock *b, int i)
{
    return (size_t)b->repeat * (size_t)s->frame->n_bag + (size_t)s->frame->member[i];
}

static void spread(StackScoring *s, const StackBlock *b)
{
    const Target *t = &s->frame->target[b->task];
    for (int i = b->test; i < b->test + b->n_test * t->n_out; i++) {
        const int output = (i - b->test) % t->n_out;
        const size_t at = row_of(s, b, i) * (size_t)s->frame->n_out + (size_t)(t->at + output);
        const double value = s->scored->output[i], probability = s->scored->probability[i];
        s->output[at] = (real)value;
        s->logit[at] = (real)(task_n_class(t) && !isnan(probability) ? logit_of(probability, t->n_out) : value);
    }
}

/* ---- one fold ---- */

static int list_members(StackScoring *s, const StackBlock *block)
{
    const StackFrame *f = s->frame;
    int n = 0;
    memset(s->is_test, 0, (size_t)f->n_bag * sizeof *s->is_test);
    for (int k = 0; k < f->n_task; k++)
        for (int i = 0; i < block[k].n_test; i++)
            s->is_test[f->member[block[k].test + i * f->target[k].n_out]] = true;
    for (int i = 0; i < f->n_bag; i++)
        if (s->is_test[i]) s->member[n++] = block->repeat * f->n_bag + i;
    return n;
}

/* Areas and operating points go by outputs, the rest by probabilities: a calibration, which rounds them to 0 and 1, makes no
 * ties. */
static void take_areas(json_t *scores, const json_t *ranked)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(size_t)ranked, key, value)
    {
        const bool is_area = strcmp(key, "auc") == 0 || strcmp(key, "auc_ci95") == 0 || strcmp(key, "ap") == 0;
        if (is_area || strncmp(key, "operating_", 10) == 0) json_object_set(scores, key, value);
    }
}

/* With the operating points of a fold. */
static json_t *score_ranks(const StackScoring *s, const StackBlock *block, int n)
{
    const StackFrame *f = s->frame;
    const StackChoice *choice = s->scored->choice ? s->scored->choice + (block - f->block) : NULL;
    Target *target = malloc(((size_t)f->n_task + 1) * sizeof *target);
    if (!target) return NULL;
    memcpy(target, f->target, (size_t)f->n_task * sizeof *target);
    for (int k = 0; k < f->n_task && choice; k++) {
        target[k].has_cutoff = task_of(&target[k])->has_auc && block[k].n_test > 0 && !isnan(choice[k].cutoff);
        target[k].cutoff = choice[k].cutoff;
    }
    json_t *scores = record_scores(target, &f->labels, s->output, s->member, n, s->seed);
    free(target);
    return scores;
}

static bool has_probability(const StackScoring *s, const StackBlock *b)
{
    return b->n_test == 0 || !isnan(s->scored->probability[b->test]);
}

static json_t *fold_json(StackScoring *s, int job)
{
    const StackFrame *f = s->frame;
    const StackBlock *block = &f->block[job * f->n_task];
    const int n = list_members(s, block);
    json_t *test = record_scores(f->target, &f->labels, s->logit, s->member, n, s->seed);
    json_t *ranked = score_ranks(s, block, n);
    for (int k = 0; k < f->n_task; k++) {
        json_t *scores = json_object_get(json_object_get(test, "tasks"), f->target[k].name);
        take_areas(scores, json_object_get(json_object_get(ranked, "tasks"), f->target[k].name));
        if (task_n_class(&f->target[k]) && !has_probability(s, &block[k]))
            json_object_set_new(scores, "loss", json_null());
    }
    json_decref(ranked);
    return test ? json_pack("{s:{s:o}, s:f, s:I}", "parts", "test", test, "seconds", 0., "peak_memory",
                            (json_int_t)log_peak_memory())
                : NULL;
}

static Status rank_task(StackScoring *s, int k)
{
    const StackFrame *f = s->frame;
    TRY(foldauc_new(&s->auc[k], f->n_repeat, f->n_fold, f->n_bag));
    for (int job = 0; job < f->n_repeat * f->n_fold; job++) {
        const StackBlock *b = &f->block[job * f->n_task + k];
        for (int i = b->test; task_of(&f->target[k])->has_auc && i < b->test + b->n_test; i++) {
            const double label = f->test->row[i].label;
            if (!isnan(label))
                TRY(foldauc_add(&s->auc[k],
                                (FoldRow){(double)(real)s->scored->output[i], label > 0.5, f->member[i]}));
        }
        foldauc_end_fold(&s->auc[k]);
    }
    return OK;
}

/* ---- all of them ---- */

static Status reserve(StackScoring *s)
{
    const StackFrame *f = s->frame;
    const size_t n_bag = (size_t)f->n_bag + 1, n = (size_t)f->n_repeat * n_bag * (size_t)f->n_out;
    s->output = calloc(n, sizeof *s->output);
    s->logit = calloc(n, sizeof *s->logit);
    s->member = calloc(n_bag, sizeof *s->member);
    s->is_test = calloc(n_bag, sizeof *s->is_test);
    s->fold = calloc((size_t)(f->n_repeat * f->n_fold) + 1, sizeof(json_t *));
    s->auc = calloc((size_t)f->n_task + 1, sizeof *s->auc);
    if (s->output && s->logit && s->member && s->is_test && s->fold && s->auc) return OK;
    return fail(ERR_MEMORY, "no memory for the scores of %d bags", f->n_bag);
}

static void release(StackScoring *s)
{
    for (int job = 0; s->fold && job < s->frame->n_repeat * s->frame->n_fold; job++) json_decref(s->fold[job]);
    for (int k = 0; s->auc && k < s->frame->n_task; k++) foldauc_free(&s->auc[k]);
    free(s->output);
    free(s->logit);
    free(s->member);
    free(s->is_test);
    free(s->fold);
    free(s->auc);
}

static Status sum(json_t **summary, StackScoring *s)
{
    const StackFrame *f = s->frame;
    const Config config = {.seed = s->seed, .n_task = f->n_task, .crossval = {.ensemble = 1}};
    const TallySetup tally = {.config = &config, .target = f->target, .n_repeat = f->n_repeat, .n_fold = f->n_fold};
    TRY(reserve(s));
    for (int k = 0; k < f->n_block; k++) spread(s, &f->block[k]);
    for (int job = 0; job < f->n_repeat * f->n_fold; job++) {
        s->fold[job] = fold_json(s, job);
        if (!s->fold[job]) return fail(ERR_MEMORY, "no memory for the scores of %d bags", f->n_bag);
    }
    for (int k = 0; k < f->n_task; k++) TRY(rank_task(s, k));
    return tally_sum(summary, &tally, s->fold, s->auc);
}

Status stackscore_make(json_t **summary, const StackFrame *frame, const StackScored *scored, uint64_t seed)
{
    StackScoring s = {.frame = frame, .scored = scored, .seed = seed};
    *summary = NULL;
    const Status status = sum(summary, &s);
    release(&s);
    return status;
}

Status stackscore_column(json_t **summary, const StackFrame *frame, const StackTable *test, uint64_t seed)
{
    const size_t n = (size_t)test->n;
    double *room = malloc((2 * n + 1) * sizeof *room);
    if (!room) return fail(ERR_MEMORY, "no memory for the scores of %d bags", frame->n_bag);
    for (size_t i = 0; i < n; i++) {
        room[i] = test->row[i].output;
        if (!number_read(&room[n + i], test->row[i].probability)) room[n + i] = NAN;
    }
    const StackScored scored = {.output = room, .probability = room + n};
    const Status status = stackscore_make(summary, frame, &scored, seed);
    free(room);
    return status;
}
