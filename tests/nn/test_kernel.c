/* SPDX-License-Identifier: MIT
 *
 * The plain inner loops against their formulas (closely in double, where gradients are also compared with finite
 * differences), and every fast level against the plain one and, bit for bit, against each other.
 */
#include "core/rng.h"
#include "nn/kernel.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS   20
#define LONGEST   200
#define LAMBDA    1.0507009873554804934193349852946
#define ALPHA     1.6732632423543772848170429916717
#define TOLERANCE (REAL_IS_DOUBLE ? 1e-13 : 2e-6)
#define CANARY    12345

static double selu_of(double x)
{
    return x > 0 ? LAMBDA * x : LAMBDA * ALPHA * expm1(x);
}
static double slope_of(double y)
{
    return y > 0 ? LAMBDA : y + LAMBDA * ALPHA;
}

/* n random numbers, and behind them a mark that nobody may overwrite. */
static real *numbers(Rng *rng, size_t n, double scale)
{
    real *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (real)(scale * rng_normal(rng));
    x[n] = CANARY;
    return x;
}

static real *copy(const real *x, size_t n)
{
    real *y = malloc((n + 1) * sizeof *y);
    return memcpy(y, x, (n + 1) * sizeof *y);
}

static void same(const real *x, const real *y, size_t n, const char *what)
{
    cr_assert_eq(x[n], CANARY, "%s: written beyond the end", what);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(memcmp(&x[i], &y[i], sizeof *x), 0, "%s: %.9g and %.9g at %zu", what, (double)x[i], (double)y[i],
                     i);
}

static void near(const real *x, const real *y, size_t n, double scale, const char *what)
{
    cr_assert_eq(x[n], CANARY, "%s: written beyond the end", what);
    for (size_t i = 0; i < n; i++)
        cr_assert_leq(fabs((double)x[i] - (double)y[i]), TOLERANCE * (scale + fabs((double)y[i])),
                      "%s: %.9g, not %.9g at %zu", what, (double)x[i], (double)y[i], i);
}

/* ---- Convolution ---- */

typedef struct {
    int size, width, n, max_len, pad_len;
    bool counts;
    double inv_std;
} Case;

typedef struct {
    Arena arena;
    Bag bag;
    ConvTables t;
    int place_at[LONGEST + 2];
    size_t n_letter, n_place; /* numbers in the tables */
    real *letter, *place, *bias;
} Net;

/* Most sequences are long, some empty, of one residue, or shorter than the kernel. */
static int random_length(Rng *rng, int i, int max_len)
{
    if (i % 8 == 7) return max_len < i / 8 ? max_len : i / 8;
    return max_len - (int)rng_below(rng, (uint64_t)max_len / 2 + 1);
}

static void make_bag(Net *net, const Case *c, Rng *rng)
{
    int8_t codes[256][LONGEST];
    int64_t len[256];
    real factor[256];
    for (int i = 0; i < c->n; i++) {
        len[i] = random_length(rng, i, c->max_len);
        factor[i] = (real)log(1 + (double)rng_below(rng, 9));
        for (int t = 0; t < LONGEST; t++) codes[i][t] = (int8_t)rng_below(rng, LETTERS);
    }
    for (int pass = 0; pass < 2; pass++) {
        bag_pack(&net->bag, &net->arena, codes[0], LONGEST, len, c->counts ? factor : NULL, c->n);
        if (pass == 0) cr_assert_eq(arena_reserve(&net->arena, "test"), OK);
    }
    net->bag.pad_len = c->pad_len;
    net->bag.inv_std = (real)c->inv_std;
}

static void net_make(Net *net, const Case *c, uint64_t seed)
{
    Rng rng = rng_stream(seed, "kernel", 0);
    memset(net, 0, sizeof *net);
    make_bag(net, c, &rng);
    for (int l = 0; l <= net->bag.max_len; l++) net->place_at[l + 1] = net->place_at[l] + (l > 1 ? l : 1);
    net->n_letter = (size_t)((LETTERS + 1) * c->size * c->width);
    net->n_place = (size_t)(net->place_at[net->bag.max_len + 1] * c->width);
    net->letter = numbers(&rng, net->n_letter, 0.3);
    net->place = numbers(&rng, net->n_place, 0.3);
    net->bias = numbers(&rng, (size_t)c->width, 0.3);
    memset(net->letter + (size_t)(LETTERS * c->size * c->width), 0, (size_t)(c->size * c->width) * sizeof(real));
    net->t = (ConvTables){.size = c->size,
                          .width = c->width,
                          .pad_len = c->pad_len,
                          .inv_std = (real)c->inv_std,
                          .letter = net->letter,
                          .place = net->place,
                          .place_at = net->place_at,
                          .bias = net->bias};
}

