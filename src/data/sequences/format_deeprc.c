/* SPDX-License-Identifier: MIT
 *
 * DeepRC's plain text: columns amino_acid (the junction) and templates, any others beside them.
 */
#include "data/sequences/format.h"

extern const FormatType format_deeprc;

static Spellings sequence = {"amino_acid", NULL}, count = {"templates", NULL};

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    TRY(format_usual(out, &format_deeprc, header, wish));
    if (wish->count) return OK;
    return header_need(&out->at[COLUMN_COUNT], header, "templates", "--count-column (or `none`)");
}

const FormatType format_deeprc = {.name = "deeprc",
                                  .line = "columns amino_acid and templates, by the rules of DeepRC's converter",
                                  .converter = true,
                                  .sign = {sequence, count},
                                  .column = {[COLUMN_SEQUENCE] = sequence,
                                             [COLUMN_COUNT] = count,
                                             [COLUMN_LOCUS] = format_locus,
                                             [COLUMN_V] = format_v,
                                             [COLUMN_J] = format_j},
                                  .bind = bind};
