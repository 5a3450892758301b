/* SPDX-License-Identifier: MIT */
#include "data/text/header.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int header_find(const Header *header, const char *name)
{
    for (int c = 0; c < header->n; c++)
        if (strcmp(header->name[c], name) == 0) return c;
    for (int c = 0; c < header->n; c++)
        if (strcasecmp(header->name[c], name) == 0) return c;
    return -1;
}

const char *header_list(char *text, size_t room, const Header *header)
{
    size_t at = 0;
    text[0] = '\0';
    for (int c = 0; c < header->n; c++) {
        if (at + 60 > room) { /* a name of 40, a comma, and the dots that stand for the rest */
            snprintf(text + at, room - at, ", …");
            break;
        }
        at += (size_t)snprintf(text + at, room - at, "%s%.40s", c ? ", " : "", header->name[c]);
    }
    return text;
}

Status header_need(int *column, const Header *header, const char *name, const char *flag)
{
    char list[400];
    *column = header_find(header, name);
    if (*column >= 0) return OK;
    return fail(ERR_FORMAT, "has no column '%s'; its columns are %s. Name another with %s", name,
                header_list(list, sizeof list, header), flag);
}
