/* SPDX-License-Identifier: MIT */
#include "study/figure_kinds.h"
#include "core/escape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL        46.0
#define MOST_CLASS  16   /* classes of a drawing; all stand in its table */
#define MOST_POINTS 2000 /* of a scatter plot; all stand in its table */

/* ---- confusion ---- */

typedef struct {
    int n_class, *count; /* [n_class, n_class] bags by true and by predicted class */
    char (*name)[64];    /* [n_class] */
} ClassPairs;

/* Rows of a bag are one a class, in the same order for each bag. */
static int classes_of(const TestRows *rows)
{
    int n = 1;
    while (n < rows->n && rows->row[n].member == rows->row[0].member && rows->row[n].fold == rows->row[0].fold &&
           rows->row[n].repeat == rows->row[0].repeat)
        n++;
    return n;
}

static int largest(const TestRow *row, int n, bool label)
{
    int best = 0;
    for (int k = 1; k < n; k++) {
        const double value = label ? row[k].label : row[k].output, most = label ? row[best].label : row[best].output;
        if (value > most) best = k;
    }
    return best;
}

static Status count_classes(ClassPairs *m, const TestRows *rows)
{
    const int n = classes_of(rows);
    *m = (ClassPairs){.n_class = n,
                      .count = calloc((size_t)n * (size_t)n, sizeof *m->count),
                      .name = calloc((size_t)n, sizeof *m->name)};
    if (!m->count || !m->name) return fail(ERR_MEMORY, "no memory for %d classes", n);
    for (int k = 0; k < n; k++) escape_text(m->name[k], sizeof m->name[k], rows->row[k].class);
    for (int i = 0; i + n <= rows->n; i += n)
        m->count[largest(&rows->row[i], n, true) * n + largest(&rows->row[i], n, false)]++;
    return OK;
}

static void list_confusion(Markup *table, const ClassPairs *m)
{
    markup_raw(table, "true\tpredicted\tbags\n");
    for (int t = 0; t < m->n_class; t++)
        for (int p = 0; p < m->n_class; p++) {
            figure_text(table, m->name[t], '\t');
            figure_text(table, m->name[p], '\t');
            markup_printf(table, "%d\n", m->count[t * m->n_class + p]);
        }
}

static void draw_cell(Chart *c, const ClassPairs *m, int t, int p, double of_row)
{
    char text[32], note[192];
    const int n = m->count[t * m->n_class + p];
    const double share = of_row > 0 ? n / of_row : 0, x = c->left + p * CELL, y = c->top + t * CELL;
    snprintf(note, sizeof note, "true %.60s, predicted %.60s: %d (%.0f %%)", m->name[t], m->name[p], n, 100 * share);
    if (share > 0)
        svg_rect(&c->svg, x, y, CELL, CELL,
                 (SvgStyle){.fill = SVG_BLUE, .opacity = fmax(0.02, 0.85 * share), .note = note});
    snprintf(text, sizeof text, "%d", n);
    svg_text(&c->svg, x + CELL / 2, y + CELL / 2 + 4, text,
             (SvgFont){.anchor = SVG_MIDDLE, .fill = share > 0.6 ? "#fff" : SVG_INK});
}

static void draw_confusion(Chart *c, const ClassPairs *m, int shown)
{
    for (int t = 0; t < shown; t++) {
        double of_row = 0;
        for (int p = 0; p < m->n_class; p++) of_row += m->count[t * m->n_class + p];
        for (int p = 0; p < shown; p++) draw_cell(c, m, t, p, of_row);
    }
    for (int p = 0; p < shown; p++) {
        char name[16];
        escape_text(name, sizeof name, m->name[p]);
        svg_text(&c->svg, c->left + (p + 0.5) * CELL, c->top + shown * CELL + 17, name,
                 (SvgFont){.size = 11, .anchor = SVG_MIDDLE});
    }
}

