/* SPDX-License-Identifier: MIT
 *
 * IDs are altered by spreadsheets (001 becomes 1, 100000 becomes 1E+05), by file systems (ü in two characters on macOS)
 * and by people (P-1 and P_1). Each such kind is a form in which both names are compared.
 */
#include "data/text/nearid.h"
#include "core/nearest.h"
#include "data/text/walkname.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 1024

typedef struct {
    char text[ROOM];
    size_t n;
} Folded;

static void add(Folded *f, char letter)
{
    if (f->n + 1 < ROOM) f->text[f->n++] = letter;
}

/* The letter without its accent: of U+00C0 to U+00FF, which UTF-8 writes as C3 and a byte from 80. */
static char plain_letter(unsigned char second)
{
    static const char letters[] = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty";
    return letters[(second - 0x80) & 63];
}

/* Is this the first byte of a combining accent (U+0300 to U+036F)? */
static bool is_accent(const char *at)
{
    const unsigned char second = (unsigned char)at[1];
    return *at == '\xcc' || (*at == '\xcd' && second >= 0x80 && second <= 0xaf);
}

static void fold_case(Folded *f, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) add(f, (char)tolower((unsigned char)at[i]));
}

static void fold_zeros(Folded *f, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !isdigit((unsigned char)at[i - 1]))
            while (at[i] == '0' && i + 1 < n && isdigit((unsigned char)at[i + 1])) i++;
        add(f, (char)tolower((unsigned char)at[i]));
    }
}

static void fold_accents(Folded *f, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && is_accent(at + i))
            i++;
        else if (i + 1 < n && at[i] == '\xc3')
            add(f, plain_letter((unsigned char)at[++i]));
        else
            add(f, (char)tolower((unsigned char)at[i]));
    }
}

/* A number of any spelling; nothing of other text. */
static void fold_number(Folded *f, const char *at, size_t n)
{
    char text[32], *end;
    if (n == 0 || n >= sizeof text) return;
    memcpy(text, at, n);
    text[n] = '\0';
    if (strspn(text, "+-.0123456789eE") != n) return;
    const double value = strtod(text, &end);
    if (!*end) f->n = (size_t)snprintf(f->text, ROOM, "%.17g", value);
}

/* Letters and digits alone. A dash or a hard blank of a word processor is E2 or C2 and its next bytes. */
static void fold_marks(Folded *f, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i] == '\xe2' && i + 2 < n)
            i += 2;
        else if (at[i] == '\xc2' && i + 1 < n)
            i++;
        else if ((at[i] & 0x80) || isalnum((unsigned char)at[i]))
            add(f, (char)tolower((unsigned char)at[i]));
    }
}

static const struct {
    void (*fold)(Folded *f, const char *at, size_t n);
    const char *differs;
} form[] = {{fold_case, "upper and lower case differ"},
            {fold_zeros, "leading zeros differ"},
            {fold_accents, "accents differ, or are stored in another way"},
            {fold_number, "the same number in another form"},
            {fold_marks, "blanks, dashes or other marks differ"}};
#define N_FORM (sizeof form / sizeof *form)

static void fold(Folded *f, size_t k, const char *name)
{
    const char *base;
    const size_t n = walkname_table_stem(&base, name);
    f->n = 0;
    form[k].fold(f, base, n);
    f->text[f->n] = '\0';
}

/* -1: none */
static int same_form(size_t k, const char *id, const char *const *key, const int *row, int n)
{
    Folded asked, known;
    fold(&asked, k, id);
    for (int i = 0; i < n && asked.n > 0; i++) {
        if (row[i] >= 0) continue;
        fold(&known, k, key[i]);
        if (strcmp(asked.text, known.text) == 0) return i;
    }
    return -1;
}

/* The only key that continues after the ID, but not with a letter or digit; -1: none, or several. */
static int longer(const char *id, const char *const *key, const int *row, int n)
{
    const size_t length = strlen(id);
    int found = -1;
    for (int i = 0; i < n && length > 0; i++) {
        const char *base;
        walkname_table_stem(&base, key[i]);
        if (row[i] >= 0 || strncmp(base, id, length) != 0 || isalnum((unsigned char)base[length])) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

static int nearest(const char *id, const char *const *key, const int *row, int n)
{
    int best = strlen(id) < 128 ? nearest_limit(id) : 0, found = -1; /* nearest_distance sees 127 letters */
    for (int i = 0; i < n; i++) {
        char stem[ROOM];
        const char *base;
        const size_t length = walkname_table_stem(&base, key[i]);
        snprintf(stem, sizeof stem, "%.*s", (int)length, base);
        const int whole = nearest_distance(id, key[i]), short_name = nearest_distance(id, stem);
        const int distance = whole < short_name ? whole : short_name;
        if (row[i] >= 0 || distance >= best) continue;
        best = distance;
        found = i;
    }
    return found;
}

static const char *hint(char out[NEARID_ROOM], const char *key, const char *why)
{
    snprintf(out, NEARID_ROOM, "; did you mean '%.60s'%s%s%s?", key, *why ? " (" : "", why, *why ? ")" : "");
    return out;
}

const char *nearid_text(char out[NEARID_ROOM], const char *id, const char *const *key, const int *row, int n)
{
    int found = -1;
    out[0] = '\0';
    for (size_t k = 0; k < N_FORM; k++)
        if ((found = same_form(k, id, key, row, n)) >= 0) return hint(out, key[found], form[k].differs);
    if ((found = longer(id, key, row, n)) >= 0) return hint(out, key[found], "an ID is the whole name");
    found = nearest(id, key, row, n);
    return found >= 0 ? hint(out, key[found], "") : out;
}
