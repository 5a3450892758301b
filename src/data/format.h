/* SPDX-License-Identifier: MIT
 *
 * format.h: the family of repertoire text formats. A format is told by its header line, and says which columns hold the
 * sequence, the count, and whether a row is productive. A new one is one file, format_NAME.c, and one row in the table
 * of format.c.
 */
#ifndef HOPSACK_FORMAT_H
#define HOPSACK_FORMAT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int n;
    char **name; /* [n] trimmed */
} Header;

/* What the user asked for by name. */
typedef struct {
    const char *sequence; /* NULL: as the format has it */
    const char *count;    /* NULL: as the format has it; "none": every row counts 1 */
} FormatWish;

typedef struct {
    int sequence;
    int count;               /* -1: every row counts 1 */
    int keep;                /* rows are dropped unless this column holds one of `kept`; -1: all are kept */
    const char *const *kept; /* NULL-ended, compared without case */
} FormatColumns;

typedef struct {
    const char *name, *line; /* for --format and --help */
    bool converter; /* asked for by name, DeepRC's converter's rules hold (deeprc.md 2.3), not our pipeline's */
    bool (*recognise)(const Header *header, const FormatWish *wish);
    Status (*bind)(FormatColumns *out, const Header *header, const FormatWish *wish);
} FormatType;

extern const FormatType *const format_types[]; /* ends with NULL; the first that recognises a header has it */

const FormatType *format_find(const char *name); /* NULL: none of that name */
/* The type for --format=auto. ERR_FORMAT lists the columns found. */
Status format_recognise(const FormatType **out, const Header *header, const FormatWish *wish);

/* Place of a column: as written, else without regard to case; -1: none. */
int header_find(const Header *header, const char *name);
/* ERR_FORMAT lists the columns found; `flag` would name another. */
Status header_need(int *column, const Header *header, const char *name, const char *flag);
/* "a, b, c, …" */
const char *header_list(char *text, size_t room, const Header *header);

#endif
