/* SPDX-License-Identifier: MIT
 *
 * Random numbers with one odd feature among them: it is found, and nothing else is, dense or sparse.
 */
#include "core/rng.h"
#include "data/vectors/leaks.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { N_BAG = 40, F = 7, ODD_ONE = 4, MOST = 6 };

typedef float Value(Rng *rng, int bag, int label, int instance, int n);

static LeakLabel label[N_BAG];

static int size_of(int bag)
{
    return bag % 5 == 4 ? 1 : 2 + bag % (MOST - 1);
}

/* About half of the other numbers are 0. */
static void fill(float *x, Rng *rng, int bag, int instance, Value *odd)
{
    for (int f = 0; f < F; f++) {
        const float random = (float)rng_normal(rng);
        x[f] = random < 0 ? 0 : random;
    }
    if (odd) x[ODD_ONE] = odd(rng, bag, label[bag].class, instance, size_of(bag));
}

static void add(Leaks *l, const float *x, bool sparse)
{
    int32_t feature[F];
    float value[F];
    SparseRow row = {0, feature, value};
    for (int f = 0; f < F; f++) {
        if (x[f] == 0) continue;
        feature[row.n] = f;
        value[row.n++] = x[f];
    }
    if (sparse)
        leaks_row(l, &row);
    else
        leaks_dense(l, x);
}

static void look(LeakFindings *out, int n_bag, Value *odd, bool sparse)
{
    Leaks *l;
    Rng rng = rng_stream(11, "leaks", 0);
    char key[16];
    cr_assert_eq(leaks_open(&l, F, n_bag, label), OK);
    for (int b = 0; b < n_bag; b++) {
        snprintf(key, sizeof key, "%d", 3 * b + 70);
        leaks_bag(l, b, key, size_of(b));
        for (int i = 0; i < size_of(b); i++) {
            float x[F];
            fill(x, &rng, b, i, odd);
            add(l, x, sparse);
        }
    }
    leaks_classify(out, l, NULL);
    leaks_close(l);
}

/* Labels 0 and 1 in turn, as class and number. */
static void two_classes(void)
{
    for (int b = 0; b < N_BAG; b++) label[b] = (LeakLabel){(float)(b % 2), b % 2};
}

static float same_label(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)instance, (void)n;
    return class >= 0 ? (float)class : (float)(bag % 3);
}
static float other_codes(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)bag, (void)instance, (void)n;
    return class == 1 ? -2.5F : 7;
}
static float key_number(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return (float)(3 * bag + 70);
}
static float place(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return (float)bag;
}
static float place_from_1(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return (float)(bag + 1);
}
static float instance_label(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)bag;
    return class == 1 && instance == n - 1 ? 1 : 0;
}
static float large_in_one(Rng *rng, int bag, int class, int instance, int n)
{
    (void)bag;
    return (class == 1 && instance == n - 1 ? 50 : 0) + (float)rng_normal(rng);
}
static float shifted(Rng *rng, int bag, int class, int instance, int n)
{
    (void)bag, (void)instance, (void)n;
    return 20 * (float)class + (float)rng_normal(rng);
}
/* Numbers of rows: from 0 and from 1, of two files numbered alike, and with gaps. */
static int row_of(int bag, int instance)
{
    int row = instance;
    for (int b = 0; b < bag; b++) row += size_of(b);
    return row;
}
static float row_number(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)n;
    return (float)row_of(bag, instance);
}
static float row_from_1(Rng *rng, int bag, int class, int instance, int n)
{
    return row_number(rng, bag, class, instance, n) + 1;
}
static float row_of_files(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)n;
    return (float)(row_of(bag, instance) - row_of(bag >= N_BAG / 2 ? N_BAG / 2 : 0, 0));
}
static float row_with_gaps(Rng *rng, int bag, int class, int instance, int n)
{
    const int row = row_of(bag, instance);
    (void)rng, (void)class, (void)n;
    return (float)(row + row / 3);
}
static float place_in_bag(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)bag, (void)class, (void)n;
    return (float)instance;
}
static float age(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return (float)(bag * 7 % 31) / 2;
}
static float site(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return bag % 4 < 2;
}
/* Almost always 0: the same within most bags, which says nothing. */
static float rare(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return bag == 4 || bag == 9;
}
static float constant(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)bag, (void)class, (void)instance, (void)n;
    return 3;
}

static void expect_one(Value *odd, Odd what)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        LeakFindings v;
        look(&v, N_BAG, odd, sparse);
        cr_assert(v.n_odd == 1 && v.feature[0].feature == ODD_ONE && v.feature[0].odd == what, "%d odd, %d is %s",
                  v.n_odd, v.feature[0].feature, odd_name[v.feature[0].odd]);
        cr_assert_eq(v.n_leak, what < ODD_SEPARATES);
        cr_assert_eq(v.n_separating, what == ODD_SEPARATES);
        cr_assert(v.n_constant == 0 && v.n_single == N_BAG / 5, "%d, %d", v.n_constant, v.n_single);
    }
}

