/* SPDX-License-Identifier: MIT */
#include "study/page.h"
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    ":root{--ink:#1f2328;--soft:#57606a;--line:#d0d7de;--paper:#fff;--box:#f6f8fa;--alarm:#b3261e;--link:#0a5ea8}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.55 \"Helvetica Neue\",Helvetica,Arial,sans-serif}\n"
    "h1{font-size:1.7rem;line-height:1.25;margin:0 0 .25rem}\n"
    "h2{font-size:1.25rem;margin:2.6rem 0 .7rem;padding-top:.7rem;border-top:2px solid var(--ink)}\n"
    "h3{font-size:1.02rem;margin:1.5rem 0 .4rem}\n"
    "p,ul{margin:.5rem 0;max-width:46rem}\n"
    "a{color:var(--link)}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;padding:0;font-size:.9rem;max-width:none}\n"
    ".soft,figcaption,caption{color:var(--soft);font-size:.88rem}\n"
    ".answer{font-size:1.3rem;line-height:1.4;margin:.3rem 0;max-width:none}\n"
    ".answer strong{font-size:2.1rem;letter-spacing:-.01em}\n"
    ".alarm{border-left:4px solid var(--alarm);padding:.35rem .8rem;color:var(--alarm);font-weight:600}\n"
    ".missing{border-left:4px solid var(--line);padding:.35rem .8rem;color:var(--soft)}\n"
    ".wide{overflow-x:auto;margin:.8rem 0}\n"
    "table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;padding-bottom:.35rem}\n"
    "th,td{padding:.28rem .75rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;"
    "overflow-wrap:break-word}\n"
    "td:not(.n),tbody th{min-width:4.5rem}\n"
    "thead th{border-bottom:2px solid var(--ink)}\n"
    "tbody th{font-weight:600}\n"
    ".n{text-align:right}\n"
    ".n,.read{white-space:nowrap}\n"
    "pre,code{font-family:ui-monospace,Menlo,Consolas,\"Liberation Mono\",monospace;font-size:.84rem}\n"
    "pre{background:var(--box);border:1px solid var(--line);border-radius:4px;padding:.6rem "
    ".8rem;white-space:pre-wrap;"
    "overflow-wrap:anywhere;margin:.5rem 0}\n"
    ".figures{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}\n"
    "figure{margin:.6rem 0;padding:.6rem;border:1px solid "
    "var(--line);border-radius:6px;background:#fff;max-width:100%}\n"
    "figure svg{max-width:100%;height:auto;display:block}\n"
    "figcaption{max-width:26rem;margin-top:.3rem;color:#57606a}\n"
    "details summary{cursor:pointer;margin:.8rem 0}\n"
    "blockquote{margin:.6rem 0;padding:.5rem 1rem;background:var(--box);border-left:4px solid "
    "var(--ink);max-width:46rem}\n"
    "@media "
    "(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#3d444d;--paper:#0d1117;--box:#161b22;"
    "--alarm:#ff8a80;--link:#79b8ff}}\n"
    "@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--box:#f4f4f4;--alarm:#a00;--link:#000}"
    "body{max-width:none;padding:0;font-size:10.5pt}nav{display:none}h2,h3{break-after:avoid}"
    "figure,tr,blockquote{break-inside:avoid}.wide{overflow:visible}}\n";

void page_open(Markup *m, const char *title)
{
    markup_raw(
        m, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
           "base-uri 'none'; form-action 'none'\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
           "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>");
    markup_text(m, title);
    markup_raw(m, "</title>\n<style>\n");
    markup_raw(m, style);
    markup_raw(m, "</style>\n</head>\n<body>\n<main>\n<section id=\"top\">\n<h1>");
    markup_text(m, title);
    markup_raw(m, "</h1>\n");
}

void page_close(Markup *m)
{
    markup_raw(m, "</section>\n</main>\n</body>\n</html>\n");
}