static Status add_confusion(FigureList *list, const FigureScores *in)
{
    Figure *f;
    Chart c;
    Markup table;
    ClassPairs m;
    char title[160];
    const char *row[MOST_CLASS];
    Status status = OK;
    TRY_DONE(count_classes(&m, in->rows));
    const int shown = m.n_class < MOST_CLASS ? m.n_class : MOST_CLASS;
    for (int k = 0; k < shown; k++) row[k] = m.name[k];
    TRY_DONE(figure_add(&f, list, "confusion", in->task));
    snprintf(title, sizeof title, "Confusion matrix: %.60s", in->task);
    chart_open(&c, &(ChartSetup){.title = title,
                                 .x_label = "predicted class (rows: true class)",
                                 .x = scale_exact(0, shown, 2),
                                 .n_row = shown,
                                 .row = row,
                                 .no_ticks = true,
                                 .width = CELL * shown,
                                 .height = CELL * shown,
                                 .right = 60});
    markup_open(&table);
    list_confusion(&table, &m);
    draw_confusion(&c, &m, shown);
    TRY_DONE(figure_finish(f, &c, &table));
    TRY_DONE(figure_caption(f, "Test bags by true and predicted class. Colours show the share of a true class.%s%s",
                            in->rows->n_repeat > 1 ? " A bag counts once for each repetition." : "",
                            shown < m.n_class ? " The table of the figure has all classes." : ""));
done:
    free(m.count);
    free(m.name);
    return status;
}

/* ---- numbers ---- */

static Scale both_ranges(const TestRows *rows)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < rows->n; i++) {
        low = fmin(low, fmin(rows->row[i].label, rows->row[i].output));
        high = fmax(high, fmax(rows->row[i].label, rows->row[i].output));
    }
    return scale_nice(low, high, 5);
}

static void draw_points(Chart *c, Markup *table, const TestRows *rows)
{
    const int step = (rows->n + MOST_POINTS - 1) / MOST_POINTS;
    markup_raw(table, "bag\trepeat\tfold\ttrue\tpredicted\n");
    for (int i = 0; i < rows->n; i++) {
        const TestRow *r = &rows->row[i];
        figure_text(table, r->bag, '\t');
        markup_printf(table, "%d\t%d\t", r->repeat, r->fold);
        figure_number(table, r->label, '\t');
        figure_number(table, r->output, '\n');
        if (i % step) continue;
        char note[192];
        snprintf(note, sizeof note, "%.100s: true %.4g, predicted %.4g", r->bag, r->label, r->output);
        svg_circle(&c->svg, chart_x(c, r->label), chart_y(c, r->output), 2.5,
                   (SvgStyle){.fill = SVG_BLUE, .opacity = 0.5, .note = note});
    }
}

static Status add_scatter(FigureList *list, const FigureScores *in)
{
    Figure *f;
    Chart c;
    Markup table;
    char title[160];
    const Scale scale = both_ranges(in->rows);
    const double ends[] = {scale.low, scale.high};
    TRY(figure_add(&f, list, "predicted", in->task));
    snprintf(title, sizeof title, "Predicted and true: %.60s", in->task);
    chart_open(&c, &(ChartSetup){.title = title,
                                 .x_label = "true value",
                                 .y_label = "predicted value",
                                 .x = scale,
                                 .y = scale,
                                 .width = 300,
                                 .height = 300});
    markup_open(&table);
    chart_line(&c, ends, ends, 2, (SvgStyle){.stroke = SVG_GREY, .dash = "4 4"});
    draw_points(&c, &table, in->rows);
    TRY(figure_finish(f, &c, &table));
    return figure_caption(f, "Each point is a test bag, in the unit of the label column. Dashed: equal values.");
}

Status figure_kinds_add(FigureList *list, const FigureScores *in)
{
    return json_object_get(in->scores, "classes") || classes_of(in->rows) > 1 ? add_confusion(list, in)
                                                                              : add_scatter(list, in);
}
