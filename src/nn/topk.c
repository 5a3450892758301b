/* SPDX-License-Identifier: MIT
 *
 * topk.c: the threshold is found digit by digit, as in a radix sort that follows only the bin in which the k-th lies.
 * A score becomes an unsigned key of the same order; the rest is counting.
 *
 * Scores of an untrained network agree in their leading bits, so the first digits may decide nothing: all of them are
 * looked at, and only keys that agree so far are looked at again. Loops have no branch on a score: it would be
 * guessed.
 */
#include "nn/topk.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define DIGIT 12
#define BINS  (1 << DIGIT)

#if REAL_IS_DOUBLE
typedef uint64_t Key;
#else
typedef uint32_t Key;
#endif
#define KEY_BITS ((int)sizeof(Key) * 8)
#define KEY_SIGN ((Key)1 << (KEY_BITS - 1))

_Static_assert(sizeof(Key) == sizeof(real), "a key holds the bits of a score");
_Static_assert(TOPK_SCRATCH(1) * sizeof(uint32_t) >= 2 * BINS * sizeof(uint32_t) + sizeof(Key),
               "counts and keys fit");

/* Greater score, greater key: below 0 all bits turn, else the sign. -0 becomes 0; NaN
 * lies beyond infinity. */
static inline Key score_key(real score)
{
    Key bits;
    const real sum = score + 0;
    memcpy(&bits, &sum, sizeof bits);
    return bits ^ ((0 - (bits >> (KEY_BITS - 1))) | KEY_SIGN);
}

/* count[0][digit] of all keys. Neighbours count in tables of their own: one that waits for the other's increment of
 * the same bin would take twice as long. */
static void count_digits(uint32_t (*count)[BINS], const Key *key, int n, int shift, Key mask)
{
    memset(count, 0, 2 * sizeof *count);
    for (int i = 0; i < n; i++) count[i & 1][key[i] >> shift & mask]++;
    for (Key bin = 0; bin <= mask; bin++) count[0][bin] += count[1][bin];
}

/* The bin in which the k-th greatest lies; *k becomes its rank within. */
static Key bin_of(const uint32_t *count, Key mask, int *k)
{
    Key bin = mask;
    while ((uint32_t)*k > count[bin]) *k -= (int)count[bin--];
    return bin;
}

static int keep_digit(Key *key, int n, int shift, Key mask, Key digit)
{
    int n_left = 0;
    for (int i = 0; i < n; i++) {
        const Key here = key[i];
        key[n_left] = here;
        n_left += (here >> shift & mask) == digit;
    }
    return n_left;
}

/* The k-th greatest of key [n], 1 ≤ k ≤ n; the order is lost. *k becomes the number of keys equal to it that are
 * among the k greatest, *n_equal the number of all that are equal to it. */
static Key kth_key(Key *key, int n, int *k, int *n_equal, uint32_t (*count)[BINS])
{
    for (int shift = KEY_BITS; shift > 0;) {
        const int bits = shift < DIGIT ? shift : DIGIT;
        const Key mask = ((Key)1 << bits) - 1;
        shift -= bits;
        count_digits(count, key, n, shift, mask);
        const Key bin = bin_of(count[0], mask, k);
        if (count[0][bin] < (uint32_t)n) n = keep_digit(key, n, shift, mask, bin);
    }
    *n_equal = n;
    return key[0];
}

/* The row of the k-th among those with this key, rows ascending. */
static int kth_row(Key *key, const real *score, Key equal, const int *row, int n, int k, uint32_t (*count)[BINS])
{
    int n_key = 0, n_equal;
    for (int i = 0; i < n; i++) {
        key[n_key] = (Key)(INT_MAX - row[i]);
        n_key += score_key(score[i]) == equal;
    }
    return INT_MAX - (int)kth_key(key, n_key, &k, &n_equal, count);
}

void topk(int *keep, const real *score, const int *row, int n, int k, uint32_t *scratch)
{
    assert(k >= 0 && k <= n);
    if (k == 0) return;
    uint32_t(*count)[BINS] = (void *)scratch;
    Key *key = (void *)(scratch + 2 * BINS);
    int k_equal = k, n_equal, last_row = INT_MAX;
    for (int i = 0; i < n; i++) key[i] = score_key(score[i]);
    const Key smallest = kth_key(key, n, &k_equal, &n_equal, count);
    if (k_equal < n_equal) last_row = kth_row(key, score, smallest, row, n, k_equal, count);

    int n_keep = 0;
    for (int i = 0; n_keep < k; i++) {
        const Key here = score_key(score[i]);
        keep[n_keep] = i;
        n_keep += (here > smallest) | ((here == smallest) & (row[i] <= last_row));
    }
}

#define SORT_DIGIT 11
#define SORT_BINS  (1 << SORT_DIGIT)

/* One digit of a radix sort: `to` by this digit, ascending, else in the order of `from`. False if all have the same. */
static bool sort_digit(TopkPlace *to, const TopkPlace *from, int n, int shift)
{
    int start[SORT_BINS] = {0}, at = 0;
    for (int i = 0; i < n; i++) start[from[i].key >> shift & (SORT_BINS - 1)]++;
    for (int bin = 0; bin < SORT_BINS; bin++) {
        const int count = start[bin];
        if (count == n) return false;
        start[bin] = at;
        at += count;
    }
    for (int i = 0; i < n; i++) to[start[from[i].key >> shift & (SORT_BINS - 1)]++] = from[i];
    return true;
}

void topk_sort(int *order, const real *score, int n, TopkPlace *scratch)
{
    TopkPlace *from = scratch, *to = scratch + n;
    for (int i = 0; i < n; i++) from[i] = (TopkPlace){(Key)~score_key(score[order[i]]), order[i]};
    for (int shift = 0; shift < KEY_BITS; shift += SORT_DIGIT) {
        if (!sort_digit(to, from, n, shift)) continue;
        TopkPlace *const sorted = to;
        to = from;
        from = sorted;
    }
    for (int i = 0; i < n; i++) order[i] = from[i].place;
}
