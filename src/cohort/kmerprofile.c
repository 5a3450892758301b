/* SPDX-License-Identifier: MIT
 *
 * The windows of a view are a run of places that the length alone decides, and sequences of one length stand together in a
 * bag: the loop over windows has no question of section in it.
 */
#include "cohort/kmerprofile.h"

#include <assert.h>
#include <string.h>

static void read_mask(KmerView *view, const char *mask)
{
    view->n_cell = 1;
    for (; mask[view->span]; view->span++) {
        if (mask[view->span] != 'x') continue;
        assert(view->n_fixed < KMER_FIXED);
        view->offset[view->n_fixed++] = view->span;
        view->n_cell *= KMER_LETTERS;
    }
}

KmerProfile kmerprofile_new(const KmerViewText *text)
{
    KmerProfile profile = {0};
    for (; text->mask; text++) {
        assert(profile.n_view < KMERPROFILE_VIEWS);
        KmerView *view = &profile.view[profile.n_view++];
        *view = (KmerView){.section = text->section, .first = profile.n_cell};
        read_mask(view, text->mask);
        profile.n_cell += view->n_cell;
    }
    return profile;
}

/* ---- places ---- */

static int up(int a, int b)
{
    return a > 0 ? (a + b - 1) / b : 0;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Of windows whose centre satisfies 6 · centre < `bound`: one past the last place; at least 0. 6 · centre = 6 p + 3 span. */
static int places_below(const KmerView *view, int bound)
{
    return up(bound - 3 * view->span, 6);
}

/* In the core's own places; m: its length. 6 · centre ≤ 3 m, or ≥. */
static void places_of_half(int *first, int *end, const KmerView *view, int m)
{
    if (view->section == SECTION_LEFT) *end = least(*end, places_below(view, 3 * m + 1));
    if (view->section == SECTION_RIGHT) *first = least(*end, places_below(view, 3 * m));
}

static void places_of_third(int *first, int *end, const KmerView *view, int l)
{
    const int one = places_below(view, 2 * l), two = places_below(view, 4 * l), all = *end;
    if (view->section == SECTION_START) *end = least(all, one);
    if (view->section == SECTION_MIDDLE) *first = least(all, one), *end = least(all, two);
    if (view->section == SECTION_END) *first = least(all, two);
}

void kmerprofile_places(int *first, int *end, const KmerView *view, int l)
{
    const bool in_core =
        view->section == SECTION_CORE || view->section == SECTION_LEFT || view->section == SECTION_RIGHT;
    const int m = in_core ? l - 2 * KMERPROFILE_TRIM : l;
    *first = 0;
    *end = m - view->span + 1;
    if (*end <= 0) {
        *end = 0;
        return;
    }
    if (in_core)
        places_of_half(first, end, view, m);
    else
        places_of_third(first, end, view, l);
    if (*first >= *end) *first = *end = 0;
    if (in_core && *end > 0) *first += KMERPROFILE_TRIM, *end += KMERPROFILE_TRIM;
}

/* ---- counting ---- */

static inline __attribute__((always_inline)) uint32_t cell_at(const uint8_t *code, const int *offset, bool is_four)
{
    const uint32_t left = code[0] * 20u + code[offset[1]];
    return is_four ? left * 400u + code[offset[2]] * 20u + code[offset[3]] : left * 20u + code[offset[2]];
}

/* Any number of fixed places. */
static inline uint32_t cell_of(const uint8_t *code, const KmerView *view)
{
    uint32_t cell = 0;
    for (int f = 0; f < view->n_fixed; f++) cell = cell * KMER_LETTERS + code[view->offset[f]];
    return cell;
}

/* A part of the cells, and how often a sequence counts. */
typedef struct {
    uint32_t *count;
    uint32_t from, n;
} CellRange;

static inline __attribute__((always_inline)) void add_one(const CellRange *range, uint32_t cell, uint32_t times)
{
    cell -= range->from;
    if (cell >= range->n) return;
    const uint32_t sum = range->count[cell] + times;
    range->count[cell] = sum < times ? UINT32_MAX : sum;
}

static inline __attribute__((always_inline)) void add_windows(const CellRange *range, const uint8_t *code, int n,
                                                              const KmerView *view, uint32_t times)
{
    if (view->n_fixed == 4)
        for (int p = 0; p < n; p++) add_one(range, cell_at(code + p, view->offset, true), times);
    else if (view->n_fixed == 3)
        for (int p = 0; p < n; p++) add_one(range, cell_at(code + p, view->offset, false), times);
    else
        for (int p = 0; p < n; p++) add_one(range, cell_of(code + p, view), times);
}

static uint32_t times_of(const Bag *bag, int i)
{
    const double times = (double)bag->factor[i];
    return times < (double)UINT32_MAX ? (uint32_t)times : UINT32_MAX;
}

void kmerprofile_count(uint32_t *count, int from, int n, const KmerView *view, const Bag *bag)
{
    const CellRange range = {count, (uint32_t)from, (uint32_t)n};
    const KmerView own = *view;
    for (int l = view->span; l <= bag->max_len; l++) {
        int first, end;
        kmerprofile_places(&first, &end, view, l);
        if (first == end || bag->first[l] == bag->first[l + 1]) continue;
        const uint8_t *code = bag_codes(bag, bag->first[l], l) + first;
        if (!bag->factor)
            for (int i = bag->first[l]; i < bag->first[l + 1]; i++, code += l)
                add_windows(&range, code, end - first, &own, 1);
        else
            for (int i = bag->first[l]; i < bag->first[l + 1]; i++, code += l)
                add_windows(&range, code, end - first, &own, times_of(bag, i));
    }
}

double kmerprofile_total(const KmerView *view, const Bag *bag)
{
    double total = 0;
    for (int l = view->span; l <= bag->max_len; l++) {
        int first, end;
        double times = bag->first[l + 1] - bag->first[l];
        kmerprofile_places(&first, &end, view, l);
        if (bag->factor) times = 0;
        for (int i = bag->first[l]; bag->factor && i < bag->first[l + 1]; i++) times += times_of(bag, i);
        total += times * (end - first);
    }
    return total;
}

void kmerprofile_score(double *score, const double *value, const KmerView *view, const Bag *bag, int l)
{
    int first, end;
    kmerprofile_places(&first, &end, view, l);
    for (int i = bag->first[l]; i < bag->first[l + 1]; i++) {
        const uint8_t *code = bag_codes(bag, i, l);
        for (int p = first; p < end; p++) score[i] += value[cell_of(code + p, view)];
    }
}
