/* SPDX-License-Identifier: MIT */
#include "cohort/innerparts.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool innerparts_parse(InnerPlace *out, const char *text)
{
    int end = 0;
    *out = (InnerPlace){0, 0};
    if (!text) return true;
    if (sscanf(text, "%5d/%5d%n", &out->fold, &out->n, &end) != 2 || text[end]) return false;
    return out->n >= 2 && out->fold >= 0 && out->fold < out->n;
}

/* ---- inner folds ---- */

/* A bag without a label of this task goes where its group is. If its group has no fold, the groups take turns. */
static Status deal_rest(int *inner, int n_inner, const Folds *folds, const Partition *outer)
{
    const int n = folds->cohort->n_row, *group = folds->group;
    int next = 0;
    int *fold = malloc(((size_t)n + 1) * sizeof *fold); /* of a group, or bag */
    if (!fold) return fail(ERR_MEMORY, "no memory for the inner folds of %d bags", n);
    for (int i = 0; i < n; i++) fold[i] = -1;
    for (int i = 0; i < n; i++)
        if (inner[i] >= 0) fold[group ? group[i] : i] = inner[i];
    for (int i = 0; i < n; i++) {
        if (outer->part[i] != PART_TRAIN && outer->part[i] != PART_VALIDATION) continue;
        int *own = &fold[group ? group[i] : i];
        if (*own < 0) *own = next++ % n_inner;
        inner[i] = *own;
    }
    free(fold);
    return OK;
}

/* The bags that inner folds are drawn of, all outside the test part. Of batches, a bag whose group lies in the validation batch
 * too is left out of the outer training alone: inner trainings have validation parts of their own. */
static Status make_outer(Partition *out, const Folds *folds, int repeat, int fold)
{
    SplitOptions options = *folds->options;
    Folds own = *folds;
    options.validation = "none";
    own.options = &options;
    own.warned = own.shared = own.one_class = own.lacks_class = true; /* warnings about the outer fold are enough */
    return partition_make(out, &own, repeat, fold);
}

static Status draw(int *inner, int *n_inner, const InnerFolds *in)
{
    TRY(innerfolds_draw(inner, n_inner, in));
    return *n_inner && in->class ? deal_rest(inner, *n_inner, in->folds, in->partition) : OK;
}

Status innerparts_draw(int *inner, int *n_inner, Folds *folds, const InnerPlace *place, int repeat, int fold)
{
    Partition outer;
    TRY(make_outer(&outer, folds, repeat, fold));
    const InnerFolds in = {folds, &outer, folds_strata(folds), place->n, repeat, fold};
    int *own = inner ? NULL : malloc(((size_t)outer.n + 1) * sizeof *own);
    Status status = inner || own ? OK : fail(ERR_MEMORY, "no memory for the inner folds of %d bags", outer.n);
    if (status == OK) status = draw(inner ? inner : own, n_inner, &in);
    free(own);
    partition_free(&outer);
    return status;
}

/* ---- parts ---- */

typedef struct {
    Folds *folds;
    const SplitOptions *options;
    InnerPlace place;
    int repeat, fold; /* of the options; 0 where a table of parts has one alone */
    int n_inner;
    int *inner; /* [n] */
} Maker;

static Status check_place(const Maker *m)
{
    if (m->place.fold < m->n_inner) return OK;
    return fail(ERR_FORMAT,
                "splits.inner=%s: the training and validation bags of repetition %d, fold %d can be divided into %d "
                "inner folds; take fewer",
                m->options->inner, m->repeat, m->fold, m->n_inner);
}

/* Parts with the validation part that `validation` asks for. */
static Status set_parts(Partition *g, const Maker *m, const char *validation)
{
    const SplitOptions options = {.validation = validation};
    Rng rng = rng_stream(m->folds->seed, "inner validation",
                         (uint64_t)m->repeat * (uint64_t)m->folds->n_fold + (uint64_t)m->fold);
    const SplitFolds in = {.fold = m->inner,
                           .n = m->folds->cohort->n_row,
                           .n_fold = m->n_inner,
                           .test = m->place.fold,
                           .seed = rng_u64(&rng),
                           .class = folds_strata(m->folds),
                           .group = m->folds->group};
    TRY(split_parts(g->part, &options, &in));
    return partition_recount(g, m->folds);
}

/* What can be validated on depends on few bags here, so it must not end a run. */
static Status choose_parts(Partition *g, const Maker *m)
{
    const char *validation = m->options->validation;
    const bool previous = !validation || strcmp(validation, "previous") == 0, wanted = g->count[PART_VALIDATION] > 0;
    if (previous && m->n_inner < 3) validation = "0.25";
    const Status status = wanted ? set_parts(g, m, validation) : ERR_FORMAT;
    return status == ERR_FORMAT ? set_parts(g, m, "none") : status;
}

static Status make_inner(Partition *g, Maker *m)
{
    Partition outer;
    TRY(make_outer(&outer, m->folds, m->options->repeat, m->options->fold));
    const InnerFolds in = {m->folds, &outer, folds_strata(m->folds), m->place.n, m->repeat, m->fold};
    m->inner = malloc(((size_t)g->n + 1) * sizeof *m->inner);
    Status status = m->inner ? OK : fail(ERR_MEMORY, "no memory for the inner folds of %d bags", g->n);
    if (status == OK) status = draw(m->inner, &m->n_inner, &in);
    if (status == OK) status = check_place(m);
    if (status == OK) status = choose_parts(g, m);
    free(m->inner);
    partition_free(&outer);
    return status;
}

Status innerparts_make(Partition *out, Folds *folds, const SplitOptions *options)
{
    const bool parts = folds_are_parts(folds);
    Maker m = {.folds = folds,
               .options = options,
               .repeat = parts && folds->n_repeat == 1 ? 0 : options->repeat,
               .fold = parts ? 0 : options->fold};
    TRY(partition_make(out, folds, options->repeat, options->fold));
    if (!innerparts_parse(&m.place, options->inner) || m.place.n == 0) return OK; /* config has checked it */
    const Status status = make_inner(out, &m);
    if (status != OK) partition_free(out);
    return status;
}
