/* SPDX-License-Identifier: MIT */
#include "study/capacity.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "study/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW 0.01 /* recalled cues: the end of the curve */

/* One number of stored patterns. */
typedef struct {
    const CapacitySetup *setup;
    int n;         /* patterns */
    double *x;     /* [n, d] */
    double *cue;   /* [n_cue, d] */
    double *state; /* [n_thread, 2, d] */
    Associative memory;
    AssociativeScratch *scratch; /* [n_thread] */
    int n_thread;
    bool *exact;  /* [n_cue] */
    int *updates; /* [n_cue] */
} CapacityTrial;

typedef struct {
    double n, recalled, updates; /* shares, mean */
} CapacityPoint;

/* ---- one number of patterns ---- */

static void draw_patterns(CapacityTrial *t)
{
    Rng rng = rng_stream(t->setup->seed, "capacity patterns", (uint64_t)t->n);
    for (Index i = 0; i < (Index)t->n * t->setup->d; i++) t->x[i] = rng_u64(&rng) >> 63 ? 1 : -1;
}

static const double *pattern_of(const CapacityTrial *t, int c)
{
    Rng rng = rng_stream(t->setup->seed, "capacity cue", (uint64_t)c);
    return t->x + (Index)rng_below(&rng, (uint64_t)t->n) * t->setup->d;
}

/* The pattern with entries turned round, each set of so many equally likely. */
static void draw_cue(CapacityTrial *t, int c)
{
    const int d = t->setup->d;
    int left = (int)lrint(t->setup->flip * d);
    Rng rng = rng_stream(t->setup->seed, "capacity flip", (uint64_t)c);
    const double *x = pattern_of(t, c);
    for (int j = 0; j < d; j++) {
        const bool turned = rng_below(&rng, (uint64_t)(d - j)) < (uint64_t)left;
        left -= turned;
        t->cue[(Index)c * d + j] = turned ? -x[j] : x[j];
    }
}

static void recall_cue(void *context, int c, int thread)
{
    CapacityTrial *t = context;
    const int d = t->setup->d;
    Recalled r = {.state = t->state + (Index)thread * 2 * d};
    r.first = r.state + d;
    associative_recall(&r, &t->memory, &t->scratch[thread], t->cue + (Index)c * d);
    const double *x = pattern_of(t, c);
    t->exact[c] = true;
    for (int j = 0; j < d; j++) t->exact[c] = t->exact[c] && r.state[j] * x[j] > 0;
    t->updates[c] = r.updates;
}

static Status run_trial(CapacityTrial *t)
{
    const CapacitySetup *s = t->setup;
    const size_t d = (size_t)s->d, n_cue = (size_t)s->n_cue;
    t->n_thread = parallel_threads();
    t->x = malloc((size_t)t->n * d * sizeof *t->x);
    t->cue = malloc(n_cue * d * sizeof *t->cue);
    t->state = malloc((size_t)t->n_thread * 2 * d * sizeof *t->state);
    t->scratch = calloc((size_t)t->n_thread, sizeof *t->scratch);
    t->exact = calloc(n_cue, sizeof *t->exact);
    t->updates = calloc(n_cue, sizeof *t->updates);
    if (!t->x || !t->cue || !t->state || !t->scratch || !t->exact || !t->updates)
        return fail(ERR_MEMORY, "no memory for %d patterns of %d entries", t->n, s->d);
    draw_patterns(t);
    for (int c = 0; c < s->n_cue; c++) draw_cue(t, c);
    TRY(associative_open(&t->memory, &s->memory, t->x, t->n, s->d));
    TRY(associative_learn(&t->memory));
    for (int k = 0; k < t->n_thread; k++) TRY(associative_scratch(&t->scratch[k], &t->memory));
    parallel_for(s->n_cue, recall_cue, t);
    return OK;
}

static Status measure(CapacityPoint *out, const CapacitySetup *s, int n)
{
    CapacityTrial t = {.setup = s, .n = n};
    const Status status = run_trial(&t);
    *out = (CapacityPoint){.n = n};
    for (int c = 0; c < s->n_cue && status == OK; c++) {
        out->recalled += t.exact[c];
        out->updates += t.updates[c];
    }
    out->recalled /= s->n_cue;
    out->updates /= s->n_cue;
    for (int k = 0; t.scratch && k < t.n_thread; k++) associative_scratch_free(&t.scratch[k]);
    associative_close(&t.memory);
    free(t.x), free(t.cue), free(t.state), free(t.scratch), free(t.exact), free(t.updates);
    return status;
}

/* ---- the curve ---- */

/* 1, 2, 5, 10, 20, … */
static int usual_size(int k)
{
    static const int step[3] = {1, 2, 5};
    int size = step[k % 3];
    for (int p = 0; p < k / 3; p++) size *= 10;
    return size;
}

static bool size_of(int *out, const CapacitySetup *s, int k, const CapacityPoint *last)
{
    if (s->n_size > 0) {
        if (k < s->n_size) *out = (int)s->size[k];
        return k < s->n_size;
    }
    *out = usual_size(k);
    return *out <= CAPACITY_MOST && (!last || last->recalled >= FEW);
}

