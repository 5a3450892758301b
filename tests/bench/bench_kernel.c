/* SPDX-License-Identifier: MIT
 *
 * bench_kernel.c: what the inner loops take, in ns a sequence, for each level of the instruction set, on generated
 * sequences of the lengths of a T-cell receptor. One core; the data stay in L2. All stages and levels take turns, so
 * that all meet the same states of the machine, and a fixed loop of multiply-adds is timed beside them.
 */
#include "core/bag.h"
#include "core/rng.h"
#include "nn/kernel.h"
#include "nn/topk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_SEQ = 2048, SIZE = 9, WIDTH = 32, MAX_LEN = 24, N_LETTER = 20, REPEATS = 40, N_SCORE = 100000 };

/* All that a stage reads and writes. The attention network has two layers of WIDTH and one query. */
typedef struct {
    Arena arena;
    Bag bag;
    ConvTables tables;
    ConvGrad grad;
    real *w[2], *b[2], *dw[2], *query; /* [WIDTH, WIDTH] in the orientation the stage asks for */
    real *h, *y[2], *dy[2];            /* [KERNEL_BLOCK, WIDTH] */
    KernelLayer layer[2];              /* of w and b */
    int32_t *arg;                      /* [KERNEL_BLOCK, WIDTH] */
    real *h_all;                       /* [N_SEQ, WIDTH] what backward begins with */
    int32_t *arg_all;                  /* [N_SEQ, WIDTH] */
    real *logit;                       /* [N_SEQ] */
    real *score;                       /* [N_SCORE] */
    int *row, *keep;
    uint32_t *scratch;
} Work;

typedef void Stage(Work *work, const Kernels *kernels, int from, int n);

static void stage_conv(Work *w, const Kernels *k, int from, int n)
{
    k->conv_forward(w->h, NULL, &w->tables, &w->bag, from, n);
}

static void stage_conv_arg(Work *w, const Kernels *k, int from, int n)
{
    k->conv_forward(w->h, w->arg, &w->tables, &w->bag, from, n);
}

static void stage_attention(Work *w, const Kernels *k, int from, int n)
{
    k->dense_forward(w->y[0], &w->layer[0], w->h, n);
    k->dense_forward(w->y[1], &w->layer[1], w->y[0], n);
    k->dense_logit(w->logit + from, w->y[1], w->query, w->b[0], n, WIDTH, 1);
}

static void stage_layer(Work *w, const Kernels *k, int from, int n)
{
    (void)from;
    k->dense_forward(w->y[0], &w->layer[0], w->h, n);
}

static void stage_logit(Work *w, const Kernels *k, int from, int n)
{
    k->dense_logit(w->logit + from, w->h, w->query, w->b[0], n, WIDTH, 1);
}

static void stage_score(Work *w, const Kernels *k, int from, int n)
{
    stage_conv(w, k, from, n);
    stage_attention(w, k, from, n);
}

static void stage_conv_back(Work *w, const Kernels *k, int from, int n)
{
    k->conv_backward(&w->grad, &w->tables, &w->bag, from, n, w->h_all + (size_t)from * WIDTH,
                     w->arg_all + (size_t)from * WIDTH, w->y[1]);
}

static void stage_attention_back(Work *w, const Kernels *k, int from, int n)
{
    (void)from;
    for (int j = 1; j >= 0; j--) {
        k->selu_backward(w->dy[j], w->y[j], (size_t)n * WIDTH);
        k->dense_dweight(w->dw[j], w->dw[j], w->h, WIDTH, w->dy[j], n, WIDTH, WIDTH);
        memset(w->dy[1 - j], 0, (size_t)n * WIDTH * sizeof(real));
        k->dense_dinput(w->dy[1 - j], w->dy[j], WIDTH, w->w[j], n, WIDTH, WIDTH);
    }
}

