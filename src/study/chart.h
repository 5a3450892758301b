/* SPDX-License-Identifier: MIT
 *
 * chart.h: a figure with two axes: frame, ticks, labels, legend, and lines, bands and points at values of the axes.
 */
#ifndef HOPSACK_CHART_H
#define HOPSACK_CHART_H

#include "study/scale.h"
#include "study/svg.h"

#define CHART_ROW 22.0 /* pixels of a row, where the y axis has rows with names */

typedef struct {
    const char *title, *x_label, *y_label;
    Scale x, y;
    int n_row;        /* > 0: the y axis has rows instead of numbers, from the top */
    const char **row; /* [n_row] their names */
    double width;     /* of the plot in pixels; 0: 320 */
    double height;    /* 0: 260, or by rows */
    double right;     /* pixels beside the plot, for numbers; 0: 16 */
    bool no_ticks;    /* of the x axis */
    bool has_legend;  /* in a line above the plot */
} ChartSetup;

typedef struct {
    Svg svg;
    ChartSetup setup;
    double left, top, width, height; /* of the plot */
    double legend_x;                 /* of the next entry */
} Chart;

void chart_open(Chart *c, const ChartSetup *setup);
double chart_x(const Chart *c, double value);
double chart_y(const Chart *c, double value);
double chart_row(const Chart *c, int row); /* middle of a row */

/* n points at x, y [n]. A line is broken where one of them is NaN. */
void chart_line(Chart *c, const double *x, const double *y, int n, SvgStyle style);
void chart_band(Chart *c, const double *x, const double *low, const double *high, int n, SvgStyle style);

/* A note that a browser shows where the pointer is near the point: 5 pixels, without a mark. */
void chart_note(Chart *c, double x, double y, const char *note);

/* An entry of the legend, from the left. */
void chart_legend(Chart *c, const char *text, SvgStyle line);

Status chart_close(char **svg, Chart *c);

#endif
