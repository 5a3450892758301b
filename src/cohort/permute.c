/* SPDX-License-Identifier: MIT */
#include "cohort/permute.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

/* Members with a label, unit after unit. */
typedef struct {
    int n, n_unit;
    int *member; /* [n] */
    int *start;  /* [n_unit + 1] */
    int *other;  /* [n_unit] whose labels a unit gets */
    int *order;  /* [n] scratch */
} Units;

static void units_free(Units *u)
{
    free(u->member);
    free(u->start);
    free(u->other);
    free(u->order);
}

static Status units_new(Units *u, int n)
{
    const size_t room = (size_t)n + 1;
    *u = (Units){.member = malloc(room * sizeof(int)),
                 .start = calloc(room + 1, sizeof(int)),
                 .other = malloc(room * sizeof(int)),
                 .order = malloc(room * sizeof(int))};
    return u->member && u->start && u->other && u->order ? OK : fail(ERR_MEMORY, "no memory for %d labels", n);
}

/* Unit of each member [n], -1: none; n_unit of them. Members keep their order within a unit. */
static void sort_units(Units *u, const int *unit, int n, int n_unit)
{
    u->n_unit = n_unit;
    for (int i = 0; i < n; i++)
        if (unit[i] >= 0) u->start[unit[i] + 1]++, u->n++;
    for (int k = 0; k < n_unit; k++) u->start[k + 1] += u->start[k];
    for (int k = 0; k < n_unit; k++) u->order[k] = u->start[k];
    for (int i = 0; i < n; i++)
        if (unit[i] >= 0) u->member[u->order[unit[i]]++] = i;
}

/* Numbers of units without gaps; members without a label have none. */
static int number_units(int *unit, const Folds *f, PermuteKind kind)
{
    const Cohort *c = f->cohort;
    const int *from = kind == PERMUTE_BATCHES ? f->batch : f->group;
    int n = 0, most = 0;
    for (int i = 0; i < c->n; i++) {
        unit[i] = -1;
        if (i >= c->n_row || !cohort_labelled(c, i)) continue;
        unit[i] = from ? from[i] : i;
        if (unit[i] >= most) most = unit[i] + 1;
    }
    int *number = malloc(((size_t)most + 1) * sizeof *number);
    if (!number) return -1;
    for (int k = 0; k < most; k++) number[k] = -1;
    for (int i = 0; i < c->n; i++) {
        if (unit[i] < 0) continue;
        if (number[unit[i]] < 0) number[unit[i]] = n++;
        unit[i] = number[unit[i]];
    }
    free(number);
    return n;
}

static void hand_over(int *source, Units *u, Rng *rng)
{
    for (int k = 0; k < u->n_unit; k++) u->other[k] = k;
    rng_shuffle(rng, u->other, u->n_unit);
    for (int k = 0; k < u->n_unit; k++) {
        const int from = u->start[u->other[k]], n_from = u->start[u->other[k] + 1] - from;
        memcpy(u->order, u->member + from, (size_t)n_from * sizeof *u->order);
        rng_shuffle(rng, u->order, n_from);
        for (int i = u->start[k]; i < u->start[k + 1]; i++)
            source[u->member[i]] = u->order[(i - u->start[k]) % n_from];
    }
}

Status permute_draw(int *source, const Folds *f, PermuteKind kind, int index)
{
    static const char *const purpose[] = {[PERMUTE_LABELS] = "permute labels", [PERMUTE_BATCHES] = "permute batches"};
    const int n = f->cohort->n;
    Units u = {0};
    int n_unit;
    Status status;
    int *unit = malloc(((size_t)n + 1) * sizeof *unit);
    if (!unit) TRY_DONE(fail(ERR_MEMORY, "no memory for %d labels", n));
    if (kind == PERMUTE_BATCHES && !f->batch)
        TRY_DONE(fail(ERR_CONFIG, "splits.batch: name the column of batches (--batch-column)"));
    n_unit = number_units(unit, f, kind);
    if (n_unit < 0) TRY_DONE(fail(ERR_MEMORY, "no memory for %d labels", n));
    TRY_DONE(units_new(&u, n));
    sort_units(&u, unit, n, n_unit);
    for (int i = 0; i < n; i++) source[i] = i;
    Rng rng = rng_stream(f->seed, purpose[kind], (uint64_t)index);
    hand_over(source, &u, &rng);
    status = OK;
done:
    units_free(&u);
    free(unit);
    return status;
}

static Status move_rows(void *row, size_t size, const int *source, int n)
{
    char *to = row, *from = malloc((size_t)n * size + 1);
    if (!from) return fail(ERR_MEMORY, "no memory for %d labels", n);
    memcpy(from, to, (size_t)n * size);
    for (int i = 0; i < n; i++) memcpy(to + (size_t)i * size, from + (size_t)source[i] * size, size);
    free(from);
    return OK;
}

Status permute_apply(Labels *l, const int *source)
{
    TRY(move_rows(l->target, (size_t)l->n_out * sizeof *l->target, source, l->n));
    TRY(move_rows(l->mask, (size_t)l->n_target * sizeof *l->mask, source, l->n));
    return l->class ? move_rows(l->class, sizeof *l->class, source, l->n) : OK;
}