static int length_of(const Bag *bag, int i)
{
    int l = 0;
    while (i >= bag->first[l + 1]) l++;
    return l;
}

/* The convolution as DeepRC has it: over a sequence padded to `padded` positions. Window p, channel k. */
static double window_of(const Net *net, int i, int p, int k)
{
    const int l = length_of(&net->bag, i), width = net->t.width, size = net->t.size;
    const uint8_t *codes = bag_codes(&net->bag, i, l);
    double sum = 0;
    for (int q = 0; q < size && p + q < l; q++) sum += (double)net->letter[(codes[p + q] * size + q) * width + k];
    if (net->bag.factor) sum *= (double)net->bag.factor[i];
    if (p < (l > 1 ? l : 1) && (l > 0 || net->t.pad_len == 0))
        return sum + (double)net->place[(net->place_at[l] + p) * width + k];
    return sum + (double)net->bias[k];
}

static double embedding_of(const Net *net, int i, int k, int *arg)
{
    const int l = length_of(&net->bag, i);
    const int n_window = net->t.pad_len > 0 ? net->t.pad_len - net->t.size + 1 : l > 1 ? l : 1;
    double best = -INFINITY;
    for (int p = 0; p < n_window; p++)
        if (window_of(net, i, p, k) > best) best = window_of(net, i, p, k), *arg = p;
    if (net->t.pad_len > 0 && *arg > l) *arg = l; /* windows in padding are all one */
    return selu_of(best);
}

typedef void CaseTest(const Net *net, const Case *c);

/* Counts or not; no padding, just enough, plenty. */
static void for_kinds(CaseTest *test, int size, int width, int max_len)
{
    const int fits = max_len > size ? max_len : size, pads[] = {0, fits, fits + 12};
    for (int kind = 0; kind < 6; kind++) {
        const Case c = {.size = size,
                        .width = width,
                        .n = kind == 0 ? 65 : 17,
                        .max_len = max_len,
                        .pad_len = pads[kind / 2],
                        .counts = kind % 2,
                        .inv_std = 0.7};
        Net net;
        net_make(&net, &c, (uint64_t)(max_len + 1000 * (width + 1000 * size)));
        test(&net, &c);
        arena_free(&net.arena);
        free(net.letter), free(net.place), free(net.bias);
    }
}

static void for_all_cases(CaseTest *test)
{
    static const int sizes[] = {1, 2, 4, 5, 7, 9, 11, 13}, widths[] = {16, 32, 48}, longest[] = {0, 1, 4, 18, 70};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t m = 0; m < sizeof longest / sizeof *longest; m++)
                for_kinds(test, sizes[s], widths[w], longest[m]);
    for_kinds(test, 9, 32, LONGEST);
    for_kinds(test, 9, 256, 18);
}

static void forward_formula(const Net *net, const Case *c)
{
    Rng rng = rng_stream(5, "formula", 0);
    real *h = numbers(&rng, (size_t)(c->n * c->width), 1);
    int32_t *arg = malloc((size_t)(c->n * c->width) * sizeof *arg);
    kernels_plain.conv_forward(h, arg, &net->t, &net->bag, 0, c->n);
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k < c->width; k += 5) {
            int p = 0;
            const double want = embedding_of(net, i, k, &p), got = (double)h[i * c->width + k];
            cr_assert_leq(fabs(got - want), TOLERANCE * (1 + fabs(want)), "sequence %d channel %d: %g, not %g", i, k,
                          got, want);
            if (REAL_IS_DOUBLE) cr_assert_eq(arg[i * c->width + k], p);
        }
    free(h), free(arg);
}

