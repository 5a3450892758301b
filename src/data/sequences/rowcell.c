/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowcell.h"

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

bool rowcell_is_blank(const Cell *cell)
{
    static const char *const words[] = {"null", "NULL", "NA",      "na",         "NaN",
                                        "nan",  "None", "no data", "unresolved", NULL};
    return cell->length == 0 || (strchr("nNu", cell->text[0]) && is_word(cell, words));
}

bool rowcell_answer(Answer *out, const Cell *cell)
{
    static const char *const words[] = {"F", "T", "false", "true", "0", "1"};
    *out = BLANK;
    if (rowcell_is_blank(cell)) return true;
    for (int i = 0; i < 6; i++)
        if (strcasecmp(cell->text, words[i]) == 0) {
            *out = i % 2 ? YES : NO;
            return true;
        }
    return false;
}

/* Digits alone, the common case; else any number, cut to its integer part. */
bool rowcell_count(int64_t *out, const Cell *cell)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < cell->length && i < 18 && cell->text[i] >= '0' && cell->text[i] <= '9'; i++)
        value = 10 * value + (cell->text[i] - '0');
    if (i > 0 && i == cell->length) {
        *out = value;
        return true;
    }
    if (cell->length == 0 || cell->text[strspn(cell->text, "0123456789+-.eE ")]) return false;
    char *end;
    const double number = strtod(cell->text, &end);
    while (*end == ' ') end++;
    if (*end || end == cell->text || !(fabs(number) < 9e18)) return false;
    *out = (int64_t)number;
    return true;
}
