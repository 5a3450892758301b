/* SPDX-License-Identifier: MIT
 *
 * Only the cells up to the last one wanted are looked for, by memchr; a line with quotes takes the slow way. Where commas
 * separate, a line with too many is a fault: a number such as 1,234 would shift its cells.
 */
#include "data/sequences/rowreader.h"
#include "core/number.h"

#include <stdlib.h>
#include <string.h>

Status rowreader_no_memory(const RowReader *r)
{
    return fail(ERR_MEMORY, "%s:%d: no memory for a repertoire this large", textin_path(r->in), textin_number(r->in));
}

const char *rowreader_column(const RowReader *r, ColumnRole role)
{
    return r->columns.at[role] < 0 ? NULL : r->head.header.name[r->columns.at[role]];
}

/* ---- columns ---- */

static int place_of(const RowReader *r, int column)
{
    for (int i = 0; i < r->n_wanted; i++)
        if (r->wanted[i] == column) return i;
    return -1;
}

/* Columns of the format and of the rules, ascending, each once. */
static void want_columns(RowReader *r, int n_rule)
{
    int n = 0;
    for (int k = 0; k < N_COLUMN_ROLE; k++)
        if (r->columns.at[k] >= 0) r->wanted[n++] = r->columns.at[k];
    for (int i = 0; i < n_rule; i++) r->wanted[n++] = r->rule_column[i];
    qsort(r->wanted, (size_t)n, sizeof *r->wanted, number_ascending_int);
    for (int i = 0; i < n; i++)
        if (i == 0 || r->wanted[i] != r->wanted[i - 1]) r->wanted[r->n_wanted++] = r->wanted[i];
}

/* Values are compared without blanks at their ends, as cells are, except by the converter's rules. */
static void bind_rule(RowReader *r, int i)
{
    const char *value = header_rule(&r->rules, i)->value;
    size_t length = strlen(value);
    while (!r->lines.plain && *value == ' ') value++, length--;
    while (!r->lines.plain && length > 0 && value[length - 1] == ' ') length--;
    r->rule[i] = (RowFilter){place_of(r, r->rule_column[i]), value, length};
}

static Status bind_rules(RowReader *r, int n_rule)
{
    TRY(header_bind_rules(r->rule_column, &r->head.header, &r->rules));
    want_columns(r, n_rule);
    for (int i = 0; i < n_rule; i++) bind_rule(r, i);
    return OK;
}

Status rowreader_bind(RowReader *r, const FormatType *format, const FormatWish *wish, const RowRules *rules)
{
    const size_t n_rule = (size_t)(rules->n_include + rules->n_exclude);
    r->rules = *rules;
    TRY(format_bind(&r->columns, format, &r->head.header, wish));
    r->rule_column = malloc((n_rule + 1) * sizeof *r->rule_column);
    r->rule_held = calloc(n_rule + 1, sizeof *r->rule_held);
    r->wanted = malloc((n_rule + N_COLUMN_ROLE) * sizeof *r->wanted);
    r->rule = calloc(n_rule + 1, sizeof *r->rule);
    r->cell = calloc(n_rule + N_COLUMN_ROLE, sizeof *r->cell);
    r->slow = calloc((size_t)r->head.header.n + 1, sizeof *r->slow);
    if (!r->rule_column || !r->rule_held || !r->wanted || !r->rule || !r->cell || !r->slow)
        return rowreader_no_memory(r);
    TRY(bind_rules(r, (int)n_rule));
    for (int k = 0; k < N_COLUMN_ROLE; k++) r->place[k] = place_of(r, r->columns.at[k]);
    return OK;
}

/* ---- a row's cells ---- */

static Status too_few(const RowReader *r, int n)
{
    const int last = r->wanted[r->n_wanted - 1];
    return fail(ERR_FORMAT,
                "%s:%d: has %d cell%s, but column '%s' is number %d; the line is cut short or has another separator. "
                "--short-rows=drop leaves such rows out",
                textin_path(r->in), textin_number(r->in), n, n == 1 ? "" : "s", r->head.header.name[last], last + 1);
}

static Status too_many(const RowReader *r)
{
    return fail(ERR_FORMAT,
                "%s:%d: has more cells than the header names (%d); is a name missing in the header (R's write.table "
                "needs col.names=NA), or a cell with the separator in it not quoted?",
                textin_path(r->in), textin_number(r->in), r->head.header.n);
}

/* IMGT/HighV-QUEST ends a line early where it has found nothing. */
static Status end_early(RowReader *r, const char *line, const char *stop, int n_cell, int n_found)
{
    static char nothing[1];
    const char words[] = "No results";
    if (!r->lines.drop_short && !memmem(line, (size_t)(stop - line), words, sizeof words - 1))
        return too_few(r, n_cell);
    r->cut = true;
    for (int i = n_found; i < r->n_wanted; i++) r->cell[i] = (Cell){nothing, 0};
    return OK;
}

