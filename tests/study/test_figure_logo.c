/* SPDX-License-Identifier: MIT
 *
 * test_figure_logo.c: information by hand; heights and order of the letters; shares that are none.
 */
#include "study/figure_logo.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE study_figure_logo

Test(SUITE, information_by_hand)
{
    double p[20] = {[3] = 1}, even[20], q[20], half[20] = {[0] = 0.5, [1] = 0.5};
    for (int a = 0; a < 20; a++) even[a] = 0.05;
    cr_expect_float_eq(figure_logo_bits(p, NULL), log2(20), 1e-12);
    cr_expect_float_eq(figure_logo_bits(even, NULL), 0, 1e-12);
    cr_expect_float_eq(figure_logo_bits(half, NULL), log2(20) - 1, 1e-12);
    for (int a = 0; a < 20; a++) q[a] = a == 3 ? 0.24 : 0.04;
    cr_expect_float_eq(figure_logo_bits(p, q), log2(1 / 0.24), 1e-12);
    cr_expect_float_eq(figure_logo_bits(even, q), 0.05 * log2(0.05 / 0.24) + 19 * 0.05 * log2(0.05 / 0.04), 1e-12);
}

/* Heights of the glyphs in pixels, in the order drawn: from the rarest below to the most frequent on top. */
static int heights(double *out, int most, const char *svg)
{
    int n = 0;
    for (const char *at = strstr(svg, "scale("); at && n < most; at = strstr(at + 1, "scale(")) {
        double x;
        cr_assert_eq(sscanf(at, "scale(%lf %lf)", &x, &out[n]), 2);
        out[n++] *= 100;
    }
    return n;
}

Test(SUITE, letters_have_their_share_of_the_bits)
{
    char *svg;
    double p[40] = {[0] = 0.25, [1] = 0.75, [20 + 5] = 1}, height[8];
    cr_assert_eq(figure_logo_svg(&svg, &(FigureLogo){.title = "m", .probability = p, .n = 2, .first = 1}), OK);
    cr_assert_eq(heights(height, 8, svg), 3);
    const double per_bit = 120 / log2(20), bits = log2(20) + 0.25 * log2(0.25) + 0.75 * log2(0.75);
    cr_expect_float_eq(height[0], 0.25 * bits * per_bit, 0.01);
    cr_expect_float_eq(height[1], 0.75 * bits * per_bit, 0.01);
    cr_expect_float_eq(height[2], 120, 0.01);
    free(svg);
}

/* The second position is as its own background has it. */
Test(SUITE, backgrounds_by_position)
{
    char *svg;
    double p[40] = {[0] = 1, [20 + 5] = 0.5, [20 + 6] = 0.5}, height[8];
    double background[40] = {[0] = 0.25, [1] = 0.75, [20 + 5] = 0.5, [20 + 6] = 0.5};
    const FigureLogo logo = {
        .title = "m", .probability = p, .n = 2, .background = background, .by_position = true, .first = 1};
    cr_assert_eq(figure_logo_svg(&svg, &logo), OK);
    cr_assert_eq(heights(height, 8, svg), 1);
    cr_expect_float_eq(height[0], 2 * 120 / log2(20), 0.01);
    free(svg);
    background[20 + 5] = 1;
    cr_expect_eq(figure_logo_svg(&svg, &logo), ERR_FORMAT);
}

/* Given information is drawn as it is. */
Test(SUITE, bits_that_are_given)
{
    char *svg;
    double p[40] = {[0] = 1, [20 + 5] = 0.5, [20 + 6] = 0.5}, height[8], bits[2] = {1.5, 3};
    const FigureLogo logo = {.title = "m", .probability = p, .n = 2, .bits = bits, .first = 1};
    cr_assert_eq(figure_logo_svg(&svg, &logo), OK);
    cr_assert_eq(heights(height, 8, svg), 3);
    cr_expect_float_eq(height[0], 1.5 * 120 / log2(20), 0.01);
    cr_expect_float_eq(height[1], 1.5 * 120 / log2(20), 0.01);
    free(svg);
    bits[1] = (double)NAN;
    cr_expect_eq(figure_logo_svg(&svg, &logo), ERR_FORMAT);
}

static Status status_of(double value, int n)
{
    char *svg;
    double p[(FIGURE_LOGO_MOST + 1) * 20];
    for (int t = 0; t <= FIGURE_LOGO_MOST; t++)
        for (int a = 0; a < 20; a++) p[t * 20 + a] = 0.05;
    p[7] = value;
    const Status status = figure_logo_svg(&svg, &(FigureLogo){.title = "m", .probability = p, .n = n});
    free(svg);
    return status;
}

Test(SUITE, shares_that_are_none)
{
    cr_expect_eq(status_of(0.05, 3), OK);
    cr_expect_eq(status_of(-0.05, 3), ERR_FORMAT);
    cr_expect_eq(status_of(0.5, 3), ERR_FORMAT);
    cr_expect_eq(status_of((double)NAN, 3), ERR_FORMAT);
    cr_expect_eq(status_of((double)INFINITY, 3), ERR_FORMAT);
    cr_expect_eq(status_of(0.05, 0), ERR_FORMAT);
    cr_expect_eq(status_of(0.05, FIGURE_LOGO_MOST), OK);
    cr_expect_eq(status_of(0.05, FIGURE_LOGO_MOST + 1), ERR_FORMAT);
}
