/* SPDX-License-Identifier: MIT
 *
 * test_keep.c: what an evaluation is worth: values after calibration against a search over a grid, and what no scale or
 * shift of the outputs may change.
 */
#include "core/rng.h"
#include "train/keep.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE train_keep
#define CLOSE (REAL_IS_DOUBLE ? 1e-9 : 2e-5)

enum { BAGS = 40, CLASSES = 3 };

/* The target looked at stands behind another bag's number: two outputs of which it has the second on, two targets. */
typedef struct {
    Target t;
    real output[BAGS * 4], target[BAGS * 4], mask[BAGS * 2];
    MetricRank rank[BAGS];
    MetricInput in;
} Scored;

static Scored part_of(const TargetType *type)
{
    Scored p = {.t = {.type = type, .at = 1, .n_out = type == &target_multiclass ? CLASSES : 1, .n_class = CLASSES}};
    p.in = (MetricInput){.n_bag = BAGS, .n_out = 4, .n_target = 2};
    for (int b = 0; b < BAGS; b++) {
        p.mask[2 * b] = b % 9 != 4; /* some labels of the first target are missing */
        p.mask[2 * b + 1] = b % 2;
        for (int k = 0; k < 4; k++) p.output[4 * b + k] = 1000, p.target[4 * b + k] = 0;
    }
    return p;
}

static double value_of(Scored *p)
{
    p->in.output = p->output, p->in.target = p->target, p->in.mask = p->mask, p->in.rank = p->rank;
    return keep_value(KEEP_BY_CALIBRATED_LOSS, &p->t, &p->in, NULL);
}

static void label(Scored *p, int b, double x)
{
    for (int k = 0; k < p->t.n_out; k++) p->target[4 * b + 1 + k] = (real)(p->t.n_out == 1 ? x : k == (int)x);
}

static bool known(const Scored *p, int b)
{
    return p->mask[2 * b] != 0;
}

/* ---- binary ---- */

/* Outputs scale · (signal · label + noise) + shift; a third of the bags is positive. */
static Scored binary(double signal, double scale, double shift)
{
    Scored p = part_of(&target_binary);
    Rng rng = rng_stream(5, "keep", 0);
    for (int b = 0; b < BAGS; b++) {
        label(&p, b, b % 3 == 0);
        p.output[4 * b + 1] = (real)(scale * (signal * (b % 3 == 0) + rng_normal(&rng)) + shift);
    }
    return p;
}

static void count(const Scored *p, double n[2])
{
    n[0] = n[1] = 0;
    for (int b = 0; b < BAGS; b++)
        if (known(p, b)) n[p->target[4 * b + 1] > 0]++;
}

/* Mean log loss of a y + b against the targets of the header. */
static double binary_loss(const Scored *p, double a, double b)
{
    double n[2], loss = 0;
    count(p, n);
    for (int i = 0; i < BAGS; i++) {
        if (!known(p, i)) continue;
        const double s = a * (double)p->output[4 * i + 1] + b,
                     target = p->target[4 * i + 1] > 0 ? (n[1] + 1) / (n[1] + 2) : 1 / (n[0] + 2);
        loss += target * log1p(exp(-s)) + (1 - target) * log1p(exp(s));
    }
    return loss / (n[0] + n[1]);
}

/* The least over a ≥ 0 and b, by a grid that closes in on its best point. */
static double grid_search(const Scored *p, double (*loss)(const Scored *, double, double))
{
    double a = 4, b = 0, size_a = 4, size_b = 8, best = INFINITY;
    for (int round = 0; round < 60; round++) {
        double at_a = a, at_b = b;
        for (int i = -6; i <= 6; i++)
            for (int j = -6; j <= 6; j++) {
                const double try_a = fmax(0, a + size_a * i / 6), try_b = b + size_b * j / 6,
                             got = loss(p, try_a, try_b);
                if (got < best) best = got, at_a = try_a, at_b = try_b;
            }
        a = at_a, b = at_b;
        size_a *= 0.7, size_b *= 0.7;
    }
    return best;
}

