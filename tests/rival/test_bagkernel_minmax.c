/* SPDX-License-Identifier: MIT
 *
 * test_bagkernel_minmax.c: MinMax and Jaccard kernels against plain loops, and their models.
 */
#include "rival/bagkernel_minmax.h"
#include "core/parallel.h"
#include "rival/countstream.h"
#include "support/kmercase.h"

#define SUITE rival_bagkernel_minmax

enum { N = CASE_BAGS, N_OUT = 2, N_MODEL = 2, CELLS = 160000 };

static const bool use[N] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const bool member[N_MODEL][N] = {{0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0}, {0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1}};

static const Rival rival[2] = {{.name = "minmax", .detail = &bagkernel_minmax_counts},
                               {.name = "jaccard", .detail = &bagkernel_minmax_presence}};

static void set_up(void)
{
    scratch_make();
    cr_assert_eq(parallel_start(1), OK);
    case_open(&kmer_case, "minmax.h5");
}

static void tear_down(void)
{
    case_close(&kmer_case);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

static double plain[N * N];

static void make_plain(bool presence, bool by_counts)
{
    double *v = calloc((size_t)N * CELLS, sizeof *v);
    memset(plain, 0, sizeof plain);
    for (int b = 0; b < N; b++) {
        double *own = v + (Index)b * CELLS;
        const double total = plain_count(own, &kmer_case, b, &(KmerViewText){"xxxx", SECTION_ALL}, by_counts);
        for (int c = 0; c < CELLS; c++) own[c] = presence ? own[c] > 0 : total > 0 ? own[c] / total : 0;
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double low = 0, high = 0;
            for (int c = 0; c < CELLS; c++) {
                low += fmin(v[(Index)i * CELLS + c], v[(Index)j * CELLS + c]);
                high += fmax(v[(Index)i * CELLS + c], v[(Index)j * CELLS + c]);
            }
            plain[i * N + j] = !use[i] || !use[j] ? 0 : i == j ? 1 : high > 0 ? low / high : 0;
        }
    free(v);
}

static void *opened(int kind, bool by_counts)
{
    void *state;
    const RivalBags bags = {.cohort = &kmer_case.cohort, .use = use, .by_counts = by_counts};
    const BagKernel *kernel = ((const MinmaxDetail *)rival[kind].detail)->kernel;
    cr_assert_eq(kernel->open(&state, &rival[kind], &bags), OK, "%s", status_sentence());
    return state;
}

static const BagKernel *kernel_of(int kind)
{
    return ((const MinmaxDetail *)rival[kind].detail)->kernel;
}

static void make_grams(double gram[N_MODEL][N * N], int kind, void *state)
{
    BagKernelSet set[N_MODEL];
    memset(gram, 0, sizeof(double[N_MODEL][N * N]));
    for (int k = 0; k < N_MODEL; k++) set[k] = (BagKernelSet){.member = member[k], .gram = gram[k]};
    cr_assert_eq(kernel_of(kind)->grams(state, set, N_MODEL), OK, "%s", status_sentence());
}

Test(SUITE, similarities_are_those_of_plain_loops)
{
    static double gram[N_MODEL][N * N], again[N_MODEL][N * N];
    for (int kind = 0; kind < 2; kind++)
        for (int by_counts = 0; by_counts < 2; by_counts++) {
            void *state = opened(kind, by_counts);
            make_grams(gram, kind, state);
            make_plain(kind == 1, by_counts);
            for (int k = 0; k < N_MODEL; k++)
                for (int i = 0; i < N * N; i++)
                    cr_assert_float_eq(gram[k][i], plain[i], 1e-13, "%s, place %d: %.17g and plainly %.17g",
                                       rival[kind].name, i, gram[k][i], plain[i]);
            cr_assert_eq(parallel_start(3), OK);
            make_grams(again, kind, state);
            cr_assert_eq(memcmp(gram, again, sizeof gram), 0);
            kernel_of(kind)->close(state);
        }
}

static void make_models(RivalModel **model, double weight[N_MODEL][N_OUT * N], int kind, void *state)
{
    BagKernelWeights weights[N_MODEL];
    Rng rng = rng_stream(3, "weights of bags", 0);
    for (int k = 0; k < N_MODEL; k++) {
        for (int j = 0; j < N_OUT * N; j++) weight[k][j] = member[k][j % N] && j % 5 ? rng_normal(&rng) : 0;
        cr_assert_eq(rival_model_new(&model[k], &rival[kind]), OK);
        weights[k] = (BagKernelWeights){.member = member[k], .n_out = N_OUT, .weight = weight[k], .model = model[k]};
    }
    cr_assert_eq(kernel_of(kind)->weigh(state, weights, N_MODEL), OK, "%s", status_sentence());
}

static void check_products(int kind, RivalModel *const *model, double weight[N_MODEL][N_OUT * N])
{
    void *applier;
    cr_assert_eq(kernel_of(kind)->apply_open(&applier, model, N_MODEL, &kmer_case.cohort), OK, "%s",
                 status_sentence());
    for (int b = 0; b < N; b++) {
        double product[N_MODEL * N_OUT], size = 0;
        if (!use[b]) continue;
        cr_assert_eq(kernel_of(kind)->product(product, &size, applier, b), OK, "%s", status_sentence());
        cr_assert_eq(size, 1);
        for (int k = 0; k < N_MODEL; k++)
            for (int o = 0; o < N_OUT; o++) {
                double sum = 0; /* bag 3 has no 4-mer: it is similar to nothing but, where it is trained on, itself */
                for (int i = 0; i < N; i++) sum += i == 3 ? 0 : weight[k][o * N + i] * plain[i * N + b];
                cr_assert_float_eq(product[k * N_OUT + o], sum, 1e-12);
            }
    }
    kernel_of(kind)->apply_close(applier);
}

Test(SUITE, models_give_the_products)
{
    static double weight[N_MODEL][N_OUT * N];
    RivalModel *model[N_MODEL];
    for (int kind = 0; kind < 2; kind++)
        for (int by_counts = 0; by_counts < 2; by_counts++) {
            void *state = opened(kind, by_counts);
            make_models(model, weight, kind, state);
            kernel_of(kind)->close(state);
            make_plain(kind == 1, by_counts);
            check_products(kind, model, weight);
            for (int k = 0; k < N_MODEL; k++) rival_model_free(model[k]);
        }
}

static uint8_t *tensor_of(RivalModel *model, const char *name)
{
    for (int t = 0; t < model->n_tensor; t++)
        if (strcmp(model->tensor[t].name, name) == 0) return (uint8_t *)(uintptr_t)model->tensor[t].data;
    return NULL;
}

/* Any byte of a model's bags or starts, changed: refused, or another number; never a crash. */
Test(SUITE, damaged_models)
{
    static double weight[N_MODEL][N_OUT * N];
    RivalModel *model[N_MODEL];
    void *state = opened(0, false), *applier;
    int refused = 0;
    make_models(model, weight, 0, state);
    kernel_of(0)->close(state);
    uint8_t *bags = tensor_of(model[0], "bags");
    for (int at = 0; at < 64; at++) {
        bags[at] ^= 255;
        if (kernel_of(0)->apply_open(&applier, model, 1, &kmer_case.cohort) == OK)
            kernel_of(0)->apply_close(applier);
        else
            refused++;
        bags[at] ^= 255;
    }
    cr_assert_gt(refused, 32);
    int64_t *start = (int64_t *)(void *)tensor_of(model[0], "start");
    start[1] = INT64_MAX;
    cr_assert_eq(kernel_of(0)->apply_open(&applier, model, 1, &kmer_case.cohort), ERR_MODEL);
    cr_assert_str_eq(status_sentence(), "a model of minmax is damaged: what it says of its bags does not agree");
    cr_assert_null(applier);
    for (int k = 0; k < N_MODEL; k++) rival_model_free(model[k]);
}

Test(SUITE, streams_give_back_what_was_added)
{
    static const struct {
        int cell;
        uint32_t count;
    } known[] = {{0, 1}, {1, 127}, {2, 128}, {200, 16384}, {100000, UINT32_MAX}, {159999, 3}};
    CountStream s = {.last = -1};
    double total = 0;
    for (size_t k = 0; k < 6; k++) {
        cr_assert_eq(countstream_add(&s, known[k].cell, known[k].count), OK);
        total += known[k].count;
    }
    const CountReader begin = {.at = s.byte, .end = s.byte + s.n, .cell = -1};
    CountReader r = begin;
    for (size_t k = 0; k < 6; k++) {
        cr_assert(countstream_next(&r));
        cr_assert_eq(r.cell, known[k].cell);
        cr_assert_eq(r.count, known[k].count);
    }
    cr_assert_not(countstream_next(&r));
    cr_assert(countstream_is_sound(begin, CELLS, total));
    cr_assert_not(countstream_is_sound(begin, CELLS - 1, total));
    cr_assert_not(countstream_is_sound(begin, CELLS, total + 1));
    r = begin;
    r.end--;
    cr_assert_not(countstream_is_sound(r, CELLS, total));
    countstream_free(&s);
}
