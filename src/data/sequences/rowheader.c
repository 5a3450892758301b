/* SPDX-License-Identifier: MIT
 *
 * VDJtools and TRUST4 put a # before the header itself, other tools before lines of comment. A line with # is the header if
 * its columns are those of a format, or if the line below has as many cells and is no known header.
 */
#include "data/sequences/rowheader.h"
#include "data/sequences/format.h"
#include "data/sequences/rowcell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(const TextIn *in)
{
    return fail(ERR_MEMORY, "%s:%d: no memory for its header", textin_path(in), textin_number(in));
}

static size_t count_separators(const char *line, size_t length, char separator)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) n += line[i] == separator;
    return n;
}

/* Cells of a line, which is copied to *store. */
static Status split_line(char ***cell, int *n, char **store, const char *line, size_t length, char separator,
                         TextIn *in)
{
    const size_t most = count_separators(line, length, separator) + 1;
    free(*store);
    free((void *)*cell);
    *store = malloc(length + 1);
    *cell = calloc(most, sizeof **cell);
    if (!*store || !*cell) return no_memory(in);
    memcpy(*store, line, length);
    (*store)[length] = '\0';
    *n = textin_split(*cell, (int)most, *store, length, separator);
    if (*n < 0) return fail(ERR_FORMAT, "%s:%d: a double quote is never closed", textin_path(in), textin_number(in));
    for (int c = 0; c < *n; c++) (*cell)[c] = header_trim((*cell)[c]);
    return OK;
}

static Status split_header(RowHeader *h, const char *line, size_t length, const RowLines *lines, TextIn *in)
{
    if (lines->separator) h->separator = lines->separator;
    if (!h->separator) h->separator = header_separator(line, length);
    h->header.sure = lines->header == HEADER_YES;
    return split_line(&h->header.name, &h->header.n, &h->store[0], line, length, h->separator, in);
}

/* ---- a table without a header line ---- */

static bool holds_data(const Header *header)
{
    for (int c = 0; c < header->n; c++) {
        const Letters letters = rowcell_letters(header->name[c]);
        if (letters == LETTERS_JUNCTION || letters == LETTERS_BASES) return true;
    }
    return false;
}

static Status number_columns(RowHeader *h, const TextIn *in)
{
    enum { ROOM = 12 };
    const int n = h->header.n;
    char **number = calloc((size_t)n + 1, sizeof *number), *text = malloc((size_t)n * ROOM + 1);
    h->header.row = h->header.name;
    h->header.name = number;
    h->store[2] = text;
    if (!number || !text) return no_memory(in);
    for (int c = 0; c < n; c++) {
        number[c] = text + (ptrdiff_t)c * ROOM;
        snprintf(number[c], ROOM, "%d", c + 1);
    }
    return OK;
}

static Status keep_row(RowHeader *h, const char *line, size_t length, const TextIn *in)
{
    h->row = malloc(length + 1);
    if (!h->row) return no_memory(in);
    memcpy(h->row, line, length);
    h->row[length] = '\0';
    h->n_row = length;
    return OK;
}

/* ---- comments ---- */

static bool is_known(const Header *header)
{
    const FormatWish none = {0};
    return format_known(header, &none) != NULL;
}

/* "sep=;", as spreadsheets write it, quoted or not. */
static bool takes_separator(RowHeader *h, const char *line, size_t length)
{
    const bool quoted = length == 7 && line[0] == '"' && line[6] == '"';
    if (quoted) line++;
    if ((!quoted && length != 5) || strncmp(line, "sep=", 4) != 0) return false;
    h->separator = line[4];
    return true;
}

/* A line that begins with # and may be the header all the same. */
typedef struct {
    char *text; /* behind the #; NULL: none */
    size_t length;
    bool blank; /* a blank follows the # */
    int line;
} Candidate;

static Status note_candidate(Candidate *c, const char *line, size_t length, const TextIn *in)
{
    const size_t skip = 1 + strspn(line + 1, " ");
    free(c->text);
    *c = (Candidate){0};
    if (line[1] == '#' || skip >= length) return OK;
    if (skip > 1 && !memchr(line, '\t', length)) return OK;
    if (header_separator(line, length) == '\t' && !memchr(line, '\t', length) && strchr(line, ' ')) return OK;
    c->length = length - skip;
    c->blank = skip > 1;
    c->line = textin_number(in);
    c->text = malloc(c->length + 1);
    if (!c->text) return no_memory(in);
    memcpy(c->text, line + skip, c->length + 1);
    return OK;
}

/* Splits the candidate if it is the header. `line`: the first line that is no comment; NULL before it was read, and where
 * there is none. */
static Status try_candidate(bool *out, RowHeader *h, const Candidate *c, const char *line, size_t length,
                            const RowLines *lines, TextIn *in)
{
    const char separator = h->separator;
    *out = false;
    h->line = c->line;
    if (!c->text) return OK;
    TRY(split_header(h, c->text, c->length, lines, in));
    *out = is_known(&h->header);
    const char own = h->separator;
    const size_t n = line ? count_separators(line, length, own) + 1 : 0;
    if (!*out) h->separator = separator;
    if (*out || !line || c->blank || (size_t)h->header.n != n) return OK;
    RowHeader below = {.separator = own};
    const Status status = split_header(&below, line, length, lines, in);
    *out = status == OK && !is_known(&below.header);
    if (*out) h->separator = own;
    rowheader_free(&below);
    return status;
}

/* ---- the lines down to the header ---- */

static Status end_of_file(RowHeader *h, const Candidate *c, const RowLines *lines, TextIn *in)
{
    if (!c->text) return fail(ERR_FORMAT, "%s: is empty; a header line is expected", textin_path(in));
    h->line = c->line;
    return split_header(h, c->text, c->length, lines, in);
}

static Status read_lines(RowHeader *h, Candidate *c, TextIn *in, const RowLines *lines)
{
    char *line;
    size_t length;
    bool found = false;
    while (!found) {
        TRY(textin_line(in, &line, &length));
        if (!line) return end_of_file(h, c, lines, in);
        if (!lines->plain && (length == 0 || takes_separator(h, line, length))) continue;
        if (lines->plain || *line != '#') break;
        TRY(note_candidate(c, line, length, in));
        if (line[1] == '#' || line[1] == ' ') continue;
        TRY(try_candidate(&found, h, c, NULL, 0, lines, in));
        if (found) return OK;
    }
    TRY(try_candidate(&found, h, c, line, length, lines, in));
    if (found) return keep_row(h, line, length, in);
    h->line = textin_number(in);
    TRY(split_header(h, line, length, lines, in));
    if (lines->header == HEADER_YES || (lines->header == HEADER_AUTO && !holds_data(&h->header))) return OK;
    TRY(number_columns(h, in));
    return keep_row(h, line, length, in);
}

Status rowheader_read(RowHeader *out, TextIn *in, const RowLines *lines)
{
    Candidate candidate = {0};
    const Status status = read_lines(out, &candidate, in, lines);
    free(candidate.text);
    return status;
}

void rowheader_free(RowHeader *h)
{
    free((void *)h->header.name);
    free((void *)h->header.row);
    free(h->row);
    for (int k = 0; k < 3; k++) free(h->store[k]);
    *h = (RowHeader){0};
}
