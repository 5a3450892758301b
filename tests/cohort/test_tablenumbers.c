/* SPDX-License-Identifier: MIT */
#include "cohort/tablenumbers.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_tablenumbers

enum { BAGS = 6 };

static Cohort cohort;

static void write_bags(const char *path)
{
    static const int8_t codes[4] = {1, 2, 3, 4};
    static const int64_t len[1] = {4}, count[1] = {1};
    const BagWriterOptions o = {.spec = {.kind = BAG_SEQUENCES, .max_len = 4, .alphabet = "ACDEFGHIKLMNPQRSTVWY"}};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, path, &o), OK, "%s", status_sentence());
    for (int b = 0; b < BAGS; b++) {
        char key[16];
        snprintf(key, sizeof key, "b%d", b);
        const BagWriterRows rows = {.codes = codes, .stride = 4, .len = len, .count = count, .n = 1};
        cr_assert_eq(bagwriter_add(w, key, &rows), OK);
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
}

/* The last bag has no row. */
static void set_up(void)
{
    scratch_make();
    write_bags(in_scratch("bags.h5"));
    scratch_text("table.tsv", "ID\tage\tsex\tmixed\tname\nb0\t31.5\tM\t1\tx0\nb1\tNA\tF\tone\tx1\nb2\t40\tF\t\tx2\n"
                              "b3\t50\t\t1.0\tx3\nb4\t60\tdiverse\t1\tx4\n");
    cr_assert_eq(cohort_open(&cohort, in_scratch("bags.h5"), in_scratch("table.tsv"), "auto", true), OK, "%s",
                 status_sentence());
}

static void tear_down(void)
{
    cohort_close(&cohort);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

static void expect(const TableNumbers *t, int k, const double *value)
{
    for (int b = 0; b < BAGS; b++) {
        const double own = tablenumbers_value(t, k, b);
        cr_assert(isnan(value[b]) ? isnan(own) : own == value[b], "number %d of bag %d is %g", k, b, own);
    }
}

Test(SUITE, numbers_and_texts)
{
    const bool all[BAGS] = {1, 1, 1, 1, 1, 1}, some[BAGS] = {1, 1, 1, 1, 0, 0};
    TableNumbers t = {.cohort = &cohort};
    cr_assert_eq(tablenumbers_find(&t, "age", all), OK);
    cr_assert_eq(tablenumbers_find(&t, "sex", some), OK);
    cr_assert_eq(tablenumbers_find(&t, "mixed", all), OK);
    cr_assert_eq(t.n, 5);
    cr_assert_null(t.number[0].class);
    cr_assert_str_eq(t.number[1].class, "F");
    cr_assert_str_eq(t.number[2].class, "M");
    expect(&t, 0, (double[]){31.5, NAN, 40, 50, 60, NAN});
    expect(&t, 1, (double[]){0, 1, 1, NAN, 0, NAN}); /* a text that no bag in use has is another class */
    expect(&t, 2, (double[]){1, 0, 0, NAN, 0, NAN});
    expect(&t, 3, (double[]){1, 0, NAN, 1, 1, NAN}); /* 1.0 is 1 */
    tablenumbers_free(&t);
}

/* Of a model's columns some may be missing. */
Test(SUITE, a_column_that_is_not_there_is_missing)
{
    TableNumbers t = {.cohort = &cohort};
    cr_assert_eq(tablenumbers_add(&t, "height", NULL), OK);
    cr_assert_eq(tablenumbers_add(&t, "sex", "M"), OK);
    expect(&t, 0, (double[]){NAN, NAN, NAN, NAN, NAN, NAN});
    expect(&t, 1, (double[]){1, 0, 0, NAN, 0, NAN});
    tablenumbers_free(&t);
}
