/* SPDX-License-Identifier: MIT
 *
 * test_svg.c: what shapes look like as text; the same bytes for the same calls.
 */
#include "study/svg.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SUITE study_svg

static char *draw(const char *title)
{
    Svg svg;
    char *text;
    svg_open(&svg, 100, 50.5, title);
    svg_line(&svg, 0, 1, 2.25, 3, (SvgStyle){.stroke = "#222", .width = 2, .dash = "4 3"});
    svg_circle(&svg, 5, 6, 2, (SvgStyle){.fill = "#000", .opacity = 0.5, .note = "<b>\"1\"</b>"});
    svg_text(&svg, 9, 8, "a < b", (SvgFont){.anchor = SVG_END, .upwards = true, .bold = true});
    svg_path_begin(&svg);
    svg_path_end(&svg, false, (SvgStyle){.stroke = "#f00"}); /* no point */
    svg_path_begin(&svg);
    svg_path_to(&svg, 1, 2);
    svg_path_to(&svg, 3, 4.125);
    svg_path_end(&svg, true, (SvgStyle){.fill = "#eee"});
    svg_glyph(&svg, "M0 0H100Z", 1, 2, 50, 25, "#123");
    svg_glyph(&svg, "M0 0H100Z", 1, 2, 0, 25, "#456"); /* no width */
    cr_assert_eq(svg_close(&text, &svg), OK);
    return text;
}

static void expect_in(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "%s lacks: %s", text, part);
}

Test(SUITE, shapes)
{
    char *text = draw("x");
    expect_in(text, "viewBox=\"0 0 100 50.5\"");
    expect_in(text, "<line x1=\"0\" y1=\"1\" x2=\"2.25\" y2=\"3\" fill=\"none\" stroke=\"#222\" stroke-width=\"2\" "
                    "stroke-dasharray=\"4 3\"/>");
    expect_in(text, "opacity=\"0.5\"><title>&lt;b&gt;&quot;1&quot;&lt;/b&gt;</title></circle>");
    expect_in(text, "text-anchor=\"end\" font-weight=\"bold\" transform=\"rotate(-90 9 8)\">a &lt; b</text>");
    expect_in(text, "<path d=\"M1 2L3 4.13Z\" fill=\"#eee\"/>");
    expect_in(text, "translate(1 2) scale(0.50000 0.25000)");
    cr_expect_null(strstr(text, "#f00"));
    cr_expect_null(strstr(text, "#456"));
    free(text);
}

Test(SUITE, the_title_is_read_aloud_and_escaped)
{
    char *text = draw("\"/><script>");
    expect_in(text, "role=\"img\" aria-label=\"&quot;/&gt;&lt;script&gt;\"");
    expect_in(text, "<title>&quot;/&gt;&lt;script&gt;</title>");
    cr_expect_null(strstr(text, "<script"));
    free(text);
}

Test(SUITE, same_calls_same_bytes)
{
    char *a = draw("x"), *b = draw("x");
    cr_expect_str_eq(a, b);
    free(a);
    free(b);
}
