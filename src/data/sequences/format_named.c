/* SPDX-License-Identifier: MIT
 *
 * Any table whose sequence column the user names. Without a named count column every row counts 1. Genes and loci are
 * found by the names that any format has for them.
 */
#include "data/sequences/format.h"

extern const FormatType format_named;

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)header;
    return wish->sequence != NULL;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    if (!wish->sequence) return fail(ERR_USAGE, "--format=named needs --sequence-column");
    TRY(format_usual(out, &format_named, header, wish));
    if (!wish->cdr3 || !format_holds_cdr3(wish->sequence)) return OK;
    out->at[COLUMN_CDR3] = out->at[COLUMN_SEQUENCE];
    out->at[COLUMN_SEQUENCE] = -1;
    return OK;
}

const FormatType format_named = {
    .name = "named",
    .line = "any table, its columns given by --sequence-column and --count-column",
    .recognise = recognise,
    .column = {[COLUMN_LOCUS] = format_locus, [COLUMN_V] = format_v, [COLUMN_J] = format_j},
    .bind = bind};
