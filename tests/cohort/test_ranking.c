/* SPDX-License-Identifier: MIT
 *
 * Figures are computed by hand.
 */
#include "cohort/ranking.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_ranking

static const char *const truth[] = {"a", "b", "c", "d", "b"}; /* four different ones */

static RankingScore score(const char *const *ranked, int n)
{
    RankingScore s;
    cr_assert_eq(ranking_score(&s, ranked, n, truth, 5), OK);
    cr_assert_eq(s.n_true, 4);
    return s;
}

/* Of the first four different ones, a, x, c, y, two are true, at ranks 1 and 3: b comes too late. */
Test(SUITE, by_hand)
{
    const char *const ranked[] = {"a", "x", "a", "c", "x", "y", "b"};
    const RankingScore s = score(ranked, 7);
    cr_assert_eq(s.n_ranked, 5);
    cr_assert_eq(s.n_hit, 2);
    cr_assert_float_eq(s.jaccard, 2. / 6, 1e-15);
    cr_assert_float_eq(s.ap, (1 + 2. / 3) / 2, 1e-15);
}

Test(SUITE, best_and_worst)
{
    const char *const best[] = {"d", "c", "b", "a", "x"}, *const worst[] = {"x", "y", "z", "u", "a", "b"};
    cr_assert(score(best, 5).jaccard == 1 && score(best, 5).ap == 1);
    cr_assert(score(worst, 6).jaccard == 0 && score(worst, 6).ap == 0);
    cr_assert(score(worst, 0).jaccard == 0 && score(worst, 0).ap == 0);
}

/* What a short ranking lacks counts as wrong: two of {c, a, two wrong ones} with {a, b, c, d}. */
Test(SUITE, short_rankings)
{
    const char *const ranked[] = {"c", "a"};
    const RankingScore s = score(ranked, 2);
    cr_assert_float_eq(s.jaccard, 2. / 6, 1e-15);
    cr_assert_eq(s.ap, 1);
}

Test(SUITE, nothing_is_true)
{
    RankingScore s;
    cr_assert_eq(ranking_score(&s, truth, 5, truth, 0), OK);
    cr_assert(s.n_true == 0 && isnan(s.jaccard) && isnan(s.ap));
}