static Status measure_all(CapacityPoint *point, int *n, const CapacitySetup *s)
{
    int size;
    for (*n = 0; *n < CAPACITY_SIZES && size_of(&size, s, *n, *n ? &point[*n - 1] : NULL); ++*n) {
        TRY(measure(&point[*n], s, size));
        log_info("%d patterns: %.3f recalled", size, point[*n].recalled);
    }
    return OK;
}

/* ---- what is written ---- */

static const char *kind_name(const CapacitySetup *s)
{
    return associative_name(s->memory.kind);
}

static void write_table(TextOut *out, const CapacitySetup *s, const CapacityPoint *point, int n)
{
    char flip[NUMBER_ROOM], recalled[NUMBER_ROOM], updates[NUMBER_ROOM];
    textout_printf(out, "kind\tpower\td\tflip\tpatterns\tcues\trecalled\tmean_updates\n");
    for (int k = 0; k < n; k++)
        textout_printf(out, "%s\t%d\t%d\t%s\t%.0f\t%d\t%s\t%s\n", kind_name(s), s->memory.power, s->d,
                       number_text(flip, s->flip), point[k].n, s->n_cue, number_text(recalled, point[k].recalled),
                       number_text(updates, point[k].updates));
}

/* Ticks of the x axis are powers of ten: its numbers are logarithms. */
static void draw(Chart *chart, const CapacityPoint *point, int n)
{
    static const SvgStyle line = {.stroke = SVG_BLUE, .width = 1.5};
    double x[CAPACITY_SIZES], y[CAPACITY_SIZES];
    for (int k = 0; k < n; k++) {
        char note[80];
        x[k] = log10(point[k].n);
        y[k] = point[k].recalled;
        snprintf(note, sizeof note, "%.0f patterns: %.3f recalled", point[k].n, y[k]);
        svg_circle(&chart->svg, chart_x(chart, x[k]), chart_y(chart, y[k]), 3.5,
                   (SvgStyle){.fill = SVG_BLUE, .stroke = "#fff", .note = note});
    }
    chart_line(chart, x, y, n, line);
}

static Status write_plot(const CapacitySetup *s, const CapacityPoint *point, int n)
{
    Chart chart;
    char title[120], *svg;
    snprintf(title, sizeof title, "Recalled patterns, %s, d = %d, %.3g turned round", kind_name(s), s->d, s->flip);
    chart_open(&chart, &(ChartSetup){.title = title,
                                     .x_label = "log10 of the stored patterns",
                                     .y_label = "share of cues recalled exactly",
                                     .x = scale_nice(0, log10(point[n - 1].n), 5),
                                     .y = scale_exact(0, 1, 5)});
    draw(&chart, point, n);
    TRY(chart_close(&svg, &chart));
    const Status status = file_write_whole(s->plot, svg, strlen(svg), s->force);
    free(svg);
    return status;
}

static Status list_points(json_t **out, const CapacitySetup *s, const CapacityPoint *point, int n)
{
    json_t *points = json_array();
    for (int k = 0; k < n; k++)
        json_array_append_new(points, json_pack("{sI si sf}", "patterns", (json_int_t)point[k].n, "cues", s->n_cue,
                                                "recalled", point[k].recalled));
    *out = json_pack("{so}", "points", points);
    return *out && json_array_size(points) == (size_t)n ? OK : fail(ERR_MEMORY, "no memory for %d points", n);
}

/* The lower end is that of a curve that ends at d patterns. */
static Status plan(json_t **out, const CapacitySetup *s)
{
    int size;
    Cost cost = cost_of(ASSOCIATIVE_OPEN * cost_pace(), COST_PROCESS);
    for (int k = 0; k < CAPACITY_SIZES && size_of(&size, s, k, NULL); k++) {
        Cost one = associative_cost(&s->memory, size, s->d, s->n_cue);
        if (s->n_size == 0 && k > 0 && size > s->d) one.low = 0;
        cost_then(&cost, &one);
    }
    TRY(list_points(out, s, NULL, 0));
    return cost_tell(*out, &cost);
}

static Status run(json_t **out, TextOut *table, const CapacitySetup *s)
{
    int n;
    CapacityPoint point[CAPACITY_SIZES];
    if (s->dry_run) return plan(out, s);
    TRY(measure_all(point, &n, s));
    TRY(list_points(out, s, point, n));
    write_table(table, s, point, n);
    return s->plot ? write_plot(s, point, n) : OK;
}

/* Targets are tried before the work; the table, written last, tells that all is there. */
Status capacity_write(json_t **out, const CapacitySetup *s)
{
    TextOut *table;
    *out = NULL;
    TRY(file_check_target(s->plot, s->force));
    TRY(textout_open(&table, s->table, s->force));
    Status status = run(out, table, s);
    if (status == OK && !s->dry_run)
        status = textout_commit(table);
    else
        textout_drop(table);
    if (status == OK) return OK;
    json_decref(*out);
    *out = NULL;
    return status;
}
