/* SPDX-License-Identifier: MIT */
#include "cohort/split.h"
#include "core/rng.h"
#include "support/golden.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 };

static SplitOptions some_options(int kind, int n_fold, const char *validation)
{
    return (SplitOptions){.kind = kind, .n_fold = n_fold, .n_repeat = 1, .validation = validation};
}

/* ---- DeepRC's ---- */

static int compare_permutation(const Golden *g, const char *name)
{
    int n = 0, seed = 0, k = 0;
    char path[256];
    cr_assert_eq(sscanf(name, "n%d_seed%d_splits%d", &n, &seed, &k), 3, "%s", name);
    (void)snprintf(path, sizeof path, "random/%s/permutation", name);
    GoldenArray permutation, size;
    cr_assert(golden_read(&permutation, g, path));
    (void)snprintf(path, sizeof path, "random/%s/split_sizes", name);
    cr_assert(golden_read(&size, g, path));
    cr_assert_eq(permutation.n, (size_t)n);
    cr_assert_eq(size.n, (size_t)k);

    int *p = malloc((size_t)n * sizeof *p), *fold = malloc((size_t)n * sizeof *fold);
    int *use = malloc((size_t)n * sizeof *use);
    for (int i = 0; i < n; i++) use[i] = 1;
    split_numpy_permutation(p, n, (uint32_t)seed);
    for (int i = 0; i < n; i++) cr_assert_eq(p[i], (int)permutation.v[i], "%s: place %d", name, i);
    const SplitOptions options = some_options(SPLIT_DEEPRC, k, "previous");
    cr_assert_eq(split_folds(fold, n, &options, (uint64_t)seed, 0, use, NULL, NULL), OK);
    for (int f = 0, i = 0; f < k; f++)
        for (int j = 0; j < (int)size.v[f]; j++, i++) cr_assert_eq(fold[p[i]], f, "%s: place %d", name, i);
    free(p);
    free(fold);
    free(use);
    golden_free(&permutation);
    golden_free(&size);
    return n;
}

Test(data_split, deeprc_folds_are_numpys)
{
    Golden g;
    cr_assert(golden_open(&g, "deeprc_splits.h5"));
    GoldenNames names = golden_list(&g, "random");
    cr_assert_geq(names.n, 20);
    for (int i = 0; i < names.n; i++) cr_assert_gt(compare_permutation(&g, names.name[i]), 0);
    golden_names_free(&names);
    golden_close(&g);
}

Test(data_split, deeprc_parts_of_every_fold)
{
    enum { N = 100, K = 5 };
    Golden g;
    cr_assert(golden_open(&g, "deeprc_splits.h5"));
    const SplitOptions options = some_options(SPLIT_DEEPRC, K, "previous");
    int fold[N], use[N];
    Part part[N];
    for (int i = 0; i < N; i++) use[i] = 1;
    cr_assert_eq(split_folds(fold, N, &options, 0, 0, use, NULL, NULL), OK);
    for (int test = 0; test < K; test++) {
        cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = N, .n_fold = K, .test = test}), OK);
        for (int which = 0; which < 3; which++) {
            char path[256];
            GoldenArray rows;
            int count = 0;
            (void)snprintf(path, sizeof path, "folds_n100_seed0_splits5/fold%d/%s", test, part_name[which]);
            cr_assert(golden_read(&rows, &g, path));
            for (size_t i = 0; i < rows.n; i++) cr_assert_eq((int)part[(int)rows.v[i]], which, "%s", path);
            for (int i = 0; i < N; i++) count += (int)part[i] == which;
            cr_assert_eq((size_t)count, rows.n);
            golden_free(&rows);
        }
    }
    golden_close(&g);
}

/* ---- properties on random cohorts ---- */

typedef struct {
    int n, n_class, n_fold, n_group;
    int use[MOST], class[MOST], group[MOST];
} Cohort;

