/* SPDX-License-Identifier: MIT */
#include "core/shortlist.h"

#include <criterion/criterion.h>
#include <string.h>

Test(core_shortlist, first_of_several)
{
    Shortlist list = {.most = 2};
    cr_assert_str_eq(list.text, "");
    shortlist_add(&list, "'%s'", "a");
    shortlist_add(&list, "'%s'", "b");
    cr_assert_str_eq(list.text, "'a', 'b'");
    for (int k = 0; k < 3; k++) shortlist_add(&list, "'%s'", "c");
    cr_assert_str_eq(list.text, "'a', 'b', …");
    cr_assert_eq(list.n, 5);
}

Test(core_shortlist, as_many_as_fit)
{
    Shortlist list = {0};
    for (int k = 0; k < 100; k++) shortlist_add(&list, "%060d", k);
    cr_assert_eq(list.n, 100);
    cr_assert(strlen(list.text) < SHORTLIST_ROOM);
    cr_assert(strstr(list.text, "009, …"), "whole items, then dots: %s", list.text);
}