Test(nn_kernel, plain_convolution_is_its_formula)
{
    for_all_cases(forward_formula);
}

/* The embeddings of every level, in pieces that begin and end anywhere, with and without the places of maxima. */
static void forward_levels(const Net *net, const Case *c)
{
    const size_t n = (size_t)(c->n * c->width);
    const Kernels *const *level = kernel_levels();
    Rng rng = rng_stream(6, "levels", 0);
    real *plain = numbers(&rng, n, 1), *fast = copy(plain, n), *first = NULL, *bare = copy(plain, n);
    int32_t *plain_arg = malloc(n * sizeof *plain_arg), *arg = malloc(n * sizeof *arg);
    kernels_plain.conv_forward(plain, plain_arg, &net->t, &net->bag, 0, c->n);
    for (; *level; level++) {
        for (int from = 0, m; from < c->n; from += m) {
            m = c->n - from < 13 ? c->n - from : 13;
            const size_t at = (size_t)(from * c->width);
            (*level)->conv_forward(fast + at, arg + at, &net->t, &net->bag, from, m);
            (*level)->conv_forward(bare + at, NULL, &net->t, &net->bag, from, m);
        }
        near(fast, plain, n, 1, (*level)->level);
        same(bare, fast, n, (*level)->level);
        size_t n_other = 0;
        for (size_t i = 0; i < n; i++) n_other += arg[i] != plain_arg[i];
        cr_assert_leq(n_other, c->counts ? n / 500 : 0, "%s: %zu of %zu maxima elsewhere", (*level)->level, n_other,
                      n);
        if (*level == &kernels_plain) continue;
        if (first) same(fast, first, n, "two levels");
        if (!first) first = copy(fast, n);
    }
    free(plain), free(fast), free(bare), free(first), free(plain_arg), free(arg);
}

Test(nn_kernel, levels_agree_on_convolution)
{
    for_all_cases(forward_levels);
}

static ConvGrad grad_make(const Net *net, uint64_t seed)
{
    Rng rng = rng_stream(seed, "gradient", 0);
    return (ConvGrad){numbers(&rng, net->n_letter, 0.1), numbers(&rng, net->n_place, 0.1),
                      numbers(&rng, (size_t)net->t.width, 0.1)};
}

static void grad_free(ConvGrad *d)
{
    free(d->letter), free(d->place), free(d->bias);
}

static void backward_levels(const Net *net, const Case *c)
{
    const size_t n = (size_t)(c->n * c->width);
    const Kernels *const *level = kernel_levels();
    Rng rng = rng_stream(7, "levels", 0);
    real *h = numbers(&rng, n, 1), *dh = numbers(&rng, n, 1);
    int32_t *arg = malloc(n * sizeof *arg);
    ConvGrad plain = grad_make(net, 8), first = {0};
    kernels_plain.conv_forward(h, arg, &net->t, &net->bag, 0, c->n);
    kernels_plain.conv_backward(&plain, &net->t, &net->bag, 0, c->n, h, arg, dh);
    for (; *level; level++) {
        ConvGrad d = grad_make(net, 8);
        for (int from = 0, m; from < c->n; from += m) {
            m = c->n - from < 13 ? c->n - from : 13;
            const size_t at = (size_t)(from * c->width);
            (*level)->conv_backward(&d, &net->t, &net->bag, from, m, h + at, arg + at, dh + at);
        }
        near(d.letter, plain.letter, net->n_letter, 4, (*level)->level);
        near(d.place, plain.place, net->n_place, 4, (*level)->level);
        near(d.bias, plain.bias, (size_t)c->width, 4, (*level)->level);
        if (*level != &kernels_plain && first.letter) {
            same(d.letter, first.letter, net->n_letter, "letters, two levels");
            same(d.place, first.place, net->n_place, "places, two levels");
            same(d.bias, first.bias, (size_t)c->width, "bias, two levels");
        }
        if (*level != &kernels_plain && !first.letter)
            first = d;
        else
            grad_free(&d);
    }
    grad_free(&plain), grad_free(&first), free(h), free(dh), free(arg);
}

Test(nn_kernel, levels_agree_on_the_gradient_of_convolution)
{
    for_all_cases(backward_levels);
}

