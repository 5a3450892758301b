/* SPDX-License-Identifier: MIT
 *
 * test_baselinecost.c: every method has constants, and more work takes longer.
 */
#include "study/baselinecost.h"

#include <criterion/criterion.h>

#define SUITE study_baselinecost

static const BaselineSize small = {.n_bag = 60, .n_instance = 30e3, .n_fit = 30, .train = 48};

Test(SUITE, each_method_takes_time_and_memory)
{
    for (const Rival *const *r = rivals; *r; r++) {
        const Cost cost = baselinecost_method(*r, &small);
        cr_expect(cost.low > 0 && cost.high > cost.low && cost.bytes > COST_PROCESS, "%s", (*r)->name);
    }
}

Test(SUITE, more_bags_instances_and_fits_take_longer)
{
    for (const Rival *const *r = rivals; *r; r++) {
        const double before = baselinecost_method(*r, &small).high;
        BaselineSize size = small;
        size.n_bag = 120, size.train = 96;
        cr_expect(baselinecost_method(*r, &size).high > before, "%s", (*r)->name);
        size = small;
        size.n_instance *= 10;
        cr_expect(baselinecost_method(*r, &size).high > before, "%s", (*r)->name);
        size = small;
        size.n_fit *= 10;
        cr_expect(baselinecost_method(*r, &size).high > before, "%s", (*r)->name);
    }
}

/* Blocks of counts take no more than their limit, however many bags there are. */
Test(SUITE, memory_of_counts_has_a_limit)
{
    const Rival *gapped = rival_find("gapped");
    BaselineSize size = {.n_bag = 1000000, .n_instance = 1, .n_fit = 1, .train = 1};
    cr_expect_leq(baselinecost_method(gapped, &size).bytes,
                  COST_PROCESS + 1e6 * (RIVAL_ROOM + gapped->cost.room) + 100);
}
