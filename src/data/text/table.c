/* SPDX-License-Identifier: MIT
 *
 * A label table is small, so it is read whole; a cell in quotes may then hold line ends, as RFC 4180 allows.
 */
#include "data/text/table.h"
#include "core/number.h"
#include "data/text/header.h"
#include "data/text/textin.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BYTES_MOST (256u << 20)

/* What a table owns. */
typedef struct {
    char *text; /* all cells and names, NUL-ended */
    char *path;
    const char **column; /* [n_column] */
    const char **cell;   /* [room] */
    int *line;           /* [room_line] */
    size_t room, room_line;
} Store;

void table_free(Table *t)
{
    if (!t) return;
    Store *store = t->store;
    if (store) {
        free(store->text);
        free(store->path);
        free(store->column);
        free(store->cell);
        free(store->line);
        free(store);
    }
    *t = (Table){0};
}

static bool grow(void **array, size_t *room, size_t needed, size_t size)
{
    if (needed <= *room) return true;
    const size_t wanted = needed > 2 * *room ? needed : 2 * *room;
    void *grown = realloc(*array, wanted * size);
    if (!grown) return false;
    *array = grown;
    *room = wanted;
    return true;
}

/* ---- reading ---- */

typedef struct {
    char *at, *end; /* text not read yet */
    int line;       /* number of the line that begins at `at` */
    char separator;
    const char *path;
} Parser;

/* Steps over \n, \r\n or \r. */
static void step_line(Parser *p)
{
    if (p->at < p->end && *p->at == '\r') p->at++;
    if (p->at < p->end && *p->at == '\n') p->at++;
    p->line++;
}

/* A quoted cell, unquoted in place; text behind the closing quote stays, as in textin_split. */
static Status quoted_cell(Parser *p, char **cell)
{
    const int first = p->line;
    char *to = p->at;
    *cell = p->at++;
    for (; p->at < p->end; p->at++) {
        if (*p->at == '"' && p->at + 1 < p->end && p->at[1] == '"')
            p->at++;
        else if (*p->at == '"')
            break;
        p->line += *p->at == '\n';
        *to++ = *p->at;
    }
    if (p->at >= p->end) return fail(ERR_FORMAT, "%s:%d: a double quote is never closed", p->path, first);
    for (p->at++; p->at < p->end && *p->at != p->separator && *p->at != '\n' && *p->at != '\r'; p->at++)
        *to++ = *p->at;
    *to = '\0'; /* at most on the closing quote, which is read */
    return OK;
}

/* Blanks around a cell, no-break ones too, are no part of it. */
static char *trim(char *cell)
{
    for (;; cell += *cell == (char)0xc2 ? 2 : 1)
        if (*cell != ' ' && *cell != '\t' && strncmp(cell, "\xc2\xa0", 2) != 0) break;
    size_t n = strlen(cell);
    for (;;)
        if (n > 0 && (cell[n - 1] == ' ' || cell[n - 1] == '\t'))
            n--;
        else if (n > 1 && memcmp(cell + n - 2, "\xc2\xa0", 2) == 0)
            n -= 2;
        else
            break;
    cell[n] = '\0';
    return cell;
}

/* The next cell; *last: it ends its row. `at` moves behind the separator or the line end. */
static Status next_cell(Parser *p, char **cell, bool *last)
{
    char *finish = NULL;
    if (p->at < p->end && *p->at == '"')
        TRY(quoted_cell(p, cell));
    else {
        *cell = p->at;
        while (p->at < p->end && *p->at != p->separator && *p->at != '\n' && *p->at != '\r') p->at++;
        finish = p->at;
    }
    *last = p->at >= p->end || *p->at != p->separator;
    if (*last)
        step_line(p);
    else
        p->at++;
    if (finish) *finish = '\0';
    *cell = trim(*cell);
    return OK;
}

static Status no_memory(const char *path)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", path);
}

