/* SPDX-License-Identifier: MIT */
#include "study/figure_scores.h"
#include "study/curves.h"
#include "study/figure_kinds.h"
#include "study/sides.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SMALL_MOVE 0.002 /* of an axis: a curve's points closer together are one on paper */
#define FEW_FOLDS  10    /* of more, each thin line has fewer points: the page stays small */
#define BARS       24
#define NOTE_STEP  5 /* points of a mean curve from one note to the next */

static const SvgStyle thin = {.stroke = SVG_BLUE, .width = 0.8, .opacity = 0.35};
static const SvgStyle bold = {.stroke = SVG_BLUE, .width = 2.4};
static const SvgStyle shaded = {.fill = SVG_BLUE, .opacity = 0.14};
static const SvgStyle chance = {.stroke = SVG_GREY, .width = 1, .dash = "4 4"};

typedef struct {
    const FigureScores *in;
    FoldAuc auc;
} Scored;

static void scored_title(char title[160], const Scored *s, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "%.60s", s->in->task);
    snprintf(title, 160, "%s: %s", what, name);
}

/* The points of a curve that differ on paper, in place. */
static void thin_out(Curve *c, int n_fold)
{
    const double least = SMALL_MOVE * fmax(1, (double)n_fold / FEW_FOLDS);
    int kept = 0;
    for (int i = 0; i < c->n; i++) {
        const bool ends = i == 0 || i + 1 == c->n;
        const double dx = kept ? fabs(c->x[i] - c->x[kept - 1]) : 1, dy = kept ? fabs(c->y[i] - c->y[kept - 1]) : 1;
        if (!ends && dx < least && dy < least) continue;
        c->x[kept] = c->x[i];
        c->y[kept++] = c->y[i];
    }
    c->n = kept;
}

typedef Status FoldCurve(Curve *out, const FoldRow *row, int n);

static Status roc_of(Curve *out, const FoldRow *row, int n)
{
    return curves_roc(out, row, n, NULL);
}

/* Thin lines, and their rows "fold r f x y". */
static Status draw_folds(Chart *c, Markup *table, const FoldAuc *a, FoldCurve *curve_of)
{
    for (int job = 0; job < a->n_repeat * a->n_fold; job++) {
        Curve curve;
        const int start = foldauc_start(a, job);
        TRY(curve_of(&curve, a->row + start, a->end[job] - start));
        for (int i = 0; i < curve.n; i++) {
            markup_printf(table, "fold\t%d\t%d\t", job / a->n_fold, job % a->n_fold);
            figure_number(table, curve.x[i], '\t');
            figure_number(table, curve.y[i], '\t');
            markup_raw(table, "\t\n");
        }
        thin_out(&curve, a->n_repeat * a->n_fold);
        char note[64];
        SvgStyle style = thin;
        if (a->n_repeat > 1)
            snprintf(note, sizeof note, "repetition %d, fold %d", job / a->n_fold, job % a->n_fold);
        else
            snprintf(note, sizeof note, "fold %d", job);
        style.note = note;
        chart_line(c, curve.x, curve.y, curve.n, style);
        curves_free(&curve);
    }
    return OK;
}

static void list_mean(Markup *table, const MeanCurve *mean)
{
    for (int g = 0; g < CURVES_GRID; g++) {
        if (isnan(mean->y[g])) continue;
        markup_raw(table, "mean\t\t\t");
        figure_number(table, mean->x[g], '\t');
        figure_number(table, mean->y[g], '\t');
        figure_number(table, mean->low[g], '\t');
        figure_number(table, mean->high[g], '\n');
    }
}

/* Numbers of the mean under the pointer, at every NOTE_STEP-th point. */
static void note_mean(Chart *c, const MeanCurve *mean, const char *of_x, const char *of_y)
{
    char note[160];
    for (int g = 0; g < CURVES_GRID; g += NOTE_STEP) {
        if (isnan(mean->y[g])) continue;
        const int n = snprintf(note, sizeof note, "mean: %s %.2f, %s %.3f", of_x, mean->x[g], of_y, mean->y[g]);
        if (!isnan(mean->low[g]) && !isnan(mean->high[g]))
            snprintf(note + n, sizeof note - (size_t)n, " (%.3f to %.3f)", mean->low[g], mean->high[g]);
        chart_note(c, mean->x[g], mean->y[g], note);
    }
}

/* ---- ROC, precision-recall ---- */