Test(data_leaks, each_is_found)
{
    static const struct {
        Value *value;
        Odd odd;
    } row[] = {{same_label, ODD_LABEL},       {other_codes, ODD_LABEL},
               {key_number, ODD_BAG},         {place, ODD_BAG},
               {place_from_1, ODD_BAG},       {instance_label, ODD_INSTANCE_LABEL},
               {large_in_one, ODD_SEPARATES}, {shifted, ODD_SEPARATES}};
    two_classes();
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) expect_one(row[k].value, row[k].odd);
}

Test(data_leaks, numbers_of_rows_and_values_of_the_bag)
{
    static const struct {
        Value *value;
        Odd odd;
    } row[] = {{row_number, ODD_ROW},        {row_from_1, ODD_ROW}, {row_of_files, ODD_ROW}, {row_with_gaps, ODD_ROW},
               {place_in_bag, ODD_INSTANCE}, {age, ODD_OF_BAG},     {site, ODD_OF_BAG}};
    two_classes();
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) expect_one(row[k].value, row[k].odd);
    LeakFindings v;
    look(&v, N_BAG, rare, true);
    cr_assert_eq(v.n_odd, 0);
}

Test(data_leaks, random_numbers_are_not_odd)
{
    LeakFindings v;
    two_classes();
    look(&v, N_BAG, NULL, false);
    cr_assert(v.n_odd == 0 && v.n_constant == 0);
    look(&v, N_BAG, constant, true);
    cr_assert(v.n_odd == 0 && v.n_constant == 1);
}

/* Bags whose label is not known are not asked, but what they hold still counts as values. */
Test(data_leaks, unlabelled_bags)
{
    two_classes();
    for (int b = 0; b < N_BAG; b += 3) label[b] = (LeakLabel){NAN, -1};
    expect_one(same_label, ODD_LABEL);
    expect_one(large_in_one, ODD_SEPARATES);
    for (int b = 0; b < N_BAG; b++) label[b] = (LeakLabel){NAN, -1};
    LeakFindings v;
    look(&v, N_BAG, same_label, false);
    cr_assert(v.n_odd == 1 && v.feature[0].odd == ODD_OF_BAG);
    look(&v, N_BAG, place, false);
    cr_assert(v.n_odd == 1 && v.feature[0].odd == ODD_BAG);
}

static float number_of_label(Rng *rng, int bag, int class, int instance, int n)
{
    (void)rng, (void)class, (void)instance, (void)n;
    return label[bag].number;
}

Test(data_leaks, more_classes_and_numbers)
{
    LeakFindings v;
    for (int b = 0; b < N_BAG; b++) label[b] = (LeakLabel){(float)(b % 3), -1};
    expect_one(number_of_label, ODD_LABEL);
    for (int b = 0; b < N_BAG; b++) label[b] = (LeakLabel){0.25F * (float)(b * 7 % N_BAG), -1};
    expect_one(number_of_label, ODD_LABEL);
    look(&v, N_BAG, NULL, true);
    cr_assert_eq(v.n_odd, 0);
}

/* 2 ways, 3 statistics, F features, over the ways to deal the labels out. */
Test(data_leaks, chance)
{
    LeakFindings v;
    two_classes();
    look(&v, N_BAG, NULL, false);
    cr_assert_float_eq(v.chance / (6.0 * F / 137846528820.0), 1, 1e-9); /* C(40, 20) */
    look(&v, 6, NULL, false);
    cr_assert_float_eq(v.chance, 6.0 * F / 20, 1e-9);
    cr_assert_float_eq(v.chance_number, F / 720.0, 1e-9);
    for (int b = 0; b < 6; b++) label[b] = (LeakLabel){(float)(b / 2), -1};
    look(&v, 6, NULL, false);
    cr_assert_float_eq(v.chance, 6.0 * F / 90, 1e-9); /* 6! / (2! 2! 2!) */
}

Test(data_leaks, names)
{
    static const char *const name[] = {"a", "b", "c"};
    const LeakFindings v = {.n_odd = 3, .feature = {{2, ODD_LABEL}, {0, ODD_SEPARATES}, {1, ODD_SEPARATES}}};
    char text[400];
    leaks_list(text, sizeof text, &v, ODD_SEPARATES, name);
    cr_assert_str_eq(text, "'a', 'b'");
    leaks_list(text, sizeof text, &v, ODD_LABEL, NULL);
    cr_assert_str_eq(text, "3");
    leaks_list(text, 20, &v, ODD_LABEL, NULL);
    cr_assert_str_eq(text, "");
}
