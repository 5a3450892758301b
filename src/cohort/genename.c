/* SPDX-License-Identifier: MIT */
#include "cohort/genename.h"
#include "data/text/cell.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_end(char c)
{
    return c == '\0' || strchr("*,;| (", c) != NULL;
}

const char *genename_plain(char out[GENENAME_ROOM], const char *raw)
{
    int n = 0;
    char before = ' ';
    const bool is_none = cell_missing(raw) || cell_unknown(raw);
    while (*raw == ' ') raw++;
    if (strncasecmp(raw, "TCR", 3) == 0) out[n++] = 'T', raw += 2;
    for (; !is_end(*raw) && n < GENENAME_ROOM - 1; before = *raw++) {
        const bool leads = *raw == '0' && !isdigit((unsigned char)before) && isdigit((unsigned char)raw[1]);
        if (leads) { /* the next digit leads in its place */
            while (raw[1] == '0' && isdigit((unsigned char)raw[2])) raw++;
            continue;
        }
        out[n++] = (char)toupper((unsigned char)*raw);
    }
    out[n] = '\0';
    if (is_none || strcmp(out, "UNRESOLVED") == 0) *out = '\0';
    return out;
}
