/* SPDX-License-Identifier: MIT */
#include "cohort/innerfolds.h"
#include "cohort/permute.h"
#include "core/log.h"
#include "study/baseline_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- folds ---- */

static Status make_parts(BaselineSplits *s)
{
    for (int part = 0; part < s->n_part; part++) {
        partition_free(&s->part[part]);
        const Status status = partition_make(&s->part[part], s->folds, part / s->n_fold, part % s->n_fold);
        if (status != OK) return fail_at(status, "repetition %d, fold %d", part / s->n_fold, part % s->n_fold);
    }
    return OK;
}

static Status open_splits(BaselineSplits *s, Folds *folds)
{
    s->folds = folds;
    s->n_repeat = folds->n_repeat;
    s->n_fold = folds->n_fold;
    if (s->n_repeat > INT32_MAX / 1024 / s->n_fold)
        return fail(ERR_CONFIG, "splits: %d repetitions of %d folds are too many", s->n_repeat, s->n_fold);
    s->n_part = s->n_repeat * s->n_fold;
    s->part = calloc((size_t)s->n_part, sizeof *s->part);
    if (!s->part) return fail(ERR_MEMORY, "no memory for %d folds", s->n_part);
    return make_parts(s);
}

static void close_splits(BaselineSplits *s)
{
    for (int part = 0; s->part && part < s->n_part; part++) partition_free(&s->part[part]);
    free(s->part);
    free(s->inner);
    free(s->n_inner);
    if (s->folds == &s->own) folds_close(&s->own);
    *s = (BaselineSplits){0};
}

static Status open_batches(Baseline *b)
{
    BaselineSplits *s = &b->batches;
    s->options = b->config.splits;
    s->options.kind = SPLIT_BATCH;
    s->options.file = s->options.place = NULL;
    s->options.n_repeat = 1;
    Status status = folds_open(&s->own, &b->dataset.cohort, &s->options, b->config.seed);
    if (status == OK) status = open_splits(s, &s->own);
    if (status != ERR_FORMAT && status != ERR_CONFIG) return status;
    log_warn("no figure with whole batches left out: %s", status_sentence());
    b->no_batches = strdup(status_sentence());
    close_splits(s);
    return b->no_batches ? OK : fail(ERR_MEMORY, "no memory for a sentence");
}

/* ---- inner folds ---- */

static void list_classes(int *class, const Baseline *b, int task)
{
    const Labels *labels = &b->dataset.cohort.labels;
    const Target *t = &b->target[task];
    for (int i = 0; i < b->dataset.cohort.n_row; i++) {
        class[i] = -1;
        if (labels->mask[(size_t)i * (size_t)labels->n_target + (size_t)task] != 0)
            class[i] =
                task_n_class(t) ? task_label_class(t, labels->target + (size_t)i * (size_t)labels->n_out + t->at) : 0;
    }
}

static Status draw_inner(BaselineSplits *s, const Baseline *b, int *class)
{
    const size_t n = (size_t)b->n, n_task = (size_t)b->n_task;
    free(s->inner), free(s->n_inner);
    s->inner = malloc(((size_t)s->n_part * n_task * n + 1) * sizeof *s->inner);
    s->n_inner = calloc((size_t)s->n_part * n_task + 1, sizeof *s->n_inner);
    if (!s->inner || !s->n_inner) return fail(ERR_MEMORY, "no memory for the inner folds of %d folds", s->n_part);
    for (int task = 0; task < b->n_task; task++) {
        list_classes(class, b, task);
        for (int part = 0; part < s->n_part; part++) {
            const size_t at = (size_t)part * n_task + (size_t)task;
            const InnerFolds in = {.folds = s->folds,
                                   .partition = &s->part[part],
                                   .class = class,
                                   .n_inner = b->in->n_inner,
                                   .repeat = part / s->n_fold,
                                   .fold = part % s->n_fold};
            TRY(innerfolds_draw(s->inner + at * n, &s->n_inner[at], &in));
        }
    }
    return OK;
}

/* ---- labels ---- */

static Status copy_labels(Labels *out, const Labels *from)
{
    const size_t n = (size_t)from->n;
    *out = *from;
    out->unknown = out->strange = (CellValues){0};
    out->target = malloc((n * (size_t)from->n_out + 1) * sizeof *out->target);
    out->mask = malloc((n * (size_t)from->n_target + 1) * sizeof *out->mask);
    out->class = from->class ? malloc((n + 1) * sizeof *out->class) : NULL;
    if (!out->target || !out->mask || (from->class && !out->class))
        return fail(ERR_MEMORY, "no memory for the labels of %d bags", from->n);
    memcpy(out->target, from->target, n * (size_t)from->n_out * sizeof *out->target);
    memcpy(out->mask, from->mask, n * (size_t)from->n_target * sizeof *out->mask);
    if (from->class) memcpy(out->class, from->class, n * sizeof *out->class);
    return OK;
}

