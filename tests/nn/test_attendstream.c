/* SPDX-License-Identifier: MIT
 *
 * test_attendstream.c: pooling piece by piece against attention over whole bags (nn/attend.h), however the pieces lie.
 */
#include "core/rng.h"
#include "nn/attend.h"
#include "nn/attendstream.h"
#include "nn/kernel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE nn_attendstream
#define CLOSE (REAL_IS_DOUBLE ? 1e-12 : 5e-6)

enum { WIDTH = 32, N_H = 19, LONGEST = 1200, THREADS = 3, PIECES = 40 };

/* One bag: what is pooled, and what pooling at once makes of it. */
typedef struct {
    int n, n_query;
    real *a, *h, *w, *z, *mean;
} Whole;

static Whole whole_make(int n, int n_query, double spread, uint64_t seed)
{
    Rng rng = rng_stream(seed, "attendstream", 0);
    const size_t rows = (size_t)n, queries = (size_t)n_query;
    Whole x = {.n = n,
               .n_query = n_query,
               .a = calloc(rows * queries, sizeof(real)),
               .h = calloc(rows * WIDTH, sizeof(real)),
               .w = calloc(rows * queries, sizeof(real)),
               .z = calloc(queries * N_H, sizeof(real)),
               .mean = calloc(N_H, sizeof(real))};
    for (size_t j = 0; j < rows * queries; j++) x.a[j] = (real)(spread * rng_normal(&rng));
    for (size_t i = 0; i < rows; i++)
        for (int f = 0; f < N_H; f++) {
            x.h[i * WIDTH + (size_t)f] = (real)rng_normal(&rng);
            x.mean[f] += x.h[i * WIDTH + (size_t)f] / (real)n;
        }
    return x;
}

static void pool_whole(Whole *x)
{
    const Attend l = {.n_query = x->n_query, .n_h = N_H, .width = WIDTH};
    const int bounds[] = {0, x->n};
    attend_forward(x->z, x->w, &l, x->a, x->h, bounds, 1);
}

static void whole_free(Whole *x)
{
    free(x->a), free(x->h), free(x->w), free(x->z), free(x->mean);
}

static void stream_make(AttendStream *s, Arena *arena, int n_query, bool mean)
{
    attendstream_init(s, n_query, mean, WIDTH);
    for (int pass = 0; pass < 2; pass++) {
        attendstream_plan(s, arena, PIECES, 3, THREADS);
        if (pass == 0) cr_assert_eq(arena_reserve(arena, "test"), OK);
    }
}

/* Adds the bag as pieces first … of `piece` instances each, in blocks of `block`, and joins them as bag b. Returns how
 * many pieces it made; piece p is added by thread (p + turn) mod THREADS, the last piece first if `backwards`. */
static int add_bag(AttendStream *s, const Whole *x, int b, int first, int piece, int block, int turn, bool backwards)
{
    const int n_piece = (x->n + piece - 1) / piece;
    cr_assert_leq(first + n_piece, PIECES);
    for (int j = 0; j < n_piece; j++) {
        const int p = backwards ? n_piece - 1 - j : j, from = p * piece,
                  end = from + piece < x->n ? from + piece : x->n;
        attendstream_clear(s, first + p);
        for (int at = from; at < end; at += block)
            attendstream_add(s, first + p,
                             &(AttendRows){.a = x->a + at * x->n_query,
                                           .h = x->h + at * WIDTH,
                                           .n = end - at < block ? end - at : block},
                             (p + turn) % THREADS);
    }
    attendstream_join(s, b, first, n_piece);
    return n_piece;
}

static void assert_pools(const AttendStream *s, int b, const Whole *x, bool mean, const char *what)
{
    const real *m = s->m + b * s->n_column * WIDTH;
    for (int q = 0; q < x->n_query; q++)
        for (int f = 0; f < N_H; f++)
            cr_assert_float_eq((double)m[q * WIDTH + f], (double)x->z[q * N_H + f], CLOSE, "%s: query %d number %d",
                               what, q, f);
    for (int f = 0; mean && f < N_H; f++)
        cr_assert_float_eq((double)m[x->n_query * WIDTH + f], (double)x->mean[f], CLOSE, "%s: mean %d", what, f);
    real *w = calloc((size_t)(x->n * x->n_query), sizeof *w);
    attendstream_weights(w, s, b, x->a, x->n);
    for (int q = 0; q < x->n_query; q++) {
        double sum = 0;
        for (int i = 0; i < x->n; i++) {
            const real got = w[i * x->n_query + q], want = x->w[i * x->n_query + q];
            cr_assert_float_eq((double)got, (double)want, CLOSE, "%s: weight %d", what, i);
            sum += (double)got;
        }
        cr_assert_float_eq(sum, 1, 10 * CLOSE, "%s: weights sum to %.9g", what, sum);
    }
    free(w);
}

