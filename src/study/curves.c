/* SPDX-License-Identifier: MIT */
#include "study/curves.h"
#include "cohort/proportion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void curves_free(Curve *c)
{
    free(c->x);
    free(c->y);
    *c = (Curve){0};
}

static Status reserve(Curve *c, int n)
{
    *c = (Curve){.x = malloc(((size_t)n + 1) * sizeof *c->x), .y = malloc(((size_t)n + 1) * sizeof *c->y)};
    if (c->x && c->y) return OK;
    curves_free(c);
    return fail(ERR_MEMORY, "no memory for a curve over %d bags", n);
}

/* ---- one fold ---- */

/* Bags above a threshold, and in all: negative, positive. */
typedef struct {
    double above[2], all[2];
} Passed;

static Passed count_all(const FoldRow *row, int n, const int *count)
{
    Passed p = {{0, 0}, {0, 0}};
    for (int i = 0; i < n; i++) p.all[row[i].label] += count ? count[row[i].member] : 1;
    return p;
}

/* Takes the rows of the next value below; `i`: one past the last row that is left. Returns what is left then. */
static int pass(Passed *p, const FoldRow *row, int i, const int *count)
{
    const double value = row[i - 1].value;
    for (; i > 0 && row[i - 1].value == value; i--)
        p->above[row[i - 1].label] += count ? count[row[i - 1].member] : 1;
    return i;
}

static void add_point(Curve *c, double x, double y)
{
    c->x[c->n] = x;
    c->y[c->n++] = y;
}

Status curves_roc(Curve *out, const FoldRow *row, int n, const int *count)
{
    Passed p = count_all(row, n, count);
    TRY(reserve(out, n));
    if (p.all[0] <= 0 || p.all[1] <= 0) return OK;
    add_point(out, 0, 0);
    for (int i = n; i > 0;) {
        i = pass(&p, row, i, count);
        add_point(out, p.above[0] / p.all[0], p.above[1] / p.all[1]);
    }
    return OK;
}

Status curves_precision(Curve *out, const FoldRow *row, int n)
{
    Passed p = count_all(row, n, NULL);
    TRY(reserve(out, n));
    if (p.all[0] <= 0 || p.all[1] <= 0) return OK;
    for (int i = n; i > 0;) {
        i = pass(&p, row, i, NULL);
        add_point(out, p.above[1] / p.all[1], p.above[1] / (p.above[0] + p.above[1]));
    }
    return OK;
}

/* ---- over folds ---- */

static double grid_at(int g)
{
    return g / (CURVES_GRID - 1.);
}

/* Between points straight; at a jump the upper end. */
static void add_roc(double *sum, const Curve *c)
{
    for (int g = 0, k = 0; g < CURVES_GRID; g++) {
        const double x = grid_at(g);
        while (k + 1 < c->n && c->x[k + 1] <= x) k++;
        if (k + 1 == c->n)
            sum[g] += c->y[k];
        else
            sum[g] += c->y[k] + (c->y[k + 1] - c->y[k]) * (x - c->x[k]) / (c->x[k + 1] - c->x[k]);
    }
}

static void add_precision(double *sum, const Curve *c)
{
    for (int g = 0, k = 0; g < CURVES_GRID; g++) {
        while (k + 1 < c->n && c->x[k] < grid_at(g) - 1e-12) k++;
        sum[g] += c->y[k];
    }
}

typedef struct {
    const FoldAuc *of;
    const int *count; /* [n_member] or NULL */
    bool precision;
} MeanOf;

static Status add_fold(double *sum, int *n_fold, const MeanOf *m, int fold)
{
    Curve c;
    const int start = foldauc_start(m->of, fold), n = m->of->end[fold] - start;
    if (n == 0) return OK;
    if (m->precision)
        TRY(curves_precision(&c, m->of->row + start, n));
    else
        TRY(curves_roc(&c, m->of->row + start, n, m->count));
    if (c.n > 0) {
        if (m->precision)
            add_precision(sum, &c);
        else
            add_roc(sum, &c);
        (*n_fold)++;
    }
    curves_free(&c);
    return OK;
}