static Cohort random_cohort(uint64_t index)
{
    Rng rng = rng_stream(20, "test", index);
    Cohort c = {.n_fold = 3 + (int)rng_below(&rng, 8), .n_class = 1 + (int)rng_below(&rng, 4)};
    c.n = 20 + (int)rng_below(&rng, MOST - 20);
    c.n_group = c.n_fold + (int)rng_below(&rng, (uint64_t)(c.n - c.n_fold));
    for (int i = 0; i < c.n; i++) {
        c.use[i] = i < 15 || rng_below(&rng, 10) > 0;
        c.class[i] = (int)rng_below(&rng, (uint64_t)c.n_class) - (rng_below(&rng, 20) == 0);
        c.group[i] = 7 * (i < c.n_group ? i : (int)rng_below(&rng, (uint64_t)c.n_group));
    }
    return c;
}

/* Bags of fold f; of one class unless `class` is INT_MAX. */
static int count_in(const Cohort *c, const int *fold, int f, int class)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) n += fold[i] == f && (class == INT_MAX || c->class[i] == class);
    return n;
}

static void assert_even(const Cohort *c, const int *fold, int class)
{
    int least = INT_MAX, most = 0;
    for (int f = 0; f < c->n_fold; f++) {
        const int n = count_in(c, fold, f, class);
        if (n < least) least = n;
        if (n > most) most = n;
    }
    cr_assert_leq(most - least, 1, "class %d: folds hold %d to %d bags", class, least, most);
}

static void assert_each_once(const Cohort *c, const int *fold)
{
    for (int i = 0; i < c->n; i++)
        cr_assert(c->use[i] ? fold[i] >= 0 && fold[i] < c->n_fold : fold[i] == -1, "bag %d is in fold %d", i,
                  fold[i]);
}

Test(data_split, stratified_folds_are_even_in_size_and_class)
{
    int fold[MOST];
    for (uint64_t index = 0; index < 200; index++) {
        const Cohort c = random_cohort(index);
        const SplitOptions options = some_options(SPLIT_STRATIFIED, c.n_fold, "previous");
        cr_assert_eq(split_folds(fold, c.n, &options, index, 0, c.use, c.class, NULL), OK);
        assert_each_once(&c, fold);
        assert_even(&c, fold, INT_MAX);
        for (int class = -1; class < c.n_class; class ++) assert_even(&c, fold, class);
    }
}

Test(data_split, random_folds_are_even_in_size_and_blind_to_class)
{
    int fold[MOST], blind[MOST];
    for (uint64_t index = 0; index < 50; index++) {
        const Cohort c = random_cohort(index);
        const SplitOptions options = some_options(SPLIT_RANDOM, c.n_fold, "previous");
        cr_assert_eq(split_folds(fold, c.n, &options, index, 0, c.use, c.class, NULL), OK);
        assert_each_once(&c, fold);
        assert_even(&c, fold, INT_MAX);
        cr_assert_eq(split_folds(blind, c.n, &options, index, 0, c.use, NULL, NULL), OK);
        cr_assert_arr_eq(fold, blind, (size_t)c.n * sizeof *fold);
    }
}

static void assert_whole_groups(const Cohort *c, const int *set_of)
{
    int of_group[MOST];
    for (int g = 0; g < c->n_group; g++) of_group[g] = -2;
    for (int i = 0; i < c->n; i++) {
        if (!c->use[i]) continue;
        int *first = &of_group[c->group[i] / 7];
        if (*first == -2) *first = set_of[i];
        cr_assert_eq(*first, set_of[i], "group %d is torn", c->group[i]);
    }
}

/* The used bags of the largest group. */
static int largest_group(const Cohort *c)
{
    int size[MOST] = {0}, most = 0;
    for (int i = 0; i < c->n; i++) {
        const int n = size[c->group[i] / 7] += c->use[i];
        if (n > most) most = n;
    }
    return most;
}

Test(data_split, groups_stay_whole_and_folds_near_even)
{
    int fold[MOST];
    for (uint64_t index = 0; index < 200; index++) {
        const Cohort c = random_cohort(index);
        const SplitOptions options = some_options(SPLIT_STRATIFIED, c.n_fold, "previous");
        const Status status = split_folds(fold, c.n, &options, index, 0, c.use, c.class, c.group);
        if (status != OK) { /* unused bags emptied some groups */
            cr_assert_eq(status, ERR_FORMAT);
            cr_assert(strstr(status_sentence(), "cannot fill"));
            continue;
        }
        assert_each_once(&c, fold);
        assert_whole_groups(&c, fold);
        int most = 0, least = MOST;
        for (int f = 0; f < c.n_fold; f++) {
            const int n = count_in(&c, fold, f, INT_MAX);
            if (n < least) least = n;
            if (n > most) most = n;
        }
        cr_assert_gt(least, 0);
        cr_assert_leq(most - least, 2 * largest_group(&c) + 2, "folds hold %d to %d", least, most);
    }
}

