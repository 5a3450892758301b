/* SPDX-License-Identifier: MIT */
#include "train/sampler.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Arena memory;
    Bag bag;
} Owned;

/* n sequences of random lengths 0 … 20 with counts; residues tell the row they belong to. */
static Owned sequences(int n, bool counts)
{
    enum { STRIDE = 20 };
    Owned o = {0};
    int8_t *codes = calloc((size_t)n * STRIDE, 1);
    int64_t *len = malloc((size_t)n * sizeof *len);
    real *factor = malloc((size_t)n * sizeof *factor);
    Rng rng = rng_stream(3, "test", (uint64_t)n);
    for (int i = 0; i < n; i++) {
        len[i] = (int64_t)rng_below(&rng, STRIDE + 1);
        factor[i] = (real)(i % 1000);
        for (int t = 0; t < STRIDE; t++) codes[i * STRIDE + t] = (int8_t)((i / (t % 3 ? 20 : 1) + t) % 20);
    }
    bag_pack(&o.bag, &o.memory, codes, STRIDE, len, counts ? factor : NULL, n);
    cr_assert_eq(arena_reserve(&o.memory, "test"), OK);
    bag_pack(&o.bag, &o.memory, codes, STRIDE, len, counts ? factor : NULL, n);
    free(codes);
    free(len);
    free(factor);
    return o;
}

static Arena room_for(const Bag *bag, int draws, int n_feat)
{
    Arena a = {0};
    const BagSpec spec = {.kind = bag->x || bag->sparse ? BAG_VECTORS : BAG_SEQUENCES,
                          .n_feat = n_feat,
                          .sparse = bag->sparse != NULL,
                          .max_len = bag->max_len};
    sampler_plan(&a, &spec, bag->n, draws, bag->factor != NULL);
    cr_assert_eq(arena_reserve(&a, "test"), OK);
    return a;
}

static uint64_t *bits_for(int n)
{
    return malloc(((size_t)n + 63) / 64 * sizeof(uint64_t));
}

/* The place in `bag` of row r. */
static int place_of(const Bag *bag, int row)
{
    for (int i = 0; i < bag->n; i++)
        if (bag->row[i] == row) return i;
    return -1;
}

static int length_at(const Bag *bag, int i)
{
    int l = 0;
    while (bag->first[l + 1] <= i) l++;
    return l;
}

static void assert_sub_bag(const Bag *drawn, const Bag *bag)
{
    int before = -1;
    for (int i = 0; i < drawn->n; i++) {
        const int place = place_of(bag, drawn->row[i]);
        cr_assert_gt(place, before, "bag order, all distinct");
        before = place;
        const int l = length_at(drawn, i);
        cr_assert_eq(l, length_at(bag, place));
        cr_assert_arr_eq(bag_codes(drawn, i, l), bag_codes(bag, place, l), (size_t)l);
        if (bag->factor) cr_assert_eq(drawn->factor[i], bag->factor[place]);
    }
}

Test(data_sampler, a_draw_is_the_rows_it_names)
{
    const int draws[] = {1, 2, 63, 200, 400, 799};
    for (int counts = 0; counts < 2; counts++) {
        Owned o = sequences(800, counts);
        uint64_t *bits = bits_for(o.bag.n);
        for (size_t d = 0; d < sizeof draws / sizeof *draws; d++)
            for (int repeated = 0; repeated < 2; repeated++) {
                Arena a = room_for(&o.bag, draws[d], 0);
                Rng rng = rng_stream(1, "draws", d);
                Bag drawn;
                sampler_draw(&drawn, &a, &o.bag, 0, draws[d], repeated, &rng, bits);
                if (!repeated) cr_assert_eq(drawn.n, draws[d]);
                cr_assert(drawn.n > 0 && drawn.n <= draws[d]);
                assert_sub_bag(&drawn, &o.bag);
                arena_free(&a);
            }
        free(bits);
        arena_free(&o.memory);
    }
}

Test(data_sampler, vectors_are_drawn_too)
{
    enum { N = 100, F = 3, M = 70 };
    float x[N * F];
    int row[N];
    for (int i = 0; i < N; i++) {
        row[i] = i;
        for (int f = 0; f < F; f++) x[i * F + f] = (float)(i * 10 + f);
    }
    const Bag bag = {.n = N, .row = row, .x = x, .inv_std = 1};
    Arena a = room_for(&bag, M, F);
    Rng rng = rng_stream(1, "draws", 0);
    uint64_t bits[2];
    Bag drawn;
    sampler_draw(&drawn, &a, &bag, F, M, false, &rng, bits);
    cr_assert_eq(drawn.n, M);
    for (int i = 0; i < M; i++) {
        if (i) cr_assert_gt(drawn.row[i], drawn.row[i - 1]);
        cr_assert_arr_eq(drawn.x + i * F, x + drawn.row[i] * F, F * sizeof *x);
    }
    arena_free(&a);
}