#if REAL_IS_DOUBLE
static double loss_of(const Net *net, const real *dh)
{
    const int n = net->bag.n, width = net->t.width;
    real *h = malloc((size_t)(n * width) * sizeof *h);
    double loss = 0;
    kernels_plain.conv_forward(h, NULL, &net->t, &net->bag, 0, n);
    for (int j = 0; j < n * width; j++) loss += h[j] * dh[j];
    free(h);
    return loss;
}

/* Slope of the loss where `n` numbers at x, `stride` apart, move together by `scale` a unit. */
static double slope(const Net *net, const real *dh, real *x, int n, int stride, double scale)
{
    const double step = 1e-6;
    double loss[2];
    for (int side = 0; side < 2; side++) {
        for (int j = 0; j < n; j++) x[j * stride] += (side ? -2 : 1) * step * scale;
        loss[side] = loss_of(net, dh);
    }
    for (int j = 0; j < n; j++) x[j * stride] += step * scale;
    return (loss[0] - loss[1]) / (2 * step);
}

static void backward_formula(const Net *net, const Case *c)
{
    if (c->n > 17 || c->width > 16) return; /* slow */
    const size_t n = (size_t)(c->n * c->width);
    Rng rng = rng_stream(9, "differences", 0);
    real *h = numbers(&rng, n, 1), *dh = numbers(&rng, n, 1);
    int32_t *arg = malloc(n * sizeof *arg);
    ConvGrad d = {numbers(&rng, net->n_letter, 0), numbers(&rng, net->n_place, 0), numbers(&rng, 16, 0)};
    kernels_plain.conv_forward(h, arg, &net->t, &net->bag, 0, c->n);
    kernels_plain.conv_backward(&d, &net->t, &net->bag, 0, c->n, h, arg, dh);
    for (size_t j = 3; j < net->n_letter - (size_t)(c->size * 16); j += 37) {
        const double want = slope(net, dh, net->letter + j, 1, 1, c->inv_std);
        cr_assert_leq(fabs(d.letter[j] - want), 1e-7 * (1 + fabs(want)), "letter %zu: %g, not %g", j, d.letter[j],
                      want);
    }
    for (size_t j = 1; j < net->n_place; j += 41) {
        const double want = slope(net, dh, net->place + j, 1, 1, c->inv_std);
        cr_assert_leq(fabs(d.place[j] - want), 1e-7 * (1 + fabs(want)), "place %zu: %g, not %g", j, d.place[j], want);
    }
    for (int k = 0; k < 16; k += 5) { /* the bias is in every place row and in padding */
        const double want =
            slope(net, dh, net->place + k, (int)net->n_place / 16, 16, 1) + slope(net, dh, net->bias + k, 1, 1, 1);
        cr_assert_leq(fabs(d.bias[k] - want), 1e-7 * (1 + fabs(want)), "bias %d: %g, not %g", k, d.bias[k], want);
    }
    grad_free(&d), free(h), free(dh), free(arg);
}

Test(nn_kernel, gradient_of_convolution_is_that_of_differences)
{
    for_all_cases(backward_formula);
}
#endif

/* ---- Layers ---- */

typedef struct {
    int n, n_in, n_out, stride; /* of x rows */
} Shape;

/* What all functions of a table make of the same random numbers: out [4][…] each as long as its n says. */
typedef struct {
    real *out[8];
    size_t n[8];
} Results;

static const char *const result_names[] = {
    "forward",       "forward with SELU", "input gradient",    "weight gradient",
    "bias gradient", "SELU gradient",     "forward with RELU", "weight gradient without bias"};

