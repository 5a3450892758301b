/* SPDX-License-Identifier: MIT
 *
 * rowreader.h: a text table row by row: of each row the cells of the columns that a format names, and whether filters let
 * it pass.
 *
 *     TRY_DONE(rowreader_open(&r, path, NULL, &lines));                  reads the header
 *     TRY_DONE(rowreader_bind(&r, format, &wish, &rules));           finds the columns
 *     rowreader_pause(&r); … TRY_DONE(rowreader_resume(&r));         where many files wait to be read
 *     for (;;) { TRY_DONE(rowreader_next(&r, &more)); if (!more) break; … rowreader_cell(&r, COLUMN_COUNT) … }
 */
#ifndef HOPSACK_ROWREADER_H
#define HOPSACK_ROWREADER_H

#include "data/sequences/format.h"
#include "data/sequences/rowcell.h"
#include "data/sequences/rowheader.h"
#include "data/text/textin.h"

#include <stdbool.h>
#include <stddef.h>

/* A rule whose column is found: `place` among the wanted cells. */
typedef struct {
    int place;
    const char *value;
    size_t length;
} RowFilter;

typedef struct {
    TextIn *in;
    RowHeader head;
    FormatColumns columns;
    int place[N_COLUMN_ROLE]; /* of a role's column among the cells; -1: there is none */
    Cell *cell;               /* [n_wanted] of the current row */

    RowRules rules;
    RowFilter *rule;  /* [n_include + n_exclude] */
    int *rule_column; /* [n_include + n_exclude] */
    bool *rule_held;  /* [n_include] by some row so far */
    RowLines lines;
    bool cut;    /* the current row has too few cells; those that lack are empty */
    bool begun;  /* the first row has been read */
    int *wanted; /* [n_wanted] columns, ascending */
    int n_wanted;
    char **slow;      /* [last wanted + 1] scratch for quoted lines */
    const char *path; /* borrowed */
    int n_line;       /* of the file up to its header */
} RowReader;

/* `path` is borrowed. `in`: that file, if it is open already; taken over. Close it whatever comes out. */
Status rowreader_open(RowReader *r, const char *path, TextIn *in, const RowLines *lines);
Status rowreader_bind(RowReader *r, const FormatType *format, const FormatWish *wish, const RowRules *rules);
void rowreader_pause(RowReader *r);    /* closes the file behind its header */
Status rowreader_resume(RowReader *r); /* opens it there again, if it is closed */
Status rowreader_next(RowReader *r, bool *more);
bool rowreader_passes(const RowReader *r); /* the current row, the rules */
int rowreader_useless(const RowReader *r); /* an include rule whose column no row had any wanted value in; -1: none */
const char *rowreader_column(const RowReader *r, ColumnRole role); /* name; NULL: there is none */
Status rowreader_no_memory(const RowReader *r);
void rowreader_close(RowReader *r);

static inline bool rowreader_has(const RowReader *r, ColumnRole role)
{
    return r->place[role] >= 0;
}

/* The row's cell of a role; NULL: there is no such column. */
static inline const Cell *rowreader_cell(const RowReader *r, ColumnRole role)
{
    return r->place[role] < 0 ? NULL : &r->cell[r->place[role]];
}

#endif