static Status exchange_labels(BaselineRound *r, const Baseline *b)
{
    const PermuteKind kind = r->kind == ROUND_BATCH_PERMUTED ? PERMUTE_BATCHES : PERMUTE_LABELS;
    int *source = malloc(((size_t)b->n + 1) * sizeof *source);
    if (!source) return fail(ERR_MEMORY, "no memory for the labels of %d bags", b->n);
    Status status = permute_draw(source, b->plain.folds, kind, r->number);
    if (status == OK) status = permute_apply(&r->labels, source);
    free(source);
    return status;
}

static Status add_rounds(Baseline *b, RoundKind kind, const BaselineSplits *at, int n)
{
    for (int k = 0; k < n; k++) {
        BaselineRound *r = &b->round[b->n_round++];
        *r = (BaselineRound){.kind = kind, .number = k, .at = at};
        TRY(copy_labels(&r->labels, &b->dataset.cohort.labels));
        if (kind == ROUND_PERMUTED || kind == ROUND_BATCH_PERMUTED) TRY(exchange_labels(r, b));
    }
    return OK;
}

const char *baseline_rounds_folder(char name[64], const BaselineRound *r)
{
    name[0] = '\0';
    if (r->kind == ROUND_BATCHES) snprintf(name, 64, "leave-batch-out");
    if (r->kind == ROUND_PERMUTED) snprintf(name, 64, "permuted/%02d", r->number);
    if (r->kind == ROUND_BATCH_PERMUTED) snprintf(name, 64, "batch-permuted/%02d", r->number);
    return name;
}

/* ---- all of it ---- */

bool baseline_rounds_batched(const Baseline *b)
{
    return b->config.splits.batch && b->config.splits.kind != SPLIT_BATCH;
}

static Status find_used(Baseline *b)
{
    const BaselineSplits *const both[] = {&b->plain, &b->batches};
    b->use = calloc((size_t)b->n + 1, sizeof *b->use);
    if (!b->use) return fail(ERR_MEMORY, "no memory for %d bags", b->n);
    for (int k = 0; k < 2; k++)
        for (int part = 0; part < both[k]->n_part; part++)
            for (int i = 0; i < b->n; i++) b->use[i] |= both[k]->part[part].part[i] != PART_NONE;
    return OK;
}

Status baseline_rounds_open(Baseline *b)
{
    TRY(open_splits(&b->plain, &b->dataset.folds));
    if (baseline_rounds_batched(b)) TRY(open_batches(b));
    return find_used(b);
}

Status baseline_rounds_check(Baseline *b)
{
    int *class = malloc(((size_t)b->n + 1) * sizeof *class);
    Status status = class ? OK : fail(ERR_MEMORY, "no memory for %d labels", b->n);
    if (status == OK) status = make_parts(&b->plain);
    if (status == OK) status = draw_inner(&b->plain, b, class);
    if (status == OK && b->batches.n_part > 0) status = make_parts(&b->batches);
    if (status == OK && b->batches.n_part > 0) status = draw_inner(&b->batches, b, class);
    free(class);
    TRY(status);
    b->round = calloc((size_t)(b->in->n_permute + BASELINE_BATCH_ROUNDS + 2), sizeof *b->round);
    if (!b->round) return fail(ERR_MEMORY, "no memory for the labels of %d bags", b->n);
    TRY(add_rounds(b, ROUND_PLAIN, &b->plain, 1));
    TRY(add_rounds(b, ROUND_PERMUTED, &b->plain, b->in->n_permute));
    if (b->batches.n_part > 0) TRY(add_rounds(b, ROUND_BATCHES, &b->batches, 1));
    if (!baseline_rounds_batched(b)) return OK;
    return add_rounds(b, ROUND_BATCH_PERMUTED, &b->plain, BASELINE_BATCH_ROUNDS);
}

void baseline_rounds_inner(int *least, int *most, int *n_none, const Baseline *b)
{
    *least = *most = *n_none = 0;
    for (int k = 0; k < b->plain.n_part * b->n_task; k++) {
        const int n = b->plain.n_inner[k];
        *n_none += n == 0;
        if (n > 0 && (*least == 0 || n < *least)) *least = n;
        if (n > *most) *most = n;
    }
}

void baseline_rounds_close(Baseline *b)
{
    for (int k = 0; k < b->n_round; k++) label_free(&b->round[k].labels);
    free(b->round);
    close_splits(&b->plain);
    close_splits(&b->batches);
    free(b->no_batches);
    free(b->use);
}
