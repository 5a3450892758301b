/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowflags.h"

#include <strings.h>

static bool is_kept(const RowReader *r)
{
    const Cell *cell = rowreader_cell(r, COLUMN_KEEP);
    for (int i = 0; cell && r->columns.kept[i]; i++)
        if (strcasecmp(cell->text, r->columns.kept[i]) == 0) return true;
    return !cell;
}

static Status read_answer(Answer *out, const RowReader *r, ColumnRole role)
{
    const Cell *cell = rowreader_cell(r, role);
    *out = BLANK;
    if (!cell || rowcell_answer(out, cell)) return OK;
    return fail(ERR_FORMAT,
                "%s:%d: '%.40s' in column '%s' is neither T nor F (true or false, 1 or 0, or empty); mend it",
                textin_path(r->in), textin_number(r->in), cell->text, rowreader_column(r, role));
}

Status rowflags_check(Drop *out, const RowReader *r)
{
    Answer productive, frame, stop;
    *out = is_kept(r) ? N_DROP : DROP_FLAG;
    TRY(read_answer(&productive, r, COLUMN_PRODUCTIVE));
    if (productive == NO) *out = DROP_FLAG;
    if (productive != BLANK || *out != N_DROP) return OK;
    TRY(read_answer(&frame, r, COLUMN_FRAME));
    TRY(read_answer(&stop, r, COLUMN_STOP));
    if (stop == YES) *out = DROP_STOP;
    if (frame == NO) *out = DROP_FRAME;
    return OK;
}