Test(data_sampler, a_small_bag_or_no_limit_is_passed_on)
{
    Owned o = sequences(50, true);
    uint64_t bits[1];
    Rng rng = rng_stream(1, "draws", 0);
    Arena none = {0};
    Bag drawn;
    const int draws[] = {0, 50, 51, 10000};
    for (size_t d = 0; d < sizeof draws / sizeof *draws; d++) {
        sampler_draw(&drawn, &none, &o.bag, 0, draws[d], false, &rng, bits);
        cr_assert_eq(drawn.n, 50);
        cr_assert_eq(drawn.codes, o.bag.codes);
    }
    cr_assert_eq(none.used, 0);
    const Bag empty = {0};
    sampler_draw(&drawn, &none, &empty, 0, 10, true, &rng, bits);
    cr_assert_eq(drawn.n, 0);
    arena_free(&o.memory);
}

/* chi² over places of how often each was drawn, on N-1 degrees of freedom, as a normal deviate. */
static double unevenness(int n, int m, bool repeated, int repeats)
{
    Owned o = sequences(n, false);
    int *count = calloc((size_t)n, sizeof *count);
    uint64_t *bits = bits_for(n);
    Arena a = room_for(&o.bag, m, 0);
    double total = 0, chi2 = 0;
    for (int r = 0; r < repeats; r++) {
        Rng rng = rng_stream(9, "draws", (uint64_t)r);
        Bag drawn;
        arena_rewind(&a);
        sampler_draw(&drawn, &a, &o.bag, 0, m, repeated, &rng, bits);
        total += drawn.n;
        for (int i = 0; i < drawn.n; i++) count[drawn.row[i]]++;
    }
    const double p = total / repeats / n, variance = repeats * p * (1 - p) * n / (n - 1.0);
    for (int i = 0; i < n; i++) chi2 += pow(count[i] - repeats * p, 2) / variance;
    arena_free(&a);
    arena_free(&o.memory);
    free(count);
    free(bits);
    return (chi2 - (n - 1)) / sqrt(2.0 * (n - 1));
}

Test(data_sampler, every_instance_has_the_same_chance)
{
    cr_assert_lt(fabs(unevenness(500, 50, false, 4000)), 4);
    cr_assert_lt(fabs(unevenness(500, 300, false, 4000)), 4);
    cr_assert_lt(fabs(unevenness(500, 500, true, 4000)), 4);
}

Test(data_sampler, repetition_leaves_the_expected_number)
{
    enum { N = 20000 };
    Owned o = sequences(N, false);
    uint64_t *bits = bits_for(N);
    const int draws[] = {2000, N, 5 * N};
    for (int d = 0; d < 3; d++) {
        Arena a = room_for(&o.bag, draws[d], 0);
        Rng rng = rng_stream(4, "draws", 0);
        Bag drawn;
        sampler_draw(&drawn, &a, &o.bag, 0, draws[d], true, &rng, bits);
        const double kept = N * (1 - pow(1 - 1.0 / N, draws[d]));
        cr_assert_float_eq(drawn.n, kept, 5 * sqrt(kept * (1 - kept / N)) + 1);
        arena_free(&a);
    }
    free(bits);
    arena_free(&o.memory);
}

Test(data_sampler, same_stream_same_draw_other_stream_another)
{
    Owned o = sequences(1000, false);
    uint64_t *bits = bits_for(1000);
    Arena a[3];
    Bag drawn[3];
    for (int k = 0; k < 3; k++) {
        Rng rng = rng_stream(1, "draws", k == 2);
        a[k] = room_for(&o.bag, 100, 0);
        sampler_draw(&drawn[k], &a[k], &o.bag, 0, 100, false, &rng, bits);
    }
    cr_assert_arr_eq(drawn[0].row, drawn[1].row, 100 * sizeof(int));
    cr_assert(memcmp(drawn[0].row, drawn[2].row, 100 * sizeof(int)) != 0);
    for (int k = 0; k < 3; k++) arena_free(&a[k]);
    free(bits);
    arena_free(&o.memory);
}

