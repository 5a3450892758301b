/* SPDX-License-Identifier: MIT
 *
 * topk.c: the threshold is found digit by digit, as in a radix sort that follows only the digit's bin in which the k-th
 * lies. A score becomes an unsigned key of the same order; the rest is counting.
 *
 * Scores of an untrained network agree in their leading bits, so the first digits may decide nothing: all of them are
 * looked at, and only keys that agree so far are looked at again. The threshold among equal scores is the same search
 * over the rows.
 */
#include "nn/topk.h"

#include <assert.h>
#include <limits.h>
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
_Static_assert(TOPK_SCRATCH(0) >= 2 * BINS, "the counts fit into the scratch");

/* Greater score, greater key; -0 is 0. */
static Key score_key(real score)
{
    Key bits;
    const real sum = score + 0;
    memcpy(&bits, &sum, sizeof bits);
    return bits ^ ((0 - (bits >> (KEY_BITS - 1))) | KEY_SIGN); /* below 0 all bits turn, else the sign; no branch */
}

/* Lower row, greater key. */
static Key row_key(int row)
{
    return (Key)(uint32_t)~row;
}

typedef struct {
    const real *score; /* keys are those of score[place], or of row[place] if this is NULL */
    const int *row;
} Keys;

static inline Key key_at(const Keys *keys, uint32_t place)
{
    return keys->score ? score_key(keys->score[place]) : row_key(keys->row[place]);
}

/* The bin in which the k-th greatest lies; *k becomes its rank within. */
static int bin_of(const uint32_t *count, int n_bin, int *k)
{
    int bin = n_bin - 1;
    while ((uint32_t)*k > count[bin]) *k -= (int)count[bin--];
    return bin;
}

typedef struct {
    uint32_t *place; /* [n] those whose key agrees with the threshold so far; NULL: 0 … n-1 */
    int n;
} Left;

static inline uint32_t place_of(const Left *left, int i)
{
    return left->place ? left->place[i] : (uint32_t)i;
}

/* count[0][digit] of all that are left. Neighbours count in tables of their own: one that waits for the other's
 * increment of the same bin would take twice as long. */
static void count_digits(uint32_t (*count)[BINS], const Keys *keys, const Left *left, int shift, Key mask)
{
    const Keys k = *keys; /* copies: the counts could lie over the original for all the compiler knows */
    const Left l = *left;
    memset(count, 0, 2 * sizeof *count);
    for (int i = 0; i < l.n; i++) count[i & 1][key_at(&k, place_of(&l, i)) >> shift & mask]++;
    for (int bin = 0; bin < BINS; bin++) count[0][bin] += count[1][bin];
}

/* Keeps those with this digit, at `room` [left->n]. */
static void keep_digit(Left *left, uint32_t *room, const Keys *keys, int shift, Key mask, Key digit)
{
    const Keys k = *keys;
    const Left l = *left;
    int n = 0;
    for (int i = 0; i < l.n; i++) {
        const uint32_t place = place_of(&l, i);
        room[n] = place; /* n ≤ i: never ahead of what is read */
        n += (key_at(&k, place) >> shift & mask) == digit;
    }
    *left = (Left){room, n};
}

/* Narrows `left` down to the places whose key equals the k-th greatest of them (k ≥ 1), and returns how many of these
 * are among the k. */
static int kth(Left *left, uint32_t *room, const Keys *keys, int k, uint32_t (*count)[BINS])
{
    for (int shift = KEY_BITS; shift > 0;) {
        const int bits = shift < DIGIT ? shift : DIGIT;
        const Key mask = ((Key)1 << bits) - 1;
        shift -= bits;
        count_digits(count, keys, left, shift, mask);
        const int bin = bin_of(count[0], 1 << bits, &k);
        if (count[0][bin] < (uint32_t)left->n) keep_digit(left, room, keys, shift, mask, (Key)bin);
    }
    return k;
}

void topk(int *keep, const real *score, const int *row, int n, int k, uint32_t *scratch)
{
    assert(k >= 0 && k <= n);
    if (k == 0) return;
    uint32_t(*count)[BINS] = (uint32_t(*)[BINS])(void *)scratch, *room = scratch + 2 * BINS;
    Left left = {NULL, n};
    const Keys scores = {score, NULL}, rows = {NULL, row};
    const int n_equal = kth(&left, room, &scores, k, count);
    const real least = score[place_of(&left, 0)];
    int last_row = INT_MAX;
    if (n_equal < left.n) {
        (void)kth(&left, room, &rows, n_equal, count);
        last_row = row[place_of(&left, 0)];
    }
    int n_keep = 0;
    for (int i = 0; n_keep < k; i++) {
        keep[n_keep] = i;
        n_keep += (score[i] > least) | ((score[i] == least) & (row[i] <= last_row)); /* no branch: it would guess */
    }
}
