/* SPDX-License-Identifier: MIT
 *
 * The folds are those of split.c, stratified. Large groups may leave a class in one fold alone; then fewer folds are drawn.
 */
#include "cohort/innerfolds.h"
#include "core/rng.h"

#include <stdlib.h>

typedef struct {
    const InnerFolds *in;
    int n, n_class;   /* members with a row; classes, 1 where there are none */
    int *use;         /* [n] */
    int *last;        /* [n] scratch: by group or member */
    int *first;       /* [n_class] scratch */
    const int *group; /* [n] what stays together; NULL: each bag may go its own way */
    int *unit;        /* [n] groups joined by batches */
} Draw;

static int class_of(const Draw *d, int i)
{
    return d->in->class ? d->in->class[i] : 0;
}

static bool takes_part(const InnerFolds *in, int i)
{
    const Part part = in->partition->part[i];
    return (part == PART_TRAIN || part == PART_VALIDATION) && (!in->class || in->class[i] >= 0);
}

static Status open_draw(Draw *d, const InnerFolds *in)
{
    const int n = in->folds->cohort->n_row;
    *d = (Draw){.in = in, .n = n, .n_class = 1};
    for (int i = 0; i < n && in->class; i++)
        if (in->class[i] >= d->n_class) d->n_class = in->class[i] + 1;
    d->use = calloc((size_t)n + 1, sizeof *d->use);
    d->last = malloc(((size_t)n + 1) * sizeof *d->last);
    d->first = malloc((size_t)d->n_class * sizeof *d->first);
    d->unit = malloc(((size_t)n + 1) * sizeof *d->unit);
    if (!d->use || !d->last || !d->first || !d->unit)
        return fail(ERR_MEMORY, "no memory for the inner folds of %d bags", n);
    for (int i = 0; i < n; i++) d->use[i] = takes_part(in, i);
    return OK;
}

static void close_draw(Draw *d)
{
    free(d->use);
    free(d->last);
    free(d->first);
    free(d->unit);
}

/* ---- what stays together ---- */

static int root_of(int *unit, int i)
{
    while (unit[i] != i) i = unit[i] = unit[unit[i]];
    return i;
}

/* Bags with equal numbers become one unit: its first bag's number. */
static void join(Draw *d, const int *number)
{
    for (int i = 0; i < d->n; i++) d->last[i] = -1;
    for (int i = 0; i < d->n; i++) {
        if (!d->use[i] || number[i] < 0) continue;
        int *first = &d->last[number[i]];
        if (*first < 0) *first = i;
        const int a = root_of(d->unit, *first), b = root_of(d->unit, i);
        d->unit[a > b ? a : b] = a > b ? b : a;
    }
}

/* Batches, and groups that lie in several of them. */
static void join_batches(Draw *d)
{
    const Folds *f = d->in->folds;
    for (int i = 0; i < d->n; i++) d->unit[i] = i;
    join(d, f->batch);
    if (f->group) join(d, f->group);
    for (int i = 0; i < d->n; i++) d->unit[i] = root_of(d->unit, i);
    d->group = d->unit;
}

/* Groups with a bag of the class. */
static int count_units(Draw *d, int class)
{
    const int *group = d->group;
    int n = 0;
    for (int i = 0; i < d->n; i++) d->last[i] = 0;
    for (int i = 0; i < d->n; i++) {
        if (!d->use[i] || class_of(d, i) != class) continue;
        int *seen = &d->last[group ? group[i] : i];
        n += !*seen;
        *seen = 1;
    }
    return n;
}

/* Of the smallest class that occurs; 0: none does. */
static int fewest_units(Draw *d)
{
    int fewest = 0;
    for (int k = 0; k < d->n_class; k++) {
        const int n = count_units(d, k);
        if (n > 0 && (fewest == 0 || n < fewest)) fewest = n;
    }
    return fewest;
}

/* Does each class lie in two folds or more? Then the other folds of any one hold all classes. */
static bool is_spread(Draw *d, const int *inner)
{
    enum { NOWHERE = -1, SPREAD = -2 };
    for (int k = 0; k < d->n_class; k++) d->first[k] = NOWHERE;
    for (int i = 0; i < d->n; i++) {
        if (!d->use[i]) continue;
        int *first = &d->first[class_of(d, i)];
        if (*first == NOWHERE)
            *first = inner[i];
        else if (*first != inner[i])
            *first = SPREAD;
    }
    for (int k = 0; k < d->n_class; k++)
        if (d->first[k] >= 0) return false;
    return true;
}

static Status draw(int *inner, const Draw *d, int n_inner)
{
    const InnerFolds *in = d->in;
    const SplitOptions options = {.kind = SPLIT_STRATIFIED, .n_fold = n_inner};
    Rng rng = rng_stream(in->folds->seed, "inner folds",
                         (uint64_t)in->repeat * (uint64_t)in->folds->n_fold + (uint64_t)in->fold);
    return split_folds(inner, d->n, &options, rng_u64(&rng), 0, d->use, in->class, d->group);
}

static Status draw_most(int *inner, int *n_inner, Draw *d)
{
    const int fewest = fewest_units(d);
    for (int n = d->in->n_inner < fewest ? d->in->n_inner : fewest; n >= 2; n--) {
        TRY(draw(inner, d, n));
        *n_inner = n;
        if (is_spread(d, inner)) return OK;
    }
    *n_inner = 0;
    return OK;
}

Status innerfolds_draw(int *inner, int *n_inner, const InnerFolds *in)
{
    Draw d;
    *n_inner = 0;
    Status status = open_draw(&d, in);
    for (int i = 0; i < in->partition->n; i++) inner[i] = -1;
    const SplitOptions *options = in->folds->options;
    const bool by_batch = options && options->kind == SPLIT_BATCH && in->folds->batch;
    if (status == OK && by_batch) {
        join_batches(&d);
        status = draw_most(inner, n_inner, &d);
    }
    d.group = in->folds->group;
    if (status == OK && *n_inner == 0) status = draw_most(inner, n_inner, &d);
    for (int i = 0; i < in->partition->n && *n_inner == 0; i++) inner[i] = -1;
    close_draw(&d);
    return status;
}
