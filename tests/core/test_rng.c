/* SPDX-License-Identifier: MIT */
#include "core/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(core_rng, streams_are_named_not_ordered)
{
    Rng a = rng_stream(7, "split", 3), b = rng_stream(7, "split", 3);
    for (int i = 0; i < 10; i++) (void)rng_u64(&a);
    b.n = 10;
    cr_assert_eq(rng_u64(&a), rng_u64(&b));
}

Test(core_rng, another_seed_purpose_or_index_is_another_stream)
{
    Rng same = rng_stream(7, "split", 3);
    Rng other[] = {rng_stream(8, "split", 3), rng_stream(7, "draws", 3), rng_stream(7, "split", 4),
                   rng_stream(7, "spli", 't')};
    const uint64_t value = rng_u64(&same);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) cr_assert_neq(rng_u64(&other[i]), value);
}

Test(core_rng, below_is_even)
{
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    Rng rng = rng_stream(1, "test", 0);
    for (int i = 0; i < DRAWS; i++) count[rng_below(&rng, N)]++;
    double chi2 = 0;
    for (int i = 0; i < N; i++) chi2 += pow(count[i] - DRAWS / N, 2) / (DRAWS / N);
    cr_assert_lt(chi2, 22.5, "chi² with 6 degrees of freedom is %g, p < 0.001", chi2);
}

Test(core_rng, normal_has_mean_0_and_variance_1)
{
    enum { DRAWS = 100000 };
    double sum = 0, squares = 0;
    Rng rng = rng_stream(2, "test", 0);
    for (int i = 0; i < DRAWS; i++) {
        const double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
    }
    cr_assert_lt(fabs(sum / DRAWS), 0.0127);
    cr_assert_lt(fabs(squares / DRAWS - 1), 0.018);
}

Test(core_rng, shuffle_is_a_permutation)
{
    int x[50], seen[50] = {0}, moved = 0;
    Rng rng = rng_stream(3, "test", 0);
    for (int i = 0; i < 50; i++) x[i] = i;
    rng_shuffle(&rng, x, 50);
    for (int i = 0; i < 50; i++) seen[x[i]]++, moved += x[i] != i;
    for (int i = 0; i < 50; i++) cr_assert_eq(seen[i], 1);
    cr_assert_gt(moved, 30);
}
