/* SPDX-License-Identifier: MIT */
#include "study/figure_forest.h"

#include <math.h>
#include <stdio.h>

static void widen(double *low, double *high, double value)
{
    if (isnan(value)) return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

static Scale range_of(const Forest *forest)
{
    double low = INFINITY, high = -INFINITY;
    widen(&low, &high, forest->line);
    if (forest->least < forest->most) {
        widen(&low, &high, forest->least);
        widen(&low, &high, forest->most);
    }
    for (int k = 0; k < forest->n; k++) {
        const ForestRow *r = &forest->row[k];
        widen(&low, &high, r->value);
        widen(&low, &high, r->low);
        widen(&low, &high, r->high);
        for (int i = 0; i < r->n_dot; i++) widen(&low, &high, r->dot[i]);
    }
    return scale_nice(low, high, 5);
}

static void describe(char note[160], const ForestRow *r)
{
    if (isnan(r->low) || isnan(r->high))
        snprintf(note, 160, "%.80s: %.3f", r->name, r->value);
    else
        snprintf(note, 160, "%.80s: %.3f (%.3f to %.3f)", r->name, r->value, r->low, r->high);
}

static void draw_row(Chart *c, const ForestRow *r, int k)
{
    const char *colour = r->marked ? SVG_ORANGE : SVG_BLUE;
    const double y = chart_row(c, k);
    char number[32], note[160];
    for (int i = 0; i < r->n_dot; i++) {
        if (isnan(r->dot[i])) continue;
        snprintf(note, sizeof note, "%.80s, a fold: %.3f", r->name, r->dot[i]);
        svg_circle(&c->svg, chart_x(c, r->dot[i]), y, 2, (SvgStyle){.fill = SVG_GREY, .opacity = 0.55, .note = note});
    }
    describe(note, r);
    if (!isnan(r->low) && !isnan(r->high))
        svg_line(&c->svg, chart_x(c, r->low), y, chart_x(c, r->high), y,
                 (SvgStyle){.stroke = colour, .width = 2, .note = note});
    if (isnan(r->value)) return;
    svg_circle(&c->svg, chart_x(c, r->value), y, 4, (SvgStyle){.fill = colour, .stroke = "#fff", .note = note});
    snprintf(number, sizeof number, "%.3f", r->value);
    svg_text(&c->svg, c->left + c->width + 10, y + 4, number,
             (SvgFont){.fill = r->marked ? SVG_ORANGE : SVG_INK, .bold = r->marked});
}

static void list_rows(Markup *table, const Forest *forest)
{
    markup_raw(table, "name\tvalue\tlow\thigh\tfolds\n");
    for (int k = 0; k < forest->n; k++) {
        const ForestRow *r = &forest->row[k];
        figure_text(table, r->name, '\t');
        figure_number(table, r->value, '\t');
        figure_number(table, r->low, '\t');
        figure_number(table, r->high, '\t');
        for (int i = 0; i < r->n_dot; i++) {
            if (i) markup_raw(table, " ");
            char text[32];
            snprintf(text, sizeof text, "%.6g", r->dot[i]);
            markup_raw(table, text);
        }
        markup_raw(table, "\n");
    }
}

Status figure_forest_add(Figure **out, FigureList *list, const Forest *forest)
{
    Chart c;
    Markup table;
    const char *name[FIGURE_FOREST_MOST];
    const int shown = forest->n < FIGURE_FOREST_MOST ? forest->n : FIGURE_FOREST_MOST;
    for (int k = 0; k < shown; k++) name[k] = forest->row[k].name;
    TRY(figure_add(out, list, forest->stem, forest->task));
    chart_open(&c, &(ChartSetup){.title = forest->title,
                                 .x_label = forest->x_label,
                                 .x = range_of(forest),
                                 .n_row = shown,
                                 .row = name,
                                 .width = 340,
                                 .right = 60});
    markup_open(&table);
    list_rows(&table, forest);
    if (!isnan(forest->line))
        svg_line(&c.svg, chart_x(&c, forest->line), c.top, chart_x(&c, forest->line), c.top + c.height,
                 (SvgStyle){.stroke = SVG_GREY, .dash = "4 4"});
    for (int k = 0; k < shown; k++) draw_row(&c, &forest->row[k], k);
    return figure_finish(*out, &c, &table);
}
