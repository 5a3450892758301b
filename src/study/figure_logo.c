/* SPDX-License-Identifier: MIT */
#include "study/figure_logo.h"
#include "core/file.h"
#include "study/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_WIDTH 26.0
#define PLOT_HEIGHT  120.0
#define LEFT         46.0
#define TOP          30.0
#define BOTTOM       26.0
#define SMALLEST     0.5 /* pixels of a letter that is drawn */
#define NOTED        4   /* residues of a note */
#define MOST_BITS    100

typedef struct {
    char letter;
    const char *fill; /* hydrophobic, polar, amide, basic, acidic */
    const char *path; /* in a box of 100 by 100 */
} Residue;

static const Residue residues[FIGURE_LOGO_LETTERS] = {
    {'A', SVG_INK, "M0 100L36 0H64L100 100H76L69 78H31L24 100ZM37 59H63L50 19Z"},
    {'C', SVG_GREEN,
     "M100 33C97 12 77 0 51 0C20 0 0 19 0 50C0 81 20 100 51 100C78 100 97 87 100 65H76C73 75 64 80 51 80C34 80 24 69 "
     "24 "
     "50C24 31 34 20 51 20C64 20 73 25 76 33Z"},
    {'D', SVG_ORANGE,
     "M0 0H46C81 0 100 18 100 50C100 82 81 100 46 100H0ZM24 20V80H44C66 80 76 70 76 50C76 30 66 20 44 20Z"},
    {'E', SVG_ORANGE, "M0 0H100V20H26V39H90V59H26V80H100V100H0Z"},
    {'F', SVG_INK, "M0 0H100V20H26V41H88V61H26V100H0Z"},
    {'G', SVG_GREEN,
     "M100 31C96 11 77 0 51 0C20 0 0 19 0 50C0 81 20 100 51 100C76 100 93 92 100 80V45H54V63H77V73C71 78 62 80 52 "
     "80C34 "
     "80 24 69 24 50C24 31 34 20 51 20C64 20 73 24 76 31Z"},
    {'H', SVG_BLUE, "M0 0H25V39H75V0H100V100H75V59H25V100H0Z"},
    {'I', SVG_INK, "M8 0H92V18H63V82H92V100H8V82H37V18H8Z"},
    {'K', SVG_BLUE, "M0 0H25V38L69 0H100L53 42L100 100H69L36 57L25 67V100H0Z"},
    {'L', SVG_INK, "M0 0H26V80H100V100H0Z"},
    {'M', SVG_INK, "M0 0H27L50 58L73 0H100V100H77V40L58 88H42L23 40V100H0Z"},
    {'N', SVG_PINK, "M0 0H26L76 63V0H100V100H75L24 36V100H0Z"},
    {'P', SVG_INK,
     "M0 0H56C84 0 100 12 100 33C100 54 84 66 56 66H26V100H0ZM26 19V47H53C68 47 75 42 75 33C75 24 68 19 53 19Z"},
    {'Q', SVG_PINK,
     "M50 0C80 0 100 18 100 48C100 61 96 72 89 80L100 89L87 100L73 90C66 94 58 96 50 96C20 96 0 78 0 48C0 18 20 0 50 "
     "0ZM50 19C34 19 24 30 24 48C24 66 34 77 50 77C66 77 76 66 76 48C76 30 66 19 50 19Z"},
    {'R', SVG_BLUE,
     "M0 0H58C85 0 99 10 99 30C99 44 91 53 77 57L100 100H72L52 60H26V100H0ZM26 19V42H55C68 42 74 38 74 30C74 22 68 "
     "19 "
     "55 19Z"},
    {'S', SVG_GREEN,
     "M94 30C91 10 75 0 50 0C22 0 4 11 4 30C4 48 18 55 46 60C67 63 74 66 74 72C74 78 66 81 52 81C35 81 26 76 24 "
     "67H0C2 88 20 100 51 100C82 100 100 89 100 70C100 52 86 44 58 39C37 36 29 33 29 28C29 22 37 19 49 19C62 19 69 "
     "23 "
     "71 30Z"},
    {'T', SVG_GREEN, "M0 0H100V20H63V100H37V20H0Z"},
    {'V', SVG_INK, "M0 0H27L50 71L73 0H100L64 100H36Z"},
    {'W', SVG_INK, "M0 0H22L32 64L43 8H57L68 64L78 0H100L82 100H60L50 48L40 100H18Z"},
    {'Y', SVG_GREEN, "M0 0H28L50 38L72 0H100L63 60V100H37V60Z"},
};

