/* SPDX-License-Identifier: MIT
 *
 * Only the cells up to the last one wanted are looked for, by memchr; a line with quotes takes the slow way.
 */
#include "data/sequences/rowreader.h"

#include <stdlib.h>
#include <string.h>

Status rowreader_no_memory(const RowReader *r)
{
    return fail(ERR_MEMORY, "%s:%d: no memory for a repertoire this large", textin_path(r->in), textin_number(r->in));
}

/* ---- the header ---- */

/* Comment lines before it, and a '#' on it, are known from other tools. */
static Status header_line(RowReader *r, char **line, size_t *length)
{
    do TRY(textin_line(r->in, line, length));
    while (*line && !r->plain && (*length == 0 || strncmp(*line, "# ", 2) == 0));
    if (!*line) return fail(ERR_FORMAT, "%s: is empty; a header line is expected", textin_path(r->in));
    if (!r->plain && **line == '#') ++*line, --*length;
    return OK;
}

static Status read_header(RowReader *r, char separator)
{
    char *line;
    size_t length;
    TRY(header_line(r, &line, &length));
    r->separator = separator ? separator : header_separator(line, length);
    size_t most = 1;
    for (size_t i = 0; i < length; i++) most += line[i] == r->separator;
    r->header_text = malloc(length + 1);
    r->header.name = calloc(most, sizeof *r->header.name);
    if (!r->header_text || !r->header.name) return rowreader_no_memory(r);
    memcpy(r->header_text, line, length + 1);
    r->header.n = textin_split(r->header.name, (int)most, r->header_text, length, r->separator);
    if (r->header.n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is never closed", textin_path(r->in), textin_number(r->in));
    for (int c = 0; c < r->header.n; c++) r->header.name[c] = header_trim(r->header.name[c]);
    return OK;
}

static int compare_int(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int place_of(const RowReader *r, int column)
{
    for (int i = 0; i < r->n_wanted; i++)
        if (r->wanted[i] == column) return i;
    return -1;
}

/* Columns of the format and of the rules, ascending, each once. */
static void want_columns(RowReader *r, const int *rule_column, int n_rule)
{
    int n = 0;
    for (int k = 0; k < N_COLUMN_ROLE; k++)
        if (r->columns.at[k] >= 0) r->wanted[n++] = r->columns.at[k];
    for (int i = 0; i < n_rule; i++) r->wanted[n++] = rule_column[i];
    qsort(r->wanted, (size_t)n, sizeof *r->wanted, compare_int);
    for (int i = 0; i < n; i++)
        if (i == 0 || r->wanted[i] != r->wanted[i - 1]) r->wanted[r->n_wanted++] = r->wanted[i];
}

static Status bind_rules(RowReader *r, int *rule_column, int n_rule)
{
    TRY(header_bind_rules(rule_column, &r->header, &r->rules));
    want_columns(r, rule_column, n_rule);
    for (int i = 0; i < n_rule; i++) {
        const char *value = header_rule(&r->rules, i)->value;
        r->rule[i] = (RowFilter){place_of(r, rule_column[i]), value, strlen(value)};
    }
    return OK;
}

Status rowreader_bind(RowReader *r, const FormatType *format, const FormatWish *wish, const RowRules *rules)
{
    const int n_rule = rules->n_include + rules->n_exclude;
    r->rules = *rules;
    TRY(format->bind(&r->columns, &r->header, wish));
    int *rule_column = malloc(((size_t)n_rule + 1) * sizeof *rule_column);
    r->wanted = malloc(((size_t)n_rule + N_COLUMN_ROLE) * sizeof *r->wanted);
    r->rule = calloc((size_t)n_rule + 1, sizeof *r->rule);
    r->cell = calloc((size_t)n_rule + N_COLUMN_ROLE, sizeof *r->cell);
    r->slow = calloc((size_t)r->header.n + 1, sizeof *r->slow);
    const Status status = rule_column && r->wanted && r->rule && r->cell && r->slow
                              ? bind_rules(r, rule_column, n_rule)
                              : rowreader_no_memory(r);
    for (int k = 0; k < N_COLUMN_ROLE; k++) r->place[k] = place_of(r, r->columns.at[k]);
    free(rule_column);
    return status;
}

/* ---- a row's cells ---- */

static Status too_few(const RowReader *r, int n)
{
    return fail(ERR_FORMAT,
                "%s:%d: has %d cell%s, but column '%s' is number %d; the line is cut short or has another separator",
                textin_path(r->in), textin_number(r->in), n, n == 1 ? "" : "s",
                r->header.name[r->wanted[r->n_wanted - 1]], r->wanted[r->n_wanted - 1] + 1);
}

static Status split_quoted(RowReader *r, char *line, size_t length)
{
    const int most = r->wanted[r->n_wanted - 1] + 1;
    const int n = textin_split(r->slow, most, line, length, r->separator);
    if (n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is not closed on its line", textin_path(r->in),
                    textin_number(r->in));
    if (n < most) return too_few(r, n);
    for (int i = 0; i < r->n_wanted; i++)
        r->cell[i] = (Cell){.text = r->slow[r->wanted[i]], .length = strlen(r->slow[r->wanted[i]])};
    return OK;
}

static Status split(RowReader *r, char *line, size_t length)
{
    if (memchr(line, '"', length)) return split_quoted(r, line, length);
    char *const stop = line + length;
    char *at = line;
    int column = 0;
    for (int i = 0; i < r->n_wanted; i++, column++) {
        for (; column < r->wanted[i]; column++) {
            at = memchr(at, r->separator, (size_t)(stop - at));
            if (!at) return too_few(r, column + 1);
            at++;
        }
        char *end = memchr(at, r->separator, (size_t)(stop - at));
        r->cell[i] = (Cell){.text = at, .length = (size_t)((end ? end : stop) - at)};
        if (!end && i + 1 < r->n_wanted) return too_few(r, column + 1);
        if (end) *end = '\0';
        at = end ? end + 1 : stop;
    }
    return OK;
}

/* ---- filters ---- */

static bool holds(const void *row, int rule)
{
    const RowReader *r = row;
    const RowFilter *filter = &r->rule[rule];
    const Cell *cell = &r->cell[filter->place];
    return cell->length == filter->length && memcmp(cell->text, filter->value, filter->length) == 0;
}

bool rowreader_passes(const RowReader *r)
{
    return header_keeps(&r->rules, holds, r);
}

/* ---- from the first row to the last ---- */

Status rowreader_open(RowReader *r, const char *path, TextIn *in, char separator, bool plain)
{
    *r = (RowReader){.in = in, .plain = plain, .path = path};
    TRY(in ? textin_rewind(in) : textin_open(&r->in, path));
    TRY(read_header(r, separator));
    r->n_line = textin_number(r->in);
    return OK;
}

void rowreader_pause(RowReader *r)
{
    textin_close(r->in);
    r->in = NULL;
}

Status rowreader_resume(RowReader *r)
{
    char *line;
    size_t length;
    if (r->in) return OK;
    TRY(textin_open(&r->in, r->path));
    for (int i = 0; i < r->n_line; i++) TRY(textin_line(r->in, &line, &length));
    return OK;
}

Status rowreader_next(RowReader *r, bool *more)
{
    char *line;
    size_t length;
    do TRY(textin_line(r->in, &line, &length));
    while (line && length == 0);
    *more = line != NULL;
    return line ? split(r, line, length) : OK;
}

void rowreader_close(RowReader *r)
{
    textin_close(r->in);
    free(r->header.name);
    free(r->header_text);
    free(r->wanted);
    free(r->cell);
    free(r->slow);
    free(r->rule);
}
