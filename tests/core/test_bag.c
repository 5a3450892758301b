/* SPDX-License-Identifier: MIT */
#include "core/bag.h"
#include "core/rng.h"

#include <criterion/criterion.h>
#include <string.h>

enum { STRIDE = 12, MOST = 40 };

/* n random sequences of length 0 … STRIDE; with n_len, of that many lengths only. */
typedef struct {
    int n;
    int8_t codes[MOST * STRIDE];
    int64_t len[MOST];
    real factor[MOST];
} Sequences;

static Sequences draw(uint64_t seed, int n)
{
    Sequences s = {.n = n};
    Rng rng = rng_stream(seed, "bag", 0);
    for (int i = 0; i < n; i++) {
        s.len[i] = (int64_t)rng_below(&rng, STRIDE + 1);
        s.factor[i] = (real)i;
        for (int t = 0; t < STRIDE; t++) s.codes[i * STRIDE + t] = t < s.len[i] ? (int8_t)rng_below(&rng, 20) : -1;
    }
    return s;
}

static Bag pack(const Sequences *s, Arena *arena, bool factor)
{
    Bag bag;
    const real *scale = factor ? s->factor : NULL;
    bag_pack(&bag, arena, s->codes, STRIDE, s->len, scale, s->n);
    cr_assert_eq(arena_reserve(arena, "a bag"), OK);
    bag_pack(&bag, arena, s->codes, STRIDE, s->len, scale, s->n);
    return bag;
}

/* Every place holds the residues, row and factor of its sequence; lengths rise, rows rise within a length. */
static void assert_holds(const Bag *bag, const Sequences *s)
{
    int before = -1;
    for (int l = 0; l <= bag->max_len; l++)
        for (int i = bag->first[l]; i < bag->first[l + 1]; i++) {
            const int row = bag->row[i];
            cr_assert_eq(s->len[row], l);
            cr_assert(i == bag->first[l] || row > before);
            before = row;
            for (int t = 0; t < l; t++) cr_assert_eq(bag_codes(bag, i, l)[t], s->codes[row * STRIDE + t]);
            if (bag->factor) cr_assert_eq(bag->factor[i], s->factor[row]);
        }
    cr_assert_eq(bag->first[0], 0);
    cr_assert_eq(bag->first[bag->max_len + 1], bag->n);
}

Test(core_bag, packs_by_length_and_keeps_rows)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Arena arena = {0};
        const Sequences s = draw(seed, (int)seed * 2);
        const Bag bag = pack(&s, &arena, seed % 2);
        size_t residues = 0;
        for (int i = 0; i < s.n; i++) residues += (size_t)s.len[i];
        cr_assert_eq(bag.n, s.n);
        cr_assert_eq(bag_residues(&bag), residues);
        cr_assert_eq(bag.factor != NULL, seed % 2 == 1);
        cr_assert(bag.inv_std == 1 && bag.pad_len == 0);
        assert_holds(&bag, &s);
        arena_free(&arena);
    }
}

Test(core_bag, empty_bag_and_empty_sequences)
{
    Arena arena = {0};
    Sequences s = {.n = 0};
    Bag bag = pack(&s, &arena, false);
    cr_assert(bag.n == 0 && bag.max_len == 0 && bag_residues(&bag) == 0 && bag.first[1] == 0);
    arena_free(&arena);
    s.n = 3; /* three of length 0 */
    bag = pack(&s, &arena, false);
    cr_assert(bag.n == 3 && bag.max_len == 0 && bag_residues(&bag) == 0 && bag.first[1] == 3);
    arena_free(&arena);
}

