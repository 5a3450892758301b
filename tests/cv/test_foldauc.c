/* SPDX-License-Identifier: MIT
 *
 * test_foldauc.c: areas over folds against counting all pairs; what the interval promises.
 */
#include "cv/foldauc.h"

#include <criterion/criterion.h>
#include <math.h>

enum { REPEATS = 3, FOLDS = 4, MEMBERS = 60 };

typedef struct {
    double value[REPEATS][MEMBERS];
    int fold[REPEATS][MEMBERS], label[MEMBERS];
} Cohort;

/* Values on a coarse grid, so that many are equal; `shift` sets the classes apart. */
static void make(Cohort *c, double shift, bool same_repeats, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test foldauc", 0);
    for (int i = 0; i < MEMBERS; i++) c->label[i] = i % 2;
    for (int r = 0; r < REPEATS; r++)
        for (int i = 0; i < MEMBERS; i++) {
            c->fold[r][i] = r && same_repeats ? c->fold[0][i] : (int)rng_below(&rng, FOLDS);
            c->value[r][i] = r && same_repeats ? c->value[0][i] : floor(6 * rng_uniform(&rng)) + shift * c->label[i];
        }
}

static void fill(FoldAuc *a, const Cohort *c, int n_repeat)
{
    cr_assert_eq(foldauc_new(a, n_repeat, FOLDS, MEMBERS), OK);
    for (int r = 0; r < n_repeat; r++)
        for (int f = 0; f < FOLDS; f++) {
            for (int i = 0; i < MEMBERS; i++)
                if (c->fold[r][i] == f) cr_assert_eq(foldauc_add(a, (FoldRow){c->value[r][i], c->label[i], i}), OK);
            foldauc_end_fold(a);
        }
}

/* Over all pairs of a fold; fold -1: of the repetition. */
static double pairs(const Cohort *c, int r, int fold)
{
    double wins = 0, n = 0;
    for (int i = 0; i < MEMBERS; i++)
        for (int j = 0; j < MEMBERS; j++) {
            if (!c->label[i] || c->label[j]) continue;
            if (fold >= 0 && (c->fold[r][i] != fold || c->fold[r][j] != fold)) continue;
            wins += c->value[r][i] > c->value[r][j] ? 1 : c->value[r][i] == c->value[r][j] ? 0.5 : 0;
            n++;
        }
    return n > 0 ? wins / n : NAN;
}

Test(train_foldauc, equals_counting_pairs)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        Cohort c;
        FoldAuc a;
        double pooled, want = 0, want_pooled = 0;
        make(&c, 1, false, seed);
        fill(&a, &c, REPEATS);
        for (int r = 0; r < REPEATS; r++) {
            double sum = 0;
            for (int f = 0; f < FOLDS; f++) sum += pairs(&c, r, f) / FOLDS;
            cr_expect_float_eq(foldauc_mean(&a, r, r + 1), sum, 1e-12, "seed %d, repetition %d", (int)seed, r);
            want += sum / REPEATS;
            want_pooled += pairs(&c, r, -1) / REPEATS;
        }
        cr_expect_float_eq(foldauc_mean(&a, 0, REPEATS), want, 1e-12, "seed %d", (int)seed);
        cr_assert_eq(foldauc_pooled(&pooled, &a, 0, REPEATS), OK);
        cr_expect_float_eq(pooled, want_pooled, 1e-12, "seed %d", (int)seed);
        foldauc_free(&a);
    }
}

Test(train_foldauc, folds_of_one_class_are_left_out)
{
    Cohort c;
    FoldAuc a;
    double interval[2];
    make(&c, 1, false, 3);
    for (int i = 0; i < MEMBERS; i++)
        if (c.fold[0][i] == 2 && c.label[i]) c.fold[0][i] = 1; /* fold 2 keeps negative bags alone */
    for (int i = 0; i < MEMBERS; i++)
        if (c.fold[0][i] == 3) c.fold[0][i] = 0; /* fold 3 is empty */
    fill(&a, &c, 1);
    cr_expect_float_eq(foldauc_mean(&a, 0, 1), (pairs(&c, 0, 0) + pairs(&c, 0, 1)) / 2, 1e-12);
    Rng rng = rng_stream(0, "test", 0);
    cr_assert_eq(foldauc_interval(interval, &a, 0, 1, &rng), OK);
    cr_expect(interval[0] < interval[1]);
    foldauc_free(&a);
}

