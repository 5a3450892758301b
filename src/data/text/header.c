/* SPDX-License-Identifier: MIT */
#include "data/text/header.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

char header_separator(const char *line, size_t length)
{
    size_t comma = 0, semicolon = 0;
    bool quoted = false;
    for (size_t i = 0; i < length && (quoted || (line[i] != '\n' && line[i] != '\r')); i++) {
        if (line[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (line[i] == '\t') return '\t'; /* names may hold commas, tabs never */
        comma += line[i] == ',';
        semicolon += line[i] == ';';
    }
    return comma + semicolon == 0 ? '\t' : semicolon > comma ? ';' : ',';
}

char *header_trim(char *text)
{
    while (*text == ' ') text++;
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--) text[n - 1] = '\0';
    return text;
}

int header_find(const Header *header, const char *name)
{
    for (int c = 0; c < header->n; c++)
        if (strcmp(header->name[c], name) == 0) return c;
    for (int c = 0; c < header->n; c++)
        if (strcasecmp(header->name[c], name) == 0) return c;
    return -1;
}

int header_find_any(const Header *header, const char *const *names)
{
    int column = -1;
    for (int i = 0; names[i] && column < 0; i++) column = header_find(header, names[i]);
    return column;
}

const char *header_list(Shortlist *out, const Header *header)
{
    *out = (Shortlist){0};
    for (int c = 0; c < header->n; c++) shortlist_add(out, "%.40s", header->name[c]);
    return out->text;
}

Status header_need(int *column, const Header *header, const char *name, const char *flag)
{
    Shortlist list;
    *column = header_find(header, name);
    if (*column >= 0) return OK;
    if (header->row)
        return fail(ERR_FORMAT,
                    "has no column '%s', because it has no header line; its columns are numbers, such as %s=1", name,
                    flag);
    return fail(ERR_FORMAT, "has no column '%s'; its columns are %s. Name another with %s", name,
                header_list(&list, header), flag);
}

Status header_check_once(const Header *header, int column)
{
    for (int c = 0; c < header->n; c++)
        if (c != column && strcmp(header->name[c], header->name[column]) == 0)
            return fail(ERR_FORMAT, "has two columns '%s', numbers %d and %d; which is meant? Rename the other",
                        header->name[column], c < column ? c + 1 : column + 1, c < column ? column + 1 : c + 1);
    return OK;
}

Status header_bind_rules(int *column, const Header *header, const RowRules *rules)
{
    for (int i = 0; i < rules->n_include + rules->n_exclude; i++) {
        TRY(header_need(&column[i], header, header_rule(rules, i)->column,
                        i < rules->n_include ? "--include" : "--exclude"));
        TRY(header_check_once(header, column[i]));
    }
    return OK;
}
