/* SPDX-License-Identifier: MIT
 *
 * header.h: the columns of a text table by name, and rules that keep or drop its rows by the cell of a column.
 */
#ifndef HOPSACK_HEADER_H
#define HOPSACK_HEADER_H

#include "core/status.h"

#include <stddef.h>

typedef struct {
    int n;
    char **name; /* [n] trimmed */
} Header;

/* Place of a column: as written, else without regard to case; -1: none. */
int header_find(const Header *header, const char *name);
/* ERR_FORMAT lists the columns found; `flag` would name another. */
Status header_need(int *column, const Header *header, const char *name, const char *flag);
/* "a, b, c, …" */
const char *header_list(char *text, size_t room, const Header *header);

typedef struct {
    const char *column, *value;
} RowRule;

typedef struct {
    const RowRule *include; /* [n_include] a row must match one of them, if there are any */
    const RowRule *exclude; /* [n_exclude] and none of these */
    int n_include, n_exclude;
} RowRules;

#endif
