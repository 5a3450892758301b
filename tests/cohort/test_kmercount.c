/* SPDX-License-Identifier: MIT
 *
 * test_kmercount.c: masks, and sums of k-mers against counting them one by one.
 */
#include "cohort/kmercount.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE cohort_kmercount

static KmerMask mask[KMER_MASKS];

Test(SUITE, masks_are_those_asked_for)
{
    int seen = 0;
    cr_assert_eq(kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN), 38);
    for (int m = 0; m < 38; m++) {
        cr_assert_eq(mask[m].first, seen);
        cr_assert_eq(mask[m].offset[0], 0);
        cr_assert_eq(mask[m].offset[mask[m].n_fixed - 1], mask[m].span - 1);
        cr_assert_leq(mask[m].span, mask[m].n_fixed == 4 ? 6 : 9);
        for (int k = 0; k < m; k++)
            cr_assert(mask[k].n_fixed != mask[m].n_fixed ||
                      memcmp(mask[k].offset, mask[m].offset, (size_t)mask[m].n_fixed * sizeof(int)) != 0);
        seen += mask[m].n_cell;
    }
    cr_assert_eq(seen, 1824000);
    cr_assert_eq(kmermask_list(mask, KMER_MASKS_SHORT, KMER_SPAN), 16);
    for (int m = 0; m < 16; m++) cr_assert_eq(mask[m].n_fixed == 4 || mask[m].span <= 5, 1);
    for (int span = 0; span < 8; span++) {
        const int n = kmermask_list(mask, KMER_MASKS_ALL, span);
        int fours = 0, threes = 0;
        for (int m = 0; m < n; m++) {
            cr_assert_leq(mask[m].span, span);
            fours += mask[m].n_fixed == 4;
            threes += mask[m].n_fixed == 3;
        }
        cr_assert_eq(threes, span < 3 ? 0 : (span - 1) * (span - 2) / 2);
        cr_assert_eq(fours, span < 4 ? 0 : span == 4 ? 1 : span == 5 ? 4 : 10);
    }
}

Test(SUITE, a_cell_is_a_kmer)
{
    char text[KMER_SPAN + 1];
    const int n = kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN);
    const Kmer three = kmermask_kmer(&mask[n - 1], (1 * 20 + 2) * 20 + 19);
    cr_assert_str_eq(kmer_text(text, &three, "ACDEFGHIKLMNPQRSTVWY"), "C......DY");
    const Kmer four = kmermask_kmer(&mask[0], ((0 * 20 + 1) * 20 + 2) * 20 + 3);
    cr_assert_str_eq(kmer_text(text, &four, "ACDEFGHIKLMNPQRSTVWY"), "ACDE");
}

/* ---- against counting one by one ---- */

enum { N = 7 };
static TestBag owner[N];
static const Bag *bag[N];
static KmerWeight weight[N];

/* A mixture of empty sequences, short and long ones; large bags whose cells are all gone through, small ones, an empty
 * one; in bag 2 one residue so often that counts pass 255 several times. */
static void make_bags(bool labelled)
{
    const int size[N] = {900, 40, 1100, 0, 1000, 1, 300};
    for (int b = 0; b < N; b++) {
        int *len = test_lengths(size[b], 0, b == 4 ? 40 : 19, (uint64_t)b);
        test_bag(&owner[b], len, size[b], false, 100 + (uint64_t)b);
        free(len);
        bag[b] = &owner[b].bag;
        weight[b] = (KmerWeight){.factor = size[b] ? 477.0 / size[b] : 0,
                                 .column = labelled ? 0 : b / 3,
                                 .label = labelled ? (b - 3) * 0.7 : 0};
    }
    for (size_t k = 0; k < bag_residues(bag[2]) / 3 * 2; k++) ((uint8_t *)(uintptr_t)bag[2]->codes)[k] = 5;
}

static void free_bags(void)
{
    for (int b = 0; b < N; b++) test_bag_free(&owner[b]);
}

/* The cell of one window. */
static int cell_at(const KmerMask *m, const uint8_t *codes)
{
    int cell = 0;
    for (int f = 0; f < m->n_fixed; f++) cell = cell * 20 + codes[m->offset[f]];
    return cell;
}

static void count_plainly(int *count, const KmerMask *m, const Bag *b)
{
    memset(count, 0, (size_t)m->n_cell * sizeof *count);
    for (int l = 0; l <= b->max_len; l++)
        for (int i = b->first[l]; i < b->first[l + 1]; i++)
            for (int p = 0; p + m->span <= l; p++) count[cell_at(m, bag_codes(b, i, l) + p)]++;
}

