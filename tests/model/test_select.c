/* SPDX-License-Identifier: MIT */
#include "model/select.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

Test(model_select, count)
{
    ModelOptions o = {.select = SELECT_TOP, .select_fraction = 0.1, .select_min = 1};
    cr_expect_eq(select_count(&o, 100), 10);
    cr_expect_eq(select_count(&o, 9), 1);
    cr_expect_eq(select_count(&o, 0), 0);
    o.select_min = 5;
    cr_expect_eq(select_count(&o, 30), 5);
    cr_expect_eq(select_count(&o, 3), 3);
    o.compat = COMPAT_DEEPRC;
    cr_expect_eq(select_count(&o, 9), 0, "DeepRC keeps none of nine");
    o.select_fraction = 1.5;
    cr_expect_eq(select_count(&o, 9), 9);
    o.select_fraction = 0.1;
    o.select = SELECT_ALL;
    cr_expect_eq(select_count(&o, 9), 9);
}

/* Rank of place i under one query: how many come before it. */
static int rank_of(const real *a, int n_query, int q, const int *row, int n, int i)
{
    int before = 0;
    for (int j = 0; j < n; j++) {
        const real x = a[j * n_query + q], y = a[i * n_query + q];
        before += x > y || (x == y && row[j] < row[i]);
    }
    return before;
}

Test(model_select, several_queries_rank_by_their_best)
{
    enum { N = 60, QUERIES = 3 };
    Rng rng = rng_stream(4, "test", 0);
    for (int round = 0; round < 30; round++) {
        real a[N * QUERIES];
        int row[N], best[N], kept[N] = {0};
        const int k = (int)rng_below(&rng, N + 1);
        SelectScratch s;
        Arena arena = {0};
        select_plan(&s, &arena, N, QUERIES);
        cr_assert_eq(arena_reserve(&arena, "test"), OK);
        select_plan(&s, &arena, N, QUERIES);
        for (int i = 0; i < N; i++) row[i] = i;
        rng_shuffle(&rng, row, N);
        for (int i = 0; i < N * QUERIES; i++) a[i] = (real)rng_below(&rng, 12); /* many ties */
        for (int i = 0; i < N; i++) {
            best[i] = N;
            for (int q = 0; q < QUERIES; q++) {
                const int rank = rank_of(a, QUERIES, q, row, N, i);
                best[i] = rank < best[i] ? rank : best[i];
            }
        }
        select_top(&s, a, row, N, QUERIES, k);
        for (int j = 0; j < k; j++) {
            cr_assert(j == 0 || s.keep[j] > s.keep[j - 1], "ascending");
            kept[s.keep[j]] = 1;
        }
        for (int i = 0; i < N; i++) {
            int before = 0;
            for (int j = 0; j < N; j++) before += best[j] < best[i] || (best[j] == best[i] && row[j] < row[i]);
            cr_assert_eq(kept[i], before < k, "round %d, place %d of %d", round, i, k);
        }
        arena_free(&arena);
    }
}

Test(model_select, order_is_by_score_then_row)
{
    const real score[] = {1, 5, 5, -2, 5};
    const int row[] = {0, 9, 3, 1, 4}, want[] = {2, 4, 1, 0, 3};
    int order[] = {0, 1, 2, 3, 4};
    select_order(order, 5, score, 1, row);
    for (int i = 0; i < 5; i++) cr_expect_eq(order[i], want[i]);
}

Test(model_select, random_choice_is_even)
{
    enum { N = 10, K = 3, ROUNDS = 20000 };
    int count[N] = {0};
    SelectScratch s;
    Arena arena = {0};
    Rng rng = rng_stream(1, "test", 0);
    select_plan(&s, &arena, N, 1);
    cr_assert_eq(arena_reserve(&arena, "test"), OK);
    select_plan(&s, &arena, N, 1);
    for (int round = 0; round < ROUNDS; round++) {
        select_random(&s, N, K, &rng);
        for (int j = 0; j < K; j++) {
            count[s.keep[j]]++;
            cr_assert(j == 0 || s.keep[j] > s.keep[j - 1]);
        }
    }
    for (int i = 0; i < N; i++) cr_expect_lt(fabs(count[i] - 0.3 * ROUNDS), 5 * sqrt(ROUNDS * 0.21));
    arena_free(&arena);
}
