/* SPDX-License-Identifier: MIT
 *
 * DeepRC's plain text: columns amino_acid (the junction) and templates, any others beside them.
 */
#include "data/format.h"

#include <string.h>

static bool recognise(const Header *header, const FormatWish *wish)
{
    (void)wish;
    return header_find(header, "amino_acid") >= 0 && header_find(header, "templates") >= 0;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    *out = (FormatColumns){.count = -1, .keep = -1};
    TRY(header_need(&out->sequence, header, wish->sequence ? wish->sequence : "amino_acid", "--sequence-column"));
    if (wish->count && strcmp(wish->count, "none") == 0) return OK;
    return header_need(&out->count, header, wish->count ? wish->count : "templates", "--count-column (or `none`)");
}

const FormatType format_deeprc = {.name = "deeprc",
                                  .line = "columns amino_acid and templates, by the rules of DeepRC's converter",
                                  .converter = true,
                                  .recognise = recognise,
                                  .bind = bind};
