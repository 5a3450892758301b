/* SPDX-License-Identifier: MIT
 *
 * rowheader.h: what stands above the rows of a table: comment lines, a line "sep=;", the header line, which may begin
 * with #, or none: then columns have numbers for names, and the first line is kept as the first row.
 */
#ifndef HOPSACK_ROWHEADER_H
#define HOPSACK_ROWHEADER_H

#include "data/text/header.h"
#include "data/text/textin.h"

typedef enum { HEADER_AUTO, HEADER_YES, HEADER_NO } HeaderWish;

/* How lines become rows. */
typedef struct {
    char separator;    /* 0: told by the header */
    HeaderWish header; /* auto: a line that holds a junction or nucleotides is a row */
    bool plain;        /* lines that begin with # are no comments */
    bool drop_short;   /* rows of too few cells are dropped, and are no error */
} RowLines;

typedef struct {
    Header header;
    char separator;
    int line;     /* its number; of the first row where there is none */
    char *row;    /* the first row, if it has been read already; NULL */
    size_t n_row; /* its length */

    char *store[3]; /* the texts of header and first row, and of numbers */
} RowHeader;        /* starts as {0} */

/* Free it whatever comes out. */
Status rowheader_read(RowHeader *out, TextIn *in, const RowLines *lines);
void rowheader_free(RowHeader *h);

#endif
