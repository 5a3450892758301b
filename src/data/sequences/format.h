/* SPDX-License-Identifier: MIT
 *
 * format.h: the family of repertoire text formats. A format is told by its header line, and says which columns hold the
 * sequence, the count, and whether a row is productive. A new one is one file, format_NAME.c, and one row in the table
 * of format.c.
 */
#ifndef HOPSACK_FORMAT_H
#define HOPSACK_FORMAT_H

#include "data/text/header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the user asked for by name. */
typedef struct {
    const char *sequence; /* NULL: as the format has it */
    const char *count;    /* NULL: as the format has it; "none": every row counts 1 */
    bool cdr3;            /* CDR3s are wanted, not junctions */
} FormatWish;

/* What a column may hold. */
typedef enum {
    COLUMN_SEQUENCE,
    COLUMN_CDR3,       /* the sequence without its conserved ends: taken where CDR3s are wanted and it is filled */
    COLUMN_COUNT,      /* none: every row counts 1 */
    COLUMN_COUNT_TOO,  /* another column of counts; which one counts is settled at the end of a file (`finish`) */
    COLUMN_KEEP,       /* rows are dropped unless it holds one of `kept` */
    COLUMN_PRODUCTIVE, /* T or F; blank: decided by the next two, then by the sequence */
    COLUMN_FRAME,      /* T: in frame */
    COLUMN_STOP,       /* T: has a stop codon */
    COLUMN_REPERTOIRE, /* the file holds several, told apart by this */
    COLUMN_V,
    COLUMN_J,
    N_COLUMN_ROLE
} ColumnRole;

typedef struct {
    int at[N_COLUMN_ROLE];   /* -1: none. Sequence or CDR3 is there */
    const char *const *kept; /* NULL-ended, compared without case */
} FormatColumns;

/* What a column of counts holds in a file's kept rows, equal ones not merged. */
typedef struct {
    int64_t n, n_positive;
} CountsSeen;

typedef struct {
    const char *name, *line; /* for --format and --help */
    bool converter;          /* asked for by name, the rules of DeepRC's converter hold, not our pipeline's */
    bool (*recognise)(const Header *header, const FormatWish *wish);
    Status (*bind)(FormatColumns *out, const Header *header, const FormatWish *wish);
    /* Where both columns of counts are bound: true if COLUMN_COUNT_TOO holds the file's counts. NULL: never. */
    bool (*finish)(const CountsSeen *count, const CountsSeen *too);
    /* Rewrites the name of a gene in place and returns its length, at most `length`; 0: unknown. NULL: as it stands. */
    size_t (*gene)(char *name, size_t length);
} FormatType;

extern const FormatType *const format_types[]; /* ends with NULL; the first that recognises a header has it */

const FormatType *format_find(const char *name); /* NULL: none of that name */
/* The type for --format=auto. ERR_FORMAT lists the columns found. */
Status format_recognise(const FormatType **out, const Header *header, const FormatWish *wish);

extern const FormatColumns format_no_columns; /* all -1 */

/* The count column into `out`: the one wished for, else the first of `usual` (NULL-ended) that is there, else none. */
Status format_count(FormatColumns *out, const Header *header, const FormatWish *wish, const char *const *usual);

#endif