static Status draw_roc(Chart *c, Markup *table, const Scored *s)
{
    MeanCurve mean;
    const double corner[] = {0, 1};
    markup_raw(table, "curve\trepeat\tfold\tfalse_positive_rate\ttrue_positive_rate\tlow\thigh\n");
    TRY(curves_mean_roc(&mean, &s->auc));
    chart_band(c, mean.x, mean.low, mean.high, CURVES_GRID, shaded);
    chart_line(c, corner, corner, 2, chance);
    TRY(draw_folds(c, table, &s->auc, roc_of));
    if (mean.y[0] > 0) /* the jump at the start */
        chart_line(c, (double[]){0, 0}, (double[]){0, mean.y[0]}, 2, bold);
    chart_line(c, mean.x, mean.y, CURVES_GRID, bold);
    note_mean(c, &mean, "false positive rate", "true positive rate");
    list_mean(table, &mean);
    return OK;
}

static Status draw_precision(Chart *c, Markup *table, const Scored *s)
{
    MeanCurve mean;
    double positive = 0;
    for (int i = 0; i < s->auc.n; i++) positive += s->auc.row[i].label;
    const double share = positive / s->auc.n, edge[] = {0, 1}, level[] = {share, share};
    markup_raw(table, "curve\trepeat\tfold\trecall\tprecision\tlow\thigh\n");
    TRY(curves_mean_precision(&mean, &s->auc));
    chart_line(c, edge, level, 2, chance);
    TRY(draw_folds(c, table, &s->auc, curves_precision));
    chart_line(c, mean.x, mean.y, CURVES_GRID, bold);
    note_mean(c, &mean, "recall", "precision");
    list_mean(table, &mean);
    return OK;
}

/* ---- calibration ---- */

static Status draw_calibration(Chart *c, Markup *table, const Scored *s)
{
    CalibrationBin bin[CURVES_BINS];
    double x[CURVES_BINS], y[CURVES_BINS];
    const double corner[] = {0, 1};
    int n;
    TRY(curves_calibration(bin, &n, s->in->rows));
    markup_raw(table, "bags\tmean_probability\tshare_positive\tlow\thigh\n");
    chart_line(c, corner, corner, 2, chance);
    for (int k = 0; k < n; k++) {
        x[k] = bin[k].probability;
        y[k] = bin[k].share;
        svg_line(&c->svg, chart_x(c, x[k]), chart_y(c, bin[k].interval[0]), chart_x(c, x[k]),
                 chart_y(c, bin[k].interval[1]), (SvgStyle){.stroke = SVG_BLUE, .opacity = 0.5});
        markup_printf(table, "%d\t", bin[k].n);
        figure_number(table, x[k], '\t');
        figure_number(table, y[k], '\t');
        figure_number(table, bin[k].interval[0], '\t');
        figure_number(table, bin[k].interval[1], '\n');
    }
    chart_line(c, x, y, n, (SvgStyle){.stroke = SVG_BLUE, .width = 1.6});
    for (int k = 0; k < n; k++) {
        char note[160];
        snprintf(note, sizeof note, "%d bags: mean probability %.3f, share positive %.3f (%.3f to %.3f)", bin[k].n,
                 x[k], y[k], bin[k].interval[0], bin[k].interval[1]);
        svg_circle(&c->svg, chart_x(c, x[k]), chart_y(c, y[k]), 3.5, (SvgStyle){.fill = SVG_BLUE, .note = note});
    }
    return OK;
}

/* ---- distribution of scores by class ---- */

static double value_of(const TestRow *r, bool probability)
{
    return probability ? r->probability : r->output;
}

static bool has_probabilities(const TestRows *rows)
{
    for (int i = 0; i < rows->n; i++)
        if (isnan(rows->row[i].probability)) return false;
    return rows->n > 0;
}

static Scale range_of(const TestRows *rows, bool probability)
{
    double low = INFINITY, high = -INFINITY;
    if (probability) return scale_exact(0, 1, 5);
    for (int i = 0; i < rows->n; i++) {
        low = fmin(low, rows->row[i].output);
        high = fmax(high, rows->row[i].output);
    }
    return scale_nice(low, high, 5);
}

typedef struct {
    Scale x;
    int count[2][BARS], most;
} Histogram;

static Histogram count_bars(const TestRows *rows, bool probability)
{
    Histogram h = {.x = range_of(rows, probability)};
    for (int i = 0; i < rows->n; i++) {
        const int at = (int)(BARS * scale_share(&h.x, value_of(&rows->row[i], probability)));
        int *count = &h.count[rows->row[i].label > 0.5][at < BARS ? at : BARS - 1];
        if (++*count > h.most) h.most = *count;
    }
    return h;
}

