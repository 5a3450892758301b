/* SPDX-License-Identifier: MIT
 *
 * test_dense.c: a layer of every activation against its formula, its gradients against finite differences (double), and
 * the two ways to the weights' gradient against each other.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "nn/attend.h"
#include "nn/dense.h"
#include "nn/kernel.h"
#include "nn/logits.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE (REAL_IS_DOUBLE ? 1e-12 : 1e-5)

static real *numbers(size_t n, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test", 0);
    real *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (real)rng_normal(&rng);
    return x;
}

static double formula(double x, Activation kind)
{
    switch (kind) {
    case ACTIVATION_SELU:
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x));
    case ACTIVATION_RELU:
        return fmax(x, 0);
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_SIGMOID:
        return 1 / (1 + exp(-x));
    default:
        return x;
    }
}

/* A layer, its parameters, and rows for it; what x has beyond n_in is NaN, since nobody may look. */
typedef struct {
    ParamList list;
    Dense d;
    Arena arena;
    real *theta, *x, *y, *dy;
    int n;
} Case;

static void make(Case *c, int n, int n_in, int n_out, Activation kind, int n_slot)
{
    Linear l;
    *c = (Case){.n = n};
    linear_init(&l, &c->list, "l", n_in, n_out);
    dense_init(&c->d, &l, KERNEL_WIDTH(n_in), kind);
    for (int pass = 0; pass < 2; pass++) {
        dense_plan(&c->d, &c->arena, n_slot, parallel_threads());
        if (pass == 0) cr_assert_eq(arena_reserve(&c->arena, "test"), OK);
    }
    c->theta = numbers(c->list.size, 1);
    c->x = numbers((size_t)(n * c->d.in), 2);
    c->y = numbers((size_t)(n * c->d.out), 3);
    c->dy = numbers((size_t)(n * c->d.out), 4);
    for (int i = 0; i < n; i++)
        for (int k = n_in; k < c->d.in; k++) c->x[i * c->d.in + k] = (real)NAN;
    dense_prepare(&c->d, c->theta);
    dense_forward(c->y, &c->d, c->x, n);
}

static void drop(Case *c)
{
    free(c->theta), free(c->x), free(c->y), free(c->dy);
    arena_free(&c->arena);
    param_free(&c->list);
}

static const int shapes[][3] = {{0, 3, 2},    {1, 1, 1},   {3, 7, 5},     {17, 16, 16},
                                {98, 33, 37}, {64, 50, 8}, {131, 20, 70}, {900, 40, 70}}; /* n, n_in, n_out */
enum { N_SHAPE = sizeof shapes / sizeof *shapes };

Test(nn_dense, forward_is_the_formula)
{
    for (int s = 0; s < N_SHAPE; s++)
        for (Activation kind = 0; kind < N_ACTIVATION; kind++) {
            Case c;
            make(&c, shapes[s][0], shapes[s][1], shapes[s][2], kind, 0);
            for (int i = 0; i < c.n; i++)
                for (int o = 0; o < c.d.out; o++) {
                    double sum = o < c.d.l.n_out ? (double)c.theta[c.d.l.b_at + (size_t)o] : 0;
                    for (int k = 0; k < c.d.l.n_in && o < c.d.l.n_out; k++)
                        sum +=
                            (double)c.x[i * c.d.in + k] * (double)c.theta[c.d.l.w_at + (size_t)(o * c.d.l.n_in + k)];
                    cr_assert_float_eq((double)c.y[i * c.d.out + o], formula(sum, kind), CLOSE * (1 + fabs(sum)));
                }
            drop(&c);
        }
}

#if REAL_IS_DOUBLE
/* Σ dy · y as it is with the layer's present parameters and input. */
static double loss_of(Case *c, const real *dy)
{
    double sum = 0;
    dense_prepare(&c->d, c->theta);
    dense_forward(c->y, &c->d, c->x, c->n);
    for (int i = 0; i < c->n; i++)
        for (int o = 0; o < c->d.l.n_out; o++) sum += dy[i * c->d.out + o] * c->y[i * c->d.out + o];
    return sum;
}

static double slope_at(Case *c, const real *dy, real *at)
{
    const real was = *at, step = 1e-5;
    *at = was + step;
    const double up = loss_of(c, dy);
    *at = was - step;
    const double down = loss_of(c, dy);
    *at = was;
    return (up - down) / (2 * step);
}

