/* SPDX-License-Identifier: MIT */
#include "nn/seqinput.h"
#include "support/bags.h"
#include "support/golden.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static void table(SeqInput *in, Arena *arena, int longest, bool position)
{
    seqinput_plan(in, arena, longest, position);
    cr_assert_eq(arena_reserve(arena, "test"), OK);
    seqinput_plan(in, arena, longest, position);
}

/* Every value of the table, bit for bit. */
static void equals_golden(const Golden *g, int longest)
{
    SeqInput in;
    Arena arena = {0};
    GoldenArray want;
    char path[64];
    snprintf(path, sizeof path, "max_seq_len_%d/value", longest);
    cr_assert(golden_read(&want, g, path));
    cr_assert_eq(want.n, (size_t)(longest + 1) * (size_t)longest * 3);
    table(&in, &arena, longest, true);
    for (size_t i = 0; i < want.n; i++) cr_assert_eq((double)in.feature[i], want.v[i], "entry %zu", i);
    golden_free(&want);
    arena_free(&arena);
}

Test(nn_seqinput, position_features_are_the_originals)
{
    Golden g;
    cr_assert(golden_open(&g, "deeprc_position_features.h5"));
    equals_golden(&g, 30);
    equals_golden(&g, 40);
    golden_close(&g);
}

/* Entry (sequence i of length l, position t, feature f) of the input before the division. */
static double entry(const SeqInput *in, const Bag *bag, int i, int l, int t, int f)
{
    if (t >= l) return 0;
    if (f >= 20) return (double)seqinput_feature(in, l, t)[f - 20];
    return bag_codes(bag, i, l)[t] != f ? 0 : bag->factor ? (double)bag->factor[i] : 1;
}

/* Σ (x - mean)² over all entries, which are counted in *n; with power 1 their sum instead. */
static double total(const SeqInput *in, const Bag *bag, double mean, int power, double *n)
{
    double sum = 0;
    *n = 0;
    for (int l = 0, i = 0; l <= bag->max_len; l++)
        for (; i < bag->first[l + 1]; i++)
            for (int t = 0; t < (bag->pad_len ? bag->pad_len : l); t++)
                for (int f = 0; f < (in->position ? 23 : 20); f++, ++*n)
                    sum += pow(entry(in, bag, i, l, t, f) - mean, power);
    return sum;
}

/* In two passes over an input that is really built. */
static double brute_inverse_std(const SeqInput *in, const Bag *bag)
{
    double n;
    const double mean = total(in, bag, 0, 1, &n) / n;
    return 1 / sqrt(total(in, bag, mean, 2, &n) / (n - 1));
}

Test(nn_seqinput, divisor_has_a_closed_form)
{
    enum { N = 50, LONGEST = 14 };
    int *len = test_lengths(N, 0, LONGEST, 2);
    for (int bits = 0; bits < 8; bits++) {
        SeqInput in;
        Arena arena = {0};
        TestBag b;
        table(&in, &arena, LONGEST, bits & 1);
        test_bag(&b, len, N, bits & 2, 7);
        b.bag.pad_len = bits & 4 ? 19 : 0;
        cr_expect_float_eq(seqinput_inverse_std(&in, &b.bag), brute_inverse_std(&in, &b.bag), 1e-9, "case %d", bits);
        test_bag_free(&b);
        arena_free(&arena);
    }
    free(len);
}

Test(nn_seqinput, bags_without_spread_are_not_divided)
{
    SeqInput in;
    Arena arena = {0};
    TestBag empty;
    const int none[] = {0, 0};
    table(&in, &arena, 5, true);
    test_bag(&empty, none, 2, false, 1);
    cr_expect_eq(seqinput_inverse_std(&in, &empty.bag), 1);
    test_bag_free(&empty);
    arena_free(&arena);
}

Test(nn_seqinput, half_precision)
{
    cr_expect_eq(seqinput_half(1), 1);
    cr_expect_eq(seqinput_half(1 + 0x1p-11), 1, "a tie goes to even");
    cr_expect_eq(seqinput_half(1 + 3 * 0x1p-11), 1 + 0x1p-9);
    cr_expect_eq(seqinput_half(0x1p-24 * 0.75), 0x1p-24, "subnormal");
    cr_expect_eq(seqinput_half(0), 0);
}
