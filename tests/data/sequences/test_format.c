/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"
#include "data/sequences/format.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEADER(...)                                                                                                  \
    (Header)                                                                                                         \
    {                                                                                                                \
        .n = sizeof((char *[]){__VA_ARGS__}) / sizeof(char *), .name = (char *[])                                    \
        {                                                                                                            \
            __VA_ARGS__                                                                                              \
        }                                                                                                            \
    }

/* Holds of every row of the table. */
Test(data_format, each_format)
{
    const FormatWish none = {0};
    const Header foreign = HEADER((char[]){"x"}, (char[]){"y"});
    for (int i = 0; format_types[i]; i++) {
        const FormatType *type = format_types[i];
        FormatColumns columns;
        cr_assert(type->name && type->line && *type->name && *type->line);
        cr_assert_eq(format_find(type->name), type, "%s is there twice", type->name);
        cr_assert_neq(format_bind(&columns, type, &foreign, &none), OK, "%s", type->name);
        cr_assert(strlen(status_sentence()) > 0);
    }
    cr_assert_null(format_known(&foreign, &none));
    cr_assert_null(format_find("nonsense"));
}

Test(data_format, deeprc)
{
    const Header header = HEADER((char[]){"Templates"}, (char[]){"AMINO_ACID"}, (char[]){"amino_acid"});
    const FormatWish none = {0}, without = {.sequence = "AMINO_ACID", .count = "none"}, lost = {.count = "reads"};
    const FormatType *type;
    FormatColumns columns;
    cr_assert_eq(format_recognise(&type, &header, &none), OK);
    cr_assert_str_eq(type->name, "deeprc");
    cr_assert_eq(format_bind(&columns, type, &header, &none), OK);
    cr_assert_eq(columns.at[COLUMN_SEQUENCE], 2, "as written goes before another case");
    cr_assert_eq(columns.at[COLUMN_COUNT], 0);
    cr_assert_eq(format_bind(&columns, type, &header, &without), OK);
    cr_assert_eq(columns.at[COLUMN_SEQUENCE], 1);
    cr_assert_eq(columns.at[COLUMN_COUNT], -1);
    cr_assert_eq(format_bind(&columns, type, &header, &lost), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'reads'; its columns are Templates, AMINO_ACID, amino_acid"), "%s",
              status_sentence());
}

Test(data_format, unknown_headers_are_listed)
{
    const Header header = HEADER((char[]){"junction"}, (char[]){"n"});
    const FormatWish none = {0}, named = {.sequence = "junction"};
    const FormatType *type;
    cr_assert_eq(format_recognise(&type, &header, &none), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "junction, n"), "%s", status_sentence());
    cr_assert_eq(format_recognise(&type, &header, &named), OK);
    cr_assert_str_eq(type->name, "named");
}

Test(data_format, alphabet)
{
    Alphabet abc;
    cr_assert_eq(alphabet_init(&abc, ALPHABET_AMINO), OK);
    cr_assert_eq(abc.n, 20);
    for (int i = 0; i < 256; i++) {
        const char *at = i ? strchr(ALPHABET_AMINO, i) : NULL;
        cr_assert_eq(abc.code[i], at ? at - ALPHABET_AMINO : -1);
    }
    cr_assert_eq(alphabet_init(&abc, ""), ERR_FORMAT);
    cr_assert_eq(alphabet_init(&abc, "ACA"), ERR_FORMAT);
    cr_assert_eq(alphabet_init(&abc, "A C"), ERR_FORMAT);
    cr_assert_eq(alphabet_init(&abc, "abcdefghijklmnopqrstuvwxyzABCDEF"), ERR_FORMAT);
}
