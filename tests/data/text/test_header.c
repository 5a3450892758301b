/* SPDX-License-Identifier: MIT */
#include "data/text/header.h"

#include <criterion/criterion.h>
#include <string.h>

Test(data_header, separators)
{
    static const struct {
        const char *line;
        char separator;
    } cases[] = {{"a\tb,c,d", '\t'},     {"a,b;c,d", ','},    {"a;b;c,d", ';'},
                 {"a;b,c", ','},         {"alone", '\t'},     {"", '\t'},
                 {"\"x, y\";b", ';'},    {"\"a\tb\",c", ','}, {"a;b\n1,2,3,4,5", ';'},
                 {"\"a\nb\";c,d,e", ','}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        cr_assert_eq(header_separator(cases[k].line, strlen(cases[k].line)), cases[k].separator, "%s", cases[k].line);
    cr_assert_eq(header_separator("a;b,c,d", 3), ';', "what follows the length does not count");
}

static char bag[] = "Bag", label[] = "label", other[] = "x", *names[] = {other, bag, label};
static const Header header = {.n = 3, .name = names};

Test(data_header, columns)
{
    cr_assert_eq(header_find_any(&header, (const char *const[]){"bag_id", "bag", NULL}), 1);
    cr_assert_eq(header_find_any(&header, (const char *const[]){"label", "bag", NULL}), 2,
                 "the first name goes first");
    cr_assert_eq(header_find_any(&header, (const char *const[]){NULL}), -1);
    char text[] = "  two words ";
    cr_assert_str_eq(header_trim(text), "two words");
}

static bool holds(const void *row, int rule)
{
    return ((const char *)row)[rule] == '1';
}

/* Of the values given for one column one is enough, each column must have its own, each exclude drops. */
Test(data_header, rules)
{
    const RowRule include[] = {{"x", "1"}, {"BAG", "2"}, {"x", "4"}}, exclude[] = {{"label", "3"}},
                  lost[] = {{"y", "1"}};
    const RowRules rules = {include, exclude, 3, 1}, none = {0}, only = {NULL, lost, 0, 1};
    int column[4];
    cr_assert_eq(header_bind_rules(column, &header, &rules), OK);
    cr_assert(column[0] == 0 && column[1] == 1 && column[2] == 0 && column[3] == 2);
    cr_assert(header_keeps(&none, NULL, holds, ""));
    cr_assert(header_keeps(&rules, column, holds, "1100"));
    cr_assert(header_keeps(&rules, column, holds, "0110"));
    cr_assert_not(header_keeps(&rules, column, holds, "1010"), "no value of the second column");
    cr_assert_not(header_keeps(&rules, column, holds, "0100"), "none of the first");
    cr_assert_not(header_keeps(&rules, column, holds, "1101"));
    cr_assert_eq(header_bind_rules(column, &header, &only), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "no column 'y'; its columns are x, Bag, label. Name another with --exclude"),
              "%s", status_sentence());
}

Test(data_header, names_that_stand_twice)
{
    char *twice[] = {other, bag, other};
    const Header odd = {.n = 3, .name = twice};
    const RowRule include[] = {{"X", "1"}};
    const RowRules rules = {include, NULL, 1, 0};
    int column[1];
    cr_assert_eq(header_check_once(&odd, 1), OK);
    cr_assert_eq(header_check_once(&odd, 2), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "two columns 'x', numbers 1 and 3"), "%s", status_sentence());
    cr_assert_eq(header_bind_rules(column, &odd, &rules), ERR_FORMAT);
}
