/* SPDX-License-Identifier: MIT */
#include "core/cost.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE core_cost

static const char *text_of(double low, double high, double bytes)
{
    static char text[COST_ROOM];
    return cost_text(text, &(Cost){low, high, bytes});
}

Test(SUITE, words_round_to_one_digit_or_two)
{
    cr_expect_str_eq(text_of(0.2, 0.6, 21e6), "less than 1 s, 20 MB of memory");
    cr_expect_str_eq(text_of(0.3, 7.4, 21e6), "about 1 s to 7 s, 20 MB of memory");
    cr_expect_str_eq(text_of(0.8, 1.4, 21e6), "about 1 s, 20 MB of memory");
    cr_expect_str_eq(text_of(37, 118, 312e6), "about 40 s to 2 min, 300 MB of memory");
    cr_expect_str_eq(text_of(94, 15.6 * 60, 144e6), "about 90 s to 16 min, 140 MB of memory");
    cr_expect_str_eq(text_of(94 * 60, 96 * 60, 3e9), "about 90 min to 2 h, 3000 MB of memory");
}

Test(SUITE, a_range_lies_around_its_seconds)
{
    const Cost cost = cost_of(10, 5e6);
    cr_expect(cost.low < 10 && cost.high > 10);
    cr_expect_float_eq(cost_seconds(&cost), 10, 0.2);
}

Test(SUITE, seconds_add_up_and_the_larger_memory_counts)
{
    Cost sum = {1, 2, 30};
    cost_then(&sum, &(Cost){10, 20, 7});
    cost_then(&sum, &(Cost){100, 200, 50});
    cr_expect(sum.low == 111 && sum.high == 222 && sum.bytes == 50);
}

Test(SUITE, told_and_read_back)
{
    json_t *plan = json_object();
    cr_assert_eq(cost_tell(plan, &(Cost){4, 9, 123.4e6}), OK);
    cr_expect_float_eq(json_number_value(json_object_get(plan, "seconds")), 6, 1e-12, "geometric mean");
    const Cost cost = cost_told(plan);
    cr_expect(cost.low == 4 && cost.high == 9);
    cr_expect_float_eq(cost.bytes, 123.4e6, 1);
    json_decref(plan);
    plan = json_object();
    cr_expect_eq(cost_told(plan).high, 0, "nothing was told");
    json_decref(plan);
}

/* Never 0: a plan with a part that could not be timed says so. */
Test(SUITE, unknown_seconds_stay_unknown)
{
    Cost sum = {1, 2, 30};
    cost_then(&sum, &(Cost){(double)NAN, (double)NAN, 50e6});
    cr_expect_str_eq(text_of(sum.low, sum.high, sum.bytes), "time unknown, 50 MB of memory");
    json_t *plan = json_object();
    cr_assert_eq(cost_tell(plan, &sum), OK);
    cr_expect(json_is_null(json_object_get(plan, "seconds")) && json_is_null(json_object_get(plan, "seconds_high")));
    cr_expect(isnan(cost_told(plan).high));
    json_decref(plan);
}

Test(SUITE, the_machine_is_timed_once)
{
    const double pace = cost_pace();
    cr_expect(pace > 0.01 && pace < 100);
    cr_expect_eq(cost_pace(), pace);
    cr_expect(cost_speedup() >= 1);
}