static Status read_header(Table *out, Store *store, Parser *p)
{
    size_t room = 0;
    void *names = NULL;
    Status status = OK;
    for (bool last = false; status == OK && !last;) {
        char *cell;
        status = next_cell(p, &cell, &last);
        if (status == OK && !grow(&names, &room, (size_t)out->n_column + 1, sizeof(char *)))
            status = no_memory(p->path);
        if (status == OK) ((const char **)names)[out->n_column++] = cell;
    }
    store->column = names;
    TRY(status);
    if (store->column[0][0] == '#') store->column[0] += 1 + strspn(store->column[0] + 1, " "); /* VDJtools */
    out->column = store->column;
    if (out->n_column == 1 && !store->column[0][0])
        return fail(ERR_FORMAT, "%s:1: the header line is empty", p->path);
    return OK;
}

static Status keep_cell(Table *out, Store *store, const char *cell, int column)
{
    void *cells = (void *)store->cell;
    const size_t place = (size_t)out->n_row * (size_t)out->n_column + (size_t)column;
    if (!grow(&cells, &store->room, place + 1, sizeof(char *))) return no_memory(store->path);
    store->cell = cells;
    store->cell[place] = cell;
    return OK;
}

/* Rows of empty cells, which spreadsheets leave at the end, are none. */
static bool row_is_empty(const Table *out, const Store *store, int n)
{
    const size_t first = (size_t)out->n_row * (size_t)out->n_column;
    for (int c = 0; c < n && c < out->n_column; c++)
        if (*store->cell[first + (size_t)c]) return false;
    return out->n_column > 1;
}

/* R writes no name above the names of the rows. */
static const char table_of_r[] = ", or write the table with col.names=NA if it is of R's write.table";

/* One row; empty lines are none. Empty cells beyond the header's are overlooked (trailing separators). */
static Status read_row(Table *out, Store *store, Parser *p)
{
    const int line = p->line;
    int n = 0;
    for (bool last = false; !last; n++) {
        char *cell;
        TRY(next_cell(p, &cell, &last));
        if (n == 0 && last && !*cell && out->n_column > 1) return OK;
        if (n < out->n_column)
            TRY(keep_cell(out, store, cell, n));
        else if (*cell)
            return fail(ERR_FORMAT, "%s:%d: has more cells than the header has names (%d); mend the row%s", p->path,
                        line, out->n_column, out->n_row ? "" : table_of_r);
    }
    if (row_is_empty(out, store, n)) return OK;
    if (n < out->n_column)
        return fail(ERR_FORMAT, "%s:%d: has %d cell%s, the header has %d names; mend the row", p->path, line, n,
                    number_plural(n), out->n_column);
    void *lines = store->line;
    if (!grow(&lines, &store->room_line, (size_t)out->n_row + 1, sizeof(int))) return no_memory(p->path);
    store->line = lines;
    store->line[out->n_row++] = line;
    return OK;
}

/* Bytes of the character that begins at p; 0: not UTF-8. Overlong forms and surrogates pass: they do no harm here. */
static size_t character(const unsigned char *p, const unsigned char *end)
{
    const size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (n > (size_t)(end - p)) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return n;
}

/* Cells go into HDF5 and JSON, which know no other encoding. */
static Status check_utf8(const char *text, size_t n, const char *path)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    int line = 1;
    for (size_t step; p < end; p += step) {
        if ((step = character(p, end)) == 0)
            return fail(ERR_FORMAT, "%s:%d: is not UTF-8 text; save the table in that encoding", path, line);
        line += *p == '\n';
    }
    return OK;
}

/* Excel's first line "sep=;", which is no row; 0: there is none. */
static char take_separator(Parser *p)
{
    const char *at = p->at + (*p->at == '"');
    if (p->end - at < 6 || strncasecmp(at, "sep=", 4) != 0) return 0;
    const char separator = at[4], *end = at + 5 + (*p->at == '"');
    if (*end != '\r' && *end != '\n') return 0;
    p->at += end - p->at;
    step_line(p);
    return separator;
}

static bool has_separator(const char *line)
{
    return line[strcspn(line, "\t,;\r\n")] && !strchr("\r\n", line[strcspn(line, "\t,;\r\n")]);
}

/* A line "# …" is a comment where a header with several columns follows, which it has not itself. */
static bool is_comment(const char *line)
{
    if (*line != '#' || has_separator(line)) return false;
    while (*line == '#' || *line == '\r' || *line == '\n') {
        line += strcspn(line, "\r\n");
        line += strspn(line, "\r\n");
    }
    return has_separator(line);
}