Test(core_bag, takes_a_part)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        Arena arena = {0}, room = {0};
        Rng rng = rng_stream(seed, "keep", 0);
        const Sequences s = draw(seed, MOST);
        Bag bag = pack(&s, &arena, seed % 2), part;
        int keep[MOST], n = 0;
        for (int i = 0; i < MOST; i++)
            if (rng_below(&rng, 3) == 0) keep[n++] = i;
        if (seed == 30) n = 0;
        bag.pad_len = 17;
        bag.inv_std = (real)0.5;
        const BagSpec spec = {.kind = BAG_SEQUENCES, .n_feat = 20, .max_len = bag.max_len};
        bag_take_room(&room, &spec, n, bag.factor != NULL);
        cr_assert_eq(arena_reserve(&room, "a part"), OK);
        bag_take(&part, &room, &bag, keep, n, 20);
        cr_assert(part.n == n && part.pad_len == 17 && part.inv_std == (real)0.5);
        assert_holds(&part, &s);
        for (int i = 0; i < n; i++) cr_assert_eq(part.row[i], bag.row[keep[i]]);
        arena_free(&room);
        arena_free(&arena);
    }
}

Test(core_bag, takes_vectors)
{
    static const float x[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const int row[] = {5, 6, 7, 8}, keep[] = {1, 3};
    const Bag bag = {.n = 4, .row = row, .x = x, .inv_std = 1};
    Bag part;
    Arena room = {0};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = 2};
    bag_take_room(&room, &spec, 2, false);
    cr_assert_eq(arena_reserve(&room, "a part"), OK);
    bag_take(&part, &room, &bag, keep, 2, 2);
    cr_assert(part.n == 2 && part.row[0] == 6 && part.row[1] == 8);
    cr_assert(part.x[0] == 2 && part.x[1] == 3 && part.x[2] == 6 && part.x[3] == 7);
    arena_free(&room);
}

/* Sub-bags and joined bags of sparse rows hold the same rows, which stay where they are. */
Test(core_bag, takes_and_joins_sparse)
{
    static const int32_t feature[] = {0, 70000, 3};
    static const float value[] = {1, 2, 3};
    static const SparseRow rows[] = {{2, feature, value}, {0, NULL, NULL}, {1, feature + 2, value + 2}};
    static const int row[] = {0, 1, 2}, keep[] = {0, 2};
    const Bag bag = {.n = 3, .row = row, .sparse = rows, .inv_std = 1};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = 70001, .sparse = true};
    Bag part, all;
    Arena room = {0};
    bag_take_room(&room, &spec, 2, false);
    bag_join_room(&room, &spec, 2, 3);
    cr_assert_eq(arena_reserve(&room, "a part"), OK);
    bag_take(&part, &room, &bag, keep, 2, spec.n_feat);
    cr_assert(part.n == 2 && !part.x && part.row[1] == 2);
    cr_assert(part.sparse[0].feature == feature && part.sparse[1].value == value + 2);
    bag_join(&all, &room, (const Bag *const[]){&part, &bag}, 2, spec.n_feat);
    cr_assert(all.n == 5 && !all.x && all.row[0] == 0 && all.row[1] == 2 && all.row[4] == 2);
    cr_assert(all.sparse[1].n == 1 && all.sparse[2].feature == feature && all.sparse[3].n == 0);
    arena_free(&room);
}

Test(core_bag, joins_vectors)
{
    static const float x[] = {0, 1, 2, 3, 4, 5}, y[] = {6, 7};
    static const int row[] = {0, 1, 2};
    const Bag a = {.n = 3, .row = row, .x = x, .inv_std = 1}, b = {.n = 1, .row = row, .x = y, .inv_std = 1};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = 2};
    Bag all;
    Arena room = {0};
    bag_join_room(&room, &spec, 2, 3);
    cr_assert_eq(arena_reserve(&room, "bags"), OK);
    bag_join(&all, &room, (const Bag *const[]){&a, &b}, 2, 2);
    cr_assert(all.n == 4 && !all.sparse && all.row[2] == 2 && all.row[3] == 0);
    for (int i = 0; i < 8; i++) cr_assert_eq(all.x[i], (float)i);
    arena_free(&room);
}