static void draw_bars(Chart *c, Markup *table, const Histogram *h)
{
    static const SvgStyle style[] = {{.fill = SVG_ORANGE, .opacity = 0.55}, {.fill = SVG_BLUE, .opacity = 0.55}};
    const double width = (h->x.high - h->x.low) / BARS;
    markup_raw(table, "from\tto\tnegative\tpositive\n");
    for (int k = 0; k < BARS; k++) {
        const double from = h->x.low + k * width;
        for (int class = 0; class < 2; class ++) {
            if (h->count[class][k] == 0) continue;
            const double y = chart_y(c, h->count[class][k]), x = chart_x(c, from);
            char note[96];
            SvgStyle bar = style[class];
            snprintf(note, sizeof note, "%.3g to %.3g: %d negative, %d positive", from, from + width, h->count[0][k],
                     h->count[1][k]);
            bar.note = note;
            svg_rect(&c->svg, x, y, chart_x(c, from + width) - x, c->top + c->height - y, bar);
        }
        figure_number(table, from, '\t');
        figure_number(table, from + width, '\t');
        markup_printf(table, "%d\t%d\n", h->count[0][k], h->count[1][k]);
    }
    chart_legend(c, "negative", style[0]);
    chart_legend(c, "positive", style[1]);
}

static Status add_distribution(FigureList *list, const Scored *s)
{
    Figure *f;
    Chart c;
    Markup table;
    char title[160];
    const bool probability = has_probabilities(s->in->rows);
    const Histogram h = count_bars(s->in->rows, probability);
    TRY(figure_add(&f, list, "distribution", s->in->task));
    scored_title(title, s, "Outputs by class");
    chart_open(&c, &(ChartSetup){.title = title,
                                 .x_label = probability ? "predicted probability of the positive class" : "output",
                                 .y_label = "test bags",
                                 .x = h.x,
                                 .y = scale_nice(0, h.most, 5),
                                 .has_legend = true});
    markup_open(&table);
    draw_bars(&c, &table, &h);
    TRY(figure_finish(f, &c, &table));
    return figure_caption(f, "Test bags by their %s.%s", probability ? "predicted probability" : "output",
                          s->in->rows->n_repeat > 1 ? " A bag counts once for each repetition." : "");
}

/* ---- all of them ---- */

typedef struct {
    const char *stem, *title, *x_label, *y_label;
    Status (*draw)(Chart *c, Markup *table, const Scored *s);
    const char *caption;
} ShareFigure;

/* Both axes from 0 to 1. */
static const ShareFigure share_figures[] = {
    {"roc", "ROC curve", "false positive rate (1 - specificity)", "true positive rate (sensitivity)", draw_roc,
     "Thin: each test fold. Bold: mean over folds. Shaded: 95 % of means over bags drawn within the test folds. "
     "Dashed: "
     "chance."},
    {"precision_recall", "Precision-recall curve", "recall (sensitivity)", "precision", draw_precision,
     "Thin: each test fold. Bold: mean over folds. Dashed: share of positive bags, which is chance."},
    {"calibration", "Calibration", "mean predicted probability", "share of positive bags", draw_calibration,
     "Bins of equally many test bags, with 95 % intervals. Well calibrated probabilities lie on the dashed line."},
};

static Status add_share_figure(FigureList *list, const Scored *s, const ShareFigure *kind)
{
    Figure *f;
    Chart c;
    Markup table;
    char title[160];
    TRY(figure_add(&f, list, kind->stem, s->in->task));
    scored_title(title, s, kind->title);
    chart_open(&c, &(ChartSetup){.title = title,
                                 .x_label = kind->x_label,
                                 .y_label = kind->y_label,
                                 .x = scale_exact(0, 1, 5),
                                 .y = scale_exact(0, 1, 5),
                                 .width = 300,
                                 .height = 300});
    markup_open(&table);
    const Status drawn = kind->draw(&c, &table, s);
    const Status finished = figure_finish(f, &c, &table);
    TRY(drawn);
    TRY(finished);
    return figure_caption(f, "%s", kind->caption);
}

static Status add_binary(FigureList *list, Scored *s)
{
    const int n = (int)(sizeof share_figures / sizeof *share_figures);
    for (int k = 0; k < n; k++) {
        const bool calibration = share_figures[k].draw == draw_calibration;
        if (calibration ? !has_probabilities(s->in->rows) : isnan(foldauc_mean(&s->auc, 0, s->auc.n_repeat)))
            continue;
        TRY(add_share_figure(list, s, &share_figures[k]));
    }
    return add_distribution(list, s);
}

Status figure_scores_add(FigureList *list, const FigureScores *in)
{
    Scored s = {.in = in};
    const char *score = sides_main(in->scores);
    if (in->rows->n == 0 || !score) return OK;
    if (strcmp(score, "auc") != 0) return figure_kinds_add(list, in);
    TRY(testrows_auc(&s.auc, in->rows));
    const Status status = add_binary(list, &s);
    foldauc_free(&s.auc);
    return status;
}
