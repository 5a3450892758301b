/* SPDX-License-Identifier: MIT
 *
 * DeepRC's plain text: columns amino_acid (the junction) and templates, any others beside them. The pipeline keeps rows
 * that frame_type, where there is one, calls In; the converter's rules do not look at it.
 */
#include "data/sequences/format.h"

#include <string.h>

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)wish;
    return header_find(header, "amino_acid") >= 0 && header_find(header, "templates") >= 0;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    static const char *const in_frame[] = {"In", NULL};
    *out = format_no_columns;
    out->at[COLUMN_KEEP] = header_find(header, "frame_type");
    out->kept = in_frame;
    TRY(header_need(&out->at[COLUMN_SEQUENCE], header, wish->sequence ? wish->sequence : "amino_acid",
                    "--sequence-column"));
    if (wish->count) return format_count(out, header, wish, NULL);
    return header_need(&out->at[COLUMN_COUNT], header, "templates", "--count-column (or `none`)");
}

const FormatType format_deeprc = {.name = "deeprc",
                                  .line = "columns amino_acid and templates, by the rules of DeepRC's converter",
                                  .converter = true,
                                  .recognise = recognise,
                                  .bind = bind};