static void check_gradients(int s, Activation kind)
{
    Case c;
    make(&c, shapes[s][0], shapes[s][1], shapes[s][2], kind, 1);
    const size_t n_x = (size_t)(c.n * c.d.in), n_y = (size_t)(c.n * c.d.out);
    real *dy = malloc((n_y + 1) * sizeof *dy), *dx = calloc(n_x + 1, sizeof *dx),
         *grad = calloc(c.list.size, sizeof *grad);
    for (size_t i = 0; i < n_y; i++)
        if ((int)i % c.d.out >= c.d.l.n_out) c.dy[i] = 0;
    memcpy(dy, c.dy, n_y * sizeof *dy);
    dense_zero(&c.d, 0);
    dense_backward(dx, &c.d, 0, c.x, c.y, c.dy, c.n);
    dense_finish(grad, &c.d, 1);
    for (size_t j = 0; j < c.list.size; j += 1 + c.list.size / 40) {
        const double want = slope_at(&c, dy, &c.theta[j]);
        cr_assert_float_eq(grad[j], want, 1e-7 * (1 + fabs(want)), "activation %d, parameter %zu", (int)kind, j);
    }
    for (size_t j = 0; j < n_x; j += 1 + n_x / 40) {
        if ((int)j % c.d.in >= c.d.l.n_in) continue;
        const double want = slope_at(&c, dy, &c.x[j]);
        cr_assert_float_eq(dx[j], want, 1e-7 * (1 + fabs(want)), "activation %d, input %zu", (int)kind, j);
    }
    free(dy), free(dx), free(grad);
    drop(&c);
}

Test(nn_dense, gradients_are_those_of_differences)
{
    for (int s = 0; s < N_SHAPE; s++)
        for (Activation kind = 0; kind < N_ACTIVATION; kind++) check_gradients(s, kind);
}
#endif

/* Slots take the rows in two lots; dense_weights all at once, on any number of threads with the same bits. */
static void two_ways(int s, int threads, real *first, bool *seen)
{
    Case c;
    cr_assert_eq(parallel_start(threads), OK);
    make(&c, shapes[s][0], shapes[s][1], shapes[s][2], ACTIVATION_TANH, 2);
    const int half = c.n / 2;
    real *slots = calloc(c.list.size, sizeof *slots), *whole = calloc(c.list.size, sizeof *whole);
    for (int slot = 0; slot < 2; slot++) {
        const int from = slot * half, n = slot ? c.n - half : half;
        dense_zero(&c.d, slot);
        dense_backward(NULL, &c.d, slot, c.x + from * c.d.in, c.y + from * c.d.out, c.dy + from * c.d.out, n);
    }
    dense_finish(slots, &c.d, 2);
    dense_weights(whole, &c.d, c.x, c.dy, c.n); /* dy has had its slope */
    for (size_t j = 0; j < c.list.size; j++)
        cr_assert_float_eq((double)slots[j], (double)whole[j], CLOSE * (1 + fabs((double)slots[j])) * 10);
    if (*seen) cr_assert(memcmp(first, whole, c.list.size * sizeof *whole) == 0, "%d threads", threads);
    memcpy(first, whole, c.list.size * sizeof *whole);
    *seen = true;
    free(slots), free(whole);
    drop(&c);
}

Test(nn_dense, all_rows_at_once_are_the_sum_of_slots)
{
    static real first[10000];
    for (int s = 0; s < N_SHAPE; s++) {
        bool seen = false;
        for (int threads = 1; threads <= 4; threads++) two_ways(s, threads, first, &seen);
    }
    parallel_start(1);
}

/* Every third column of x is 0: with it and without, forward and the weights' gradient. */
Test(nn_dense, columns_not_used_are_columns_of_0)
{
    for (int s = 0; s < N_SHAPE; s++) {
        Case c;
        make(&c, shapes[s][0], shapes[s][1], shapes[s][2], ACTIVATION_RELU, 0);
        int use[100], n_use = 0, in = c.d.in;
        real *few = calloc((size_t)(c.n * in) + 1, sizeof *few), *y = numbers((size_t)(c.n * c.d.out), 5);
        real *grad[2] = {calloc(c.list.size, sizeof *few), calloc(c.list.size, sizeof *few)};
        for (int k = 0; k < c.d.l.n_in; k++)
            if (k % 3 != 1) use[n_use++] = k;
        for (int i = 0; i < c.n; i++) {
            for (int k = 1; k < c.d.l.n_in; k += 3) c.x[i * in + k] = 0;
            for (int k = 0; k < n_use; k++) few[i * KERNEL_WIDTH(n_use) + k] = c.x[i * in + use[k]];
        }
        dense_forward(c.y, &c.d, c.x, c.n);
        dense_weights(grad[0], &c.d, c.x, c.dy, c.n);
        dense_use(&c.d, use, n_use);
        dense_prepare(&c.d, c.theta);
        dense_forward(y, &c.d, few, c.n);
        dense_weights(grad[1], &c.d, few, c.dy, c.n);
        for (int i = 0; i < c.n * c.d.out; i++) cr_assert_eq(y[i], c.y[i]);
        for (size_t j = 0; j < c.list.size; j++) cr_assert_eq(grad[0][j], grad[1][j]);
        free(few), free(y), free(grad[0]), free(grad[1]);
        drop(&c);
    }
}

