/* SPDX-License-Identifier: MIT
 *
 * header.h: the header line of a text table: its separator, its columns by name, and rules that keep or drop rows by the
 * cell of a column.
 */
#ifndef HOPSACK_HEADER_H
#define HOPSACK_HEADER_H

#include "core/shortlist.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    int n;
    char **name; /* [n] trimmed; without a header line "1", "2", … */
    char **row;  /* [n] cells of the first row, where there is no header line; NULL */
    bool sure;   /* the user says that there is a header line */
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
Status header_check_once(const Header *header, int column);    /* ERR_FORMAT: another column has the same name */
const char *header_list(Shortlist *out, const Header *header); /* "a, b, c, …" */

typedef struct {
    const char *column, *value;
} RowRule;

typedef struct {
    const RowRule *include; /* [n_include] of each column named here a row must match one */
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

/* Does any include on the column of rule `first`, from that one on, hold? */
static inline bool header_holds(const RowRules *rules, const int *column, int first,
                                bool (*holds)(const void *row, int rule), const void *row)
{
    for (int i = first; i < rules->n_include; i++)
        if (column[i] == column[first] && holds(row, i)) return true;
    return false;
}

/* Is the rule the first include on its column? */
static inline bool header_leads(const int *column, int rule)
{
    for (int i = 0; i < rule; i++)
        if (column[i] == column[rule]) return false;
    return true;
}

/* Do the rules keep the row? `holds` compares a rule's value with the row's cell; column [n_include + n_exclude] as bound. */
static inline bool header_keeps(const RowRules *rules, const int *column, bool (*holds)(const void *row, int rule),
                                const void *row)
{
    for (int i = 0; i < rules->n_include; i++)
        if (header_leads(column, i) && !header_holds(rules, column, i, holds, row)) return false;
    for (int i = 0; i < rules->n_exclude; i++)
        if (holds(row, rules->n_include + i)) return false;
    return true;
}

#endif
