/* SPDX-License-Identifier: MIT */
#include "data/text/cell.h"

#include <criterion/criterion.h>

#define SUITE data_cell

Test(SUITE, one_value_in_several_spellings)
{
    static const char *const same[][2] = {{"1", "1.0"},     {"0", "0.00"},   {"-1", "-1.0"},     {"2", "2,0"},
                                          {"yes", " yes "}, {"x", "x\t"},    {"x", "\xc2\xa0x"}, {"True", "TRUE"},
                                          {"ja", "Ja"},     {"WAHR", "wahr"}};
    static const char *const other[][2] = {{"1", "10"}, {"1", "01"},      {"1", "1.01"}, {"1", "+1"},
                                           {".0", ""},  {"Case", "case"}, {"+", "-"},    {"yes", "yes."},
                                           {"", "0"},   {"v1.0", "v1"},   {"true", "1"}, {"1.0.0", "1"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_assert(cell_same(same[i][0], same[i][1]) && cell_same(same[i][1], same[i][0]), "%s", same[i][1]);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        cr_assert(!cell_same(other[i][0], other[i][1]) && !cell_same(other[i][1], other[i][0]), "%s", other[i][0]);
}

Test(SUITE, values_that_look_alike)
{
    cr_assert(cell_alike("Case", "case ") && cell_alike("CMV status", "cmv_status") && cell_alike("D 1", "D1"));
    cr_assert(!cell_alike("D1", "D2") && !cell_alike("D1", "D10") && !cell_alike("+", "-"));
}

Test(SUITE, words_for_missing)
{
    static const char *const missing[] = {"",    "  ",   "NA ",      " null",    "#N/A",
                                          "nan", "<NA>", "-1.#QNAN", "#N/A N/A", "Unknown"};
    static const char *const unknown[] = {"unknown", "Not Collected", " ? ", ".", "n.d.", "MISSING"};
    static const char *const classes[] = {"none",     "-",   "+",     "0",           "no",
                                          "negative", "not", "nanny", "unknown-ish", "None"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        cr_assert(cell_missing(missing[i]), "%s", missing[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_assert(cell_unknown(unknown[i]) && !cell_missing(unknown[i]), "%s", unknown[i]);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        cr_assert(!cell_unknown(classes[i]) && !cell_missing(classes[i]), "%s", classes[i]);
}

Test(SUITE, numbers)
{
    double x;
    bool comma;
    cr_assert(cell_number(&x, &comma, " 61 ") && x == 61 && !comma);
    cr_assert(cell_number(&x, &comma, "61,5") && x == 61.5 && comma);
    cr_assert(cell_number(&x, &comma, "0,125") && x == 0.125 && comma);
    cr_assert(cell_number(&x, &comma, "-5e-1") && x == -0.5 && !comma);
    static const char *const none[] = {"1,234", "1,2,3", "1.234,5", "61 Years", ">90", "",
                                       "NA",    "inf",   "1e31",    "5,",       ",",   "61-70"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        cr_assert(!cell_number(&x, &comma, none[i]), "%s", none[i]);
}
