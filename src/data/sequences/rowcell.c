/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowcell.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_word(const Cell *cell, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(cell->text, words[i]) == 0) return true;
    return false;
}

bool rowcell_is_blank_word(const Cell *cell)
{
    static const char *const words[] = {"null",       "NULL",    "NA",         "na",
                                        "NaN",        "nan",     "None",       "no data",
                                        "unresolved", "partial", "No results", "region_not_covered",
                                        NULL};
    return is_word(cell, words);
}

bool rowcell_answer(Answer *out, const Cell *cell)
{
    static const char *const words[] = {"F", "T", "false", "true", "0", "1", "0.0", "1.0"};
    *out = BLANK;
    if (rowcell_is_blank(cell)) return true;
    for (int i = 0; i < 8; i++)
        if (strcasecmp(cell->text, words[i]) == 0) {
            *out = i % 2 ? YES : NO;
            return true;
        }
    return false;
}

/* Digits alone, the common case. */
static bool read_digits(int64_t *out, const Cell *cell)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < cell->length && i < 18 && cell->text[i] >= '0' && cell->text[i] <= '9'; i++)
        value = 10 * value + (cell->text[i] - '0');
    *out = value;
    return i > 0 && i == cell->length;
}

static bool read_number(double *out, const char *text)
{
    char *end;
    if (*text == '\0' || text[strspn(text, "0123456789+-.eE ")]) return false;
    *out = strtod(text, &end);
    if (end == text) return false;
    return end[strspn(end, " ")] == '\0';
}

bool rowcell_truncate(int64_t *out, const Cell *cell)
{
    double number;
    if (read_digits(out, cell)) return true;
    if (!read_number(&number, cell->text) || !(fabs(number) < 9e18)) return false;
    *out = (int64_t)number;
    return true;
}

/* Makes a point of the comma of `1,5`. In `1,234` it may as well stand between thousands. */
static CountKind replace_comma(char *to, size_t room, const Cell *cell)
{
    const char *comma = memchr(cell->text, ',', cell->length);
    if (cell->length + 1 > room) return COUNT_TEXT;
    memcpy(to, cell->text, cell->length + 1);
    if (!comma) return COUNT_WHOLE;
    const size_t before = (size_t)(comma - cell->text), digits = strspn(comma + 1, "0123456789");
    if (before == 0 || digits == 0 || strchr(comma + 1, '.')) return COUNT_TEXT;
    if (digits == 3 && !(before == 1 && *cell->text == '0')) return COUNT_COMMA;
    to[before] = '.';
    return COUNT_WHOLE;
}

/* Beyond 2^53 a double would lose digits. */
static CountKind read_long(int64_t *out, const char *text)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == ERANGE ? COUNT_LARGE : COUNT_WHOLE;
}

CountKind rowcell_count(int64_t *out, const Cell *cell)
{
    char text[64];
    double number;
    if (read_digits(out, cell)) return COUNT_WHOLE;
    const CountKind comma = replace_comma(text, sizeof text, cell);
    if (comma != COUNT_WHOLE) return comma;
    if (!read_number(&number, text)) return COUNT_TEXT;
    if (text[strspn(text, "0123456789+- ")] == '\0') return read_long(out, text);
    if (!(fabs(number) < 9223372036854775807.0)) return COUNT_LARGE;
    *out = number < 1 ? (int64_t)number : llround(number);
    if (number > 0 && number < 1) return COUNT_BELOW;
    return number == (double)*out ? COUNT_WHOLE : COUNT_ROUNDED;
}

/* ---- letters ---- */

static bool is_bases(const char *text)
{
    return text[strspn(text, "ACGT")] == '\0';
}

Letters rowcell_letters(const char *text)
{
    const size_t n = strlen(text);
    if (n < 5 || text[strspn(text, "ACDEFGHIKLMNPQRSTVWY")]) return LETTERS_OTHER;
    if (is_bases(text)) return n >= 10 ? LETTERS_BASES : LETTERS_OTHER;
    const bool ends = text[0] == 'C' && (text[n - 1] == 'F' || text[n - 1] == 'W');
    return ends ? LETTERS_JUNCTION : LETTERS_AMINO;
}

/* Asked of every row: mostly the third letter answers. */
bool rowcell_is_bases(const Cell *cell)
{
    size_t t = 0;
    for (; t < cell->length; t++) {
        const char c = cell->text[t];
        if (c != 'A' && c != 'C' && c != 'G' && c != 'T') return false;
    }
    return t >= 6;
}

bool rowcell_is_joined(const Cell *cell)
{
    const size_t n = strspn(cell->text, "ACDEFGHIKLMNPQRSTVWY");
    if (n < 3 || !cell->text[n] || !strchr(";|,:+/& ", cell->text[n])) return false;
    return strspn(cell->text + n + strspn(cell->text + n, ";|,:+/& "), "ACDEFGHIKLMNPQRSTVWY") >= 3;
}
