/* SPDX-License-Identifier: MIT */
#include "study/figure_learning.h"
#include "cohort/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const SvgStyle line_of[LEARNING_PARTS] = {
    [LEARNING_TRAIN] = {.stroke = SVG_ORANGE, .width = 1.2, .opacity = 0.7},
    [LEARNING_VALIDATION] = {.stroke = SVG_BLUE, .width = 1.2, .opacity = 0.8},
};
static const char *const word_of[LEARNING_PARTS] = {"training", "validation"};

typedef struct {
    const Learning *learning;
    const char *task, *score;
} Watched;

#define MOST_POINTS 16000 /* of the lines of a drawing; all stand in its table */
#define NOTED_RUNS  20    /* trainings whose points have notes */

/* Ranges of all curves. */
typedef struct {
    int n, step; /* every step-th of the n evaluations is drawn */
    double update, low, high;
    int n_long;  /* curves of several points */
    bool chosen; /* there are validation points, and so states that were kept */
} Reach;

static Status reach_of(Reach *out, const Watched *w)
{
    *out = (Reach){.low = INFINITY, .high = -INFINITY};
    for (int k = 0; k < LEARNING_PARTS * w->learning->n; k++) {
        LearningCurve c;
        TRY(learning_curve(&c, &w->learning->run[k / LEARNING_PARTS], w->task, k % LEARNING_PARTS, w->score));
        for (int i = 0; i < c.n; i++) {
            if (isnan(c.value[i])) continue;
            out->n++;
            out->update = fmax(out->update, c.update[i]);
            out->low = fmin(out->low, c.value[i]);
            out->high = fmax(out->high, c.value[i]);
        }
        out->n_long += c.n > 1;
        out->chosen |= k % LEARNING_PARTS == LEARNING_VALIDATION && c.n > 0;
        learning_curve_free(&c);
    }
    out->step = out->n / MOST_POINTS + 1;
    return OK;
}

/* Every step-th point and the last, in place. */
static void thin_out(LearningCurve *c, int step)
{
    int kept = 0;
    for (int i = 0; i < c->n; i++) {
        if (i % step != 0 && i + 1 < c->n) continue;
        c->update[kept] = c->update[i];
        c->value[kept++] = c->value[i];
    }
    c->n = kept;
}

static void list_curve(Markup *table, const LearningRun *run, const LearningCurve *c, LearningPart part)
{
    const double kept = learning_kept(run);
    for (int i = 0; i < c->n; i++) {
        figure_text(table, run->name, '\t');
        markup_printf(table, "%s\t", word_of[part]);
        figure_number(table, c->update[i], '\t');
        figure_number(table, c->value[i], '\t');
        markup_printf(table, "%d\n", c->update[i] == kept);
    }
}

static void mark_kept(Chart *chart, const LearningRun *run, const LearningCurve *c)
{
    const double kept = learning_kept(run);
    for (int i = 0; i < c->n; i++) {
        if (c->update[i] != kept || isnan(c->value[i])) continue;
        char note[160];
        snprintf(note, sizeof note, "%.80s: kept, update %.0f, validation %.4g", run->name, kept, c->value[i]);
        svg_circle(&chart->svg, chart_x(chart, kept), chart_y(chart, c->value[i]), 3.5,
                   (SvgStyle){.fill = SVG_BLUE, .stroke = "#fff", .note = note});
    }
}

static void note_points(Chart *chart, const LearningCurve *c, const char *line)
{
    char note[224];
    for (int i = 0; i < c->n; i++) {
        if (isnan(c->value[i])) continue;
        snprintf(note, sizeof note, "%s: update %.0f, %.4g", line, c->update[i], c->value[i]);
        chart_note(chart, c->update[i], c->value[i], note);
    }
}

/* Of a training that was evaluated once, at its end. */
static void dot_alone(Chart *chart, const LearningCurve *c, const char *fill, const char *note)
{
    if (isnan(c->value[0])) return;
    svg_circle(&chart->svg, chart_x(chart, c->update[0]), chart_y(chart, c->value[0]), 3,
               (SvgStyle){.fill = fill, .opacity = 0.7, .note = note});
}

static Status draw(Chart *chart, Markup *table, const Watched *w, int step)
{
    markup_raw(table, "training\tpart\tupdate\tvalue\tkept\n");
    for (int k = 0; k < LEARNING_PARTS * w->learning->n; k++) {
        LearningCurve c;
        const LearningPart part = k < w->learning->n ? LEARNING_TRAIN : LEARNING_VALIDATION;
        const LearningRun *run = &w->learning->run[k % w->learning->n];
        TRY(learning_curve(&c, run, w->task, part, w->score));
        list_curve(table, run, &c, part);
        if (part == LEARNING_VALIDATION) mark_kept(chart, run, &c);
        thin_out(&c, step);
        char note[160];
        SvgStyle style = line_of[part];
        snprintf(note, sizeof note, "%.80s, %s", run->name, word_of[part]);
        style.note = note;
        chart_line(chart, c.update, c.value, c.n, style);
        if (c.n == 1) dot_alone(chart, &c, line_of[part].stroke, note);
        if (step == 1 && w->learning->n <= NOTED_RUNS) note_points(chart, &c, note);
        learning_curve_free(&c);
    }
    for (int part = 0; part < LEARNING_PARTS; part++) chart_legend(chart, word_of[part], line_of[part]);
    return OK;
}

static Status add(FigureList *list, const Watched *w)
{
    Figure *f;
    Chart chart;
    Markup table;
    Reach r;
    char title[160];
    TRY(reach_of(&r, w));
    if (r.n == 0) return OK;
    TRY(figure_add(&f, list, strcmp(w->score, "loss") == 0 ? "learning_loss" : "learning_score", w->task));
    snprintf(title, sizeof title, "Learning curve, %s: %.60s", metric_title(w->score), w->task);
    chart_open(&chart, &(ChartSetup){.title = title,
                                     .x_label = "updates",
                                     .y_label = metric_title(w->score),
                                     .x = scale_exact(0, r.update, 5),
                                     .y = scale_nice(r.low, r.high, 5),
                                     .has_legend = true});
    markup_open(&table);
    const Status drawn = draw(&chart, &table, w, r.step);
    const Status finished = figure_finish(f, &chart, &table);
    TRY(drawn);
    TRY(finished);
    if (r.step > 1)
        return figure_caption(
            f,
            "One line a training, through one in %d of its evaluations; the table of the figure has "
            "all. Dots: the state that was kept, on the validation set.",
            r.step);
    if (r.n_long == 0) return figure_caption(f, "One dot a training, which was evaluated once, at its end.");
    return figure_caption(f, r.chosen ? "One line a training. Dots: the state that was kept, on the validation set."
                                      : "One line a training. There is no validation set.");
}

Status figure_learning_add(FigureList *list, const Learning *learning, const char *task, const char *score)
{
    TRY(add(list, &(Watched){learning, task, "loss"}));
    return score ? add(list, &(Watched){learning, task, score}) : OK;
}
