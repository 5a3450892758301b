/* SPDX-License-Identifier: MIT */
#include "core/rng.h"
#include "nn/topk.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

#define MOST 5000

/* Kept are those that fewer than k others precede: a greater score, or an equal one with a lower row. */
static bool precedes(const real *score, const int *row, int a, int b)
{
    return score[a] > score[b] || (score[a] == score[b] && row[a] < row[b]);
}

static void check(const real *score, const int *row, int n, int k)
{
    static int keep[MOST + 1];
    static uint32_t scratch[TOPK_SCRATCH(MOST)];
    keep[k] = -7;
    topk(keep, score, row, n, k, scratch);
    cr_assert_eq(keep[k], -7, "written beyond the end");
    int n_keep = 0;
    for (int i = 0; i < n; i++) {
        int before = 0;
        for (int j = 0; j < n && before < k; j++) before += precedes(score, row, j, i);
        if (before >= k) continue;
        cr_assert_eq(keep[n_keep], i, "n %d k %d: place %d is %d, not %d", n, k, n_keep, keep[n_keep], i);
        n_keep++;
    }
    cr_assert_eq(n_keep, k);
}

typedef double Draw(Rng *rng);

static double draw_normal(Rng *rng)
{
    return rng_normal(rng);
}
static double draw_few_values(Rng *rng)
{
    return (double)rng_below(rng, 4) - 2;
}
static double draw_equal(Rng *rng)
{
    return (void)rng, 0.25;
}
static double draw_nearly_equal(Rng *rng)
{
    return 1 + 1e-5 * rng_uniform(rng);
}
static double draw_signed_zero(Rng *rng)
{
    return rng_below(rng, 2) ? 0.0 : -0.0;
}
static double draw_wide(Rng *rng)
{
    return ldexp(rng_normal(rng), (int)rng_below(rng, 200) - 100);
}
static double draw_infinite(Rng *rng)
{
    const double values[] = {-INFINITY, -REAL_MAX, -1, 0, 1, REAL_MAX, INFINITY};
    return values[rng_below(rng, 7)];
}

static Draw *const draws[] = {draw_normal,      draw_few_values, draw_equal,   draw_nearly_equal,
                              draw_signed_zero, draw_wide,       draw_infinite};
enum { N_DRAW = sizeof draws / sizeof *draws };

static void fill(real *score, int *row, int n, Draw *draw, Rng *rng)
{
    for (int i = 0; i < n; i++) score[i] = (real)draw(rng), row[i] = i;
    rng_shuffle(rng, row, n);
}

Test(nn_topk, every_k_of_small_bags)
{
    Rng rng = rng_stream(1, "topk", 0);
    for (int d = 0; d < N_DRAW; d++)
        for (int n = 0; n <= 40; n++) {
            real score[40];
            int row[40];
            fill(score, row, n, draws[d], &rng);
            for (int k = 0; k <= n; k++) check(score, row, n, k);
        }
}

Test(nn_topk, larger_bags)
{
    static real score[MOST];
    static int row[MOST];
    Rng rng = rng_stream(2, "topk", 0);
    for (int d = 0; d < N_DRAW; d++)
        for (int j = 0; j < 3; j++) {
            const int n = MOST - (int)rng_below(&rng, 500), ks[] = {1, n / 10, n - 1};
            fill(score, row, n, draws[d], &rng);
            check(score, row, n, ks[j]);
        }
}

/* Rows of a part of a bag have gaps and need not begin at 0. */
Test(nn_topk, rows_with_gaps_break_ties)
{
    const real score[] = {1, 2, 2, 2, 1};
    const int row[] = {7, 2000000000, 5, 9, 0};
    check(score, row, 5, 2);
    check(score, row, 5, 4);
}

/* After divergence: which are kept does not matter, but there must be k of them. */
Test(nn_topk, nan_does_no_harm)
{
    Rng rng = rng_stream(3, "topk", 0);
    for (int turn = 0; turn < 200; turn++) {
        real score[30];
        int row[30], keep[30];
        uint32_t scratch[TOPK_SCRATCH(30)];
        fill(score, row, 30, draw_few_values, &rng);
        for (int i = 0; i < 30; i++)
            if (rng_below(&rng, 2)) score[i] = (real)(rng_below(&rng, 2) ? NAN : -NAN);
        const int k = 1 + (int)rng_below(&rng, 30);
        topk(keep, score, row, 30, k, scratch);
        for (int j = 0; j < k; j++) cr_assert(keep[j] > (j ? keep[j - 1] : -1) && keep[j] < 30);
    }
}

/* Largest first, equal ones as they stood, by insertion. */
Test(nn_topk, sort_is_stable)
{
    static real score[MOST];
    static int row[MOST], order[MOST], want[MOST];
    static TopkPlace scratch[2 * MOST];
    Rng rng = rng_stream(4, "topk", 0);
    for (int d = 0; d < N_DRAW; d++)
        for (int n = 0; n <= 600; n += n < 4 ? 1 : 149) {
            fill(score, row, n, draws[d], &rng);
            for (int i = 0; i < n; i++) order[i] = n - 1 - i;
            for (int i = 0, at; i < n; i++) {
                for (at = i; at > 0 && score[want[at - 1]] < score[order[i]]; at--) want[at] = want[at - 1];
                want[at] = order[i];
            }
            topk_sort(order, score, n, scratch);
            cr_assert_arr_eq(order, want, (size_t)n * sizeof *order);
        }
}
