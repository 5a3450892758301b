/* SPDX-License-Identifier: MIT
 *
 * test_clonegram.c: inner products against sums over all sequences, with sequences that few and that many bags hold.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "rival/clonegram.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SUITE rival_clonegram

enum { BAGS = 150, SEQUENCES = 70000, SETS = 3, PLAIN = 900 };

/* Sequence i is held by a share of bags that goes round; the first PLAIN fill a block, the others as many as are wanted. */
static CloneList draw(int n_sequence)
{
    CloneList list = {.budget = 1 << 30};
    for (int from = 0; from < n_sequence; from += PLAIN) {
        CloneBlock block = {.n_word = 1};
        block.unit = calloc(PLAIN * (BAGS + 3), sizeof *block.unit);
        for (int i = from; i < from + PLAIN && i < n_sequence; i++) {
            Rng rng = rng_stream(8, "clonegram", (uint64_t)i);
            uint32_t *count = block.unit + block.n_unit++;
            const int share = i % 5 ? 1 + i % 9 : 60 + i % 90;
            for (uint32_t b = 0; b < BAGS; b++)
                if ((int)rng_below(&rng, BAGS) < share) block.unit[block.n_unit++] = b, ++*count;
            block.n_unit += 2;
            block.n++;
        }
        cr_assert_eq(clonelist_add(&list, block), OK);
    }
    return list;
}

static void make_sets(BagKernelSet *set)
{
    for (int s = 0; s < SETS; s++) {
        bool *member = calloc(BAGS, sizeof *member);
        for (int i = 0; i < BAGS; i++) member[i] = s == 0 || i % 5 != s;
        set[s] = (BagKernelSet){.member = member, .gram = calloc(BAGS * BAGS, sizeof(double))};
    }
}

static void free_sets(BagKernelSet *set)
{
    for (int s = 0; s < SETS; s++) {
        free((void *)(size_t)set[s].member);
        free(set[s].gram);
    }
}

static void add_plain(double *gram, const bool *member, const CloneReader *r, int i)
{
    const int *holder = clonelist_members(r, i), m = clonelist_n(r, i);
    int n = 0;
    for (int a = 0; a < m; a++) n += member[holder[a]];
    const double w = n < 2 ? 0 : log((double)clonegram_count(member, BAGS) / n);
    for (int a = 0; a < m; a++)
        for (int b = 0; b < m; b++) gram[holder[a] * BAGS + holder[b]] += w * w;
}

Test(SUITE, plain_sums)
{
    static double plain[SETS][BAGS * BAGS];
    BagKernelSet set[SETS];
    CloneList list = draw(PLAIN);
    CloneReader *r;
    make_sets(set);
    cr_assert_eq(clonegram_fill(set, SETS, &list, BAGS, NULL), OK);
    cr_assert_eq(clonelist_open(&r, &list), OK);
    while (clonelist_next(r) == OK && r->n > 0)
        for (int s = 0; s < SETS; s++)
            for (int i = 0; i < r->n; i++) add_plain(plain[s], set[s].member, r, i);
    for (int s = 0; s < SETS; s++)
        for (int i = 0; i < BAGS * BAGS; i++)
            cr_assert_float_eq(set[s].gram[i], plain[s][i], 1e-11 * (1 + plain[s][i]));
    clonelist_close(r);
    clonelist_free(&list);
    free_sets(set);
}

Test(SUITE, threads_give_the_same)
{
    BagKernelSet one[SETS], more[SETS];
    CloneList list = draw(5 * SEQUENCES / 4); /* collected sequences are added several times */
    make_sets(one);
    make_sets(more);
    cr_assert_eq(clonegram_fill(one, SETS, &list, BAGS, NULL), OK);
    cr_assert_eq(parallel_start(3), OK);
    cr_assert_eq(clonegram_fill(more, SETS, &list, BAGS, NULL), OK);
    cr_assert_eq(parallel_start(1), OK);
    for (int s = 0; s < SETS; s++) cr_assert_eq(memcmp(one[s].gram, more[s].gram, BAGS * BAGS * sizeof(double)), 0);
    clonelist_free(&list);
    free_sets(one);
    free_sets(more);
}