Test(train_foldauc, undefined_where_all_folds_have_one_class)
{
    FoldAuc a;
    double interval[2], pooled;
    Rng rng = rng_stream(0, "test", 0);
    cr_assert_eq(foldauc_new(&a, 1, 2, 4), OK);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(foldauc_add(&a, (FoldRow){i, i > 1, i}), OK);
        if (i % 2) foldauc_end_fold(&a);
    }
    cr_expect(isnan(foldauc_mean(&a, 0, 1)));
    cr_assert_eq(foldauc_interval(interval, &a, 0, 1, &rng), OK);
    cr_expect(isnan(interval[0]) && isnan(interval[1]));
    cr_assert_eq(foldauc_pooled(&pooled, &a, 0, 1), OK);
    cr_expect_float_eq(pooled, 1, 1e-12);
    foldauc_free(&a);
}

static void interval_of(double interval[2], const Cohort *c, int n_repeat)
{
    FoldAuc a;
    Rng rng = rng_stream(1, "test", 0);
    fill(&a, c, n_repeat);
    cr_assert_eq(foldauc_interval(interval, &a, 0, n_repeat, &rng), OK);
    foldauc_free(&a);
}

/* Three times the same folds and outputs tell as much as once. */
Test(train_foldauc, repetitions_are_no_fresh_bags)
{
    Cohort c;
    double once[2], thrice[2];
    make(&c, 1, true, 5);
    interval_of(once, &c, 1);
    interval_of(thrice, &c, REPEATS);
    for (int k = 0; k < 2; k++) cr_expect_float_eq(once[k], thrice[k], 1e-12);
}

/* Of 300 cohorts whose area is 0.5, the interval leaves out the truth in about one of twenty. */
Test(train_foldauc, interval_covers_chance, .timeout = 60)
{
    int missed = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        Cohort c;
        double interval[2];
        make(&c, 0, false, 1000 + seed);
        interval_of(interval, &c, 1);
        missed += interval[0] > 0.5 || interval[1] < 0.5;
    }
    cr_expect(missed >= 5 && missed <= 36, "%d of 300 intervals miss 0.5", missed);
}

/* ---- two methods ---- */

Test(train_foldauc, difference_to_itself_is_zero)
{
    Cohort c;
    FoldAuc a;
    double interval[2];
    Rng rng = rng_stream(0, "test", 0);
    make(&c, 1, true, 5);
    fill(&a, &c, REPEATS);
    cr_assert_eq(foldauc_difference(interval, &a, &a, &rng), OK);
    cr_expect(interval[0] == 0 && interval[1] == 0);
    foldauc_free(&a);
}

/* Two noisy copies of one ranking: pairs vary together, so their difference varies less than two cohorts would. */
Test(train_foldauc, pairs_narrow_the_difference)
{
    Cohort c, better;
    FoldAuc a, b;
    double of_a[2], of_b[2], paired[2];
    Rng rng = rng_stream(0, "test", 0);
    make(&c, 1, true, 6);
    better = c;
    for (int r = 0; r < REPEATS; r++)
        for (int i = 0; i < MEMBERS; i++) better.value[r][i] += 0.6 * c.label[i];
    fill(&a, &better, REPEATS);
    fill(&b, &c, REPEATS);
    cr_assert_eq(foldauc_interval(of_a, &a, 0, REPEATS, &rng), OK);
    cr_assert_eq(foldauc_interval(of_b, &b, 0, REPEATS, &rng), OK);
    cr_assert_eq(foldauc_difference(paired, &a, &b, &rng), OK);
    const double difference = foldauc_mean(&a, 0, REPEATS) - foldauc_mean(&b, 0, REPEATS);
    cr_expect(difference > 0 && paired[0] < difference && difference < paired[1]);
    cr_expect(paired[0] > 0, "every pair gains");
    const double alone = hypot(of_a[1] - of_a[0], of_b[1] - of_b[0]);
    cr_expect(paired[1] - paired[0] < 0.6 * alone, "%g against %g", paired[1] - paired[0], alone);
    foldauc_free(&a);
    foldauc_free(&b);
}
