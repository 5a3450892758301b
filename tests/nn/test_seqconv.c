/* SPDX-License-Identifier: MIT
 *
 * test_seqconv.c: the convolution over tables against one over an input tensor that is really built, written without
 * any thought of speed.
 */
#include "nn/selu.h"
#include "nn/seqconv.h"
#include "support/bags.h"

#include <criterion/criterion.h>
#include <math.h>

#define TOLERANCE (REAL_IS_DOUBLE ? 1e-12 : 3e-6)

typedef struct {
    int n_kernel, size, n_layer, pad;
    bool position, counts;
} Setting;

/* x [most, n_in] of one sequence, divided by the standard deviation; rows beyond the sequence are 0. */
static void input(double *x, const SeqConv *l, const Bag *bag, int i, int len, int most)
{
    const double c = bag->factor ? (double)bag->factor[i] : 1;
    for (int t = 0; t < most * l->n_in; t++) x[t] = 0;
    for (int t = 0; t < len; t++) {
        x[t * l->n_in + bag_codes(bag, i, len)[t]] = c;
        if (l->position)
            for (int f = 0; f < 3; f++) x[t * l->n_in + 20 + f] = (double)seqinput_feature(&l->input, len, t)[f];
    }
    for (int t = 0; t < most * l->n_in; t++) x[t] *= (double)bag->inv_std;
}

/* y [n, n_kernel] = selu(b + Σ w x), x [n_x, n_in] and nothing beyond. */
static void layer(double *y, const real *w, const real *b, const double *x, int n_x, int n_in, int n_kernel, int size,
                  int n)
{
    for (int p = 0; p < n; p++)
        for (int o = 0; o < n_kernel; o++) {
            double sum = (double)b[o];
            for (int c = 0; c < n_in; c++)
                for (int q = 0; q < size && p + q < n_x; q++)
                    sum += (double)w[(o * n_in + c) * size + q] * x[(p + q) * n_in + c];
            y[p * n_kernel + o] = (double)selu((real)sum);
        }
}

static void naive(double *h, const SeqConv *l, const real *theta, const Bag *bag, int i, int len)
{
    static double x[2][128 * 64];
    int n_x = bag->pad_len ? bag->pad_len : len, n_in = l->n_in;
    input(x[0], l, bag, i, len, n_x > len ? n_x : len);
    for (int j = 0; j < l->n_layer; j++) {
        const int n = bag->pad_len ? n_x - l->size + 1 : len > 1 ? len : 1;
        layer(x[(j + 1) & 1], theta + l->w_at[j], theta + l->b_at[j], x[j & 1], n_x, n_in, l->n_kernel, l->size, n);
        n_x = n;
        n_in = l->n_kernel;
    }
    for (int o = 0; o < l->n_kernel; o++) {
        h[o] = -INFINITY;
        for (int p = 0; p < n_x; p++) h[o] = fmax(h[o], x[l->n_layer & 1][p * l->n_kernel + o]);
    }
}

static void compare(const Setting *s)
{
    enum { N = 60, LONGEST = 17 };
    ParamList list = {0};
    Arena arena = {0};
    SeqConv l;
    TestBag b;
    double h[64], worst = 0, largest = 1;
    int *len = test_lengths(N, 0, LONGEST, 3);
    len[0] = LONGEST;
    test_bag(&b, len, N, s->counts, 5);
    seqconv_init(&l, &list, "t", s->n_kernel, s->size, s->n_layer, s->position, LONGEST);
    for (int pass = 0; pass < 2; pass++) {
        seqconv_plan(&l, &arena, 1, 0, 0, 1);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
    real *theta = malloc(list.size * sizeof *theta), *got = malloc((size_t)N * (size_t)l.width * sizeof *got);
    param_start(&list, theta, 1);
    for (size_t i = 0; i < list.size; i++) theta[i] *= 3;
    b.bag.pad_len = s->pad;
    seqconv_prepare(&l, theta, NULL);
    seqconv_open(&l, &b.bag, 0);
    seqconv_forward(&l, got, &(SeqConvRows){.bag = &b.bag, .n = N, .cached = -1});
    for (int i = 0, at = 0; i < N; i++) {
        while (i >= b.bag.first[at + 1]) at++;
        naive(h, &l, theta, &b.bag, i, at);
        for (int o = 0; o < s->n_kernel; o++) {
            worst = fmax(worst, fabs(h[o] - (double)got[i * l.width + o]));
            largest = fmax(largest, fabs(h[o]));
        }
    }
    cr_expect_lt(worst, TOLERANCE * largest,
                 "%d kernels of %d, %d layers, padded to %d, position %d, counts %d: off by %.3g", s->n_kernel,
                 s->size, s->n_layer, s->pad, s->position, s->counts, worst);
    free(theta), free(got), free(len);
    arena_free(&arena);
    param_free(&list);
    test_bag_free(&b);
}

Test(nn_seqconv, equals_a_convolution_over_the_built_input)
{
    static const int kernels[] = {1, 8, 32, 33}, sizes[] = {1, 4, 9}, layers[] = {1, 2, 3};
    for (int k = 0; k < 4; k++)
        for (int q = 0; q < 3; q++)
            for (int j = 0; j < 3; j++)
                for (int bits = 0; bits < 8; bits++) {
                    const int least = layers[j] * (sizes[q] - 1) + 1;
                    compare(&(Setting){.n_kernel = kernels[k],
                                       .size = sizes[q],
                                       .n_layer = layers[j],
                                       .position = bits & 1,
                                       .counts = bits & 2,
                                       .pad = bits & 4 ? (least > 17 ? least : 17) + k : 0});
                }
}

/* Tables only for lengths that occur give the same bits. */
Test(nn_seqconv, lengths_present)
{
    enum { N = 20, LONGEST = 16 };
    ParamList list = {0};
    Arena arena = {0};
    SeqConv l;
    TestBag b;
    bool present[LONGEST + 1] = {false};
    int *len = test_lengths(N, 8, 11, 3);
    test_bag(&b, len, N, false, 5);
    for (int i = 0; i < N; i++) present[len[i]] = true;
    seqconv_init(&l, &list, "t", 16, 9, 1, true, LONGEST);
    for (int pass = 0; pass < 2; pass++) {
        seqconv_plan(&l, &arena, 1, 0, 0, 1);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
    real *theta = malloc(list.size * sizeof *theta), h[2][N * 16];
    param_start(&list, theta, 1);
    for (int pass = 0; pass < 2; pass++) {
        seqconv_prepare(&l, theta, pass ? present : NULL);
        seqconv_open(&l, &b.bag, 0);
        seqconv_forward(&l, h[pass], &(SeqConvRows){.bag = &b.bag, .n = N, .cached = -1});
    }
    cr_assert(memcmp(h[0], h[1], sizeof h[0]) == 0);
    free(theta), free(len);
    arena_free(&arena);
    param_free(&list);
    test_bag_free(&b);
}
