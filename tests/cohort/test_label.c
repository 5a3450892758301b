/* SPDX-License-Identifier: MIT */
#include "cohort/label.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SUITE cohort_label
#define ROWS  8

static Table table;

/* Cells "ID status age", statuses given. */
static void make(const char *const *status, int n)
{
    static const char *const column[] = {"ID", "status", "age"};
    const char *cell[ROWS * 3];
    for (int i = 0; i < n; i++) {
        cell[3 * i] = "p";
        cell[3 * i + 1] = status[i];
        cell[3 * i + 2] = "50";
    }
    cr_assert_eq(table_new(&table, n, 3, column, cell), OK);
    table.path = "labels.tsv";
}

static Target target_of(const char *column, const char *positive, const char *negative)
{
    return (Target){.type = target_type("binary"),
                    .name = "ill",
                    .column = column,
                    .weight = 1,
                    .n_out = 1,
                    .positive = positive,
                    .negative = negative,
                    .pos_weight = 1};
}

static Status read(Labels *labels, Target *t, const char *const *status, int n, bool deeprc, bool training)
{
    int row[ROWS];
    make(status, n);
    for (int i = 0; i < n; i++) row[i] = i;
    return label_read(labels, t, 1, &table, row, n, deeprc, training);
}

/* want: 1, 0, or -1 for masked. */
static void check(const Labels *labels, const int *want, int n)
{
    cr_assert_eq(labels->n, n);
    for (int i = 0; i < n; i++) {
        cr_assert_eq(labels->mask[i] != 0, want[i] >= 0, "row %d", i);
        if (want[i] >= 0) cr_assert_eq((int)labels->target[i], want[i], "row %d", i);
        cr_assert_eq(labels->class[i], want[i], "row %d", i);
    }
}

Test(SUITE, missing_cells_are_masked)
{
    static const char *const status[] = {"+", "-", "", "NA", "Unknown", "-", "+", "nan"};
    Target t = target_of("status", NULL, NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 8, false, true), OK);
    check(&labels, (int[]){1, 0, -1, -1, -1, 0, 1, -1}, 8);
    cr_assert_eq(labels.n_missing, 4);
    cr_assert_eq(labels.n_strange, 0);
    cr_assert_str_eq(t.positive, "+");
    cr_assert_str_eq(t.negative, "-");
    label_free(&labels);
    table_free(&table);
}

Test(SUITE, pairs_that_speak_for_themselves)
{
    static const char *const pair[][2] = {{"True", "False"}, {"1", "0"}, {"YES", "no"}, {"+", "-"}};
    for (size_t k = 0; k < sizeof pair / sizeof *pair; k++) {
        const char *const status[] = {pair[k][1], pair[k][0]};
        Target t = target_of("status", NULL, NULL);
        Labels labels;
        cr_assert_eq(read(&labels, &t, status, 2, false, true), OK);
        check(&labels, (int[]){0, 1}, 2);
        label_free(&labels);
        table_free(&table);
    }
}

Test(SUITE, other_pairs_need_positive)
{
    static const char *const status[] = {"ill", "well", "ill"};
    Target t = target_of("status", NULL, NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 3, false, true), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "'ill' (2)") && strstr(status_sentence(), "'well' (1)"), "%s",
              status_sentence());
    table_free(&table);
}

Test(SUITE, several_others_need_negative)
{
    static const char *const status[] = {"ill", "well", "maybe", "ill"};
    Target t = target_of("status", "ill", NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 4, false, true), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "'maybe' (1)") && strstr(status_sentence(), "negative"), "%s",
              status_sentence());
    table_free(&table);

    t = target_of("status", "ill", "well");
    cr_assert_eq(read(&labels, &t, status, 4, false, true), OK);
    check(&labels, (int[]){1, 0, -1, 1}, 4);
    cr_assert_eq(labels.n_strange, 1);
    label_free(&labels);
    table_free(&table);
}

Test(SUITE, deeprc_takes_all_others_as_negative)
{
    static const char *const status[] = {"ill", "well", "maybe", "", "NA"};
    Target t = target_of("status", "ill", NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 5, true, true), OK);
    check(&labels, (int[]){1, 0, 0, 0, 0}, 5);
    label_free(&labels);
    table_free(&table);
}

