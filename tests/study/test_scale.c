/* SPDX-License-Identifier: MIT
 *
 * test_scale.c: ticks at 1, 2 and 5 times powers of ten, for ranges of all sizes; ranges that are none.
 */
#include "core/rng.h"
#include "study/scale.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SUITE study_scale

Test(SUITE, from_0_to_1)
{
    char label[SCALE_LABEL];
    const Scale s = scale_exact(0, 1, 5);
    cr_assert_eq(s.n_tick, 6);
    for (int k = 0; k < 6; k++) cr_expect_float_eq(s.tick[k], 0.2 * k, 1e-12);
    cr_expect_str_eq(scale_label(label, &s, 0), "0.0");
    cr_expect_str_eq(scale_label(label, &s, 3), "0.6");
    cr_expect_float_eq(scale_share(&s, 0.25), 0.25, 1e-15);
}

Test(SUITE, nice_ends)
{
    const Scale s = scale_nice(0.413, 0.87, 5);
    cr_expect_float_eq(s.low, 0.4, 1e-12);
    cr_expect_float_eq(s.high, 0.9, 1e-12);
    const Scale updates = scale_nice(0, 1187, 5);
    cr_expect_float_eq(updates.high, 1200, 1e-9);
    cr_expect_eq(updates.decimals, 0);
}

Test(SUITE, exact_ranges_keep_their_ends)
{
    const Scale s = scale_exact(13, 1187, 5);
    cr_expect(s.low == 13 && s.high == 1187);
    cr_expect(s.tick[0] >= 13 && s.tick[s.n_tick - 1] <= 1187);
}

Test(SUITE, values_outside_are_held_at_the_edge)
{
    const Scale s = scale_exact(2, 4, 4);
    cr_expect_eq(scale_share(&s, 1), 0);
    cr_expect_eq(scale_share(&s, 9), 1);
    cr_expect_eq(scale_share(&s, (double)NAN), 0);
    cr_expect_eq(scale_share(&s, (double)-INFINITY), 0);
}

static bool is_nice(double step)
{
    const double digit = step / pow(10, floor(log10(step) + 1e-9));
    return fabs(digit - 1) < 1e-6 || fabs(digit - 2) < 1e-6 || fabs(digit - 5) < 1e-6;
}

Test(SUITE, ranges_of_all_sizes)
{
    Rng rng = rng_stream(3, "test scale", 0);
    for (int k = 0; k < 5000; k++) {
        const double size = pow(10, 16 * rng_uniform(&rng) - 8);
        const double low = size * (rng_uniform(&rng) - 0.5), high = low + size * (0.01 + rng_uniform(&rng));
        const Scale s = scale_nice(low, high, 2 + (int)rng_below(&rng, 7));
        cr_assert(s.low <= low + 1e-5 * size && s.high >= high - 1e-5 * size, "%g to %g", low, high);
        cr_assert(s.n_tick >= 2 && s.n_tick < SCALE_TICKS, "%g to %g: %d ticks", low, high, s.n_tick);
        cr_assert(is_nice(s.tick[1] - s.tick[0]), "%g to %g: step %g", low, high, s.tick[1] - s.tick[0]);
        cr_assert_float_eq(s.tick[0], s.low, 1e-6 * (s.high - s.low));
        cr_assert_float_eq(s.tick[s.n_tick - 1], s.high, 1e-6 * (s.high - s.low));
    }
}

Test(SUITE, what_is_no_range_becomes_one)
{
    const double bad[][2] = {{5, 5},         {0, 0},           {3, -2},       {NAN, 1}, {INFINITY, -INFINITY},
                             {1e300, 1e300}, {1e-320, 2e-320}, {1, 1 + 1e-15}};
    for (int k = 0; k < 8; k++) {
        const Scale nice = scale_nice(bad[k][0], bad[k][1], 5), exact = scale_exact(bad[k][0], bad[k][1], 5);
        cr_expect(isfinite(nice.low) && nice.low < nice.high, "range %d", k);
        cr_expect(isfinite(exact.low) && exact.low < exact.high, "range %d", k);
        cr_expect(nice.n_tick > 0 && nice.n_tick <= SCALE_TICKS, "range %d", k);
    }
}
