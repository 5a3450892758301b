/* SPDX-License-Identifier: MIT */
#include "cohort/innerparts.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60 };

/* Labelled bags of two classes in folds that a table gives: fold i % 5. */
typedef struct {
    Cohort cohort;
    Folds folds;
    SplitOptions options;
    int fold[N], class[N], group[N];
    uint64_t hash[N];
    real mask[N], target[N];
} Case;

static void open_case(Case *c, const char *validation)
{
    memset(c, 0, sizeof *c);
    c->cohort = (Cohort){.n = N, .n_row = N};
    c->cohort.labels = (Labels){
        .n = N, .n_out = 1, .n_target = 1, .n_class = 2, .class = c->class, .mask = c->mask, .target = c->target};
    c->options = (SplitOptions){.file = "table", .n_fold = 5, .n_repeat = 1, .fold = 2, .validation = validation};
    c->folds = (Folds){.cohort = &c->cohort,
                       .options = &c->options,
                       .seed = 3,
                       .n_repeat = 1,
                       .n_fold = 5,
                       .hash = c->hash,
                       .table = {.n_column = 1, .n_fold = 5, .fold = c->fold}};
    for (int i = 0; i < N; i++) {
        c->fold[i] = i % 5;
        c->class[i] = i % 3 == 0;
        c->group[i] = i / 10 * 5 + i % 5; /* pairs that lie in one fold */
        c->mask[i] = 1;
    }
}

static Partition make(Case *c, const char *inner)
{
    Partition g;
    c->options.inner = inner;
    cr_assert_eq(innerparts_make(&g, &c->folds, &c->options), OK, "%s", status_sentence());
    return g;
}

Test(cohort_innerparts, text)
{
    static const char *const bad[] = {"", "1", "1/", "/2", "2/2", "-1/2", "0/1", "1/2x", "a/b", NULL};
    InnerPlace p;
    cr_expect(innerparts_parse(&p, NULL));
    cr_expect_eq(p.n, 0);
    cr_expect(innerparts_parse(&p, "2/5"));
    cr_expect(p.fold == 2 && p.n == 5);
    for (const char *const *text = bad; *text; text++) cr_expect_not(innerparts_parse(&p, *text), "%s", *text);
}

Test(cohort_innerparts, each_bag_outside_the_test_fold_is_tested_once)
{
    static const char *const place[] = {"0/3", "1/3", "2/3"};
    static const char *const validation[] = {"previous", "none", "0.2"};
    for (int v = 0; v < 3; v++) {
        int tested[N] = {0};
        for (int i = 0; i < 3; i++) {
            Case c;
            open_case(&c, validation[v]);
            Partition g = make(&c, place[i]);
            for (int b = 0; b < N; b++) {
                cr_expect_eq(g.part[b] == PART_NONE, b % 5 == 2, "%s, bag %d", validation[v], b);
                tested[b] += g.part[b] == PART_TEST;
            }
            cr_expect_eq(g.count[PART_TRAIN] + g.count[PART_VALIDATION] + g.count[PART_TEST], 48);
            cr_expect_eq(g.count[PART_VALIDATION] > 0, v != 1);
            partition_free(&g);
        }
        for (int b = 0; b < N; b++) cr_expect_eq(tested[b], b % 5 != 2);
    }
}

Test(cohort_innerparts, groups_stay_together)
{
    Case c;
    open_case(&c, "previous");
    c.folds.group = c.group;
    Partition g = make(&c, "1/4");
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            if (c.group[i] == c.group[j]) cr_expect_eq(g.part[i], g.part[j]);
    partition_free(&g);
}

Test(cohort_innerparts, two_inner_folds_share_for_validation)
{
    Case c;
    open_case(&c, "previous");
    Partition g = make(&c, "0/2");
    cr_expect_eq(g.count[PART_TEST], 24);
    cr_expect_eq(g.count[PART_VALIDATION], 6);
    partition_free(&g);
}

Test(cohort_innerparts, labels_of_test_bags_change_nothing)
{
    Case a, b;
    open_case(&a, "previous");
    open_case(&b, "previous");
    for (int i = 2; i < N; i += 5) b.class[i] = 1 - b.class[i];
    Partition one = make(&a, "1/3"), two = make(&b, "1/3");
    cr_expect_arr_eq(one.part, two.part, N * sizeof *one.part);
    partition_free(&one);
    partition_free(&two);
}

/* A second task: its bags follow, and those of the first task lie where they would without it. */
Test(cohort_innerparts, bags_without_a_first_label_follow)
{
    Case a;
    int all[N], inner[N], n_all, n_inner;
    const InnerPlace place = {0, 3};
    open_case(&a, "previous");
    for (int i = 0; i < N; i++)
        if (i % 7 == 0) a.class[i] = -1;
    cr_assert_eq(innerparts_draw(all, &n_all, &a.folds, &place, 0, 2), OK);
    Partition outer;
    a.options.inner = NULL;
    cr_assert_eq(partition_make(&outer, &a.folds, 0, 2), OK);
    const InnerFolds in = {&a.folds, &outer, a.class, 3, 0, 2};
    cr_assert_eq(innerfolds_draw(inner, &n_inner, &in), OK);
    cr_assert_eq(n_all, n_inner);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(all[i] >= 0, i % 5 != 2);
        if (inner[i] >= 0) cr_expect_eq(all[i], inner[i]);
    }
    partition_free(&outer);
}

Test(cohort_innerparts, too_many)
{
    Case c;
    Partition g;
    open_case(&c, "previous");
    c.options.inner = "40/50";
    cr_assert_eq(innerparts_make(&g, &c.folds, &c.options), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "16 inner folds; take fewer"), "%s", status_sentence());
}
