/* SPDX-License-Identifier: MIT
 *
 * svg.h: drawings as SVG 1.1: lines, paths, rectangles, circles and texts with styles as attributes, so that a drawing looks
 * the same inside a page and as a file. Lengths are pixels, x to the right, y downwards. A drawing refers to nothing outside, and
 * its bytes depend on its arguments alone.
 *
 *     Svg svg;
 *     svg_open(&svg, 420, 300, "ROC curve");
 *     svg_line(&svg, 0, 0, 420, 300, (SvgStyle){.stroke = "#222", .width = 1});
 *     TRY(svg_close(&text, &svg));
 */
#ifndef HOPSACK_SVG_H
#define HOPSACK_SVG_H

#include "study/markup.h"

#include <stdbool.h>

/* Colours that colour-blind readers tell apart (Okabe and Ito 2008), and greys. */
#define SVG_INK    "#1f2328"
#define SVG_GREY   "#6b7280"
#define SVG_PALE   "#d5d9de"
#define SVG_BLUE   "#0072b2"
#define SVG_ORANGE "#d55e00"
#define SVG_GREEN  "#007a5a"
#define SVG_PINK   "#b5548c"

typedef struct {
    Markup markup;
    double width, height;
    bool is_started; /* a point of the path has been written */
} Svg;

/* Text members are our own words, but for note. */
typedef struct {
    const char *stroke, *fill; /* colours; NULL: none */
    double width;              /* of the stroke; 0: 1 */
    double opacity;            /* 0: 1 */
    const char *dash;          /* "4 3"; NULL: a full line */
    const char *note;          /* shown by a browser under the pointer; escaped; NULL: none */
} SvgStyle;

typedef enum { SVG_START, SVG_MIDDLE, SVG_END } SvgAnchor;

typedef struct {
    double size;      /* 0: 12 */
    SvgAnchor anchor; /* where x is */
    const char *fill; /* NULL: SVG_INK */
    bool bold;
    bool upwards; /* turned by a quarter against the clock */
} SvgFont;

/* `title`: read aloud in place of the drawing; escaped. */
void svg_open(Svg *svg, double width, double height, const char *title);
void svg_line(Svg *svg, double x1, double y1, double x2, double y2, SvgStyle style);
void svg_rect(Svg *svg, double x, double y, double width, double height, SvgStyle style);
void svg_circle(Svg *svg, double x, double y, double radius, SvgStyle style);
void svg_text(Svg *svg, double x, double y, const char *text, SvgFont font);

/* A path: begin, points, end. Without a point nothing is drawn. */
void svg_path_begin(Svg *svg);
void svg_path_to(Svg *svg, double x, double y);
void svg_path_end(Svg *svg, bool closed, SvgStyle style);

/* Path data of our own in a box of 100 by 100, stretched to the box given. */
void svg_glyph(Svg *svg, const char *path, double x, double y, double width, double height, const char *fill);

Status svg_close(char **text, Svg *svg); /* *text: the caller's to free; ERR_MEMORY */

#endif
