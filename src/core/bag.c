/* SPDX-License-Identifier: MIT */
#include "core/bag.h"

#include <assert.h>
#include <string.h>

/* first and at from the number of instances of each length, count [max_len + 1] in first[0 …]. */
static void starts_from_counts(int *first, size_t *at, int max_len)
{
    int n = 0;
    size_t residues = 0;
    for (int l = 0; l <= max_len; l++) {
        const int count = first[l];
        first[l] = n;
        at[l] = residues;
        n += count;
        residues += (size_t)count * (size_t)l;
    }
    first[max_len + 1] = n;
    at[max_len + 1] = residues;
}

void bag_pack(Bag *out, Arena *arena, const int8_t *codes, size_t stride, const int64_t *len, const real *factor,
              int n)
{
    int max_len = 0;
    size_t residues = 0;
    for (int i = 0; i < n; i++) {
        assert(len[i] >= 0 && (size_t)len[i] <= stride);
        if (len[i] > max_len) max_len = (int)len[i];
        residues += (size_t)len[i];
    }
    int *row = ARENA_TAKE(arena, int, (size_t)n);
    int *first = ARENA_TAKE(arena, int, (size_t)max_len + 2);
    size_t *at = ARENA_TAKE(arena, size_t, (size_t)max_len + 2);
    uint8_t *dense = ARENA_TAKE(arena, uint8_t, residues);
    real *scaled = factor ? ARENA_TAKE(arena, real, (size_t)n) : NULL;
    *out = (Bag){.n = n,
                 .row = row,
                 .max_len = max_len,
                 .first = first,
                 .at = at,
                 .codes = dense,
                 .factor = scaled,
                 .inv_std = 1};
    if (!row) return;

    memset(first, 0, ((size_t)max_len + 2) * sizeof *first);
    for (int i = 0; i < n; i++) first[len[i]]++;
    starts_from_counts(first, at, max_len);
    for (int i = 0; i < n; i++) { /* first[l] walks to its end, and is put back below */
        const size_t l = (size_t)len[i];
        const int place = first[l]++;
        memcpy(dense + at[l], codes + (size_t)i * stride, l);
        at[l] += l;
        row[place] = i;
        if (scaled) scaled[place] = factor[i];
    }
    memmove(first + 1, first, ((size_t)max_len + 1) * sizeof *first);
    memmove(at + 1, at, ((size_t)max_len + 1) * sizeof *at);
    first[0] = 0;
    at[0] = 0;
}

static void take_sparse(Bag *out, Arena *arena, const Bag *bag, const int *keep, int n_keep)
{
    int *row = ARENA_TAKE(arena, int, (size_t)n_keep);
    SparseRow *sparse = ARENA_TAKE(arena, SparseRow, (size_t)n_keep);
    for (int j = 0; j < n_keep; j++) {
        row[j] = bag->row[keep[j]];
        sparse[j] = bag->sparse[keep[j]];
    }
    *out = (Bag){.n = n_keep, .row = row, .sparse = sparse, .inv_std = bag->inv_std, .inputs = bag->inputs};
}

static void take_dense(Bag *out, Arena *arena, const Bag *bag, const int *keep, int n_keep, int n_feat)
{
    int *row = ARENA_TAKE(arena, int, (size_t)n_keep);
    float *x = ARENA_TAKE(arena, float, (size_t)n_keep *(size_t)n_feat);
    for (int j = 0; j < n_keep; j++) {
        row[j] = bag->row[keep[j]];
        memcpy(x + (size_t)j * (size_t)n_feat, bag->x + (size_t)keep[j] * (size_t)n_feat, (size_t)n_feat * sizeof *x);
    }
    *out = (Bag){.n = n_keep, .row = row, .x = x, .inv_std = bag->inv_std, .inputs = bag->inputs};
}

/* Common lengths without a call: two words that may overlap. */
static inline void copy_residues(uint8_t *to, const uint8_t *from, size_t l)
{
    uint64_t head, tail;
    if (l < sizeof head || l > 2 * sizeof head) {
        memcpy(to, from, l);
        return;
    }
    memcpy(&head, from, sizeof head);
    memcpy(&tail, from + l - sizeof tail, sizeof tail);
    memcpy(to, &head, sizeof head);
    memcpy(to + l - sizeof tail, &tail, sizeof tail);
}

/* Rows and residues of `out`, whose first and at are set. A large bag is in no cache: what is due soon is asked for. */
static void take_sequences(int *row, uint8_t *codes, const Bag *out, const Bag *bag, const int *keep)
{
    enum { AHEAD = 16 };
    for (int l = 0; l <= out->max_len; l++) {
        uint8_t *to = codes + out->at[l];
        for (int i = out->first[l]; i < out->first[l + 1]; i++, to += l) {
            const int soon = keep[i + AHEAD < out->n ? i + AHEAD : out->n - 1];
            __builtin_prefetch(bag->codes + bag->at[l] + (ptrdiff_t)(soon - bag->first[l]) * l);
            __builtin_prefetch(&bag->row[soon]);
            copy_residues(to, bag_codes(bag, keep[i], l), (size_t)l);
            row[i] = bag->row[keep[i]];
        }
    }
}

