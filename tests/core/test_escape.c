/* SPDX-License-Identifier: MIT */
#include "core/escape.h"
#include "core/number.h"
#include "core/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void must_give(const char *text, const char *escaped)
{
    char out[200], again[200];
    cr_assert_str_eq(escape_text(out, sizeof out, text), escaped);
    cr_assert_str_eq(escape_text(again, sizeof again, out), escaped, "a second time changes nothing");
}

Test(core_escape, text_stays)
{
    must_give("", "");
    must_give("plain, \"quoted\" \\ text", "plain, \"quoted\" \\ text");
    must_give("\xc3\xbc \xe2\x89\xa5 \xf0\x9f\xa7\xac", "\xc3\xbc \xe2\x89\xa5 \xf0\x9f\xa7\xac");
}

Test(core_escape, controls)
{
    must_give("a\nb\tc\rd", "a\\nb\\tc\\rd");
    must_give("\x01\x1b[2J\x7f", "\\x01\\x1b[2J\\x7f");
    must_give("\xc2\x9b", "\\xc2\\x9b"); /* C1: a terminal may take it for ESC [ */
}

/* Right-to-left override and its like, separators of lines. */
Test(core_escape, order_and_lines)
{
    must_give("\xe2\x80\xae", "\\xe2\\x80\\xae");
    must_give("\xe2\x81\xa6", "\\xe2\\x81\\xa6");
    must_give("\xe2\x80\xa8", "\\xe2\\x80\\xa8");
    must_give("\xe2\x80\x8f", "\\xe2\\x80\\x8f");
    must_give("\xe2\x80\x93 \xe2\x80\xa6", "\xe2\x80\x93 \xe2\x80\xa6");
    cr_assert(escape_is_control("a\xe2\x80\xae") && escape_is_control("\x9b") && escape_is_control("\t"));
    cr_assert_not(escape_is_control("\xc3\xbc \xe2\x80\x93 \xe4"));
}

/* Tabs, ends of lines and bytes of older codes stay; a character cut off waits. */
Test(core_escape, streams)
{
    char out[64];
    size_t n;
    cr_assert_eq(escape_stream(out, &n, "a\tb\n\x1b[m\xe4\x9b\xc3", 10), 9);
    cr_assert_eq(n, 15);
    cr_assert_eq(memcmp(out, "a\tb\n\\x1b[m\xe4\\x9b", n), 0);
    cr_assert_eq(escape_stream(out, &n, "\xc3\xbcx", 3), 3);
    cr_assert_eq(n, 3);
}

Test(core_escape, json_reads_back)
{
    char *json = escape_json("{\"\xc3\xbc\xe2\x80\xae\":\n\"\x7f\xc2\x9b\"}");
    cr_assert_str_eq(json, "{\"\xc3\xbc\\u202e\":\n\"\\u007f\\u009b\"}");
    free(json);
}

/* Overlong, a surrogate, beyond U+10FFFF, cut short, alone. */
Test(core_escape, bytes_that_are_no_text)
{
    must_give("\xff", "\\xff");
    must_give("\xc0\xaf", "\\xc0\\xaf");
    must_give("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
    must_give("\xed\xa0\x80", "\\xed\\xa0\\x80");
    must_give("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    must_give("\xc3", "\\xc3");
    must_give("\xe2\x89x", "\\xe2\\x89x");
    must_give("\x80x", "\\x80x");
}

Test(core_escape, characters_are_not_cut)
{
    char out[8];
    cr_assert_str_eq(escape_text(out, 5, "ab\xc3\xbcz"), "a…");
    cr_assert_str_eq(escape_text(out, 6, "ab\xc3\xbcz"), "ab\xc3\xbcz");
    cr_assert_str_eq(escape_text(out, 7, "ab\xc3\xbczzz"), "ab…");
    cr_assert_str_eq(escape_text(out, 8, "ab\xc3\xbczzzz"), "ab\xc3\xbc…");
    cr_assert_str_eq(escape_text(out, 6, "ab\x01"), "ab…");
    cr_assert_str_eq(escape_text(out, 4, "abcd"), "…");
    cr_assert_str_eq(escape_text(out, 1, "ab"), "");
}

__attribute__((format(printf, 3, 4))) static const char *print(char *out, size_t room, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    escape_print(out, room, format, args);
    va_end(args);
    return out;
}

/* What printf cuts in half leaves no bytes behind. */
Test(core_escape, long_text_ends_with_a_character)
{
    static char text[2 * ESCAPE_MOST], out[8 * ESCAPE_MOST];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe2\x89\xa5", 4);
    for (int lead = 0; lead < 3; lead++) {
        print(out, sizeof out, "%.*s%s", lead, "ab", text);
        cr_assert_not(strchr(out, '\\'), "%s", out + strlen(out) - 8);
        cr_assert_gt(strlen(out), ESCAPE_MOST - 8);
        cr_assert_str_eq(out + strlen(out) - strlen("≥…"), "≥…");
    }
}

/* Nothing but printable ASCII and UTF-8 comes out, whatever goes in. */
Test(core_escape, random_bytes)
{
    Rng rng = rng_stream(5, "escape", 0);
    for (int round = 0; round < 20000; round++) {
        char text[20] = "", out[100], again[100];
        for (uint64_t i = rng_below(&rng, 19); i > 0; i--) text[i - 1] = (char)(1 + rng_below(&rng, 255));
        escape_text(out, sizeof out, text);
        for (const char *p = out; *p; p++) cr_assert((unsigned char)*p >= ' ' && *p != 0x7f, "round %d", round);
        cr_assert_str_eq(escape_text(again, sizeof again, out), out, "round %d (seed 5)", round);
    }
}

Test(core_escape, plurals)
{
    cr_assert_str_eq(number_plural(0), "s");
    cr_assert_str_eq(number_plural(1), "");
    cr_assert_str_eq(number_plural(2), "s");
}

Test(core_escape, a_word_of_a_shell)
{
    static const char *const words[][2] = {{"--a.b=1,2", "--a.b=1,2"}, {"", "''"},         {"a b", "'a b'"},
                                           {"it's", "'it'\\''s'"},     {"$(x)", "'$(x)'"}, {"~/a", "'~/a'"}};
    char out[64], small[8];
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        cr_expect_str_eq(escape_word(out, sizeof out, words[k][0]), words[k][1]);
    cr_expect_str_eq(escape_word(small, sizeof small, "a b c d e f"), "'a'");
}