static void for_pieces(double spread)
{
    static const int sizes[] = {1, 2, 63, 64, 65, 300, LONGEST}, pieces[] = {37, 64, 333, 1024};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++)
        for (int n_query = 1; n_query <= 4; n_query += 3)
            for (int mean = 0; mean < 2; mean++) {
                Whole x = whole_make(sizes[n], n_query, spread, n);
                pool_whole(&x);
                for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
                    AttendStream s;
                    Arena arena = {0};
                    char what[96];
                    stream_make(&s, &arena, n_query, mean);
                    snprintf(what, sizeof what, "%d instances, %d queries, mean %d, pieces of %d", sizes[n], n_query,
                             mean, pieces[p]);
                    add_bag(&s, &x, 1, 2, pieces[p], p % 2 ? KERNEL_BLOCK : 13, 0, false);
                    assert_pools(&s, 1, &x, mean, what);
                    arena_free(&arena);
                }
                whole_free(&x);
            }
}

Test(SUITE, pieces_pool_as_the_whole_bag)
{
    for_pieces(2);
}

/* The largest logit may come in any piece; those far below it have no weight. */
Test(SUITE, huge_logits)
{
    for_pieces(1e4);
}

/* Logits of one size, however large: the softmax is that of their differences. Pieces of low logits beside one of high. */
Test(SUITE, logits_far_from_0)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        AttendStream s;
        Arena arena = {0};
        Whole x = whole_make(500, 2, 1, 7);
        for (int j = 0; j < 1000; j++)
            x.a[j] = (real)(sign * 1e4 + floor(4 * (double)x.a[j])) - (j / 2 % 100 < 50 ? (real)0 : (real)2e4);
        pool_whole(&x);
        stream_make(&s, &arena, 2, true);
        add_bag(&s, &x, 0, 0, 50, KERNEL_BLOCK, 0, false);
        assert_pools(&s, 0, &x, true, sign > 0 ? "1e4" : "-1e4");
        arena_free(&arena);
        whole_free(&x);
    }
}

/* Who adds a piece, and when, is no input; bags beside it are none either. */
Test(SUITE, threads_and_order_change_no_bit)
{
    AttendStream s[3];
    Arena arena[3] = {{0}};
    Whole x = whole_make(LONGEST, 3, 2, 3), other = whole_make(90, 3, 2, 4);
    for (int k = 0; k < 3; k++) {
        stream_make(&s[k], &arena[k], 3, true);
        const int first = k == 2 ? add_bag(&s[k], &other, 0, 0, 41, 20, 1, false) : 0;
        add_bag(&s[k], &x, 1, first, 101, KERNEL_BLOCK, k, k == 1);
        cr_assert_arr_eq(s[k].m + 4 * WIDTH, s[0].m + 4 * WIDTH, 4 * WIDTH * sizeof(real), "run %d", k);
        cr_assert_arr_eq(s[k].bag_top + 4, s[0].bag_top + 4, 4 * sizeof(real));
        cr_assert_arr_eq(s[k].bag_scale + 4, s[0].bag_scale + 4, 4 * sizeof(real));
    }
    for (int k = 0; k < 3; k++) arena_free(&arena[k]);
    whole_free(&x), whole_free(&other);
}

Test(SUITE, one_instance_pools_to_itself)
{
    AttendStream s;
    Arena arena = {0};
    Whole x = whole_make(1, 2, 1e4, 5);
    stream_make(&s, &arena, 2, true);
    add_bag(&s, &x, 0, 0, 64, 64, 0, false);
    for (int k = 0; k < 3; k++) cr_assert_arr_eq(s.m + k * WIDTH, x.h, WIDTH * sizeof(real));
    arena_free(&arena);
    whole_free(&x);
}

/* A slot that was used before is clean again. */
Test(SUITE, a_bag_without_pieces_is_0)
{
    AttendStream s;
    Arena arena = {0};
    Whole x = whole_make(70, 2, 1, 6);
    stream_make(&s, &arena, 2, true);
    add_bag(&s, &x, 0, 0, 64, 64, 0, false);
    attendstream_join(&s, 0, 0, 0);
    for (int j = 0; j < 3 * WIDTH; j++) cr_assert_eq(s.m[j], 0);
    arena_free(&arena);
    whole_free(&x);
}