double figure_logo_bits(const double *p, const double *background)
{
    double bits = 0;
    for (int a = 0; a < FIGURE_LOGO_LETTERS; a++) {
        const double q = background ? background[a] : 1.0 / FIGURE_LOGO_LETTERS;
        if (p[a] > 0 && q > 0) bits += p[a] * log2(p[a] / q);
    }
    return bits > 0 ? bits : 0;
}

static Status check_shares(const double *p, const char *what)
{
    double sum = 0;
    for (int a = 0; a < FIGURE_LOGO_LETTERS; a++) {
        if (!(p[a] >= 0 && p[a] <= 1 + 1e-9))
            return fail(ERR_FORMAT, "%s holds a share that is not from 0 to 1", what);
        sum += p[a];
    }
    return fabs(sum - 1) <= 0.01 ? OK : fail(ERR_FORMAT, "%s has the sum %.3g, not 1", what, sum);
}

static const double *background_of(const FigureLogo *logo, int t)
{
    return logo->by_position ? logo->background + t * FIGURE_LOGO_LETTERS : logo->background;
}

static double bits_of(const FigureLogo *logo, int t)
{
    if (logo->bits) return logo->bits[t];
    return figure_logo_bits(logo->probability + t * FIGURE_LOGO_LETTERS, background_of(logo, t));
}

static Status check(const FigureLogo *logo)
{
    if (logo->n < 1 || logo->n > FIGURE_LOGO_MOST)
        return fail(ERR_FORMAT, "a logo has 1 to %d positions, not %d", FIGURE_LOGO_MOST, logo->n);
    for (int t = 0; logo->background && t < (logo->by_position ? logo->n : 1); t++)
        TRY(check_shares(background_of(logo, t), "the background of a logo"));
    for (int t = 0; t < logo->n; t++) {
        TRY(check_shares(logo->probability + t * FIGURE_LOGO_LETTERS, "a position of a logo"));
        if (logo->bits && !(logo->bits[t] >= 0 && logo->bits[t] <= MOST_BITS))
            return fail(ERR_FORMAT, "the information of a position of a logo is not from 0 to %d bits", MOST_BITS);
    }
    return OK;
}

/* ---- drawing ---- */

/* Bits at the top of the axis: that of a single letter, or more where the background makes some letters rare. */
static double top_bits(const FigureLogo *logo)
{
    double top = log2(FIGURE_LOGO_LETTERS);
    for (int t = 0; t < logo->n; t++) top = fmax(top, bits_of(logo, t));
    return top;
}

/* Letters from the rarest, of equal ones in the order of the alphabet. */
static void sort_letters(int order[FIGURE_LOGO_LETTERS], const double *p)
{
    for (int a = 0; a < FIGURE_LOGO_LETTERS; a++) {
        int at = a;
        for (; at > 0 && p[order[at - 1]] > p[a]; at--) order[at] = order[at - 1];
        order[at] = a;
    }
}

static void draw_position(Svg *svg, const double *p, double bits, double x, double per_bit)
{
    int order[FIGURE_LOGO_LETTERS];
    double y = TOP + PLOT_HEIGHT;
    sort_letters(order, p);
    for (int k = 0; k < FIGURE_LOGO_LETTERS; k++) {
        const int a = order[k];
        const double height = p[a] * bits * per_bit;
        y -= height;
        if (height < SMALLEST) continue;
        svg_glyph(svg, residues[a].path, x + 1.5, y, COLUMN_WIDTH - 3, height, residues[a].fill);
    }
}

static void draw_axis(Svg *svg, double top, double per_bit)
{
    const SvgStyle axis = {.stroke = SVG_GREY};
    char number[16];
    svg_line(svg, LEFT - 4, TOP, LEFT - 4, TOP + PLOT_HEIGHT, axis);
    for (int bits = 0; bits <= (int)top; bits++) {
        const double y = TOP + PLOT_HEIGHT - bits * per_bit;
        svg_line(svg, LEFT - 8, y, LEFT - 4, y, axis);
        snprintf(number, sizeof number, "%d", bits);
        svg_text(svg, LEFT - 12, y + 4, number, (SvgFont){.size = 11, .anchor = SVG_END, .fill = SVG_GREY});
    }
    svg_text(svg, 14, TOP + PLOT_HEIGHT / 2, "bits",
             (SvgFont){.anchor = SVG_MIDDLE, .upwards = true, .fill = SVG_GREY});
}

