/* SPDX-License-Identifier: MIT */
#include "data/vectors/arff.h"
#include "core/number.h"
#include "data/text/header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMENTS_MOST 100000 /* lines before @relation */

static Status bad(const Arff *a, const char *why)
{
    return fail(ERR_FORMAT, "%s:%d: ARFF: %s", a->path, textin_number(a->text), why);
}

static Status no_memory(const Arff *a)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", a->path);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- words ---- */

static char unescape(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* The word at *at, without its quotes, in place; up to one of the characters of `stop`, or to what follows a quote: *end,
 * at *at, where 0 may stand now. NULL: a quote is not closed. */
static char *take_word(char **at, bool *quoted, char *end, const char *stop)
{
    while (is_blank(**at) && !strchr(stop, **at)) ++*at;
    char *word = *at, *to = word, *from = word;
    const char quote = *from;
    *quoted = quote == '\'' || quote == '"';
    if (*quoted) {
        for (from++; *from && *from != quote; from++) *to++ = *from == '\\' && from[1] ? unescape(*++from) : *from;
        if (!*from++) return NULL;
        while (is_blank(*from) && !strchr(stop, *from)) from++;
    } else {
        while (*from && !strchr(stop, *from)) *to++ = *from++;
        while (to > word && is_blank(to[-1])) to--;
    }
    *end = *from;
    *at = from;
    *to = '\0';
    return word;
}

/* Does the line begin with this word of ARFF? *rest is what follows. */
static bool is_keyword(char *line, const char *word, char **rest)
{
    const size_t n = strlen(word);
    while (is_blank(*line)) line++;
    if (strncasecmp(line, word, n) != 0 || (line[n] && !is_blank(line[n]))) return false;
    *rest = line + n;
    while (is_blank(**rest)) ++*rest;
    return true;
}

static bool is_empty(const char *line)
{
    while (is_blank(*line)) line++;
    return !*line || *line == '%';
}

bool arff_begins(TextIn *text)
{
    char *line, *rest;
    size_t length;
    bool found = false;
    if (textin_rewind(text) != OK) return false;
    for (int i = 0; i < COMMENTS_MOST; i++) {
        if (textin_line(text, &line, &length) != OK || !line) break;
        if (is_empty(line)) continue;
        found = is_keyword(line, "@relation", &rest);
        break;
    }
    return textin_rewind(text) == OK && found;
}

/* ---- attributes ---- */

static void list_free(ArffList *list)
{
    for (int i = 0; i < list->n; i++) {
        ArffAttribute *one = &list->attribute[i];
        free(one->name);
        names_free(&one->value);
        if (one->inner) list_free(one->inner);
        free(one->inner);
    }
    free(list->attribute);
    *list = (ArffList){0};
}

static ArffAttribute *add_attribute(ArffList *list, const char *name)
{
    if (list->n == list->room) {
        const int room = list->room ? 2 * list->room : 32;
        ArffAttribute *grown = realloc(list->attribute, (size_t)room * sizeof *grown);
        if (!grown) return NULL;
        list->attribute = grown;
        list->room = room;
    }
    ArffAttribute *one = &list->attribute[list->n];
    *one = (ArffAttribute){.name = strdup(name)};
    if (!one->name) return NULL;
    list->n++;
    return one;
}

/* "{a, b, 'c d'}" */
static Status read_values(const Arff *a, ArffAttribute *one, char *at)
{
    char end;
    do {
        bool quoted;
        at++;
        const char *word = take_word(&at, &quoted, &end, ",}");
        if (!word) return bad(a, "a quote is not closed");
        if (end != ',' && end != '}') return bad(a, "the list of values is not closed with }");
        if (names_number(&one->value, word, strlen(word)) < 0) return no_memory(a);
    } while (end == ',');
    one->type = ARFF_NOMINAL;
    return OK;
}

static Status read_type(const Arff *a, ArffAttribute *one, char *at)
{
    static const struct {
        const char *word;
        ArffType type;
    } known[] = {{"numeric", ARFF_NUMBER}, {"real", ARFF_NUMBER}, {"integer", ARFF_NUMBER},
                 {"string", ARFF_TEXT},    {"date", ARFF_TEXT},   {"relational", ARFF_RELATION}};
    char *rest;
    if (*at == '{') return read_values(a, one, at);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is_keyword(at, known[i].word, &rest)) {
            one->type = known[i].type;
            if (one->type == ARFF_RELATION && !(one->inner = calloc(1, sizeof *one->inner))) return no_memory(a);
            return OK;
        }
    return fail(ERR_FORMAT, "%s:%d: ARFF: attribute '%.60s' has the unknown type '%.40s'", a->path,
                textin_number(a->text), one->name, at);
}

