/* SPDX-License-Identifier: MIT
 *
 * Any table whose sequence column the user names. Without a named count column every row counts 1.
 */
#include "data/sequences/format.h"

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)header;
    return wish->sequence != NULL;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    *out = format_no_columns;
    if (!wish->sequence) return fail(ERR_USAGE, "--format=named needs --sequence-column");
    TRY(header_need(&out->at[COLUMN_SEQUENCE], header, wish->sequence, "--sequence-column"));
    return format_count(out, header, wish, NULL);
}

const FormatType format_named = {.name = "named",
                                 .line = "any table, its columns given by --sequence-column and --count-column",
                                 .recognise = recognise,
                                 .bind = bind};
