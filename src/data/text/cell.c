/* SPDX-License-Identifier: MIT */
#include "data/text/cell.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MOST 64 /* bytes of a number in a cell */

typedef struct {
    const char *at;
    size_t n;
} Span;

/* ---- blanks and zeros ---- */

/* Bytes of the blank at `p`; a no-break space is one too. 0: none. */
static size_t blank(const char *p)
{
    if (*p && strchr(" \t\r\n\v\f", *p)) return 1;
    return strncmp(p, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

static Span trimmed(const char *cell)
{
    while (blank(cell)) cell += blank(cell);
    Span s = {cell, strlen(cell)};
    while (s.n > 0 && blank(s.at + s.n - 1) == 1) s.n--;
    while (s.n > 1 && blank(s.at + s.n - 2) == 2) s.n -= 2;
    return s;
}

/* Without the .0 or ,00 of a whole number. */
static Span value_of(const char *cell)
{
    Span s = trimmed(cell);
    size_t digits = s.n > 0 && (*s.at == '-' || *s.at == '+'), end = s.n;
    const size_t first = digits;
    while (digits < s.n && isdigit((unsigned char)s.at[digits])) digits++;
    while (end > digits && s.at[end - 1] == '0') end--;
    if (digits > first && end == digits + 1 && end < s.n && (s.at[digits] == '.' || s.at[digits] == ','))
        s.n = digits;
    return s;
}

/* ---- comparing ---- */

int cell_compare(const char *a, const char *b)
{
    const Span x = value_of(a), y = value_of(b);
    const int order = memcmp(x.at, y.at, x.n < y.n ? x.n : y.n);
    return order ? order : (x.n > y.n) - (x.n < y.n);
}

static bool is_word(Span s, const char *word)
{
    return strlen(word) == s.n && strncasecmp(s.at, word, s.n) == 0;
}

static bool is_boolean(Span s)
{
    static const char *const words[] = {"true", "false", "yes",  "no",   "wahr", "falsch",
                                        "ja",   "nein",  "vrai", "faux", "oui",  "non"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(s, words[i])) return true;
    return false;
}

bool cell_same(const char *a, const char *b)
{
    if (cell_compare(a, b) == 0) return true;
    const Span x = trimmed(a), y = trimmed(b);
    return x.n == y.n && strncasecmp(x.at, y.at, x.n) == 0 && is_boolean(x);
}

/* Bytes of what does not tell values apart for a reader: blanks, underscores and quotes, typographic ones too. */
static size_t ornament(const char *p)
{
    static const char *const quotes[] = {"_", "\"", "'", "“", "”", "„", "‘", "’", "‚", "«", "»"};
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
        if (strncmp(p, quotes[i], strlen(quotes[i])) == 0) return strlen(quotes[i]);
    return blank(p);
}

/* The next byte that tells values apart, in lower case; 0 at the end. */
static int next_letter(const char **p)
{
    while (ornament(*p)) *p += ornament(*p);
    return **p ? tolower((unsigned char)*(*p)++) : 0;
}

int cell_compare_alike(const char *a, const char *b)
{
    int x, y;
    do {
        x = next_letter(&a);
        y = next_letter(&b);
    } while (x == y && x);
    return (x > y) - (x < y);
}

bool cell_alike(const char *a, const char *b)
{
    return cell_compare_alike(a, b) == 0;
}

/* ---- missing ---- */

/* The words of pandas, as written. */
static const char *const missing[] = {"",        "NA",      "N/A",      "n/a",      "NULL",   "null", "NaN",
                                      "nan",     "-NaN",    "-nan",     "<NA>",     "#N/A",   "#NA",  "1.#IND",
                                      "-1.#IND", "1.#QNAN", "-1.#QNAN", "#N/A N/A", "Unknown"};

/* In any case. */
static const char *const unknown[] = {"unknown",
                                      "missing",
                                      "not collected",
                                      "not available",
                                      "not applicable",
                                      "not provided",
                                      "not determined",
                                      "not recorded",
                                      "not reported",
                                      "undetermined",
                                      "unspecified",
                                      "na",
                                      "n.a.",
                                      "n/d",
                                      "n.d.",
                                      "nd",
                                      "nan",
                                      "null",
                                      "restricted access",
                                      "#n/a",
                                      "#value!",
                                      "#ref!",
                                      "?",
                                      "??",
                                      "???",
                                      ".",
                                      "..",
                                      "..."};

bool cell_missing(const char *cell)
{
    const Span s = trimmed(cell);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (strlen(missing[i]) == s.n && memcmp(missing[i], s.at, s.n) == 0) return true;
    return false;
}

bool cell_unknown(const char *cell)
{
    const Span s = trimmed(cell);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (is_word(s, unknown[i])) return true;
    return false;
}

/* ---- numbers ---- */

static bool is_decimal_comma(const char *text, const char *at)
{
    const size_t after = strspn(at + 1, "0123456789");
    return !strchr(text, '.') && after > 0 && !at[1 + after] && (after != 3 || (at == text + 1 && *text == '0'));
}

bool cell_number(double *out, bool *comma, const char *cell)
{
    char text[NUMBER_MOST], *end, *at;
    const Span s = trimmed(cell);
    *comma = false;
    if (s.n == 0 || s.n >= sizeof text || cell_missing(cell)) return false;
    snprintf(text, sizeof text, "%.*s", (int)s.n, s.at);
    at = strchr(text, ',');
    if (at && !is_decimal_comma(text, at)) return false;
    if (at) *at = '.';
    *comma = at != NULL;
    *out = strtod(text, &end);
    return end > text && !*end && isfinite(*out) && fabs(*out) <= 1e30;
}
