/* SPDX-License-Identifier: MIT */
#include "cohort/innerfolds.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60 };

/* Bags of two classes; every fifth is a test bag, every seventh has no known class. */
typedef struct {
    Cohort cohort;
    Folds folds;
    Partition partition;
    Part part[N];
    int class[N], group[N], inner[N], n_inner;
} Case;

static void open_case(Case *c, uint64_t seed)
{
    memset(c, 0, sizeof *c);
    c->cohort = (Cohort){.n = N, .n_row = N};
    c->folds = (Folds){.cohort = &c->cohort, .seed = seed, .n_repeat = 1, .n_fold = 5};
    c->partition = (Partition){.n = N, .part = c->part};
    for (int i = 0; i < N; i++) {
        c->part[i] = i % 5 == 0 ? PART_TEST : i % 5 == 1 ? PART_VALIDATION : PART_TRAIN;
        c->class[i] = i % 7 == 0 ? -1 : i % 3 == 0;
        c->group[i] = i / 4;
    }
}

static void draw(Case *c, int n_inner, int fold)
{
    const InnerFolds in = {&c->folds, &c->partition, c->class, n_inner, 0, fold};
    cr_assert_eq(innerfolds_draw(c->inner, &c->n_inner, &in), OK);
}

/* Bags of a class in an inner fold. */
static int count(const Case *c, int inner, int class)
{
    int n = 0;
    for (int i = 0; i < N; i++) n += c->inner[i] == inner && c->class[i] == class;
    return n;
}

Test(cohort_innerfolds, training_and_validation_bags_with_a_class_are_spread)
{
    Case c;
    open_case(&c, 3);
    draw(&c, 4, 0);
    cr_assert_eq(c.n_inner, 4);
    for (int i = 0; i < N; i++) cr_assert_eq(c.inner[i] >= 0, c.part[i] != PART_TEST && c.class[i] >= 0, "bag %d", i);
    for (int k = 0; k < 2; k++)
        for (int f = 1; f < 4; f++) cr_assert_leq(abs(count(&c, f, k) - count(&c, 0, k)), 1);
}

Test(cohort_innerfolds, groups_stay_together)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        Case c;
        open_case(&c, seed);
        c.folds.group = c.group;
        draw(&c, 5, 1);
        cr_assert_eq(c.n_inner, 5);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < i; j++)
                if (c.group[i] == c.group[j] && c.inner[i] >= 0 && c.inner[j] >= 0)
                    cr_assert_eq(c.inner[i], c.inner[j]);
    }
}

Test(cohort_innerfolds, outer_folds_and_seeds_have_draws_of_their_own)
{
    Case a, b;
    open_case(&a, 3);
    draw(&a, 4, 0);
    open_case(&b, 3);
    draw(&b, 4, 0);
    cr_assert_arr_eq(a.inner, b.inner, sizeof a.inner);
    draw(&b, 4, 1);
    cr_assert_neq(memcmp(a.inner, b.inner, sizeof a.inner), 0);
    open_case(&b, 4);
    draw(&b, 4, 0);
    cr_assert_neq(memcmp(a.inner, b.inner, sizeof a.inner), 0);
}

Test(cohort_innerfolds, labels_of_test_bags_change_nothing)
{
    Case a, b;
    open_case(&a, 3);
    draw(&a, 4, 2);
    open_case(&b, 3);
    for (int i = 0; i < N; i++)
        if (b.part[i] == PART_TEST) b.class[i] = 1 - b.class[i];
    draw(&b, 4, 2);
    cr_assert_arr_eq(a.inner, b.inner, sizeof a.inner);
}

Test(cohort_innerfolds, the_smallest_class_limits_their_number)
{
    Case c;
    open_case(&c, 3);
    int n = 0;
    for (int i = 0; i < N; i++) /* three bags of class 1 remain */
        if (c.class[i] == 1 && c.part[i] != PART_TEST && n++ >= 3) c.class[i] = 0;
    draw(&c, 5, 0);
    cr_assert_eq(c.n_inner, 3);
    for (int f = 0; f < 3; f++) cr_assert_eq(count(&c, f, 1), 1);
    n = 0;
    for (int i = 0; i < N; i++)
        if (c.class[i] == 1 && c.part[i] != PART_TEST && n++ > 0) c.class[i] = 0;
    draw(&c, 5, 0);
    cr_assert_eq(c.n_inner, 0);
    for (int i = 0; i < N; i++) cr_assert_eq(c.inner[i], -1);
}

Test(cohort_innerfolds, a_class_in_few_large_groups_is_never_in_one_fold_alone)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        Case c;
        open_case(&c, seed);
        for (int i = 0; i < N; i++) { /* three groups of different sizes; class 1 lies in two of them */
            c.group[i] = i < 40 ? 0 : i < 50 ? 1 : 2;
            c.class[i] = c.group[i] == 2 ? 0 : i % 2;
        }
        c.folds.group = c.group;
        draw(&c, 5, 0);
        cr_assert_eq(c.n_inner, 2);
        for (int f = 0; f < 2; f++)
            for (int k = 0; k < 2; k++) cr_assert_gt(count(&c, f, k), 0);
    }
}

Test(cohort_innerfolds, numbers_have_no_classes)
{
    Case c;
    open_case(&c, 3);
    const InnerFolds in = {&c.folds, &c.partition, NULL, 5, 0, 0};
    cr_assert_eq(innerfolds_draw(c.inner, &c.n_inner, &in), OK);
    cr_assert_eq(c.n_inner, 5);
    for (int i = 0; i < N; i++) cr_assert_eq(c.inner[i] >= 0, c.part[i] != PART_TEST);
}

/* Batches of 6 bags; donors of 4 lie in one or in two of them, and join these. */
Test(cohort_innerfolds, batches_stay_together_where_the_outer_folds_are_batches)
{
    static const SplitOptions by_batch = {.kind = SPLIT_BATCH};
    for (int donors = 0; donors < 2; donors++) {
        Case c;
        int batch[N];
        open_case(&c, 9);
        c.folds.options = &by_batch;
        c.folds.batch = batch;
        if (donors) c.folds.group = c.group;
        for (int i = 0; i < N; i++) batch[i] = i / 6;
        draw(&c, 3, 1);
        cr_assert_eq(c.n_inner, 3);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < i; j++) {
                if (c.inner[i] < 0 || c.inner[j] < 0) continue;
                if (batch[i] == batch[j]) cr_assert_eq(c.inner[i], c.inner[j], "bags %d and %d", i, j);
                if (donors && c.group[i] == c.group[j]) cr_assert_eq(c.inner[i], c.inner[j], "bags %d and %d", i, j);
            }
        /* One batch for each class: nothing can be held out, so donors alone are kept together. */
        for (int i = 0; i < N; i++) batch[i] = c.class[i] == 1;
        draw(&c, 3, 1);
        cr_assert_eq(c.n_inner, 3);
    }
}
