/* SPDX-License-Identifier: MIT */
#include "study/chart.h"

#include <math.h>
#include <string.h>

#define LETTER 6.6 /* pixels of a letter of size 12, generously */

static const SvgStyle grid = {.stroke = SVG_PALE, .width = 0.7};
static const SvgStyle frame = {.stroke = SVG_GREY};

/* Characters, not bytes, that a name takes; at most 40 are shown of each. */
static int letters(const char *text)
{
    int n = 0;
    for (; *text; text++) n += (*text & 0xC0) != 0x80;
    return n;
}

static double left_of(const ChartSetup *s)
{
    int most = 5;
    for (int k = 0; k < s->n_row; k++)
        if (letters(s->row[k]) > most) most = letters(s->row[k]);
    return s->n_row ? 16 + LETTER * most : 60;
}

static void draw_x_axis(Chart *c)
{
    char label[SCALE_LABEL];
    const double y = c->top + c->height;
    for (int k = 0; k < c->setup.x.n_tick && !c->setup.no_ticks; k++) {
        const double x = chart_x(c, c->setup.x.tick[k]);
        svg_line(&c->svg, x, c->top, x, y, grid);
        svg_line(&c->svg, x, y, x, y + 4, frame);
        svg_text(&c->svg, x, y + 17, scale_label(label, &c->setup.x, k),
                 (SvgFont){.size = 11, .anchor = SVG_MIDDLE, .fill = SVG_GREY});
    }
    svg_text(&c->svg, c->left + c->width / 2, y + 37, c->setup.x_label, (SvgFont){.anchor = SVG_MIDDLE});
}

static void draw_y_axis(Chart *c)
{
    char label[SCALE_LABEL];
    for (int k = 0; k < c->setup.y.n_tick; k++) {
        const double y = chart_y(c, c->setup.y.tick[k]);
        svg_line(&c->svg, c->left, y, c->left + c->width, y, grid);
        svg_line(&c->svg, c->left - 4, y, c->left, y, frame);
        svg_text(&c->svg, c->left - 8, y + 4, scale_label(label, &c->setup.y, k),
                 (SvgFont){.size = 11, .anchor = SVG_END, .fill = SVG_GREY});
    }
    svg_text(&c->svg, 15, c->top + c->height / 2, c->setup.y_label, (SvgFont){.anchor = SVG_MIDDLE, .upwards = true});
}

static void draw_rows(Chart *c)
{
    for (int k = 0; k < c->setup.n_row; k++)
        svg_text(&c->svg, c->left - 10, chart_row(c, k) + 4, c->setup.row[k], (SvgFont){.anchor = SVG_END});
}

void chart_open(Chart *c, const ChartSetup *setup)
{
    *c = (Chart){.setup = *setup, .left = left_of(setup), .top = setup->has_legend ? 52 : 34};
    c->legend_x = c->left;
    c->width = setup->width > 0 ? setup->width : 320;
    c->height = setup->height > 0 ? setup->height : setup->n_row ? CHART_ROW * setup->n_row : 260;
    const double right = setup->right > 0 ? setup->right : 16;
    svg_open(&c->svg, c->left + c->width + right, c->top + c->height + 48, setup->title);
    svg_text(&c->svg, setup->n_row ? 10 : c->left, 20, setup->title, (SvgFont){.size = 13, .bold = true});
    draw_x_axis(c);
    if (setup->n_row)
        draw_rows(c);
    else
        draw_y_axis(c);
    svg_rect(&c->svg, c->left, c->top, c->width, c->height, frame);
}

double chart_x(const Chart *c, double value)
{
    return c->left + c->width * scale_share(&c->setup.x, value);
}

double chart_y(const Chart *c, double value)
{
    return c->top + c->height * (1 - scale_share(&c->setup.y, value));
}

double chart_row(const Chart *c, int row)
{
    return c->top + c->height * (row + 0.5) / c->setup.n_row;
}

void chart_line(Chart *c, const double *x, const double *y, int n, SvgStyle style)
{
    for (int i = 0, next; i < n; i = next + 1) {
        svg_path_begin(&c->svg);
        for (next = i; next < n && !isnan(x[next]) && !isnan(y[next]); next++)
            svg_path_to(&c->svg, chart_x(c, x[next]), chart_y(c, y[next]));
        svg_path_end(&c->svg, false, style);
    }
}

void chart_band(Chart *c, const double *x, const double *low, const double *high, int n, SvgStyle style)
{
    svg_path_begin(&c->svg);
    for (int i = 0; i < n; i++)
        if (!isnan(high[i])) svg_path_to(&c->svg, chart_x(c, x[i]), chart_y(c, high[i]));
    for (int i = n - 1; i >= 0; i--)
        if (!isnan(low[i])) svg_path_to(&c->svg, chart_x(c, x[i]), chart_y(c, low[i]));
    svg_path_end(&c->svg, true, style);
}

void chart_note(Chart *c, double x, double y, const char *note)
{
    svg_circle(&c->svg, chart_x(c, x), chart_y(c, y), 5, (SvgStyle){.fill = "#fff", .opacity = 0.01, .note = note});
}

void chart_legend(Chart *c, const char *text, SvgStyle line)
{
    const double x = c->legend_x, y = c->top - 14;
    if (line.stroke)
        svg_line(&c->svg, x, y, x + 20, y, line);
    else
        svg_rect(&c->svg, x, y - 5, 20, 10, line);
    svg_text(&c->svg, x + 26, y + 4, text, (SvgFont){.size = 11});
    c->legend_x += 26 + LETTER * letters(text) + 18;
}

Status chart_close(char **svg, Chart *c)
{
    return svg_close(svg, &c->svg);
}