static Results run_layer(const Kernels *kernels, const Shape *s, uint64_t seed)
{
    Rng rng = rng_stream(seed, "layer", 0);
    const size_t n_y = (size_t)(s->n * s->n_out), n_w = (size_t)(s->n_in * s->n_out);
    real *x = numbers(&rng, (size_t)(s->n * s->stride), 1), *w = numbers(&rng, n_w, 0.4);
    real *b = numbers(&rng, (size_t)s->n_out, 1), *dy = numbers(&rng, n_y, 1);
    Results r = {.n = {n_y, n_y, n_y, n_w, (size_t)s->n_out, n_y, n_y, n_w}};
    for (int j = 0; j < 8; j++) r.out[j] = numbers(&rng, r.n[j], 1);
    const KernelLayer none = {.wt = w, .b = b, .n_in = s->n_in, .n_out = s->n_out, .stride = s->stride};
    KernelLayer selu = none, relu = none;
    selu.activation = ACTIVATION_SELU, relu.activation = ACTIVATION_RELU;
    kernels->dense_forward(r.out[0], &none, x, s->n);
    kernels->dense_forward(r.out[1], &selu, x, s->n);
    kernels->dense_dinput(r.out[2], x, s->stride, w, s->n, s->n_in, s->n_out); /* n_in outputs, n_out inputs */
    kernels->dense_dweight(r.out[3], r.out[4], x, s->stride, dy, s->n, s->n_in, s->n_out);
    kernels->selu_backward(r.out[5], dy, n_y);
    kernels->dense_forward(r.out[6], &relu, x, s->n);
    kernels->dense_dweight(r.out[7], NULL, x, s->stride, dy, s->n, s->n_in, s->n_out);
    free(x), free(w), free(b), free(dy);
    return r;
}

/* The same by the formulas, in double. */
static Results layer_formulas(const Shape *s, uint64_t seed)
{
    Rng rng = rng_stream(seed, "layer", 0);
    const size_t n_y = (size_t)(s->n * s->n_out), n_w = (size_t)(s->n_in * s->n_out);
    real *x = numbers(&rng, (size_t)(s->n * s->stride), 1), *w = numbers(&rng, n_w, 0.4);
    real *b = numbers(&rng, (size_t)s->n_out, 1), *dy = numbers(&rng, n_y, 1);
    Results r = {.n = {n_y, n_y, n_y, n_w, (size_t)s->n_out, n_y, n_y, n_w}};
    for (int j = 0; j < 8; j++) r.out[j] = numbers(&rng, r.n[j], 1);
    for (int i = 0; i < s->n; i++)
        for (int o = 0; o < s->n_out; o++) {
            const int at = i * s->n_out + o;
            double sum = 0;
            for (int k = 0; k < s->n_in; k++) sum += (double)x[i * s->stride + k] * (double)w[k * s->n_out + o];
            r.out[0][at] = (real)(sum + (double)b[o]);
            r.out[1][at] = (real)selu_of(sum + (double)b[o]);
            r.out[6][at] = (real)fmax(0, sum + (double)b[o]);
            r.out[2][at] = (real)((double)r.out[2][at] + sum);
            r.out[4][o] += dy[at];
            r.out[5][at] = (real)((double)r.out[5][at] * slope_of((double)dy[at]));
        }
    for (int k = 0; k < s->n_in; k++)
        for (int o = 0; o < s->n_out; o++) {
            double sum = 0;
            for (int i = 0; i < s->n; i++) sum += (double)x[i * s->stride + k] * (double)dy[i * s->n_out + o];
            r.out[3][k * s->n_out + o] = (real)((double)r.out[3][k * s->n_out + o] + sum);
            r.out[7][k * s->n_out + o] = (real)((double)r.out[7][k * s->n_out + o] + sum);
        }
    free(x), free(w), free(b), free(dy);
    return r;
}

static void results_free(Results *r)
{
    for (int j = 0; j < 8; j++) free(r->out[j]);
}

static void check_layer(const Shape *s, uint64_t seed)
{
    Results first = {0}, formula = layer_formulas(s, seed);
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        Results r = run_layer(*level, s, seed);
        for (int j = 0; j < 8; j++) {
            near(r.out[j], formula.out[j], r.n[j], 4, result_names[j]);
            if (*level != &kernels_plain && first.out[j]) same(r.out[j], first.out[j], r.n[j], result_names[j]);
        }
        if (*level != &kernels_plain && !first.out[0])
            first = r;
        else
            results_free(&r);
    }
    results_free(&first), results_free(&formula);
}

