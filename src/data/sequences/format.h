/* SPDX-License-Identifier: MIT
 *
 * format.h: the family of repertoire text formats. A format is told by its header line, and says by which names the columns
 * of sequences, counts, genes and so on go. A new one is one file, format_NAME.c, and one row in the table of format.c.
 */
#ifndef HOPSACK_FORMAT_H
#define HOPSACK_FORMAT_H

#include "data/text/header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of the first and last residue where CDR3s are wanted. */
typedef enum {
    ENDS_AUTO, /* kept in columns known to hold CDR3s, else cut off */
    ENDS_CUT,
    ENDS_KEEP
} EndsWish;

/* What the user asked for by name. */
typedef struct {
    const char *sequence; /* NULL: as the format has it */
    const char *count;    /* NULL: as the format has it; "none": every row counts 1 */
    const char *bag;      /* column of repertoires; NULL: as the format has it; "none": the file is one */
    bool cdr3;            /* CDR3s are wanted, not junctions */
    EndsWish ends;
    bool bare; /* sequence and count alone, by the rules of DeepRC's converter */
} FormatWish;

/* What a column may hold. */
typedef enum {
    COLUMN_SEQUENCE,
    COLUMN_CDR3,       /* the sequence without its conserved ends: taken where CDR3s are wanted and it is filled */
    COLUMN_COUNT,      /* none: every row counts 1 */
    COLUMN_COUNT_TOO,  /* another column of counts; which one counts is settled at the end of a file (`finish`) */
    COLUMN_CELL,       /* a sequence counts once for each different text here */
    COLUMN_KEEP,       /* rows are dropped unless it holds one of `kept` */
    COLUMN_PRODUCTIVE, /* T or F; blank: decided by the next two, then by the sequence */
    COLUMN_FRAME,      /* T: in frame */
    COLUMN_STOP,       /* T: has a stop codon */
    COLUMN_REPERTOIRE, /* the file holds several, told apart by this */
    COLUMN_PERSON,     /* another column that may tell some apart: it is only looked at */
    COLUMN_LOCUS,      /* locus or chain; blank: told by V, then by J */
    COLUMN_V,
    COLUMN_J,
    N_COLUMN_ROLE
} ColumnRole;

typedef struct {
    int at[N_COLUMN_ROLE];   /* -1: none. Sequence or CDR3 is there */
    const char *const *kept; /* NULL-ended, compared without case */
    bool imputed;            /* letters of sequences may be lower case */
    bool bags_named; /* COLUMN_REPERTOIRE names repertoires even if it has one value; else the file is that one */
} FormatColumns;

/* What a column of counts holds in a file's kept rows, equal ones not merged. */
typedef struct {
    int64_t n, n_positive;
} CountsSeen;

typedef const char *const Spellings[]; /* names of one column, NULL-ended; the first that is there has it */

/* Columns are found by the spellings, without regard to case. Hooks that are NULL have nothing to do. */
typedef struct {
    const char *name, *line;    /* for --format and --help */
    bool converter;             /* asked for by name, the rules of DeepRC's converter hold, not our pipeline's */
    bool bags_named;            /* its column of repertoires names them even where it has one value */
    const char *const *sign[3]; /* a header of the format has one of each */
    const char *const *column[N_COLUMN_ROLE];                                         /* spellings */
    const char *const *kept;                                                          /* of COLUMN_KEEP */
    bool (*recognise)(const Header *header, const FormatWish *wish);                  /* in place of the signs */
    Status (*bind)(FormatColumns *out, const Header *header, const FormatWish *wish); /* in place of format_usual */
    /* Where both columns of counts are bound: true if COLUMN_COUNT_TOO holds the file's counts. NULL: never. */
    bool (*finish)(const CountsSeen *count, const CountsSeen *too);
    /* Rewrites the name of a gene in place and returns its length, at most `length`; 0: unknown. NULL: as it stands. */
    size_t (*gene)(char *name, size_t length);
} FormatType;

extern const FormatType *const format_types[]; /* ends with NULL; the first that recognises a header has it */

const FormatType *format_find(const char *name);                    /* NULL: none of that name */
const FormatType *format_known(const Header *, const FormatWish *); /* NULL: none recognises it */
/* The type for --format=auto. ERR_FORMAT lists the columns found, and says what the file may be. */
Status format_recognise(const FormatType **out, const Header *header, const FormatWish *wish);
/* The columns of a file. ERR_FORMAT: one is missing, or a needed one stands twice. */
Status format_bind(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish);

/* ---- for formats ---- */
extern const FormatColumns format_no_columns;      /* all -1 */
extern Spellings format_v, format_j, format_locus; /* those of all formats */

/* The columns by the spellings of the type. */
Status format_usual(FormatColumns *out, const FormatType *type, const Header *header, const FormatWish *wish);
/* The count column into `out`: the one wished for, else the first of `usual` (NULL-ended) that is there, else none. */
Status format_count(FormatColumns *out, const Header *header, const FormatWish *wish, const char *const *usual);
bool format_holds_cdr3(const char *column); /* does a column of this name hold sequences without their ends? */

#endif
