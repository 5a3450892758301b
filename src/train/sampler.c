/* SPDX-License-Identifier: MIT
 *
 * Drawing into a bitmap and walking it costs less than any list: no sorting, and since a bag is sorted by length, the
 * result is too. Above half of a bag the instances to leave out are drawn instead, so that a fresh bit is found within
 * two tries on average.
 */
#include "train/sampler.h"

#include <assert.h>
#include <string.h>

void sampler_epoch(int *order, const int *bag, int n, uint64_t seed, uint64_t epoch)
{
    Rng rng = rng_stream(seed, "epoch", epoch);
    memcpy(order, bag, n * sizeof *order);
    rng_shuffle(&rng, order, n);
}

static size_t words_of(int n)
{
    return (n + 63) / 64;
}

/* Sets m distinct bits of n, all zero before. */
static void draw_distinct(uint64_t *bits, int n, int m, Rng *rng)
{
    for (int drawn = 0; drawn < m;) {
        const uint64_t i = rng_below(rng, (uint64_t)n), bit = 1ull << (i % 64);
        drawn += !(bits[i / 64] & bit);
        bits[i / 64] |= bit;
    }
}

static void invert(uint64_t *bits, int n)
{
    for (size_t w = 0; w < words_of(n); w++) bits[w] = ~bits[w];
    if (n % 64) bits[n / 64] &= (1ull << (n % 64)) - 1;
}

/* Draws m with replacement; returns how many distinct ones came. */
static int draw_repeated(uint64_t *bits, int n, int m, Rng *rng)
{
    int distinct = 0;
    for (int drawn = 0; drawn < m; drawn++) {
        const uint64_t i = rng_below(rng, (uint64_t)n), bit = 1ull << (i % 64);
        distinct += !(bits[i / 64] & bit);
        bits[i / 64] |= bit;
    }
    return distinct;
}

static void list_bits(int *keep, const uint64_t *bits, int n)
{
    for (size_t w = 0; w < words_of(n); w++)
        for (uint64_t left = bits[w]; left; left &= left - 1) *keep++ = (int)(w * 64) + __builtin_ctzll(left);
}

void sampler_draw(Bag *out, Arena *arena, const Bag *bag, int n_feat, int draws, bool replacement, Rng *rng,
                  uint64_t *bits)
{
    const int n = bag->n;
    if (n == 0 || draws <= 0 || (!replacement && n <= draws)) {
        *out = *bag;
        return;
    }
    int n_keep = draws;
    memset(bits, 0, words_of(n) * sizeof *bits);
    if (replacement)
        n_keep = draw_repeated(bits, n, draws, rng);
    else if (draws <= n / 2)
        draw_distinct(bits, n, draws, rng);
    else {
        draw_distinct(bits, n, n - draws, rng);
        invert(bits, n);
    }
    int *keep = ARENA_TAKE(arena, int, n_keep);
    assert(keep);
    list_bits(keep, bits, n);
    bag_take(out, arena, bag, keep, n_keep, n_feat);
}

void sampler_draw_always(Bag *out, Arena *arena, const Bag *bag, int draws, const int *always, int n_always, Rng *rng,
                         uint64_t *bits)
{
    const int n = bag->n;
    if (draws <= 0 || n <= draws || n_always == 0) {
        sampler_draw(out, arena, bag, 0, draws, false, rng, bits);
        return;
    }
    const int n_often = n_always < draws / 2 ? n_always : draws / 2, others = n - n_always,
              n_other = draws - n_often < others ? draws - n_often : others;
    int *keep = ARENA_TAKE(arena, int, draws);
    real *stands_for = ARENA_TAKE(arena, real, draws);
    memset(bits, 0, words_of(n) * sizeof *bits);
    for (int k = 0; k < n_always; k++) bits[always[k] / 64] |= 1ull << (always[k] % 64);
    draw_distinct(bits, n, n_other, rng);
    for (int k = 0, left = n_often; k < n_always; k++) { /* selection sampling: n_often of them stay */
        if (rng_below(rng, (uint64_t)(n_always - k)) < (uint64_t)left)
            left--;
        else
            bits[always[k] / 64] &= ~(1ull << (always[k] % 64));
    }
    list_bits(keep, bits, n);
    const real often = (real)n_always / (real)n_often, other = (real)others / (real)n_other;
    for (int i = 0, k = 0; i < n_often + n_other; i++) {
        while (k < n_always && always[k] < keep[i]) k++;
        stands_for[i] = k < n_always && always[k] == keep[i] ? often : other;
    }
    bag_take(out, arena, bag, keep, n_often + n_other, 0);
    out->stands_for = stands_for;
}

void sampler_plan(Arena *arena, const BagSpec *spec, int n_max, int draws, int n_count)
{
    if (draws <= 0) return;
    const int n_keep = draws < n_max ? draws : n_max;
    (void)ARENA_TAKE(arena, int, n_keep);
    (void)ARENA_TAKE(arena, real, n_keep);
    bag_take_room(arena, spec, n_keep, n_count);
}

void sampler_drop(Bag *out, Arena *arena, const Bag *bag, int n_feat, double p, Rng *rng)
{
    if (bag->n == 0 || p <= 0) {
        *out = *bag;
        return;
    }
    int n_keep = 0;
    int *keep = ARENA_TAKE(arena, int, bag->n);
    for (int i = 0; i < bag->n; i++)
        if (rng_uniform(rng) >= p) keep[n_keep++] = i;
    if (n_keep == 0) keep[n_keep++] = (int)rng_below(rng, (uint64_t)bag->n);
    bag_take(out, arena, bag, keep, n_keep, n_feat);
}

void sampler_plan_drop(Arena *arena, const BagSpec *spec, int n_max, int n_count)
{
    (void)ARENA_TAKE(arena, int, n_max);
    bag_take_room(arena, spec, n_max, n_count);
}
