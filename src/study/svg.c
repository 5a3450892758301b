/* SPDX-License-Identifier: MIT */
#include "study/svg.h"

void svg_open(Svg *svg, double width, double height, const char *title)
{
    Markup *m = &svg->markup;
    svg->width = width;
    svg->height = height;
    svg->is_started = false;
    markup_open(m);
    markup_raw(m, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"");
    markup_text(m, title);
    markup_raw(m, "\" viewBox=\"0 0 ");
    markup_length(m, width);
    markup_raw(m, " ");
    markup_length(m, height);
    markup_raw(m, "\" width=\"");
    markup_length(m, width);
    markup_raw(m, "\" height=\"");
    markup_length(m, height);
    markup_raw(m, "\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>");
    markup_text(m, title);
    markup_raw(m, "</title>\n");
    svg_rect(svg, 0, 0, width, height, (SvgStyle){.fill = "#fff"});
}

/* ---- attributes ---- */

static void write_length(Svg *svg, const char *name, double value)
{
    markup_printf(&svg->markup, " %s=\"", name);
    markup_length(&svg->markup, value);
    markup_raw(&svg->markup, "\"");
}

static void write_style(Svg *svg, SvgStyle style)
{
    Markup *m = &svg->markup;
    markup_printf(m, " fill=\"%s\"", style.fill ? style.fill : "none");
    if (style.stroke) markup_printf(m, " stroke=\"%s\"", style.stroke);
    if (style.stroke && style.width > 0) write_length(svg, "stroke-width", style.width);
    if (style.stroke && style.dash) markup_printf(m, " stroke-dasharray=\"%s\"", style.dash);
    if (style.opacity > 0) write_length(svg, "opacity", style.opacity);
}

/* Ends the tag `name` with its attributes. */
static void end_tag(Svg *svg, const char *name, SvgStyle style)
{
    Markup *m = &svg->markup;
    write_style(svg, style);
    if (style.note) {
        markup_raw(m, "><title>");
        markup_text(m, style.note);
        markup_printf(m, "</title></%s>\n", name);
    } else
        markup_raw(m, "/>\n");
}

/* ---- shapes ---- */

void svg_line(Svg *svg, double x1, double y1, double x2, double y2, SvgStyle style)
{
    markup_raw(&svg->markup, "<line");
    write_length(svg, "x1", x1);
    write_length(svg, "y1", y1);
    write_length(svg, "x2", x2);
    write_length(svg, "y2", y2);
    end_tag(svg, "line", style);
}

void svg_rect(Svg *svg, double x, double y, double width, double height, SvgStyle style)
{
    markup_raw(&svg->markup, "<rect");
    write_length(svg, "x", x);
    write_length(svg, "y", y);
    write_length(svg, "width", width > 0 ? width : 0);
    write_length(svg, "height", height > 0 ? height : 0);
    end_tag(svg, "rect", style);
}

void svg_circle(Svg *svg, double x, double y, double radius, SvgStyle style)
{
    markup_raw(&svg->markup, "<circle");
    write_length(svg, "cx", x);
    write_length(svg, "cy", y);
    write_length(svg, "r", radius);
    end_tag(svg, "circle", style);
}

void svg_text(Svg *svg, double x, double y, const char *text, SvgFont font)
{
    static const char *const anchor[] = {[SVG_START] = "start", [SVG_MIDDLE] = "middle", [SVG_END] = "end"};
    Markup *m = &svg->markup;
    markup_raw(m, "<text");
    write_length(svg, "x", x);
    write_length(svg, "y", y);
    write_length(svg, "font-size", font.size > 0 ? font.size : 12);
    markup_printf(m, " fill=\"%s\" text-anchor=\"%s\"", font.fill ? font.fill : SVG_INK, anchor[font.anchor]);
    if (font.bold) markup_raw(m, " font-weight=\"bold\"");
    if (font.upwards) {
        markup_raw(m, " transform=\"rotate(-90 ");
        markup_length(m, x);
        markup_raw(m, " ");
        markup_length(m, y);
        markup_raw(m, ")\"");
    }
    markup_raw(m, ">");
    markup_text(m, text);
    markup_raw(m, "</text>\n");
}

/* ---- paths ---- */

void svg_path_begin(Svg *svg)
{
    svg->is_started = false;
}

void svg_path_to(Svg *svg, double x, double y)
{
    Markup *m = &svg->markup;
    markup_raw(m, svg->is_started ? "L" : "<path d=\"M");
    markup_length(m, x);
    markup_raw(m, " ");
    markup_length(m, y);
    svg->is_started = true;
}

void svg_path_end(Svg *svg, bool closed, SvgStyle style)
{
    Markup *m = &svg->markup;
    if (!svg->is_started) return;
    markup_raw(m, closed ? "Z\"" : "\"");
    if (!closed) markup_raw(m, " stroke-linejoin=\"round\"");
    end_tag(svg, "path", style);
    svg->is_started = false;
}

void svg_glyph(Svg *svg, const char *path, double x, double y, double width, double height, const char *fill)
{
    Markup *m = &svg->markup;
    if (width <= 0 || height <= 0) return;
    markup_raw(m, "<path transform=\"translate(");
    markup_length(m, x);
    markup_raw(m, " ");
    markup_length(m, y);
    markup_printf(m, ") scale(%.5f %.5f)\" fill-rule=\"evenodd\" fill=\"%s\" d=\"%s\"/>\n", width / 100, height / 100,
                  fill, path);
}

Status svg_close(char **text, Svg *svg)
{
    markup_raw(&svg->markup, "</svg>\n");
    return markup_close(text, &svg->markup);
}