Test(nn_kernel, layers_are_their_formulas_at_every_level)
{
    static const int ns[] = {0, 1, 2, 7, 63, 64, 65}, ins[] = {1, 5, 16, 33}, outs[] = {16, 32, 48};
    uint64_t seed = 0;
    for (size_t a = 0; a < sizeof ns / sizeof *ns; a++)
        for (size_t b = 0; b < sizeof ins / sizeof *ins; b++)
            for (size_t c = 0; c < sizeof outs / sizeof *outs; c++)
                check_layer(&(Shape){ns[a], ins[b], outs[c], ins[b] + (int)(seed % 3)}, seed), seed++;
}

static void check_logit(int n, int n_in, int n_query)
{
    Rng rng = rng_stream((uint64_t)(n + n_in + n_query), "logit", 0);
    const size_t n_a = (size_t)(n * n_query);
    real *x = numbers(&rng, (size_t)(n * n_in), 1), *w = numbers(&rng, (size_t)(n_query * n_in), 0.4);
    real *b = numbers(&rng, (size_t)n_query, 1), *want = numbers(&rng, n_a, 1), *first = NULL;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n_query; j++) {
            double sum = (double)b[j];
            for (int k = 0; k < n_in; k++) sum += (double)x[i * n_in + k] * (double)w[j * n_in + k];
            want[i * n_query + j] = (real)sum;
        }
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        real *a = numbers(&rng, n_a, 1);
        (*level)->dense_logit(a, x, w, b, n, n_in, n_query);
        near(a, want, n_a, 4, (*level)->level);
        if (*level != &kernels_plain && first) same(a, first, n_a, "logits of two levels");
        if (*level != &kernels_plain && !first)
            first = a;
        else
            free(a);
    }
    free(x), free(w), free(b), free(want), free(first);
}

Test(nn_kernel, logits_are_their_formula_at_every_level)
{
    static const int ns[] = {0, 1, 15, 16, 17, 63, 64, 65};
    for (size_t a = 0; a < sizeof ns / sizeof *ns; a++)
        for (int n_in = 16; n_in <= 48; n_in += 16)
            for (int n_query = 1; n_query <= 3; n_query += 2) check_logit(ns[a], n_in, n_query);
}

/* SELU over its whole range, through a layer with unit weight: relative error, also near 0. */
Test(nn_kernel, selu_is_precise_everywhere)
{
    enum { N = 4096 };
    static real x[N], y[N * 16];
    real wt[16], b[16] = {0};
    for (int o = 0; o < 16; o++) wt[o] = 1;
    for (int i = 0; i < N; i++) x[i] = (real)((i % 2 ? -1 : 1) * pow(10, -6 + 9.0 * i / N)); /* 1e-6 … 1e3 */
    x[0] = 0, x[1] = (real)-0.0;
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        (*level)->dense_forward(y, &(KernelLayer){wt, b, 1, 16, 1, ACTIVATION_SELU}, x, N);
        for (int i = 0; i < N; i++) {
            const double want = selu_of((double)x[i]);
            cr_assert_leq(fabs((double)y[i * 16] - want), 4e-7 * fabs(want), "%s: selu(%g) is %.9g, not %.9g",
                          (*level)->level, (double)x[i], (double)y[i * 16], want);
        }
    }
}

/* The same of tanh and sigmoid; the levels agree bit for bit. */
Test(nn_kernel, tanh_and_sigmoid_are_precise_everywhere)
{
    enum { N = 4096 };
    static real x[N], y[2][N], first[2][N];
    const double tolerance = REAL_IS_DOUBLE ? 1e-15 : 5e-7;
    bool seen = false;
    for (int i = 0; i < N; i++) x[i] = (real)((i % 2 ? -1 : 1) * pow(10, -6 + 7.8 * i / N)); /* 1e-6 … 63 */
    x[0] = 0, x[1] = (real)-0.0;
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        memcpy(y[0], x, sizeof x), memcpy(y[1], x, sizeof x);
        (*level)->tanh_forward(y[0], N);
        (*level)->sigmoid_forward(y[1], N);
        for (int i = 0; i < N; i++) {
            const double t = tanh((double)x[i]), s = 1 / (1 + exp(-(double)x[i]));
            cr_assert_leq(fabs((double)y[0][i] - t), tolerance * fabs(t), "%s: tanh(%g) is %.9g, not %.9g",
                          (*level)->level, (double)x[i], (double)y[0][i], t);
            cr_assert_leq(fabs((double)y[1][i] - s), 10 * tolerance * s, "%s: sigmoid(%g) is %.9g, not %.9g",
                          (*level)->level, (double)x[i], (double)y[1][i], s);
        }
        if (*level == &kernels_plain) continue;
        if (seen) cr_assert(memcmp(first, y, sizeof y) == 0);
        memcpy(first, y, sizeof y);
        seen = true;
    }
}

