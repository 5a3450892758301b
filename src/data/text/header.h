/* SPDX-License-Identifier: MIT
 *
 * header.h: the header line of a text table: its separator, its columns by name, and rules that keep or drop rows by the
 * cell of a column.
 */
#ifndef HOPSACK_HEADER_H
#define HOPSACK_HEADER_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int n;
    char **name; /* [n] trimmed */
} Header;

/* Separator of the table that begins with this line: tab if it has one or has none of them, else the more frequent of
 * comma and semicolon. Quoted names do not count; the line ends at `length` or at a line end outside quotes. */
char header_separator(const char *line, size_t length);
char *header_trim(char *text); /* without blanks around it; writes into `text` */

/* Index of a column: as written, else without regard to case; -1: none. */
int header_find(const Header *header, const char *name);
int header_find_any(const Header *header, const char *const *names); /* the first name that is found; NULL-ended */
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

/* Rule i of n_include + n_exclude, those of `include` first. */
static inline const RowRule *header_rule(const RowRules *rules, int i)
{
    return i < rules->n_include ? &rules->include[i] : &rules->exclude[i - rules->n_include];
}
/* column [n_include + n_exclude] of each rule. */
Status header_bind_rules(int *column, const Header *header, const RowRules *rules);

/* Do the rules keep the row? `holds` compares a rule's value with the row's cell. */
static inline bool header_keeps(const RowRules *rules, bool (*holds)(const void *row, int rule), const void *row)
{
    bool in = rules->n_include == 0;
    for (int i = 0; i < rules->n_include && !in; i++) in = holds(row, i);
    for (int i = 0; i < rules->n_exclude && in; i++) in = !holds(row, rules->n_include + i);
    return in;
}

#endif
