/* SPDX-License-Identifier: MIT
 *
 * Any table whose sequence column the user names. Without a named count column every row counts 1.
 */
#include "data/format.h"

#include <string.h>

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)header;
    return wish->sequence != NULL;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    *out = (FormatColumns){.count = -1, .keep = -1};
    if (!wish->sequence) return fail(ERR_USAGE, "--format=named needs --sequence-column");
    TRY(header_need(&out->sequence, header, wish->sequence, "--sequence-column"));
    if (!wish->count || strcmp(wish->count, "none") == 0) return OK;
    return header_need(&out->count, header, wish->count, "--count-column (or `none`)");
}

const FormatType format_named = {.name = "named",
                                 .line = "any table, its columns given by --sequence-column and --count-column",
                                 .recognise = recognise,
                                 .bind = bind};