/* Of everything at or below 0, the least as of -80; a softmax's largest is 1 exactly. */
Test(nn_kernel, exp_is_precise_at_and_below_0)
{
    enum { N = 8192 };
    static real x[N], y[N], first[N];
    static const double edges[] = {0, -0.0, -1e-8, -1e-30, -80, -79.999, -80.001, -1e4, -1e30, -INFINITY};
    const double tolerance = REAL_IS_DOUBLE ? 1e-15 : 4e-7;
    const size_t n_edge = sizeof edges / sizeof *edges;
    bool seen = false;
    for (int i = 0; i < N; i++) x[i] = (real)(i % 2 ? -pow(10, -9 + 10.9 * i / N) : -80. * i / N); /* 1e-9 … 79 */
    for (size_t i = 0; i < n_edge; i++) x[i] = (real)edges[i];
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        memcpy(y, x, sizeof x);
        (*level)->exp_forward(y, N);
        for (int i = 0; i < N; i++) {
            /* the float nearest to x log₂e is off by as much as 115 has room behind its last digit */
            const double want = exp(fmax((double)x[i], -80)),
                         most = tolerance * (1 + fmin(fabs((double)x[i]), 80) / 8);
            cr_assert_leq(fabs((double)y[i] - want), most * want, "%s: exp(%g) is %.9g, not %.9g", (*level)->level,
                          (double)x[i], (double)y[i], want);
        }
        cr_assert_eq(y[0], 1);
        cr_assert_eq(y[1], 1);
        if (*level == &kernels_plain) continue;
        if (seen) cr_assert(memcmp(first, y, sizeof y) == 0, "%s", (*level)->level);
        memcpy(first, y, sizeof y);
        seen = true;
    }
}

/* What has gone wrong must stay visible: a NaN does not turn into a number. */
Test(nn_kernel, nan_passes_through_a_layer)
{
    real x[16] = {(real)NAN}, wt[16 * 16] = {0}, b[16] = {0}, y[16], a[1];
    for (const Kernels *const *level = kernel_levels(); *level; level++) {
        (*level)->dense_forward(y, &(KernelLayer){wt, b, 16, 16, 16, ACTIVATION_SELU}, x, 1);
        for (int o = 0; o < 16; o++) cr_assert(isnan(y[o]), "%s: %g", (*level)->level, (double)y[o]);
        (*level)->dense_forward(y, &(KernelLayer){wt, b, 16, 16, 16, ACTIVATION_RELU}, x, 1);
        for (int o = 0; o < 16; o++) cr_assert(isnan(y[o]), "%s: %g", (*level)->level, (double)y[o]);
        (*level)->dense_logit(a, x, wt, b, 1, 16, 1);
        cr_assert(isnan(a[0]), "%s: %g", (*level)->level, (double)a[0]);
        for (int i = 0; i < 16; i++) y[i] = (real)NAN;
        (*level)->exp_forward(y, 16);
        for (int o = 0; o < 16; o++) cr_assert(isnan(y[o]), "%s: %g", (*level)->level, (double)y[o]);
    }
}

Test(nn_kernel, plain_is_always_there_and_last)
{
    const Kernels *const *level = kernel_levels();
    while (level[1]) level++;
    cr_assert_eq(*level, &kernels_plain);
}

Test(nn_kernel, the_environment_names_a_level)
{
    setenv("HOPSACK_KERNELS", "plain", 1);
    cr_assert_eq(kernel_active(), &kernels_plain);
}

Test(nn_kernel, an_unknown_level_is_the_fastest)
{
    setenv("HOPSACK_KERNELS", "sse9", 1);
    cr_assert_eq(kernel_active(), kernel_levels()[0]);
}