/* What has diverged must stay visible. */
Test(nn_dense, nan_passes_every_activation)
{
    for (Activation kind = 0; kind < N_ACTIVATION; kind++) {
        real y[KERNEL_LANES] = {(real)NAN, 1};
        activation_forward(y, KERNEL_LANES, kind);
        cr_assert(isnan(y[0]) && isfinite(y[1]), "activation %d", (int)kind);
    }
}

Test(nn_dense, activations_at_the_ends)
{
    real far[KERNEL_LANES] = {1000, -1000, 30, -30};
    activation_forward(far, KERNEL_LANES, ACTIVATION_SIGMOID);
    cr_assert(far[0] == 1 && far[1] >= 0 && far[1] < (real)1e-30 && far[2] > (real)0.999 && far[3] > 0);
    real wide[KERNEL_LANES] = {1000, -1000, 1, -1};
    activation_forward(wide, KERNEL_LANES, ACTIVATION_TANH);
    cr_assert(wide[0] == 1 && wide[1] == -1 && wide[2] == -wide[3]);
}

Test(nn_dense, logits_and_their_gradients)
{
    enum { N = 9, IN = 16, N_IN = 11, N_QUERY = 3 };
    ParamList list = {0};
    Linear l;
    Logits q;
    Arena arena = {0};
    linear_init(&l, &list, "l", N_IN, N_QUERY);
    logits_init(&q, &l, IN);
    for (int pass = 0; pass < 2; pass++) {
        logits_plan(&q, &arena, 1);
        if (pass == 0) cr_assert_eq(arena_reserve(&arena, "test"), OK);
    }
    real *theta = numbers(list.size, 1), *x = numbers(N * IN, 2), *da = numbers(N * N_QUERY, 3), a[N * N_QUERY];
    real *grad = calloc(list.size, sizeof *grad), dx[N * IN] = {0};
    for (int i = 0; i < N * IN; i++)
        if (i % IN >= N_IN) x[i] = 0;
    logits_prepare(&q, theta);
    logits_forward(a, &q, x, N);
    logits_zero(&q, 0);
    logits_backward(dx, &q, 0, x, da, N);
    logits_finish(grad, &q, 1);
    for (int j = 0; j < N_QUERY; j++) {
        const real *w = theta + l.w_at + j * N_IN;
        double db = 0;
        for (int i = 0; i < N; i++) {
            double sum = (double)theta[l.b_at + (size_t)j];
            for (int k = 0; k < N_IN; k++) sum += (double)x[i * IN + k] * (double)w[k];
            cr_assert_float_eq((double)a[i * N_QUERY + j], sum, CLOSE * 10);
            db += (double)da[i * N_QUERY + j];
        }
        cr_assert_float_eq((double)grad[l.b_at + (size_t)j], db, CLOSE * 10);
        for (int k = 0; k < N_IN; k++) {
            double dw = 0;
            for (int i = 0; i < N; i++) dw += (double)da[i * N_QUERY + j] * (double)x[i * IN + k];
            cr_assert_float_eq((double)grad[l.w_at + (size_t)(j * N_IN + k)], dw, CLOSE * 10);
        }
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N_IN; k++) {
            double sum = 0;
            for (int j = 0; j < N_QUERY; j++)
                sum += (double)da[i * N_QUERY + j] * (double)theta[l.w_at + (size_t)(j * N_IN + k)];
            cr_assert_float_eq((double)dx[i * IN + k], sum, CLOSE * 10);
        }
    free(theta), free(x), free(da), free(grad);
    arena_free(&arena);
    param_free(&list);
}

/* Bags of 0, 1 and 5 instances: one alone pools to itself, none to zero, equal logits to the mean. */
Test(nn_dense, attending_ragged_bags)
{
    enum { WIDTH = 16, N_H = 3, N = 6 };
    static const int bounds[] = {0, 0, 1, 6};
    const Attend l = {.n_query = 2, .n_h = N_H, .width = WIDTH};
    real *h = numbers(N * WIDTH, 5), a[N * 2] = {0}, w[N * 2], z[3 * 2 * N_H];
    attend_forward(z, w, &l, a, h, bounds, 3);
    for (int j = 0; j < 2 * N_H; j++) {
        double mean = 0;
        for (int i = 1; i < N; i++) mean += (double)h[i * WIDTH + j % N_H] / 5;
        cr_assert_eq(z[j], 0);
        cr_assert_eq(z[2 * N_H + j], h[j % N_H]);
        cr_assert_float_eq((double)z[4 * N_H + j], mean, CLOSE);
    }
    free(h);
}
