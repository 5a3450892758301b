/* SPDX-License-Identifier: MIT */
#include "cv/foldauc.h"
#include "core/number.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Status foldauc_new(FoldAuc *out, int n_repeat, int n_fold, int n_member)
{
    *out = (FoldAuc){.n_repeat = n_repeat, .n_fold = n_fold, .n_member = n_member};
    out->end = calloc((size_t)n_repeat * (size_t)n_fold + 1, sizeof *out->end);
    return out->end ? OK : fail(ERR_MEMORY, "no memory for the scores of %d folds", n_fold);
}

void foldauc_free(FoldAuc *a)
{
    free(a->row);
    free(a->end);
    *a = (FoldAuc){0};
}

Status foldauc_add(FoldAuc *a, FoldRow row)
{
    if (a->n == a->room) {
        const int room = 2 * a->room + 256;
        FoldRow *grown = realloc(a->row, (size_t)room * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "no memory for the outputs of %d bags", a->n);
        a->row = grown;
        a->room = room;
    }
    a->row[a->n++] = row;
    return OK;
}

static int by_value(const void *a, const void *b)
{
    const FoldRow *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->member > y->member) - (x->member < y->member);
}

int foldauc_start(const FoldAuc *a, int fold)
{
    return fold ? a->end[fold - 1] : 0;
}

void foldauc_end_fold(FoldAuc *a)
{
    const int start = foldauc_start(a, a->n_end);
    if (a->n > start) qsort(a->row + start, (size_t)(a->n - start), sizeof *a->row, by_value);
    a->end[a->n_end++] = a->n;
}

/* ---- areas ---- */

/* P(positive above negative) + ½ P(equal) over rows in order of value; `count` [n_member] is how often a bag counts, NULL:
 * once. */
static double area(const FoldRow *row, int n, const int *count)
{
    double below = 0, positives = 0, wins = 0; /* negatives passed so far */
    for (int i = 0, next; i < n; i = next) {
        double tied[2] = {0, 0};
        for (next = i; next < n && row[next].value == row[i].value; next++)
            tied[row[next].label] += count ? count[row[next].member] : 1;
        wins += tied[1] * (below + 0.5 * tied[0]);
        below += tied[0];
        positives += tied[1];
    }
    return positives > 0 && below > 0 ? wins / (positives * below) : NAN;
}

static double mean(const FoldAuc *a, int from, int to, const int *count)
{
    double sum = 0, repeats = 0;
    for (int r = from; r < to; r++) {
        double of_repeat = 0, folds = 0;
        for (int f = r * a->n_fold; a->row && f < (r + 1) * a->n_fold; f++) { /* no row: no fold is done */
            const double of_fold = area(a->row + foldauc_start(a, f), a->end[f] - foldauc_start(a, f), count);
            if (isnan(of_fold)) continue;
            of_repeat += of_fold;
            folds++;
        }
        if (folds == 0) continue;
        sum += of_repeat / folds;
        repeats++;
    }
    return repeats > 0 ? sum / repeats : NAN;
}

double foldauc_mean(const FoldAuc *a, int from, int to)
{
    return mean(a, from, to, NULL);
}

Status foldauc_pooled(double *out, const FoldAuc *a, int from, int to)
{
    double sum = 0, repeats = 0;
    FoldRow *row = malloc(((size_t)a->n + 1) * sizeof *row);
    if (!row) return fail(ERR_MEMORY, "no memory for the outputs of %d bags", a->n);
    for (int r = from; r < to; r++) {
        const int start = foldauc_start(a, r * a->n_fold), n = a->end[(r + 1) * a->n_fold - 1] - start;
        if (n == 0) continue;
        memcpy(row, a->row + start, (size_t)n * sizeof *row);
        qsort(row, (size_t)n, sizeof *row, by_value);
        const double of_repeat = area(row, n, NULL);
        if (isnan(of_repeat)) continue;
        sum += of_repeat;
        repeats++;
    }
    free(row);
    *out = repeats > 0 ? sum / repeats : NAN;
    return OK;
}

/* ---- the interval ---- */

/* As many bags of each fold as it has, with replacement. */
void foldauc_draw(int *count, const FoldAuc *a, int repeat, Rng *rng)
{
    memset(count, 0, (size_t)a->n_member * sizeof *count);
    for (int f = repeat * a->n_fold; f < (repeat + 1) * a->n_fold; f++) {
        const int start = foldauc_start(a, f), n = a->end[f] - start;
        for (int i = 0; i < n; i++) count[a->row[start + (int)rng_below(rng, (uint64_t)n)].member]++;
    }
}

void foldauc_limits(double interval[2], double *sample, int n)
{
    interval[0] = interval[1] = NAN;
    if (n == 0) return;
    qsort(sample, (size_t)n, sizeof *sample, number_ascending);
    interval[0] = sample[(int)(0.025 * (n - 1))];
    interval[1] = sample[(int)ceil(0.975 * (n - 1))];
}

/* The mean of `a`, or how far it is above that of `b`. */
static double figure(const FoldAuc *a, const FoldAuc *b, int from, int to, const int *count)
{
    const double of_a = mean(a, from, to, count);
    return b ? of_a - mean(b, from, to, count) : of_a;
}

static Status resample(double interval[2], const FoldAuc *a, const FoldAuc *b, int from, int to, Rng *rng)
{
    interval[0] = interval[1] = NAN;
    if (isnan(figure(a, b, from, to, NULL))) return OK;
    int *count = malloc(((size_t)a->n_member + 1) * sizeof *count), found = 0;
    double *areas = malloc(FOLDAUC_RESAMPLES * sizeof *areas);
    Status status = OK;
    if (!count || !areas) TRY_DONE(fail(ERR_MEMORY, "no memory to resample %d bags", a->n_member));
    for (int k = 0; k < FOLDAUC_RESAMPLES; k++) {
        foldauc_draw(count, a, from + k % (to - from), rng);
        const double of_sample = figure(a, b, from, to, count);
        if (!isnan(of_sample)) areas[found++] = of_sample;
    }
    foldauc_limits(interval, areas, found);
done:
    free(count);
    free(areas);
    return status;
}

Status foldauc_interval(double interval[2], const FoldAuc *a, int from, int to, Rng *rng)
{
    return resample(interval, a, NULL, from, to, rng);
}

Status foldauc_difference(double interval[2], const FoldAuc *a, const FoldAuc *b, Rng *rng)
{
    assert(a->n_repeat == b->n_repeat && a->n_fold == b->n_fold && a->n_member == b->n_member);
    return resample(interval, a, b, 0, a->n_repeat, rng);
}