Test(SUITE, a_bag_without_row_is_masked_everywhere)
{
    static const char *const status[] = {"+", "-"};
    for (int deeprc = 0; deeprc < 2; deeprc++) {
        Target t = target_of("status", "+", NULL);
        Labels labels;
        make(status, 2);
        cr_assert_eq(label_read(&labels, &t, 1, &table, (int[]){1, -1, 0}, 3, deeprc, true), OK);
        check(&labels, (int[]){0, -1, 1}, 3);
        label_free(&labels);
        table_free(&table);
    }
}

Test(SUITE, training_needs_both_classes)
{
    static const char *const status[] = {"well", "well"};
    Target t = target_of("status", "ill", NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 2, false, true), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'ill'") && strstr(status_sentence(), "'well' (2)"), "%s", status_sentence());
    table_free(&table);
    cr_assert_eq(read(&labels, &t, status, 2, false, false), OK); /* but scoring does not */
    check(&labels, (int[]){0, 0}, 2);
    label_free(&labels);
    table_free(&table);
}

Test(SUITE, a_missing_column_lists_those_there)
{
    static const char *const status[] = {"+", "-"};
    Target t = target_of("stauts", "+", NULL);
    Labels labels;
    cr_assert_eq(read(&labels, &t, status, 2, false, true), ERR_FORMAT);
    cr_assert(strstr(status_sentence(), "'stauts'") && strstr(status_sentence(), "'status'"), "%s",
              status_sentence());
    table_free(&table);
}

/* ---- other kinds ---- */

static Status read_kind(Labels *labels, Target *t, const char *const *cell, int n, bool deeprc)
{
    t->type = target_type(t->n_class ? "multiclass" : "regression");
    t->n_out = t->n_class ? t->n_class : 1;
    t->name = "t";
    t->column = "status";
    return read(labels, t, cell, n, deeprc, true);
}

Test(SUITE, classes_are_one_hot)
{
    static const char *const cell[] = {"b", "a", "", "c", "b", "d"}, *classes[] = {"a", "b", "c"};
    for (int deeprc = 0; deeprc < 2; deeprc++) {
        Target t = {.n_class = 3, .classes = classes};
        Labels labels;
        cr_assert_eq(read_kind(&labels, &t, cell, 6, deeprc), OK, "%s", status_sentence());
        const int want[] = {1, 0, -1, 2, 1, -1};
        for (int i = 0; i < 6; i++) {
            cr_expect_eq(labels.class[i], want[i]);
            cr_expect_eq(labels.mask[i] != 0, deeprc || want[i] >= 0, "DeepRC takes a missing class for the first");
            for (int k = 0; k < 3; k++) cr_expect_eq(labels.target[3 * i + k] != 0, k == want[i]);
        }
        label_free(&labels);
        table_free(&table);
    }
}

Test(SUITE, a_class_that_nobody_has_is_said)
{
    static const char *const cell[] = {"a", "a"}, *classes[] = {"a", "b"};
    Target t = {.n_class = 2, .classes = classes};
    Labels labels;
    cr_assert_eq(read_kind(&labels, &t, cell, 2, false), ERR_FORMAT);
    cr_expect_not_null(strstr(status_sentence(), "'b'"));
    table_free(&table);
}

Test(SUITE, numbers_are_normalised_by_the_training_bags)
{
    static const char *const cell[] = {"1", "3", "NA", "100", "1e400", "two"};
    const bool use[] = {true, true, true, false, false, false};
    Target t = {.mean = NAN, .std = NAN};
    Labels labels;
    cr_assert_eq(read_kind(&labels, &t, cell, 6, false), OK);
    label_fit(&labels, &t, 1, use);
    cr_expect_float_eq(t.mean, 2, 1e-12);
    cr_expect_float_eq(t.std, 1, 1e-12);
    cr_expect_float_eq((double)labels.target[0], -1, 1e-6);
    cr_expect_float_eq((double)labels.target[3], 98, 1e-4);
    for (int i = 0; i < 6; i++) cr_expect_eq(labels.mask[i] != 0, i < 2 || i == 3, "row %d", i);
    label_free(&labels);
    table_free(&table);
}

Test(SUITE, given_mean_and_std_stay)
{
    static const char *const cell[] = {"10", "30"};
    const bool use[] = {true, true};
    Target t = {.mean = 0, .std = 10};
    Labels labels;
    cr_assert_eq(read_kind(&labels, &t, cell, 2, false), OK);
    label_fit(&labels, &t, 1, use);
    cr_expect_float_eq((double)labels.target[1], 3, 1e-6);
    label_free(&labels);
    table_free(&table);
}