/* Empty lines and comments before the header. */
static void skip_preamble(Parser *p)
{
    for (;;) {
        const size_t blank = strspn(p->at, " \t"), n = strcspn(p->at, "\r\n");
        if (!p->at[n] || (blank < n && !is_comment(p->at))) return;
        p->at += n;
        step_line(p);
    }
}

static Status parse(Table *out, Store *store, size_t n)
{
    Parser p = {.at = store->text, .end = store->text + n, .line = 1, .path = store->path};
    const char *zero = memchr(store->text, '\0', n);
    if (zero) return fail(ERR_FORMAT, "%s: holds a byte 0; this is not a text file", store->path);
    TRY(check_utf8(store->text, n, store->path));
    if (n >= 3 && memcmp(store->text, "\xef\xbb\xbf", 3) == 0) p.at += 3;
    if (p.at == p.end) return fail(ERR_FORMAT, "%s: is empty; a table with a header line is expected", store->path);
    p.separator = take_separator(&p);
    skip_preamble(&p);
    if (!p.separator) p.separator = header_separator(p.at, (size_t)(p.end - p.at));
    TRY(read_header(out, store, &p));
    while (p.at < p.end) TRY(read_row(out, store, &p));
    out->cell = store->cell;
    out->line = store->line;
    return OK;
}

static Store *store_new(Table *out, const char *path)
{
    Store *store = calloc(1, sizeof *store);
    *out = (Table){.store = store, .path = ""};
    if (store && path && !(store->path = strdup(path))) return NULL;
    if (store && path) out->path = store->path;
    return store;
}

Status table_read_any(Table *out, const char *path)
{
    size_t n = 0;
    Store *store = store_new(out, path);
    Status status = store ? textin_whole(&store->text, &n, path, BYTES_MOST) : no_memory(path);
    if (status == OK) status = parse(out, store, n);
    if (status != OK) table_free(out);
    return status;
}

Status table_read(Table *out, const char *path)
{
    TRY(table_read_any(out, path));
    if (out->n_row > 0) return OK;
    const Status status = fail(ERR_FORMAT, "%s: has a header line but no rows", path);
    table_free(out);
    return status;
}

/* ---- from memory ---- */

static char *copy_texts(const char **to, char *at, const char *const *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t size = strlen(from[i]) + 1;
        to[i] = memcpy(at, from[i], size);
        at += size;
    }
    return at;
}

Status table_new(Table *out, int n_row, int n_column, const char *const *column, const char *const *cell)
{
    const size_t n = (size_t)n_row * (size_t)n_column;
    size_t bytes = 1;
    for (int c = 0; c < n_column; c++) bytes += strlen(column[c]) + 1;
    for (size_t i = 0; i < n; i++) bytes += strlen(cell[i]) + 1;
    Store *store = store_new(out, NULL);
    if (store) {
        store->text = malloc(bytes);
        store->column = malloc(((size_t)n_column + 1) * sizeof *store->column);
        store->cell = malloc((n + 1) * sizeof *store->cell);
        store->line = calloc((size_t)n_row + 1, sizeof *store->line);
    }
    if (!store || !store->text || !store->column || !store->cell || !store->line) {
        table_free(out);
        return fail(ERR_MEMORY, "no memory for a table of %d rows", n_row);
    }
    copy_texts(store->cell, copy_texts(store->column, store->text, column, (size_t)n_column), cell, n);
    out->n_row = n_row;
    out->n_column = n_column;
    out->column = store->column;
    out->cell = store->cell;
    out->line = store->line;
    return OK;
}

/* ---- asking ---- */

int table_column(const Table *t, const char *name)
{
    for (int c = 0; c < t->n_column; c++)
        if (strcmp(t->column[c], name) == 0) return c;
    return -1;
}

const char *table_cell(const Table *t, int row, int column)
{
    assert(row >= 0 && row < t->n_row && column >= 0 && column < t->n_column);
    return t->cell[(size_t)row * (size_t)t->n_column + (size_t)column];
}