void bag_take(Bag *out, Arena *arena, const Bag *bag, const int *keep, int n_keep, int n_feat)
{
    if (bag->sparse) {
        take_sparse(out, arena, bag, keep, n_keep);
        return;
    }
    if (bag->x) {
        take_dense(out, arena, bag, keep, n_keep, n_feat);
        return;
    }
    int *row = ARENA_TAKE(arena, int, (size_t)n_keep);
    real *factor = bag->factor ? ARENA_TAKE(arena, real, (size_t)n_keep) : NULL;
    real *stands_for = bag->stands_for ? ARENA_TAKE(arena, real, (size_t)n_keep) : NULL;
    real *log_weight = bag->log_weight ? ARENA_TAKE(arena, real, (size_t)n_keep) : NULL;
    BagGene *gene = bag->gene ? ARENA_TAKE(arena, BagGene, (size_t)n_keep) : NULL;
    int *first = ARENA_TAKE(arena, int, (size_t)bag->max_len + 2);
    size_t *at = ARENA_TAKE(arena, size_t, (size_t)bag->max_len + 2);
    size_t residues = 0;
    int j = 0, max_len = 0;
    for (int l = 0; l <= bag->max_len; l++) { /* keep ascends, so lengths come in order */
        first[l] = j;
        at[l] = residues;
        while (j < n_keep && keep[j] < bag->first[l + 1]) j++;
        residues += (size_t)(j - first[l]) * (size_t)l;
        if (j > first[l]) max_len = l;
    }
    assert(j == n_keep);
    first[bag->max_len + 1] = j;
    at[bag->max_len + 1] = residues;
    first[max_len + 1] = j;
    at[max_len + 1] = residues;
    uint8_t *codes = ARENA_TAKE(arena, uint8_t, residues);
    for (int i = 0; factor && i < n_keep; i++) factor[i] = bag->factor[keep[i]];
    for (int i = 0; stands_for && i < n_keep; i++) stands_for[i] = bag->stands_for[keep[i]];
    for (int i = 0; log_weight && i < n_keep; i++) log_weight[i] = bag->log_weight[keep[i]];
    for (int i = 0; gene && i < n_keep; i++) gene[i] = bag->gene[keep[i]];
    *out = (Bag){.n = n_keep,
                 .row = row,
                 .max_len = max_len,
                 .first = first,
                 .at = at,
                 .codes = codes,
                 .factor = factor,
                 .stands_for = stands_for,
                 .log_weight = log_weight,
                 .gene = gene,
                 .inputs = bag->inputs,
                 .pad_len = bag->pad_len,
                 .inv_std = bag->inv_std};
    take_sequences(row, codes, out, bag, keep);
}

_Static_assert(sizeof(BagGene) <= sizeof(real), "bag_take_room counts it as one");

/* Rows of vectors; the order is that of take_sparse, take_dense and bag_join. */
static void vectors_room(Arena *arena, const BagSpec *spec, size_t n)
{
    (void)ARENA_TAKE(arena, int, n);
    if (spec->sparse)
        (void)ARENA_TAKE(arena, SparseRow, n);
    else
        (void)ARENA_TAKE(arena, float, n *(size_t)spec->n_feat);
}

void bag_take_room(Arena *arena, const BagSpec *spec, int n_keep, int n_count)
{
    const size_t n = (size_t)n_keep, max_len = (size_t)spec->max_len;
    if (spec->kind == BAG_VECTORS) {
        vectors_room(arena, spec, n);
        return;
    }
    (void)ARENA_TAKE(arena, int, n);
    for (int k = 0; k < n_count; k++) (void)ARENA_TAKE(arena, real, n);
    (void)ARENA_TAKE(arena, real, n);
    (void)ARENA_TAKE(arena, int, max_len + 2);
    (void)ARENA_TAKE(arena, size_t, max_len + 2);
    (void)ARENA_TAKE(arena, uint8_t, n * max_len);
}

/* ---- bags end to end ---- */

static int instances_of(const Bag *const *bag, int n_bag)
{
    int64_t n = 0;
    for (int b = 0; b < n_bag; b++) n += bag[b]->n;
    assert(n <= INT32_MAX);
    return (int)n;
}

static void join_sparse(Bag *out, Arena *arena, const Bag *const *bag, int n_bag)
{
    SparseRow *to = ARENA_TAKE(arena, SparseRow, (size_t)out->n);
    out->sparse = to;
    for (int b = 0; b < n_bag; to += bag[b++]->n) memcpy(to, bag[b]->sparse, (size_t)bag[b]->n * sizeof *to);
}

static void join_dense(Bag *out, Arena *arena, const Bag *const *bag, int n_bag, size_t n_feat)
{
    float *to = ARENA_TAKE(arena, float, (size_t)out->n *n_feat);
    out->x = to;
    for (int b = 0; b < n_bag; to += (size_t)bag[b++]->n * n_feat)
        memcpy(to, bag[b]->x, (size_t)bag[b]->n * n_feat * sizeof *to);
}

void bag_join(Bag *out, Arena *arena, const Bag *const *bag, int n_bag, int n_feat)
{
    assert(n_bag > 0);
    const int n = instances_of(bag, n_bag);
    int *row = ARENA_TAKE(arena, int, (size_t)n);
    *out = (Bag){.n = n, .row = row, .inv_std = bag[0]->inv_std};
    for (int b = 0; b < n_bag; row += bag[b++]->n) memcpy(row, bag[b]->row, (size_t)bag[b]->n * sizeof *row);
    if (bag[0]->sparse)
        join_sparse(out, arena, bag, n_bag);
    else
        join_dense(out, arena, bag, n_bag, (size_t)n_feat);
}

void bag_join_room(Arena *arena, const BagSpec *spec, int n_bag, int n_max)
{
    assert(spec->kind == BAG_VECTORS);
    vectors_room(arena, spec, (size_t)n_bag * (size_t)n_max);
}

size_t bag_residues(const Bag *bag)
{
    return bag->codes ? bag->at[bag->max_len + 1] : 0;
}
