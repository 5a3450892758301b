/* SPDX-License-Identifier: MIT
 *
 *            0      1      2       head
 *   layer0 [ 96 ][ 95 ][ 12 ]      median of k; below it a line from the 10 % to the 90 % quantile of k/n, a dot at the median
 */
#include "study/headplot.h"
#include "core/file.h"
#include "study/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL   46.0
#define ROW    34.0
#define TOP    66.0
#define MARGIN 16.0
#define INSET  5.0 /* of the line in its cell */
#define LETTER 6.6 /* pixels of one, of a name */

static const char *const fill_of[] = {"", "#eceff2", "#cfe0ee", "#8fbbdc", "#3f86bb"}; /* by DynamicsClass */
static const char *const name_of[] = {"", "I: k > n/2", "II: > n/8", "III: > n/32", "IV"};

static double left_of(const Heads *heads)
{
    size_t longest = 0;
    for (int k = 0; k < heads->n; k++)
        if (strlen(heads->layer[k].name) > longest) longest = strlen(heads->layer[k].name);
    return MARGIN + LETTER * (double)longest + 10;
}

static int64_t most_heads(const Heads *heads)
{
    int64_t most = 0;
    for (int k = 0; k < heads->n; k++)
        if (heads->layer[k].n_head > most) most = heads->layer[k].n_head;
    return most;
}

static void draw_legend(Svg *svg)
{
    for (int kind = DYNAMICS_I; kind <= DYNAMICS_IV; kind++) {
        const double x = MARGIN + 92 * (kind - DYNAMICS_I);
        svg_rect(svg, x, 14, 12, 12, (SvgStyle){.fill = fill_of[kind], .stroke = SVG_PALE});
        svg_text(svg, x + 17, 24, name_of[kind], (SvgFont){.size = 11});
    }
}

static void draw_spread(Svg *svg, const HeadNumbers *h, double x, double y, const char *ink)
{
    const double width = CELL - 2 - 2 * INSET;
    svg_line(svg, x + INSET, y + 25, x + INSET + width, y + 25,
             (SvgStyle){.stroke = ink, .width = 0.6, .opacity = 0.35});
    svg_line(svg, x + INSET + width * h->share[0], y + 25, x + INSET + width * h->share[2], y + 25,
             (SvgStyle){.stroke = ink, .width = 2});
    svg_circle(svg, x + INSET + width * h->share[1], y + 25, 3, (SvgStyle){.fill = ink});
}

static void draw_head(Svg *svg, const HeadLayer *layer, const HeadNumbers *h, double x, double y)
{
    char note[400], k[32];
    const char *ink = h->kind == DYNAMICS_IV ? "#fff" : SVG_INK;
    snprintf(
        note, sizeof note,
        "%.120s, head %d: k %g (10 %% %g, 90 %% %g) of %lld keys, entropy %.3f, largest weight %.3f; Gaussian: mean "
        "%.3g, sd %.3g, L1 %.3f",
        layer->name, h->head, h->k[1], h->k[0], h->k[2], (long long)layer->n_key, h->entropy, h->largest,
        h->gauss.mean, h->gauss.sd, h->gauss.l1);
    snprintf(k, sizeof k, "%g", h->k[1]);
    svg_rect(svg, x, y, CELL - 2, ROW - 2, (SvgStyle){.fill = fill_of[h->kind], .note = note});
    svg_text(svg, x + CELL / 2 - 1, y + 15, k, (SvgFont){.size = 11, .anchor = SVG_MIDDLE, .fill = ink});
    draw_spread(svg, h, x, y, ink);
}

static void draw(Svg *svg, const Heads *heads, double left)
{
    draw_legend(svg);
    svg_text(svg, left, TOP - 24, "head", (SvgFont){.size = 11, .fill = SVG_GREY});
    for (int64_t h = 0; h < most_heads(heads); h++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)h);
        svg_text(svg, left + CELL * ((double)h + 0.5) - 1, TOP - 8, number,
                 (SvgFont){.size = 11, .anchor = SVG_MIDDLE, .fill = SVG_GREY});
    }
    for (int k = 0; k < heads->n; k++) {
        const double y = TOP + ROW * k;
        svg_text(svg, left - 8, y + 20, heads->layer[k].name, (SvgFont){.size = 11, .anchor = SVG_END});
        for (int64_t h = 0; h < heads->layer[k].n_head; h++)
            draw_head(svg, &heads->layer[k], &heads->layer[k].head[h], left + CELL * (double)h, y);
    }
}

Status headplot_write(const char *path, const Heads *heads, bool force)
{
    Svg svg;
    char *text;
    const double left = left_of(heads), width = left + CELL * (double)most_heads(heads) + MARGIN;
    svg_open(&svg, fmax(width, 400), TOP + ROW * heads->n + MARGIN,
             "Keys that hold 90 % of the weight, median of each head, by layer");
    draw(&svg, heads, left);
    TRY(svg_close(&text, &svg));
    const Status status = file_write_whole(path, text, strlen(text), force);
    free(text);
    return status;
}
