/* SPDX-License-Identifier: MIT
 *
 * test_kmerfind.c: places of k-mers against looking for them one by one.
 */
#include "cohort/kmercount.h"
#include "cohort/kmerfind.h"
#include "support/bags.h"

#include <criterion/criterion.h>

#define SUITE cohort_kmerfind

enum { SEQUENCES = 700 };

typedef struct {
    int last, *hits; /* [n, SEQUENCES] */
} Found;

static void note(void *context, int k, int i)
{
    Found *f = context;
    cr_assert_geq(i, f->last);
    f->last = i;
    f->hits[k * SEQUENCES + i]++;
}

/* Some of every mask: often the same first pair, often the same k-mer but for one residue. The first third of the
 * residues are one letter, so that its k-mers occur many times in a sequence. */
Test(SUITE, finds_every_place)
{
    KmerMask mask[KMER_MASKS];
    Kmer kmer[KMERFIND_MAX];
    KmerFinder finder;
    TestBag owner;
    Rng rng = rng_stream(5, "find", 0);
    const int n_mask = kmermask_list(mask, KMER_MASKS_ALL, KMER_SPAN);
    int *len = test_lengths(SEQUENCES, 0, 25, 3), total = 0, n = 0;
    test_bag(&owner, len, SEQUENCES, false, 4);
    const Bag *bag = &owner.bag;
    for (size_t k = 0; k < bag_residues(bag) / 3; k++) ((uint8_t *)(uintptr_t)bag->codes)[k] = 5;
    for (int m = 0; m < n_mask; m++) {
        kmer[n++] = kmermask_kmer(&mask[m], mask[m].n_fixed == 3 ? 5 * 421 : 5 * 8421);
        kmer[n++] = kmermask_kmer(&mask[m], mask[m].n_cell - 1);
        for (int k = 0; k < 8; k++)
            kmer[n++] = kmermask_kmer(&mask[m], (int)rng_below(&rng, (uint64_t)mask[m].n_cell / (k % 2 ? 40 : 1)));
    }
    int *hits = calloc((size_t)(n * SEQUENCES), sizeof *hits),
        *plain = calloc((size_t)(n * SEQUENCES), sizeof *plain);
    Found found = {.hits = hits};
    kmerfind_init(&finder, kmer, n);
    kmerfind_bag(&finder, bag, note, &found);
    for (int k = 0; k < n; k++)
        for (int l = kmer[k].span; l <= bag->max_len; l++)
            for (int i = bag->first[l]; i < bag->first[l + 1]; i++)
                for (int p = 0; p + kmer[k].span <= l; p++) {
                    bool same = true;
                    for (int f = 0; f < kmer[k].n_fixed; f++)
                        same = same && bag_codes(bag, i, l)[p + kmer[k].offset[f]] == kmer[k].code[f];
                    plain[k * SEQUENCES + i] += same;
                    total += same;
                }
    cr_assert_arr_eq(hits, plain, (size_t)(n * SEQUENCES) * sizeof *hits);
    cr_assert_gt(total, 38 * 500);
    free(hits);
    free(plain);
    free(len);
    test_bag_free(&owner);
}

Test(SUITE, an_empty_list_finds_nothing)
{
    KmerFinder finder;
    TestBag owner;
    test_bag(&owner, (const int[]){0, 1, 9}, 3, false, 4);
    kmerfind_init(&finder, NULL, 0);
    kmerfind_bag(&finder, &owner.bag, note, NULL);
    test_bag_free(&owner);
}
