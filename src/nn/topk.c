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
_Static_assert(TOPK_SCRATCH(0) >= BINS, "the counts fit into the scratch");

/* Greater score, greater key; -0 is 0. */
static Key score_key(real score)
{
    Key bits;
    const real sum = score + 0;
    memcpy(&bits, &sum, sizeof bits);
    return bits ^ (bits & KEY_SIGN ? (Key)-1 : KEY_SIGN);
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

/* The k-th greatest key (k ≥ 1) of the places [n], NULL for 0 … n-1. `places` is overwritten, and room [n] for it is
 * at `room`. *k becomes the number of keys equal to it that are among the k greatest; count [BINS] is scratch. */
static Key kth_key(const Keys *keys, const uint32_t *places, uint32_t *room, int n, int *k, uint32_t *count)
{
    Key prefix = 0;
    int shift = KEY_BITS;
    while (shift > 0) {
        const int bits = shift < DIGIT ? shift : DIGIT;
        const Key mask = ((Key)1 << bits) - 1;
        shift -= bits;
        memset(count, 0, BINS * sizeof *count);
        for (int i = 0; i < n; i++) count[key_at(keys, places ? places[i] : (uint32_t)i) >> shift & mask]++;
        const Key bin = (Key)bin_of(count, 1 << bits, k);
        int n_left = 0;
        for (int i = 0; i < n; i++) {
            const uint32_t place = places ? places[i] : (uint32_t)i;
            room[n_left] = place; /* n_left ≤ i: never ahead of what is read */
            n_left += (key_at(keys, place) >> shift & mask) == bin;
        }
        prefix |= bin << shift;
        places = room;
        n = n_left;
    }
    return prefix;
}

void topk(int *keep, const real *score, const int *row, int n, int k, uint32_t *scratch)
{
    assert(k >= 0 && k <= n);
    if (k == 0) return;
    uint32_t *count = scratch, *places = scratch + BINS;
    const Keys scores = {score, NULL}, rows = {NULL, row};
    int n_equal = k;
    const Key least = kth_key(&scores, NULL, places, n, &n_equal, count);

    int n_tie = 0; /* places of all scores equal to the k-th; n_equal of them stay */
    for (int i = 0; i < n; i++) {
        places[n_tie] = (uint32_t)i;
        n_tie += score_key(score[i]) == least;
    }
    Key last_row = 0;
    if (n_equal < n_tie) last_row = kth_key(&rows, places, places, n_tie, &n_equal, count);

    int n_keep = 0;
    for (int i = 0; i < n && n_keep < k; i++) {
        const Key key = score_key(score[i]);
        keep[n_keep] = i;
        n_keep += key > least || (key == least && row_key(row[i]) >= last_row);
    }
    assert(n_keep == k);
}