void page_section(Markup *m, const char *id, const char *heading)
{
    markup_printf(m,
                  "</section>\n<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">%s</h2>\n",
                  id, id, id, heading);
}

static void wrap(Markup *m, const char *before, const char *text, const char *after)
{
    markup_raw(m, before);
    markup_text(m, text);
    markup_raw(m, after);
}

void page_heading(Markup *m, const char *text)
{
    wrap(m, "<h3>", text, "</h3>\n");
}

void page_sentence(Markup *m, const char *text)
{
    wrap(m, "<p>", text, "</p>\n");
}

void page_alarm(Markup *m, const char *text)
{
    wrap(m, "<p class=\"alarm\">", text, "</p>\n");
}

void page_command(Markup *m, const char *command)
{
    wrap(m, "<pre><code>", command, "</code></pre>\n");
}

void page_lines(Markup *m, char *text)
{
    markup_raw(m, "<pre><code>");
    while (text && *text) wrap(m, "", strsep(&text, "\n"), "\n");
    markup_raw(m, "</code></pre>\n");
}

void page_missing(Markup *m, const char *text, const char *command)
{
    wrap(m, "<div class=\"missing\"><p>", text, "</p>\n");
    if (command) page_command(m, command);
    markup_raw(m, "</div>\n");
}

/* ---- tables ---- */

void page_table(Markup *m, const char *caption, const char *const *head, int n, int numbers)
{
    wrap(m, "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"", caption, "\">\n<table>\n");
    wrap(m, "<caption>", caption, "</caption>\n<thead><tr>");
    for (int k = 0; k < n; k++)
        wrap(m, k >= n - numbers ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">", head[k], "</th>");
    markup_raw(m, "</tr></thead>\n<tbody>");
}

void page_row(Markup *m)
{
    markup_raw(m, "\n<tr>");
}

void page_row_end(Markup *m)
{
    markup_raw(m, "</tr>");
}

void page_cell(Markup *m, const char *text)
{
    wrap(m, "<td>", text, "</td>");
}

void page_head_cell(Markup *m, const char *text)
{
    wrap(m, "<th scope=\"row\">", text, "</th>");
}

void page_read(Markup *m, const char *text, bool round)
{
    double value;
    char rounded[32];
    if (!number_read(&value, text)) {
        page_cell(m, text);
        return;
    }
    snprintf(rounded, sizeof rounded, "%.4g", value);
    wrap(m, "<td class=\"read\">", round ? rounded : text, "</td>");
}

void page_number(Markup *m, double value, int digits)
{
    if (isnan(value))
        markup_raw(m, "<td class=\"n\">–</td>");
    else
        markup_printf(m, "<td class=\"n\">%.*f</td>", digits, value);
}

void page_signed(Markup *m, double value)
{
    if (isnan(value))
        page_number(m, value, 3);
    else
        markup_printf(m, "<td class=\"n\">%+.3f</td>", value);
}

void page_interval(Markup *m, const double interval[2], bool sign)
{
    if (isnan(interval[0]) || isnan(interval[1]))
        markup_raw(m, "<td class=\"n\">–</td>");
    else
        markup_printf(m, sign ? "<td class=\"n\">%+.3f to %+.3f</td>" : "<td class=\"n\">%.3f to %.3f</td>",
                      interval[0], interval[1]);
}

void page_table_end(Markup *m)
{
    markup_raw(m, "\n</tbody></table>\n</div>\n");
}

/* ---- figures ---- */

static void write_figure(Markup *m, const Figure *f)
{
    markup_raw(m, "<figure>\n");
    markup_raw(m, f->svg);
    if (f->caption) wrap(m, "<figcaption>", f->caption, "</figcaption>\n");
    markup_raw(m, "</figure>\n");
}

void page_figures(Markup *m, const FigureList *list, int from)
{
    if (from >= list->n) return;
    markup_raw(m, "<div class=\"figures\">\n");
    for (int k = from; k < list->n; k++) write_figure(m, &list->figure[k]);
    markup_raw(m, "</div>\n");
}