static const struct {
    const char *name;
    Stage *run;
} stages[] = {
    {"convolution", stage_conv},
    {"convolution + arg-max", stage_conv_arg},
    {"one layer 32 x 32", stage_layer},
    {"logit", stage_logit},
    {"attention 2 x 32", stage_attention},
    {"score: both", stage_score},
    {"convolution backward", stage_conv_back},
    {"attention backward", stage_attention_back},
};
enum { N_STAGE = sizeof stages / sizeof *stages, N_LEVEL = 4 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Where a plan hands out memory, values of standard deviation 0.2 go in: activations and logits as in a trained net. */
static real *random_reals(Arena *arena, size_t n, Rng *rng)
{
    real *x = ARENA_TAKE(arena, real, n);
    if (x)
        for (size_t i = 0; i < n; i++) x[i] = (real)(0.2 * rng_normal(rng));
    return x;
}

static void make_tables(Work *w, Rng *rng)
{
    static int place_at[MAX_LEN + 2];
    for (int l = 0; l <= MAX_LEN; l++) place_at[l + 1] = place_at[l] + (l > 1 ? l : 1);
    const size_t n_place = (size_t)place_at[MAX_LEN + 1] * WIDTH, n_letter = (N_LETTER + 1) * SIZE * WIDTH;
    w->tables = (ConvTables){.size = SIZE,
                             .width = WIDTH,
                             .inv_std = 1,
                             .place_at = place_at,
                             .letter = random_reals(&w->arena, n_letter, rng),
                             .place = random_reals(&w->arena, n_place, rng),
                             .bias = random_reals(&w->arena, WIDTH, rng)};
    w->grad = (ConvGrad){random_reals(&w->arena, n_letter, rng), random_reals(&w->arena, n_place, rng),
                         random_reals(&w->arena, WIDTH, rng)};
}

static void make_work(Work *w, const int8_t *codes, const int64_t *len)
{
    Rng rng = rng_stream(1, "bench", 0);
    bag_pack(&w->bag, &w->arena, codes, MAX_LEN, len, NULL, N_SEQ);
    make_tables(w, &rng);
    for (int j = 0; j < 2; j++) {
        w->w[j] = random_reals(&w->arena, WIDTH * WIDTH, &rng);
        w->dw[j] = random_reals(&w->arena, WIDTH * WIDTH, &rng);
        w->b[j] = random_reals(&w->arena, WIDTH, &rng);
        w->layer[j] = (KernelLayer){w->w[j], w->b[j], WIDTH, WIDTH, WIDTH, ACTIVATION_SELU};
        w->y[j] = random_reals(&w->arena, KERNEL_BLOCK * WIDTH, &rng);
        w->dy[j] = random_reals(&w->arena, KERNEL_BLOCK * WIDTH, &rng);
    }
    w->query = random_reals(&w->arena, WIDTH, &rng);
    w->h = random_reals(&w->arena, KERNEL_BLOCK * WIDTH, &rng);
    w->arg = ARENA_TAKE(&w->arena, int32_t, KERNEL_BLOCK * WIDTH);
    w->h_all = ARENA_TAKE(&w->arena, real, N_SEQ * WIDTH);
    w->arg_all = ARENA_TAKE(&w->arena, int32_t, N_SEQ * WIDTH);
    w->logit = random_reals(&w->arena, N_SEQ, &rng);
    w->score = random_reals(&w->arena, N_SCORE, &rng);
    w->row = ARENA_TAKE(&w->arena, int, N_SCORE);
    w->keep = ARENA_TAKE(&w->arena, int, N_SCORE / 10);
    w->scratch = ARENA_TAKE(&w->arena, uint32_t, TOPK_SCRATCH(N_SCORE));
    for (int i = 0; w->row && i < N_SCORE; i++) w->row[i] = i;
}

/* ns a sequence of one pass over the bag. */
static double time_stage(Work *work, const Kernels *level, Stage *stage)
{
    const double start = now();
    for (int from = 0; from < N_SEQ; from += KERNEL_BLOCK) stage(work, level, from, KERNEL_BLOCK);
    return (now() - start) / N_SEQ;
}

static double time_topk(Work *w)
{
    const double start = now();
    topk(w->keep, w->score, w->row, N_SCORE, N_SCORE / 10, w->scratch);
    return (now() - start) / N_SCORE;
}

/* ns of 256 multiply-adds of 8 floats (128 of 16): the state that the machine is in. */
#if defined(__x86_64__)
#include <immintrin.h>
__attribute__((target("avx2,fma"))) static double time_fma(void)
{
    enum { TURNS = 2000 };
    const __m256 x = _mm256_set1_ps(0.5f), y = _mm256_set1_ps(1);
    __m256 a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
    const double start = now();
    for (int turn = 0; turn < TURNS * 32; turn++) {
        a = _mm256_fmadd_ps(a, x, y), b = _mm256_fmadd_ps(b, x, y);
        c = _mm256_fmadd_ps(c, x, y), d = _mm256_fmadd_ps(d, x, y);
        e = _mm256_fmadd_ps(e, x, y), f = _mm256_fmadd_ps(f, x, y);
        g = _mm256_fmadd_ps(g, x, y), h = _mm256_fmadd_ps(h, x, y);
    }
    const double taken = now() - start;
    volatile float sink = _mm256_cvtss_f32(a + b + c + d + e + f + g + h);
    (void)sink;
    return taken / TURNS;
}
#else
static double time_fma(void)
{
    return 0;
}
#endif

/* ns of a cycle, by a chain of multiplications, each of which takes three on every CPU of note. */
static double time_cycle(void)
{
    enum { TURNS = 20000 };
    const double start = now();
    uint64_t x = (uint64_t)start | 1;
    for (int turn = 0; turn < TURNS; turn++) x *= x;
    volatile uint64_t sink = x;
    (void)sink;
    return (now() - start) / TURNS / 3;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say(const char *name, const char *level, double *ns)
{
    qsort(ns, REPEATS, sizeof *ns, ascending);
    printf("  %-24s %-8s %9.2f %9.2f\n", name, level, ns[0], ns[REPEATS / 2]);
}

static void bench(const char *lengths, const int8_t *codes, const int64_t *len)
{
    static double ns[N_STAGE][N_LEVEL][REPEATS], fma_ns[REPEATS], cycle_ns[REPEATS], topk_ns[REPEATS];
    const Kernels *const *levels = kernel_levels();
    Work work = {0};
    make_work(&work, codes, len);
    if (arena_reserve(&work.arena, "the benchmark") != OK) exit(1);
    make_work(&work, codes, len);
    kernels_plain.conv_forward(work.h_all, work.arg_all, &work.tables, &work.bag, 0, N_SEQ);
    for (int r = 0; r < REPEATS; r++) {
        fma_ns[r] = time_fma();
        cycle_ns[r] = time_cycle();
        topk_ns[r] = time_topk(&work);
        for (int s = 0; s < N_STAGE; s++)
            for (int j = 0; levels[j]; j++) ns[s][j][r] = time_stage(&work, levels[j], stages[s].run);
    }
    printf("lengths %s: %d sequences, %.1f residues each; kernels of %d x %d\n", lengths, N_SEQ,
           (double)bag_residues(&work.bag) / N_SEQ, SIZE, WIDTH);
    printf("  %-24s %-8s %9s %9s   ns a sequence, %d runs\n", "stage", "level", "least", "median", REPEATS);
    for (int s = 0; s < N_STAGE; s++)
        for (int j = 0; levels[j]; j++) say(stages[s].name, levels[j]->level, ns[s][j]);
    say("top tenth of 100 000", "", topk_ns);
    say("256 fma of 8 floats", "", fma_ns);
    say("clock cycle", "", cycle_ns);
    arena_free(&work.arena);
}

static int length_uniform(Rng *rng)
{
    return 11 + (int)rng_below(rng, 8);
}

static int length_bell(Rng *rng)
{
    const int l = (int)lround(14.7 + 1.8 * rng_normal(rng));
    return l < 8 ? 8 : l > MAX_LEN ? MAX_LEN : l;
}

int main(void)
{
    static int8_t codes[N_SEQ * MAX_LEN];
    static int64_t len[N_SEQ];
    const struct {
        const char *name;
        int (*draw)(Rng *);
    } lengths[] = {{"11-18 uniform", length_uniform}, {"bell around 14.7", length_bell}};
    for (int j = 0; j < 2; j++) {
        Rng rng = rng_stream(2, "bench", (uint64_t)j);
        for (int i = 0; i < N_SEQ * MAX_LEN; i++) codes[i] = (int8_t)rng_below(&rng, N_LETTER);
        for (int i = 0; i < N_SEQ; i++) len[i] = lengths[j].draw(&rng);
        bench(lengths[j].name, codes, len);
    }
    return 0;
}
