/* SPDX-License-Identifier: MIT
 *
 * Scaled features, and the layer over sparse rows, against their formulas and against each other.
 */
#include "core/parallel.h"
#include "nn/vectorinput.h"
#include "support/vectors.h"

#include <criterion/criterion.h>
#include <math.h>

enum { N = 23, N_FEAT = 21, WIDTH = 32, N_OUT = 35, OUT = 48 };
#define CLOSE (REAL_IS_DOUBLE ? 1e-12 : 1e-5)
#define CLIP  0.8

typedef struct {
    ParamList list;
    VectorInput input;
    Linear l;
    VectorBag bag;
    real *theta;
} Case;

static void make(Case *c, double clip)
{
    Rng rng = rng_stream(2, "test", 0);
    *c = (Case){0};
    vectorinput_init(&c->input, &c->list, "in", N_FEAT, clip);
    linear_init_uniform(&c->l, &c->list, "l", N_FEAT, N_OUT);
    vector_bag(&c->bag, N, N_FEAT, 1);
    c->theta = malloc(c->list.size * sizeof *c->theta);
    param_start(&c->list, c->theta, 1);
    for (int k = 0; k < N_FEAT; k++) {
        cr_assert(c->theta[c->input.shift_at + (size_t)k] == 0 && c->theta[c->input.scale_at + (size_t)k] == 1);
        c->theta[c->input.shift_at + (size_t)k] = (real)(0.2 * rng_normal(&rng));
        c->theta[c->input.scale_at + (size_t)k] = k == 4 ? 0 : (real)(0.5 + rng_uniform(&rng)); /* 4 is constant */
    }
}

static void drop(Case *c)
{
    free(c->theta);
    vector_bag_free(&c->bag);
    param_free(&c->list);
}

static double scaled(const Case *c, int i, int k, bool shift, double clip)
{
    const double x = (double)c->bag.x[i * N_FEAT + k],
                 y = (x - (shift ? (double)c->theta[c->input.shift_at + (size_t)k] : 0)) *
                     (double)c->theta[c->input.scale_at + (size_t)k];
    return clip > 0 ? fmin(fmax(y, -clip), clip) : y;
}

Test(nn_vectorinput, features_are_shifted_scaled_and_cut)
{
    for (int cut = 0; cut < 2; cut++) {
        Case c;
        real dense[N * WIDTH], sparse[N * WIDTH];
        const double clip = cut ? CLIP : 0;
        make(&c, clip);
        memset(dense, -1, sizeof dense), memset(sparse, -1, sizeof sparse);
        vectorinput_dense(dense, WIDTH, &c.input, c.theta, c.bag.x, N);
        vectorinput_sparse(sparse, WIDTH, &c.input, c.theta, c.bag.rows, N);
        for (int i = 0; i < N; i++)
            for (int k = 0; k < WIDTH; k++) {
                const bool real_one = k < N_FEAT;
                cr_assert_float_eq((double)dense[i * WIDTH + k], real_one ? scaled(&c, i, k, true, clip) : 0, CLOSE);
                cr_assert_float_eq((double)sparse[i * WIDTH + k], real_one ? scaled(&c, i, k, false, clip) : 0,
                                   CLOSE);
            }
        drop(&c);
    }
}

Test(nn_vectorinput, a_layer_over_sparse_rows_is_its_formula)
{
    Case c;
    real y[N * OUT];
    make(&c, CLIP);
    memset(y, -1, sizeof y);
    vectorinput_product(y, OUT, &c.input, &c.l, c.theta, c.bag.rows, N);
    for (int i = 0; i < N; i++)
        for (int o = 0; o < OUT; o++) {
            double sum = o < N_OUT ? (double)c.theta[c.l.b_at + (size_t)o] : 0;
            for (int k = 0; k < N_FEAT && o < N_OUT; k++)
                sum += scaled(&c, i, k, false, CLIP) * (double)c.theta[c.l.w_at + (size_t)(o * N_FEAT + k)];
            cr_assert_float_eq((double)y[i * OUT + o], sum, CLOSE * 3);
        }
    drop(&c);
}

/* The loss is Σ dy · y, linear in weights: their gradients are sums. The same bits on any number of threads. */
Test(nn_vectorinput, its_gradients_are_sums)
{
    Case c;
    real dy[N * OUT], *first = NULL;
    Rng rng = rng_stream(9, "dy", 0);
    make(&c, CLIP);
    for (int i = 0; i < N * OUT; i++) dy[i] = (real)rng_normal(&rng);
    for (int threads = 1; threads <= 4; threads++) {
        real *grad = calloc(c.list.size, sizeof *grad);
        cr_assert_eq(parallel_start(threads), OK);
        vectorinput_weights(grad, &c.input, &c.l, c.theta, c.bag.rows, dy, OUT, N);
        if (first) cr_assert(memcmp(first, grad, c.list.size * sizeof *grad) == 0, "%d threads", threads);
        for (int o = 0; !first && o < N_OUT; o++) {
            double db = 0;
            for (int i = 0; i < N; i++) db += (double)dy[i * OUT + o];
            cr_assert_float_eq((double)grad[c.l.b_at + (size_t)o], db, CLOSE * 3);
            for (int k = 0; k < N_FEAT; k++) {
                double dw = 0;
                for (int i = 0; i < N; i++) dw += (double)dy[i * OUT + o] * scaled(&c, i, k, false, CLIP);
                cr_assert_float_eq((double)grad[c.l.w_at + (size_t)(o * N_FEAT + k)], dw, CLOSE * 3);
            }
        }
        if (first)
            free(grad);
        else
            first = grad;
    }
    for (int k = 0; k < N_FEAT; k++)
        cr_assert(first[c.input.shift_at + (size_t)k] == 0 && first[c.input.scale_at + (size_t)k] == 0);
    free(first);
    drop(&c);
    parallel_start(1);
}