/* Loss of a constant: the entropy of the targets, which lie a little within 0 and 1. */
static double flat_value(const Scored *p)
{
    double n[2];
    count(p, n);
    const double share = (n[1] * (n[1] + 1) / (n[1] + 2) + n[0] / (n[0] + 2)) / (n[0] + n[1]);
    return -share * log(share) - (1 - share) * log(1 - share);
}

Test(SUITE, binary_is_the_least_of_a_grid)
{
    for (int k = 0; k < 8; k++) {
        Scored p = binary(k - 2, 1, 0.5);
        const double want = grid_search(&p, binary_loss), got = value_of(&p);
        cr_expect_float_eq(got, want, 1e-7, "signal %d: %.9f, not %.9f", k - 2, got, want);
        cr_expect_leq(got, want + 1e-9);
    }
}

Test(SUITE, binary_does_not_see_scale_or_shift)
{
    static const double scales[] = {1e-6, 0.01, 7, 1e4}, shifts[] = {-100, 0, 3};
    Scored plain = binary(1, 1, 0);
    const double want = value_of(&plain);
    for (size_t s = 0; s < 4; s++)
        for (size_t h = 0; h < 3; h++) {
            Scored p = binary(1, scales[s], shifts[h] * scales[s]);
            cr_expect_float_eq(value_of(&p), want, CLOSE, "scale %g shift %g", scales[s], shifts[h]);
        }
}

Test(SUITE, a_flat_state_has_the_entropy_of_the_labels)
{
    for (int k = 0; k < 3; k++) {
        Scored p = binary(0, 0, k == 0 ? 0 : k == 1 ? -3.1 : 200);
        cr_expect_float_eq(value_of(&p), flat_value(&p), 1e-9);
    }
}

/* What the rule is for: by the plain loss the flat state wins. */
Test(SUITE, a_state_that_ranks_beats_a_flat_one_however_sure)
{
    for (int k = 0; k < 4; k++) {
        Scored p = binary(1.5, pow(10, k - 1), k);
        cr_expect_lt(value_of(&p), flat_value(&p) - 0.05);
        if (k == 3) cr_expect_gt(binary_loss(&p, 1, 0), flat_value(&p) + 1, "the case is none");
    }
    Scored weak = binary(1, 1, 0), strong = binary(3, 1, 0);
    cr_expect_lt(value_of(&strong), value_of(&weak));
}

Test(SUITE, reversed_ranking_is_no_better_than_flat)
{
    for (int k = 1; k <= 5; k++) {
        Scored p = binary(-k, 1, 0), far = binary(-k, 100, -7);
        cr_expect_float_eq(value_of(&p), flat_value(&p), 1e-9, "signal %d: %.9f", -k, value_of(&p));
        cr_expect_float_eq(value_of(&far), flat_value(&far), 1e-9);
    }
}

/* Bags told apart without error: finite, and no part of one class, or of one bag, fails. */
/* Outputs that say the class without noise reach the floor, no others fall below it. */
Test(SUITE, the_floor_is_reached_by_certainty_alone)
{
    for (int k = 0; k < 3; k++) {
        Scored p = binary(k, 1, 0);
        const double value = value_of(&p), floor = keep_floor(KEEP_BY_CALIBRATED_LOSS, &p.t, &p.in);
        cr_assert_gt(floor, 0);
        cr_assert_gt(value, floor + 0.01);
        for (int b = 0; b < BAGS; b++) p.output[4 * b + 1] = b % 3 == 0;
        cr_assert_float_eq(value_of(&p), floor, 1e-6);
        cr_assert_eq(keep_floor(KEEP_BY_LOSS, &p.t, &p.in), 0);
    }
}