static Status read_attribute(const Arff *a, ArffList *list, char *at)
{
    bool quoted;
    char end;
    const char *name = take_word(&at, &quoted, &end, " \t{");
    if (!name || !*name) return bad(a, "an attribute has no name");
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->attribute[i].name, name) == 0)
            return fail(ERR_FORMAT, "%s:%d: ARFF: two attributes are named '%.60s'; rename one", a->path,
                        textin_number(a->text), name);
    ArffAttribute *one = add_attribute(list, name);
    if (!one) return no_memory(a);
    *at = end;
    while (is_blank(*at)) at++;
    return read_type(a, one, at);
}

static Status read_header(Arff *a)
{
    char *line, *rest;
    size_t length;
    ArffAttribute *open = NULL; /* relational, whose attributes come now */
    for (;;) {
        TRY(textin_line(a->text, &line, &length));
        if (!line) return bad(a, "there is no @data");
        if (is_empty(line) || is_keyword(line, "@relation", &rest)) continue;
        if (is_keyword(line, "@data", &rest)) return open ? bad(a, "a relational attribute has no @end") : OK;
        if (is_keyword(line, "@end", &rest)) {
            open = NULL;
        } else if (is_keyword(line, "@attribute", &rest)) {
            ArffList *list = open ? open->inner : &a->list;
            TRY(read_attribute(a, list, rest));
            ArffAttribute *last = &list->attribute[list->n - 1];
            if (last->type != ARFF_RELATION) continue;
            if (open) return bad(a, "a relational attribute within another is not read");
            open = last;
        } else
            return bad(a, "neither @attribute nor @data begins this line");
    }
}

Status arff_open(Arff *out, TextIn *text, const char *path)
{
    *out = (Arff){.path = path, .text = text};
    TRY(textin_rewind(text));
    TRY(read_header(out));
    return out->list.n > 0 ? OK : bad(out, "there is no @attribute");
}

void arff_close(Arff *a)
{
    list_free(&a->list);
}

/* ---- data ---- */

Status arff_line(char **line, Arff *a)
{
    size_t length;
    do TRY(textin_line(a->text, line, &length));
    while (*line && is_empty(*line));
    return OK;
}

static Status count_cells(const Arff *a, int n, int wanted)
{
    if (n == wanted) return OK;
    return fail(ERR_FORMAT, "%s:%d: ARFF: a row has %d value%s, there are %d attributes", a->path,
                textin_number(a->text), n, number_plural(n), wanted);
}

/* Values between commas or tabs; a weight in braces may stand at the end. */
static Status read_dense(ArffRow *row, const Arff *a, const ArffList *list, char *at)
{
    int n = 0;
    for (;;) {
        bool quoted;
        char end;
        while (*at == ' ') at++;
        if (n == list->n && *at == '{') return OK;
        const char *word = take_word(&at, &quoted, &end, ",\t");
        if (!word) return bad(a, "a quote is not closed on its line");
        if (end && end != ',' && end != '\t') return bad(a, "text follows a quoted value; put a comma between them");
        if (n < list->n) row->cell[n] = !quoted && strcmp(word, "?") == 0 ? NULL : word;
        n++;
        if (!end) return count_cells(a, n, list->n);
        at++;
    }
}

/* What a sparse row leaves out. */
static const char *absent(const ArffAttribute *one)
{
    return one->type == ARFF_NUMBER ? "0" : one->type == ARFF_NOMINAL && one->value.n > 0 ? one->value.text[0] : "";
}

/* "{index value, …}", indices from 0 */
static Status read_sparse(ArffRow *row, const Arff *a, const ArffList *list, char *at)
{
    for (int i = 0; i < list->n; i++) row->cell[i] = absent(&list->attribute[i]);
    for (at++;;) {
        bool quoted;
        char *end, stop;
        while (is_blank(*at) || *at == ',') at++;
        if (*at == '}') return OK;
        const int64_t index = strtoll(at, &end, 10);
        if (end == at || !is_blank(*end) || index < 0 || index >= list->n)
            return bad(a, "a sparse row has {index value, …}, with indices from 0 below the number of attributes");
        at = end;
        const char *word = take_word(&at, &quoted, &stop, ",}");
        if (!word) return bad(a, "a quote is not closed on its line");
        if (stop != ',' && stop != '}') return bad(a, "a sparse row is not closed with }");
        row->cell[index] = !quoted && strcmp(word, "?") == 0 ? NULL : word;
        if (stop == '}') return OK;
        at++;
    }
}

Status arff_row(ArffRow *row, const Arff *a, const ArffList *list, char *line)
{
    if (row->room < list->n + 1) {
        const char **grown = realloc((void *)row->cell, (size_t)(list->n + 1) * sizeof *grown);
        if (!grown) return no_memory(a);
        row->cell = grown;
        row->room = list->n + 1;
    }
    while (is_blank(*line)) line++;
    return *line == '{' ? read_sparse(row, a, list, line) : read_dense(row, a, list, line);
}

void arff_row_free(ArffRow *row)
{
    free((void *)row->cell);
    *row = (ArffRow){0};
}