/* Where tabs separate, one cell more in the first row shows that names of rows stand before the columns. */
static bool is_extra(const RowReader *r, int n)
{
    const int extra = n - r->head.header.n;
    return r->head.separator == '\t' ? extra == 1 && !r->begun : extra > 0;
}

/* Counts what stands behind the last cell wanted. Empty cells at the end are no fault. */
static Status check_rest(const RowReader *r, const char *at, const char *stop, int column)
{
    int n = column + 1;
    if (r->begun && r->head.separator == '\t') return OK;
    while (stop > at && (stop[-1] == r->head.separator || stop[-1] == ' ')) stop--;
    for (const char *next; at < stop && (next = memchr(at, r->head.separator, (size_t)(stop - at))); at = next + 1)
        n++;
    n += at < stop;
    return is_extra(r, n) ? too_many(r) : OK;
}

static Status split_quoted(RowReader *r, char *line, size_t length)
{
    const int most = r->wanted[r->n_wanted - 1] + 1;
    const bool open_end = length > 0 && line[length - 1] == r->head.separator;
    const int n = textin_split(r->slow, most, line, length, r->head.separator);
    if (n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is not closed on its line", textin_path(r->in),
                    textin_number(r->in));
    if (!open_end && is_extra(r, n)) return too_many(r);
    int found = 0;
    for (; found < r->n_wanted && r->wanted[found] < n; found++) {
        char *text = r->slow[r->wanted[found]];
        r->cell[found] = (Cell){.text = text, .length = strlen(text)};
    }
    return found < r->n_wanted ? end_early(r, line, line + length, n, found) : OK;
}

static Status split(RowReader *r, char *line, size_t length)
{
    if (memchr(line, '"', length)) return split_quoted(r, line, length);
    char *const stop = line + length;
    char *at = line;
    int column = 0;
    for (int i = 0; i < r->n_wanted; i++, column++) {
        for (; column < r->wanted[i]; column++) {
            at = memchr(at, r->head.separator, (size_t)(stop - at));
            if (!at) return end_early(r, line, stop, column + 1, i);
            at++;
        }
        char *end = memchr(at, r->head.separator, (size_t)(stop - at));
        r->cell[i] = (Cell){.text = at, .length = (size_t)((end ? end : stop) - at)};
        if (!end && i + 1 < r->n_wanted) return end_early(r, line, stop, column + 1, i + 1);
        if (end) *end = '\0';
        at = end ? end + 1 : stop;
    }
    return check_rest(r, at, stop, column - 1);
}

/* ---- filters ---- */

static bool holds(const void *row, int rule)
{
    const RowReader *r = row;
    const RowFilter *filter = &r->rule[rule];
    const Cell *cell = &r->cell[filter->place];
    const bool held = cell->length == filter->length && memcmp(cell->text, filter->value, filter->length) == 0;
    if (held && rule < r->rules.n_include) r->rule_held[rule] = true;
    return held;
}

bool rowreader_passes(const RowReader *r)
{
    return header_keeps(&r->rules, r->rule_column, holds, r);
}

int rowreader_useless(const RowReader *r)
{
    for (int i = 0; i < r->rules.n_include; i++) {
        bool held = false;
        for (int k = 0; k < r->rules.n_include; k++)
            held |= r->rule_held[k] && r->rule_column[k] == r->rule_column[i];
        if (!held) return i;
    }
    return -1;
}

/* ---- from the first row to the last ---- */

Status rowreader_open(RowReader *r, const char *path, TextIn *in, const RowLines *lines)
{
    *r = (RowReader){.in = in, .lines = *lines, .path = path};
    TRY(in ? textin_rewind(in) : textin_open(&r->in, path));
    TRY(rowheader_read(&r->head, r->in, lines));
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
    char *line = r->begun ? NULL : r->head.row;
    size_t length = r->head.n_row;
    if (!line) do
            TRY(textin_line(r->in, &line, &length));
        while (line && length == 0);
    *more = line != NULL;
    r->cut = false;
    if (!line) return OK;
    TRY(split(r, line, length));
    r->begun = true;
    for (int i = 0; i < r->n_wanted && !r->lines.plain; i++) rowcell_trim(&r->cell[i]);
    return OK;
}

void rowreader_close(RowReader *r)
{
    textin_close(r->in);
    rowheader_free(&r->head);
    free(r->rule_column);
    free(r->rule_held);
    free(r->wanted);
    free(r->cell);
    free(r->slow);
    free(r->rule);
}
