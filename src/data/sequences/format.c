/* SPDX-License-Identifier: MIT */
#include "data/sequences/format.h"

#include <string.h>

extern const FormatType format_airr, format_deeprc, format_named;

const FormatType *const format_types[] = {&format_airr, &format_named, &format_deeprc, NULL};

const FormatColumns format_no_columns = {.at = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}};
_Static_assert(N_COLUMN_ROLE == 11, "a -1 for each in format_no_columns");

const FormatType *format_find(const char *name)
{
    for (int i = 0; format_types[i]; i++)
        if (strcmp(format_types[i]->name, name) == 0) return format_types[i];
    return NULL;
}

Status format_count(FormatColumns *out, const Header *header, const FormatWish *wish, const char *const *usual)
{
    int *column = &out->at[COLUMN_COUNT];
    *column = -1;
    if (wish->count && strcmp(wish->count, "none") == 0) return OK;
    if (wish->count) return header_need(column, header, wish->count, "--count-column (or `none`)");
    if (usual) *column = header_find_any(header, usual);
    return OK;
}

Status format_recognise(const FormatType **out, const Header *header, const FormatWish *wish)
{
    char list[400];
    for (int i = 0; format_types[i]; i++)
        if (format_types[i]->recognise(header, wish)) {
            *out = format_types[i];
            return OK;
        }
    return fail(
        ERR_FORMAT,
        "is not in a known format; its columns are %s. For repertoires, name the column of amino-acid sequences with "
        "--sequence-column and that of counts with --count-column. For vectors, name the bag column with --bag and "
        "the label column with --label",
        header_list(list, sizeof list, header));
}