Test(data_sampler, an_epoch_is_a_shuffle)
{
    const int bag[] = {3, 5, 8, 13, 21, 34, 55, 89};
    int first[8], again[8], second[8], sum = 0;
    sampler_epoch(first, bag, 8, 7, 0);
    sampler_epoch(again, bag, 8, 7, 0);
    sampler_epoch(second, bag, 8, 7, 1);
    cr_assert_arr_eq(first, again, sizeof first);
    cr_assert(memcmp(first, second, sizeof first) != 0);
    for (int i = 0; i < 8; i++) sum += first[i];
    cr_assert_eq(sum, 228);
}

/* ---- vectors ---- */

enum { V_ROWS = 500, V_FEAT = 4 };

static float dense_rows[V_ROWS * V_FEAT];
static SparseRow sparse_rows[V_ROWS];
static int32_t sparse_feature[V_ROWS];
static float sparse_value[V_ROWS];
static int vector_row[V_ROWS];

/* Instance i is i in all its numbers; sparse: i + 1 in feature i mod V_FEAT. */
static Bag vectors(int n, bool sparse)
{
    for (int i = 0; i < n; i++) {
        vector_row[i] = i;
        for (int f = 0; f < V_FEAT; f++) dense_rows[i * V_FEAT + f] = (float)i;
        sparse_feature[i] = i % V_FEAT;
        sparse_value[i] = (float)i + 1;
        sparse_rows[i] = (SparseRow){1, &sparse_feature[i], &sparse_value[i]};
    }
    return (Bag){.n = n,
                 .row = vector_row,
                 .inv_std = 1,
                 .x = sparse ? NULL : dense_rows,
                 .sparse = sparse ? sparse_rows : NULL};
}

static void assert_rows(const Bag *part)
{
    for (int i = 0; i < part->n; i++) {
        const int row = part->row[i];
        cr_assert(i == 0 || part->row[i - 1] < row);
        if (part->x)
            for (int f = 0; f < V_FEAT; f++) cr_assert_eq(part->x[i * V_FEAT + f], (float)row);
        else
            cr_assert(part->sparse[i].n == 1 && part->sparse[i].value == &sparse_value[row]);
    }
}

Test(data_sampler, draws_of_vectors)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        const Bag bag = vectors(V_ROWS, sparse);
        Arena a = room_for(&bag, 50, V_FEAT);
        uint64_t *bits = bits_for(V_ROWS);
        Rng rng = rng_stream(1, "draw", 0);
        Bag part;
        sampler_draw(&part, &a, &bag, V_FEAT, 50, false, &rng, bits);
        cr_assert(part.n == 50 && (part.sparse != NULL) == sparse && (part.x != NULL) == !sparse);
        assert_rows(&part);
        free(bits);
        arena_free(&a);
    }
}

static Arena drop_room(const Bag *bag)
{
    Arena a = {0};
    const BagSpec spec = {.kind = BAG_VECTORS, .n_feat = V_FEAT, .sparse = bag->sparse != NULL};
    sampler_plan_drop(&a, &spec, bag->n, false);
    cr_assert_eq(arena_reserve(&a, "test"), OK);
    return a;
}

/* The number left follows p within four standard deviations, over many updates every instance stays as often. */
Test(data_sampler, instances_are_dropped)
{
    enum { UPDATES = 2000 };
    static int stayed[V_ROWS];
    for (int sparse = 0; sparse < 2; sparse++) {
        const Bag bag = vectors(V_ROWS, sparse);
        const double p = 0.3, mean = V_ROWS * UPDATES * (1 - p), sd = sqrt(V_ROWS * UPDATES * p * (1 - p));
        Arena a = drop_room(&bag);
        int64_t total = 0;
        memset(stayed, 0, sizeof stayed);
        for (uint64_t u = 0; u < UPDATES; u++) {
            Bag part;
            Rng rng = rng_stream(4, "drop", u);
            arena_rewind(&a);
            sampler_drop(&part, &a, &bag, V_FEAT, p, &rng);
            assert_rows(&part);
            total += part.n;
            for (int i = 0; i < part.n; i++) stayed[part.row[i]]++;
        }
        cr_assert_float_eq((double)total, mean, 4 * sd);
        for (int i = 0; i < V_ROWS; i++)
            cr_assert_float_eq(stayed[i], UPDATES * (1 - p), 5.5 * sqrt(UPDATES * p * (1 - p)), "instance %d", i);
        arena_free(&a);
    }
}

