/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowgene.h"
#include "core/yaml.h"

#include <string.h>

/* What could not be printed in a table again. */
static bool is_odd_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ') return true;
    return !yaml_is_utf8(name);
}

static bool is_unknown(const Cell *cell)
{
    return rowcell_is_blank(cell) || strcmp(cell->text, ".") == 0 || strcmp(cell->text, "*") == 0;
}

Status rowgene_read(int *out, const RowReader *r, const FormatType *format, Names *names, ColumnRole role)
{
    const Cell *cell = rowreader_cell(r, role);
    const int before = names->n;
    *out = -1;
    if (!cell || is_unknown(cell)) return OK;
    size_t length = strcspn(cell->text, ",");
    if (format->gene) length = format->gene(cell->text, length);
    if (length == 0) return OK;
    *out = names_number(names, cell->text, length);
    if (*out < 0) return rowreader_no_memory(r);
    if (*out < before || !is_odd_name(names->text[*out])) return OK;
    return fail(ERR_FORMAT, "%s:%d: the gene in column '%s' is no UTF-8 text on one line", textin_path(r->in),
                textin_number(r->in), rowreader_column(r, role));
}

bool rowgene_has_locus(const RowReader *r)
{
    return r->place[COLUMN_LOCUS] >= 0 || r->place[COLUMN_V] >= 0 || r->place[COLUMN_J] >= 0;
}

Locus rowgene_locus(const RowReader *r)
{
    static const ColumnRole told_by[] = {COLUMN_LOCUS, COLUMN_V, COLUMN_J};
    Locus locus = N_LOCUS;
    for (int k = 0; k < 3 && locus == N_LOCUS; k++) {
        const Cell *cell = rowreader_cell(r, told_by[k]);
        if (cell) locus = locus_of(cell->text);
    }
    return locus;
}