Test(SUITE, binary_edges)
{
    Scored apart = binary(1000, 1, 0), one = binary(1, 1, 0);
    const double value = value_of(&apart);
    cr_expect(value > 0 && value < 0.3, "%g", value);
    for (int label_of_all = 0; label_of_all < 2; label_of_all++) {
        for (int b = 0; b < BAGS; b++) label(&one, b, label_of_all);
        cr_expect_float_eq(value_of(&one), flat_value(&one), 1e-9);
    }
    one.in.n_bag = 1;
    cr_expect(isfinite(value_of(&one)));
}

/* ---- multiclass ---- */

static Scored multiclass(double signal, double scale, double shift)
{
    Scored p = part_of(&target_multiclass);
    Rng rng = rng_stream(6, "keep", 0);
    for (int b = 0; b < BAGS; b++) {
        label(&p, b, b % CLASSES);
        for (int k = 0; k < CLASSES; k++)
            p.output[4 * b + 1 + k] = (real)(scale * (signal * (k == b % CLASSES) + rng_normal(&rng)) + shift);
    }
    return p;
}

static double multiclass_loss(const Scored *p, double a, double b)
{
    double loss = 0, n = 0;
    for (int i = 0; i < BAGS; i++) {
        double sum = 0, said = 0;
        if (!known(p, i)) continue;
        for (int k = 0; k < CLASSES; k++) {
            const double y = a * (double)p->output[4 * i + 1 + k];
            sum += exp(y);
            if (p->target[4 * i + 1 + k] > 0) said = y;
        }
        loss += log(sum) - said, n++;
    }
    return loss / n + 1e-3 * a + 0 * b;
}

Test(SUITE, multiclass_is_the_least_of_a_grid)
{
    for (int k = 0; k < 5; k++) {
        Scored p = multiclass(k - 1, 1, 2);
        const double want = grid_search(&p, multiclass_loss), got = value_of(&p);
        cr_expect_float_eq(got, want, 1e-7, "signal %d: %.9f, not %.9f", k - 1, got, want);
    }
}

/* The penalty tells scales apart, but less than anything else does. */
Test(SUITE, multiclass_hardly_sees_scale_and_not_shift)
{
    Scored plain = multiclass(1, 1, 0), shifted = multiclass(1, 1, -8), larger = multiclass(1, 3, 5);
    cr_expect_float_eq(value_of(&shifted), value_of(&plain), CLOSE);
    cr_expect_float_eq(value_of(&larger), value_of(&plain), 2e-3);
}

Test(SUITE, multiclass_flat_and_reversed)
{
    Scored flat = multiclass(0, 0, 4), reversed = multiclass(-4, 1, 0), good = multiclass(2, 20, 0);
    cr_expect_float_eq(value_of(&flat), log(CLASSES), 1e-6);
    cr_expect_float_eq(value_of(&reversed), log(CLASSES), 1e-6);
    cr_expect_lt(value_of(&good), log(CLASSES) - 0.2);
    cr_expect_gt(multiclass_loss(&good, 1, 0), log(CLASSES), "the case is none");
}

/* ---- regression ---- */

static Scored regression(double signal, double scale, double shift)
{
    Scored p = part_of(&target_regression);
    Rng rng = rng_stream(7, "keep", 0);
    for (int b = 0; b < BAGS; b++) {
        const double x = rng_normal(&rng);
        label(&p, b, x);
        p.output[4 * b + 1] = (real)(scale * (signal * x + rng_normal(&rng)) + shift);
    }
    return p;
}

static double regression_loss(const Scored *p, double a, double b)
{
    double loss = 0, n = 0;
    for (int i = 0; i < BAGS; i++)
        if (known(p, i)) loss += pow(a * (double)p->output[4 * i + 1] + b - (double)p->target[4 * i + 1], 2), n++;
    return loss / n;
}