Test(data_split, groups_balance_classes)
{
    enum { N = 200, K = 5 };
    Cohort c = {.n = N, .n_class = 2, .n_fold = K, .n_group = N / 2};
    int fold[MOST];
    for (int i = 0; i < N; i++) {
        c.use[i] = 1;
        c.group[i] = 7 * (i / 2);
        c.class[i] = (i / 2) % 4 == 0;
    }
    for (uint64_t seed = 0; seed < 20; seed++) {
        const SplitOptions options = some_options(SPLIT_STRATIFIED, K, "previous");
        cr_assert_eq(split_folds(fold, N, &options, seed, 0, c.use, c.class, c.group), OK);
        for (int f = 0; f < K; f++) {
            cr_assert_eq(count_in(&c, fold, f, INT_MAX), N / K);
            cr_assert_eq(count_in(&c, fold, f, 1), N / 4 / K);
        }
    }
}

Test(data_split, a_group_larger_than_a_fold_has_one_of_its_own)
{
    enum { N = 40, K = 4 };
    int fold[N], use[N], group[N], class[N];
    for (int i = 0; i < N; i++) {
        use[i] = 1;
        group[i] = i < 25 ? 0 : i;
        class[i] = i % 2;
    }
    const SplitOptions options = some_options(SPLIT_STRATIFIED, K, "previous");
    cr_assert_eq(split_folds(fold, N, &options, 3, 0, use, class, group), OK);
    for (int i = 0; i < N; i++) cr_assert_eq(fold[i] == fold[0], i < 25);
}

Test(data_split, same_seed_same_folds_other_seed_or_repeat_others)
{
    const Cohort c = random_cohort(3);
    const SplitOptions options = some_options(SPLIT_STRATIFIED, c.n_fold, "previous");
    for (int grouped = 0; grouped < 2; grouped++) {
        const int *group = grouped ? c.group : NULL;
        int a[MOST], b[MOST];
        cr_assert_eq(split_folds(a, c.n, &options, 5, 1, c.use, c.class, group), OK);
        cr_assert_eq(split_folds(b, c.n, &options, 5, 1, c.use, c.class, group), OK);
        cr_assert_arr_eq(a, b, (size_t)c.n * sizeof *a);
        cr_assert_eq(split_folds(b, c.n, &options, 6, 1, c.use, c.class, group), OK);
        cr_assert(memcmp(a, b, (size_t)c.n * sizeof *a) != 0);
        cr_assert_eq(split_folds(b, c.n, &options, 5, 2, c.use, c.class, group), OK);
        cr_assert(memcmp(a, b, (size_t)c.n * sizeof *a) != 0);
    }
}

Test(data_split, too_few_bags_or_groups_is_said)
{
    int fold[8], use[8] = {1, 1, 1, 1, 1, 1, 0, 0}, group[8] = {1, 1, 2, 2, 1, 2, 3, 4};
    const SplitOptions options = some_options(SPLIT_STRATIFIED, 7, "previous");
    cr_assert_eq(split_folds(fold, 8, &options, 0, 0, use, NULL, NULL), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "there are 6"), "%s", status_sentence());
    const SplitOptions fewer = some_options(SPLIT_STRATIFIED, 3, "previous");
    cr_assert_eq(split_folds(fold, 8, &fewer, 0, 0, use, NULL, group), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "2 groups cannot fill"), "%s", status_sentence());
    const SplitOptions deeprc = some_options(SPLIT_DEEPRC, 3, "previous");
    cr_assert_eq(split_folds(fold, 8, &deeprc, 1ull << 32, 0, use, NULL, NULL), ERR_CONFIG);
    cr_assert_eq(split_folds(fold, 8, &deeprc, 0, 0, use, NULL, group), ERR_CONFIG);
}

/* ---- parts ---- */