Test(data_sampler, one_instance_stays)
{
    int stayed[3] = {0};
    const Bag bag = vectors(3, false);
    Arena a = drop_room(&bag);
    Bag part;
    for (uint64_t u = 0; u < 3000; u++) {
        Rng rng = rng_stream(4, "drop", u);
        arena_rewind(&a);
        sampler_drop(&part, &a, &bag, V_FEAT, 1, &rng);
        cr_assert_eq(part.n, 1);
        stayed[part.row[0]]++;
    }
    for (int i = 0; i < 3; i++) cr_assert_float_eq(stayed[i], 1000, 4.5 * sqrt(3000 * 2. / 9));
    Rng rng = rng_stream(4, "drop", 0);
    const Rng before = rng;
    sampler_drop(&part, &a, &bag, V_FEAT, 0, &rng);
    cr_assert(part.n == 3 && part.x == bag.x && rng.n == before.n, "nothing to drop");
    arena_free(&a);
}

/* ---- some are drawn always ---- */

enum { WHOLE = 300 };

/* Every third place from 1 on, n of them. */
static int *some_places(int n)
{
    int *place = malloc(((size_t)n + 1) * sizeof *place);
    for (int k = 0; k < n; k++) place[k] = n < WHOLE ? 1 + k * (WHOLE - 1) / n : k;
    return place;
}

/* Draws, and checks what holds for every draw; `hits` [WHOLE] counts how often a place came. Returns always-places drawn. */
static int draw_always(const Bag *bag, int draws, const int *always, int n_always, Rng *rng, int *hits)
{
    uint64_t bits[(WHOLE + 63) / 64];
    Bag drawn;
    Arena a = room_for(bag, draws, 0);
    int n_often = 0, n_other = 0;
    double sum = 0;
    sampler_draw_always(&drawn, &a, bag, draws, always, n_always, rng, bits);
    assert_sub_bag(&drawn, bag); /* no place twice, in bag order */
    for (int i = 0, k = 0; i < drawn.n; i++) {
        const int place = place_of(bag, drawn.row[i]);
        while (k < n_always && always[k] < place) k++;
        const bool is_always = k < n_always && always[k] == place;
        n_often += is_always, n_other += !is_always;
        hits[place]++;
        cr_assert_not_null(drawn.stands_for);
        sum += (double)drawn.stands_for[i];
    }
    for (int i = 0, k = 0; i < drawn.n; i++) {
        const int place = place_of(bag, drawn.row[i]);
        while (k < n_always && always[k] < place) k++;
        const bool is_always = k < n_always && always[k] == place;
        const double want = is_always ? (double)n_always / n_often : (double)(bag->n - n_always) / n_other;
        cr_assert_float_eq((double)drawn.stands_for[i], want, 1e-5 * want);
    }
    const int most = draws / 2, others = bag->n - n_always;
    cr_assert_eq(n_often, n_always < most ? n_always : most);
    cr_assert_eq(n_other, draws - n_often < others ? draws - n_often : others);
    cr_assert_float_eq(sum, (n_often ? n_always : 0) + (n_other ? others : 0), 1e-4 * bag->n);
    arena_free(&a);
    return n_often;
}

Test(data_sampler, some_are_drawn_always)
{
    static const int draws[] = {2, 3, 20, 101, 299}, counts[] = {1, 9, 10, 11, 60, 150, 299, WHOLE};
    for (int scaled = 0; scaled < 2; scaled++) {
        Owned o = sequences(WHOLE, scaled);
        for (size_t d = 0; d < sizeof draws / sizeof *draws; d++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                int *always = some_places(counts[c]), hits[WHOLE] = {0};
                Rng rng = rng_stream(2, "always", d * 100 + c);
                const int n = draw_always(&o.bag, draws[d], always, counts[c], &rng, hits);
                for (int k = 0; n == counts[c] && k < n; k++) cr_assert_eq(hits[always[k]], 1, "place %d", always[k]);
                free(always);
            }
        arena_free(&o.memory);
    }
}

/* Of those of one kind all are equally likely: chi-square of their counts, less what drawing without replacement takes. */
static double chi_square(const int *hits, const bool *kind, bool which, double p, int times, int *n)
{
    double sum = 0;
    *n = 0;
    for (int i = 0; i < WHOLE; i++) {
        if (kind[i] != which) continue;
        sum += pow(hits[i] - p * times, 2) / (p * (1 - p) * times);
        (*n)++;
    }
    return sum;
}