Test(SUITE, regression_is_the_least_of_a_grid)
{
    for (int k = 0; k < 5; k++) {
        Scored p = regression(k - 1, 1, 2);
        const double want = grid_search(&p, regression_loss), got = value_of(&p);
        cr_expect_float_eq(got, want, 1e-6, "signal %d: %.9f, not %.9f", k - 1, got, want);
        Scored scaled = regression(k - 1, 50, 100);
        cr_expect_float_eq(value_of(&scaled), got, CLOSE * 10);
    }
}

Test(SUITE, regression_flat_and_reversed)
{
    Scored flat = regression(0, 0, 4), reversed = regression(-4, 1, 0), good = regression(2, 20, 0);
    const double variance =
        regression_loss(&flat, 0, 0) - pow(regression_loss(&flat, 0, 0.5) - regression_loss(&flat, 0, -0.5), 2) / 4;
    cr_expect_float_eq(value_of(&flat), variance, 1e-9);
    cr_expect_float_eq(value_of(&reversed), variance, 1e-9);
    cr_expect_lt(value_of(&good), variance / 2);
}

/* ---- the other rules ---- */

Test(SUITE, by_loss_and_by_score)
{
    Scored p = binary(1, 1, 0);
    double score[METRIC_MOST] = {0.6, 0.8}, other[METRIC_MOST] = {0.1, 0.79}, equal[METRIC_MOST] = {0.5, 0.8};
    value_of(&p);
    cr_expect_eq(keep_value(KEEP_BY_LOSS, &p.t, &p.in, score), 0.6);
    const double value = keep_value(KEEP_BY_SCORE, &p.t, &p.in, score);
    cr_expect_float_eq(value, 0.2, 1e-5);
    cr_expect_lt(value, keep_value(KEEP_BY_SCORE, &p.t, &p.in, other), "a higher score is better, whatever the loss");
    cr_expect_gt(value, keep_value(KEEP_BY_SCORE, &p.t, &p.in, equal), "of equal ones the lower loss");
    score[1] = NAN; /* one class alone */
    cr_expect_eq(keep_value(KEEP_BY_SCORE, &p.t, &p.in, score), 0.6);
    score[0] = INFINITY, score[1] = 0.8;
    cr_expect_lt(keep_value(KEEP_BY_SCORE, &p.t, &p.in, score), 0.21);
}

Test(SUITE, without_labels_there_is_no_value)
{
    const double score[METRIC_MOST] = {NAN, NAN};
    for (const TargetType *const *type = target_types; *type; type++) {
        Scored p = part_of(*type);
        memset(p.mask, 0, sizeof p.mask);
        cr_expect(isnan(value_of(&p)), "%s: %g", (*type)->name, value_of(&p));
        for (KeepRule rule = KEEP_BY_LOSS; rule <= KEEP_BY_SCORE; rule++) {
            cr_expect(isnan(keep_value(rule, &p.t, &p.in, score)));
            p.in.n_bag = 0;
            cr_expect(isnan(keep_value(rule, &p.t, &p.in, score)));
            p.in.n_bag = BAGS;
        }
    }
}

/* Without model.norm a run keeps what hopsack 0.1.0 kept. */
Test(SUITE, rules)
{
    const ModelOptions plain = {.norm = NORM_NONE}, norm = {.norm = NORM_BAGS};
    cr_expect_eq(keep_rule(KEEP_BEST, &plain), KEEP_BY_LOSS);
    cr_expect_eq(keep_rule(KEEP_BEST, &norm), KEEP_BY_CALIBRATED_LOSS);
    cr_expect_eq(keep_rule(KEEP_LAST, &plain), KEEP_BY_LOSS);
    cr_expect_eq(keep_rule(KEEP_LAST, &norm), KEEP_BY_CALIBRATED_LOSS);
    cr_expect_eq(keep_rule(KEEP_AUC, &plain), KEEP_BY_SCORE);
    cr_expect_eq(keep_rule(KEEP_AUC, &norm), KEEP_BY_SCORE);
}