/* y [CURVES_GRID]; *known: some fold has both classes. */
static Status average(double *y, bool *known, const MeanOf *m)
{
    double n_repeat = 0;
    memset(y, 0, CURVES_GRID * sizeof *y);
    for (int r = 0; r < m->of->n_repeat; r++) {
        double sum[CURVES_GRID] = {0};
        int n_fold = 0;
        for (int f = 0; f < m->of->n_fold; f++) TRY(add_fold(sum, &n_fold, m, r * m->of->n_fold + f));
        for (int g = 0; g < CURVES_GRID && n_fold; g++) y[g] += sum[g] / n_fold;
        n_repeat += n_fold > 0;
    }
    *known = n_repeat > 0;
    for (int g = 0; g < CURVES_GRID; g++) y[g] = n_repeat > 0 ? y[g] / n_repeat : (double)NAN;
    return OK;
}

/* sample [CURVES_GRID, CURVES_RESAMPLES], of which *found are filled. */
static Status resample(double *sample, int *found, const FoldAuc *a, int *count)
{
    double y[CURVES_GRID];
    bool known;
    Rng rng = rng_stream(0, "roc band", 0);
    *found = 0;
    for (int k = 0; k < CURVES_RESAMPLES; k++) {
        foldauc_draw(count, a, k % a->n_repeat, &rng);
        TRY(average(y, &known, &(MeanOf){.of = a, .count = count}));
        if (!known) continue;
        for (int g = 0; g < CURVES_GRID; g++) sample[g * CURVES_RESAMPLES + *found] = y[g];
        (*found)++;
    }
    return OK;
}

static void clear(MeanCurve *out)
{
    for (int g = 0; g < CURVES_GRID; g++) {
        out->x[g] = grid_at(g);
        out->low[g] = out->high[g] = NAN;
    }
}

Status curves_mean_roc(MeanCurve *out, const FoldAuc *a)
{
    bool known;
    int found;
    int *count = malloc(((size_t)a->n_member + 1) * sizeof *count);
    double *sample = malloc((size_t)CURVES_GRID * CURVES_RESAMPLES * sizeof *sample);
    Status status = OK;
    clear(out);
    if (!count || !sample) TRY_DONE(fail(ERR_MEMORY, "no memory for the band of a ROC curve"));
    TRY_DONE(average(out->y, &known, &(MeanOf){.of = a}));
    if (!known) goto done;
    TRY_DONE(resample(sample, &found, a, count));
    for (int g = 0; g < CURVES_GRID; g++) {
        double limits[2];
        foldauc_limits(limits, &sample[g * CURVES_RESAMPLES], found);
        out->low[g] = limits[0];
        out->high[g] = limits[1];
    }
done:
    free(count);
    free(sample);
    return status;
}

Status curves_mean_precision(MeanCurve *out, const FoldAuc *a)
{
    bool known;
    clear(out);
    return average(out->y, &known, &(MeanOf){.of = a, .precision = true});
}

/* ---- calibration ---- */

typedef struct {
    double probability;
    int positive, place;
} CalledBag;

static int by_probability(const void *a, const void *b)
{
    const CalledBag *x = a, *y = b;
    if (x->probability != y->probability) return x->probability < y->probability ? -1 : 1;
    return x->place - y->place;
}

static CalibrationBin bin_of(const CalledBag *called, int n, int n_repeat)
{
    CalibrationBin bin = {.n = n};
    for (int i = 0; i < n; i++) {
        bin.probability += called[i].probability / n;
        bin.share += called[i].positive;
    }
    proportion_interval(bin.interval, bin.share / n_repeat, (double)n / n_repeat);
    bin.share /= n;
    return bin;
}

Status curves_calibration(CalibrationBin *bin, int *n_bin, const TestRows *rows)
{
    int n = 0;
    CalledBag *called = malloc(((size_t)rows->n + 1) * sizeof *called);
    if (!called) return fail(ERR_MEMORY, "no memory for the calibration of %d bags", rows->n);
    for (int i = 0; i < rows->n; i++)
        if (!isnan(rows->row[i].probability)) {
            called[n] = (CalledBag){rows->row[i].probability, rows->row[i].label > 0.5, i};
            n++;
        }
    qsort(called, (size_t)n, sizeof *called, by_probability);
    *n_bin = n < CURVES_BINS ? n : CURVES_BINS;
    for (int k = 0; k < *n_bin; k++) {
        const int from = (int)((int64_t)k * n / *n_bin), to = (int)((int64_t)(k + 1) * n / *n_bin);
        bin[k] = bin_of(called + from, to - from, rows->n_repeat);
    }
    free(called);
    return OK;
}