/* "position 3, 2.10 bits: S 0.98, T 0.01": the most probable residues. */
static void describe(char *note, size_t room, const double *p, int position, double bits)
{
    int order[FIGURE_LOGO_LETTERS], n = snprintf(note, room, "position %d, %.2f bits:", position, bits);
    sort_letters(order, p);
    for (int k = FIGURE_LOGO_LETTERS - 1; k >= FIGURE_LOGO_LETTERS - NOTED; k--)
        if (p[order[k]] >= 0.005)
            n += snprintf(note + n, room - (size_t)n, "%s %c %.2f", k + 1 < FIGURE_LOGO_LETTERS ? "," : "",
                          residues[order[k]].letter, p[order[k]]);
}

static void draw(Svg *svg, const FigureLogo *logo)
{
    const double top = top_bits(logo), per_bit = PLOT_HEIGHT / top;
    char number[16], note[160];
    svg_text(svg, LEFT - 4, 17, logo->title, (SvgFont){.size = 13, .bold = true});
    draw_axis(svg, top, per_bit);
    for (int t = 0; t < logo->n; t++) {
        const double *p = logo->probability + t * FIGURE_LOGO_LETTERS, x = LEFT + t * COLUMN_WIDTH;
        const double bits = bits_of(logo, t);
        draw_position(svg, p, bits, x, per_bit);
        describe(note, sizeof note, p, logo->first + t, bits);
        svg_rect(svg, x, TOP, COLUMN_WIDTH, PLOT_HEIGHT, (SvgStyle){.fill = "#fff", .opacity = 0.01, .note = note});
        snprintf(number, sizeof number, "%d", logo->first + t);
        svg_text(svg, x + COLUMN_WIDTH / 2, TOP + PLOT_HEIGHT + 17, number,
                 (SvgFont){.size = 11, .anchor = SVG_MIDDLE, .fill = SVG_GREY});
    }
}

Status figure_logo_svg(char **svg, const FigureLogo *logo)
{
    Svg drawing;
    *svg = NULL;
    TRY(check(logo));
    const double of_title = 7.5 * (double)strlen(logo->title), of_letters = logo->n * COLUMN_WIDTH;
    svg_open(&drawing, LEFT + fmax(of_letters, of_title) + 10, TOP + PLOT_HEIGHT + BOTTOM, logo->title);
    draw(&drawing, logo);
    return svg_close(svg, &drawing);
}

/* ---- numbers ---- */

void figure_logo_list(Markup *table, const FigureLogo *logo)
{
    char share[NUMBER_ROOM], height[NUMBER_ROOM];
    markup_raw(table, "position\tresidue\tprobability\tbits\n");
    for (int t = 0; t < logo->n; t++) {
        const double *p = logo->probability + t * FIGURE_LOGO_LETTERS;
        const double bits = bits_of(logo, t);
        for (int a = 0; a < FIGURE_LOGO_LETTERS; a++)
            if (p[a] > 0)
                markup_printf(table, "%d\t%c\t%s\t%s\n", logo->first + t, residues[a].letter,
                              number_text(share, p[a]), number_text(height, p[a] * bits));
    }
}

/* ---- files ---- */

Status figure_logo_write(const char *path, const FigureLogo *logo, bool force)
{
    char *svg = NULL, *numbers = NULL, beside[PATH_ROOM];
    Markup table;
    Status status;
    const size_t n = strlen(path);
    if (!path_ends(path, ".svg") || n >= sizeof beside)
        return fail(ERR_USAGE, "%.60s: a logo's file ends in .svg, and its path has less than %d bytes", path,
                    PATH_ROOM);
    snprintf(beside, sizeof beside, "%.*s.tsv", (int)(n - 4), path);
    TRY(figure_logo_svg(&svg, logo));
    markup_open(&table);
    figure_logo_list(&table, logo);
    TRY_DONE(markup_close(&numbers, &table));
    TRY_DONE(file_write_whole(path, svg, strlen(svg), force));
    TRY_DONE(file_write_whole(beside, numbers, strlen(numbers), force));
done:
    free(svg);
    free(numbers);
    return status;
}