Test(data_split, validation_is_the_previous_fold_or_none)
{
    const int fold[] = {0, 1, 2, 3, -1, 0};
    SplitOptions options = some_options(SPLIT_STRATIFIED, 4, "previous");
    Part part[6];
    cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = 6, .n_fold = 4, .test = 0}), OK);
    const Part first[] = {PART_TEST, PART_TRAIN, PART_TRAIN, PART_VALIDATION, PART_NONE, PART_TEST};
    cr_assert_arr_eq(part, first, sizeof part);
    options.validation = "none";
    cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = 6, .n_fold = 4, .test = 2}), OK);
    const Part third[] = {PART_TRAIN, PART_TRAIN, PART_TEST, PART_TRAIN, PART_NONE, PART_TRAIN};
    cr_assert_arr_eq(part, third, sizeof part);
}

Test(data_split, a_validation_share_is_even_in_class)
{
    int fold[MOST];
    Part part[MOST];
    for (uint64_t index = 0; index < 100; index++) {
        const Cohort c = random_cohort(index);
        const SplitOptions options = some_options(SPLIT_STRATIFIED, c.n_fold, "0.3");
        cr_assert_eq(split_folds(fold, c.n, &options, index, 0, c.use, c.class, NULL), OK);
        cr_assert_eq(
            split_parts(part, &options,
                        &(SplitFolds){
                            .fold = fold, .n = c.n, .n_fold = c.n_fold, .test = 1, .seed = index, .class = c.class}),
            OK);
        for (int class = -2; class < c.n_class; class ++) { /* -2: all */
            int n = 0, taken = 0;
            for (int i = 0; i < c.n; i++) {
                if (fold[i] < 0 || fold[i] == 1 || (class != -2 && c.class[i] != class)) continue;
                n++;
                taken += part[i] == PART_VALIDATION;
                cr_assert_neq(part[i], PART_TEST);
            }
            if (n) cr_assert_float_eq(taken, 0.3 * n, class == -2 ? 0.501 : 1.501, "%d of %d", taken, n);
        }
    }
}

Test(data_split, a_validation_share_keeps_groups_whole)
{
    int fold[MOST];
    Part part[MOST];
    for (uint64_t index = 0; index < 100; index++) {
        const Cohort c = random_cohort(index);
        const SplitOptions options = some_options(SPLIT_STRATIFIED, c.n_fold, "0.2");
        if (split_folds(fold, c.n, &options, index, 0, c.use, c.class, c.group) != OK) continue;
        cr_assert_eq(split_parts(part, &options,
                                 &(SplitFolds){.fold = fold,
                                               .n = c.n,
                                               .n_fold = c.n_fold,
                                               .test = 0,
                                               .seed = index,
                                               .class = c.class,
                                               .group = c.group}),
                     OK);
        int as_int[MOST], n = 0, taken = 0;
        for (int i = 0; i < c.n; i++) {
            as_int[i] = (int)part[i];
            n += part[i] == PART_TRAIN || part[i] == PART_VALIDATION;
            taken += part[i] == PART_VALIDATION;
        }
        assert_whole_groups(&c, as_int);
        cr_assert_gt(taken, 0);
        cr_assert_lt(taken, n);
        cr_assert_float_eq(taken, 0.2 * n, 1.5 * largest_group(&c) + 1, "%d of %d", taken, n);
    }
}

Test(data_split, a_wrong_validation_is_said)
{
    const char *wrong[] = {"0.5", "0", "-0.1", "half", "0.2x", "", "nan"};
    const int fold[] = {0, 1, 2, 0, 1, 2};
    SplitOptions options = some_options(SPLIT_STRATIFIED, 3, NULL);
    Part part[6];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options.validation = wrong[i];
        cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = 6, .n_fold = 3, .test = 0}),
                     ERR_CONFIG, "%s", wrong[i]);
        cr_assert(strstr(status_sentence(), "splits.validation"));
    }
    options.validation = "previous";
    cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = 6, .n_fold = 3, .test = 3}),
                 ERR_CONFIG);
    cr_assert_eq(split_parts(part, &options, &(SplitFolds){.fold = fold, .n = 6, .n_fold = 2, .test = 1}),
                 ERR_CONFIG);
}