static void compare_sums(bool labelled, int cut)
{
    const int n_mask = kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN), n_column = labelled ? 2 : 3;
    KmerScratch room;
    cr_assert_eq(kmercount_scratch(&room, 40), OK);
    make_bags(labelled);
    for (int m = 0; m < n_mask; m++) {
        const size_t n_cell = (size_t)mask[m].n_cell;
        int *count = malloc(n_cell * sizeof *count), highest = 0;
        double *plain = calloc(n_cell * (size_t)(n_column + 2), sizeof *plain);
        double *sum = calloc(n_cell * (size_t)(n_column + 1), sizeof *sum);
        double *held = labelled ? NULL : calloc(n_cell * (size_t)n_column, sizeof *held);
        double *plain_held = calloc(n_cell * (size_t)n_column, sizeof *plain_held);
        KmerSums sums = {.n_column = n_column,
                         .labelled = labelled,
                         .sum = sum,
                         .square = sum + n_cell * (size_t)n_column,
                         .held = held};
        const KmerFamily one = {1, {&mask[m]}, {&sums}};
        kmercount_add(&one, bag, weight, cut, &room);
        kmercount_add(&one, bag + cut, weight + cut, N - cut, &room);
        for (int b = 0; b < N; b++) {
            count_plainly(count, &mask[m], bag[b]);
            for (size_t k = 0; k < n_cell; k++) {
                const double x = 2 * sqrt(count[k] * weight[b].factor + 0.375) - 2 * sqrt(0.375);
                if (count[k] > highest) highest = count[k];
                plain[(size_t)weight[b].column * n_cell + k] += x;
                plain_held[(size_t)weight[b].column * n_cell + k] += count[k] > 0;
                if (labelled) plain[n_cell + k] += x * weight[b].label;
                plain[(size_t)n_column * n_cell + k] += x * x;
                plain[(size_t)(n_column + 1) * n_cell + k] += count[k] * weight[b].factor;
            }
        }
        cr_assert_gt(highest, 600);
        for (size_t k = 0; k < n_cell * (size_t)(n_column + 1); k++)
            cr_assert_float_eq(sum[k], plain[k], 2e-6 * (1 + fabs(plain[k])), "mask %d place %zu: %g, %g", m, k,
                               sum[k], plain[k]);
        for (size_t k = 0; k < n_cell; k++) {
            double all = 0;
            for (int c = 0; c < (labelled ? 1 : n_column); c++) all += sum[(size_t)c * n_cell + k];
            const double total = plain[(size_t)(n_column + 1) * n_cell + k];
            cr_assert_float_eq(kmercount_total(all, sums.square[k]), total, 1e-5 * (1 + total));
            cr_assert_eq(sums.square[k] > 0, total > 0);
        }
        for (size_t k = 0; held && k < n_cell * (size_t)n_column; k++) cr_assert_eq(held[k], plain_held[k]);
        free(count);
        free(plain);
        free(plain_held);
        free(held);
        free(sum);
    }
    kmercount_scratch_free(&room);
    free_bags();
}

Test(SUITE, sums_of_classes)
{
    compare_sums(false, 0);
}

Test(SUITE, sums_with_labels)
{
    compare_sums(true, 4);
}

/* ---- masks counted together ---- */

Test(SUITE, every_mask_is_of_one_family)
{
    for (int span = 3; span <= KMER_SPAN; span++) {
        int number[KMER_FAMILY], seen[KMER_MASKS] = {0}, together = 0;
        const int n = kmermask_list(mask, KMER_MASKS_ALL, span);
        for (int m = 0; m < n; m++) {
            const int size = kmermask_family(number, mask, m, 0, n);
            for (int k = 0; k < size; k++) seen[number[k]]++;
            if (size > 1) together += size - 1;
        }
        for (int m = 0; m < n; m++) cr_assert_eq(seen[m], 1, "span %d, mask %d", span, m);
        int64_t n_cell = 0;
        for (int m = 0; m < n; m++) n_cell += mask[m].n_cell;
        cr_assert_eq(n_cell == KMERMASK_CELLS, span == KMER_SPAN);
        cr_assert_eq(together, span < 4 ? 0 : span == 4 ? 2 : span == 5 ? 5 : 9);
    }
    int number[KMER_FAMILY];
    const int n = kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN);
    for (int m = 10; m < n; m++) /* the masks of four are left behind: all stand alone */
        cr_assert_eq(kmermask_family(number, mask, m, 10, n), 1);
}

typedef struct {
    KmerSums sums;
    double *own;
    size_t size;
} OwnSums;

static OwnSums own_sums(const KmerMask *m, int n_column, bool labelled)
{
    const size_t n_cell = (size_t)m->n_cell, size = n_cell * (size_t)(n_column + 1);
    double *own = calloc(size, sizeof *own);
    return (OwnSums){{n_column, labelled, own, own + n_cell * (size_t)n_column, NULL}, own, size};
}

static void compare_family(int head, int n_mask, bool labelled)
{
    int number[KMER_FAMILY];
    OwnSums alone[KMER_FAMILY], together[KMER_FAMILY];
    KmerScratch room;
    KmerFamily family = {.n = kmermask_family(number, mask, head, 0, n_mask)};
    if (family.n == 0) return;
    cr_assert_eq(kmercount_scratch(&room, 40), OK);
    for (int k = 0; k < family.n; k++) {
        const KmerMask *m = &mask[number[k]];
        alone[k] = own_sums(m, labelled ? 2 : 3, labelled);
        together[k] = own_sums(m, labelled ? 2 : 3, labelled);
        family.mask[k] = m;
        family.sums[k] = &together[k].sums;
        kmercount_add(&(KmerFamily){1, {m}, {&alone[k].sums}}, bag, weight, N, &room);
    }
    kmercount_add(&family, bag, weight, N, &room);
    for (int k = 0; k < family.n; k++) {
        cr_assert_eq(memcmp(alone[k].own, together[k].own, alone[k].size * sizeof(double)), 0, "mask %d", number[k]);
        free(alone[k].own);
        free(together[k].own);
    }
    kmercount_scratch_free(&room);
}

Test(SUITE, families_have_the_same_bits)
{
    const int n_mask = kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN);
    for (int labelled = 0; labelled < 2; labelled++) {
        make_bags(labelled);
        for (int m = 0; m < n_mask; m++) compare_family(m, n_mask, labelled);
        free_bags();
    }
}