Test(data_sampler, those_of_a_kind_are_equally_likely)
{
    enum { TIMES = 4000 };
    static const int counts[] = {10, 60}; /* all of them come; half of the draws hold some of them */
    Owned o = sequences(WHOLE, false);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        int *always = some_places(counts[c]), hits[WHOLE] = {0}, n;
        bool kind[WHOLE] = {false};
        Rng rng = rng_stream(4, "always", c);
        for (int k = 0; k < counts[c]; k++) kind[always[k]] = true;
        int often = 0;
        for (int t = 0; t < TIMES; t++) often = draw_always(&o.bag, 50, always, counts[c], &rng, hits);
        const double p = (50. - often) / (WHOLE - counts[c]), other = chi_square(hits, kind, false, p, TIMES, &n);
        cr_expect_lt(fabs(other - n), 5 * sqrt(2. * n), "chi-square %.1f of %d others", other, n);
        if (often == counts[c]) {
            for (int k = 0; k < often; k++) cr_expect_eq(hits[always[k]], TIMES);
        } else {
            const double own = chi_square(hits, kind, true, (double)often / counts[c], TIMES, &n);
            cr_expect_lt(fabs(own - n), 5 * sqrt(2. * n), "chi-square %.1f of %d", own, n);
        }
        free(always);
    }
    arena_free(&o.memory);
}

/* Without such places, or where all are drawn, it is the plain draw: the same places, the same numbers drawn. */
Test(data_sampler, nothing_always_is_the_plain_draw)
{
    static const int draws[] = {0, 1, 40, 200, WHOLE, 2 * WHOLE};
    uint64_t bits[(WHOLE + 63) / 64];
    Owned o = sequences(WHOLE, true);
    int *always = some_places(20);
    for (size_t d = 0; d < sizeof draws / sizeof *draws; d++)
        for (int n_always = 0; n_always <= 20; n_always += 20) {
            if (n_always && draws[d] > 0 && draws[d] < WHOLE) continue;
            Rng rng[2] = {rng_stream(6, "plain", d), rng_stream(6, "plain", d)};
            Arena a[2] = {room_for(&o.bag, draws[d], 0), room_for(&o.bag, draws[d], 0)};
            Bag plain, drawn;
            sampler_draw(&plain, &a[0], &o.bag, 0, draws[d], false, &rng[0], bits);
            sampler_draw_always(&drawn, &a[1], &o.bag, draws[d], always, n_always, &rng[1], bits);
            cr_assert_eq(drawn.n, plain.n);
            cr_assert_arr_eq(drawn.row, plain.row, (size_t)plain.n * sizeof *plain.row);
            cr_assert_null(drawn.stands_for);
            cr_assert_eq(rng_below(&rng[0], 1u << 30), rng_below(&rng[1], 1u << 30));
            for (int k = 0; k < 2; k++) arena_free(&a[k]);
        }
    free(always);
    arena_free(&o.memory);
}

/* What an instance stands for goes with it where some are dropped after. */
Test(data_sampler, dropping_keeps_what_they_stand_for)
{
    enum { DRAWS = 60, N_ALWAYS = 12 };
    uint64_t bits[(WHOLE + 63) / 64];
    Owned o = sequences(WHOLE, true);
    int *always = some_places(N_ALWAYS);
    const BagSpec spec = {.kind = BAG_SEQUENCES, .max_len = o.bag.max_len};
    Arena a = {0};
    sampler_plan(&a, &spec, WHOLE, DRAWS, true);
    sampler_plan_drop(&a, &spec, DRAWS, true);
    cr_assert_eq(arena_reserve(&a, "test"), OK);
    Bag drawn, left;
    Rng rng = rng_stream(8, "drop", 0);
    sampler_draw_always(&drawn, &a, &o.bag, DRAWS, always, N_ALWAYS, &rng, bits);
    sampler_drop(&left, &a, &drawn, 0, 0.5, &rng);
    cr_assert(left.n > 5 && left.n < DRAWS - 5);
    cr_assert_not_null(left.stands_for);
    int n_one = 0;
    for (int i = 0; i < left.n; i++) {
        const int place = place_of(&drawn, left.row[i]);
        cr_assert_eq(left.stands_for[i], drawn.stands_for[place]);
        n_one += left.stands_for[i] == 1;
    }
    cr_assert(n_one > 0 && n_one < left.n);
    free(always);
    arena_free(&a);
    arena_free(&o.memory);
}
