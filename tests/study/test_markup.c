/* SPDX-License-Identifier: MIT
 *
 * test_markup.c: hostile text becomes characters; lengths have two decimals and no -0.
 */
#include "study/markup.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE study_markup

static void expect_text(const char *text, const char *want)
{
    Markup m;
    char *got;
    markup_open(&m);
    markup_text(&m, text);
    cr_assert_eq(markup_close(&got, &m), OK);
    cr_expect_str_eq(got, want);
    free(got);
}

Test(SUITE, text_becomes_characters)
{
    expect_text("<script>alert('1')</script>", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    expect_text("a\" onload=\"b & c", "a&quot; onload=&quot;b &amp; c");
    expect_text("&amp;", "&amp;amp;");
    expect_text("", "");
    expect_text(NULL, "");
    expect_text("caf\xC3\xA9 \xE4\xB8\xAD", "caf\xC3\xA9 \xE4\xB8\xAD");
}

/* XML allows no control characters, no bytes that are not UTF-8, and not U+FFFE and U+FFFF. */
Test(SUITE, what_xml_forbids_is_replaced)
{
    expect_text("a\x1b[31m", "a\\x1b[31m");
    expect_text("\xff", "\\xff");
    expect_text("tab\tend\n", "tab\\tend\\n");
    expect_text("\xEF\xBF\xBF!", "\xEF\xBF\xBD!");
    expect_text("\xEF\xBF\xBE", "\xEF\xBF\xBD");
    expect_text("\xEF\xBB\xA9", "\xEF\xBB\xA9"); /* begins with the same byte */
}

static void expect_length(double value, const char *want)
{
    Markup m;
    char *got;
    markup_open(&m);
    markup_length(&m, value);
    cr_assert_eq(markup_close(&got, &m), OK);
    cr_expect_str_eq(got, want);
    free(got);
}

Test(SUITE, lengths)
{
    expect_length(0, "0");
    expect_length(-0.001, "0");
    expect_length(12, "12");
    expect_length(12.5, "12.5");
    expect_length(-3.456, "-3.46");
    expect_length(100, "100");
    expect_length(NAN, "0");
    expect_length(INFINITY, "0");
    expect_length(1e300, "0");
}

Test(SUITE, dropped_and_closed_twice_is_fine)
{
    Markup m;
    markup_open(&m);
    markup_raw(&m, "x");
    markup_drop(&m);
    markup_drop(&m);
    markup_raw(&m, "nothing happens");
    markup_printf(&m, "%d", 1);
}
