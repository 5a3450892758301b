/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowcount.h"

#include <string.h>

static Status bad_count(const RowReader *r, ColumnRole role, const char *why)
{
    return fail(
        ERR_FORMAT, "%s:%d: count '%.40s' in column '%s' %s; mend it, or name another column with --count-column",
        textin_path(r->in), textin_number(r->in), rowreader_cell(r, role)->text, rowreader_column(r, role), why);
}

Status rowcount_converter(int64_t *out, const RowReader *r)
{
    const Cell *cell = rowreader_cell(r, COLUMN_COUNT);
    *out = 1;
    if (!cell) return OK;
    if (strcmp(cell->text, "null") == 0) {
        *out = 0;
        return OK;
    }
    if (!rowcell_truncate(out, cell)) return bad_count(r, COLUMN_COUNT, "is not a number");
    if (*out < 0) *out = 1;
    return OK;
}

static Status read_cell(int64_t *out, const RowReader *r, ColumnRole role, CountOdds *odds)
{
    const CountKind kind = rowcell_count(out, rowreader_cell(r, role));
    if (kind == COUNT_WHOLE) return OK;
    if (kind == COUNT_TEXT) return bad_count(r, role, "is not a number");
    if (kind == COUNT_LARGE) return bad_count(r, role, "is too large: 2^63 - 1 is the most");
    if (kind == COUNT_COMMA) return bad_count(r, role, "may have its comma between thousands or before a fraction");
    odds->fraction += kind == COUNT_ROUNDED;
    odds->below += kind == COUNT_BELOW;
    return OK;
}

Status rowcount_read(int64_t *out, const RowReader *r, ColumnRole role, CountsSeen *seen, CountOdds *odds)
{
    *out = 0;
    if (!rowcell_is_blank(rowreader_cell(r, role))) TRY(read_cell(out, r, role, odds));
    seen->n++;
    seen->n_positive += *out > 0;
    if (*out > 0) return OK;
    *out = 1;
    odds->one++;
    return OK;
}
