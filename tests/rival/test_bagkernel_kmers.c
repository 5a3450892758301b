/* SPDX-License-Identifier: MIT
 *
 * test_bagkernel_kmers.c: kernels of k-mers against plain loops over bags and sequences.
 */
#include "rival/bagkernel_kmers.h"
#include "core/parallel.h"
#include "support/kmercase.h"

#define SUITE rival_bagkernel_kmers

static const struct {
    const char *name;
    const KmerDetail *detail;
} rows[] = {
    {"kmer-3", &bagkernel_kmers_3},  {"kmer-4", &bagkernel_kmers_4},      {"gapped", &bagkernel_kmers_gapped},
    {"gap1", &bagkernel_kmers_gap1}, {"halves", &bagkernel_kmers_halves}, {"thirds", &bagkernel_kmers_thirds},
};
enum { N_ROW = sizeof rows / sizeof *rows, N = CASE_BAGS, N_SET = 3, N_OUT = 2 };

/* Bag 9 is not read; sets differ, and the last is the first again. */
static const bool use[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1};
static const bool member[N_SET][N] = {
    {1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0}, {0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1}, {1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0}};

static void set_up(void)
{
    scratch_make();
    cr_assert_eq(parallel_start(1), OK);
    case_open(&kmer_case, "kmers.h5");
}

static void tear_down(void)
{
    case_close(&kmer_case);
    scratch_remove();
}

TestSuite(SUITE, .init = set_up, .fini = tear_down);

/* ---- the plain version ---- */

/* x [N, n_cell] of the profile. */
static double *plain_x(const KmerViewText *views, int n_cell, bool by_counts)
{
    double *x = calloc((size_t)N * (size_t)n_cell, sizeof *x);
    for (int b = 0; b < N; b++) {
        int first = 0;
        for (const KmerViewText *v = views; v->mask; v++) {
            double *own = x + (Index)b * n_cell + first;
            const double total = plain_count(own, &kmer_case, b, v, by_counts);
            int n = 1;
            for (const char *c = v->mask; *c; c++) n *= *c == 'x' ? 20 : 1;
            for (int c = 0; c < n; c++) own[c] = total > 0 ? log1p(1e5 * own[c] / total) : 0;
            first += n;
        }
        cr_assert_eq(first, n_cell);
    }
    return x;
}

/* φ [N] of a cell from x; false: it is left out. */
static bool plain_phi(double *phi, const double *x, int n_cell, int cell, const bool *in)
{
    double mean = 0, square = 0, n = 0;
    bool differs = false;
    int one = -1;
    for (int b = 0; b < N; b++) {
        if (!in[b]) continue;
        if (one < 0) one = b;
        differs |= x[(Index)b * n_cell + cell] != x[(Index)one * n_cell + cell];
        mean += x[(Index)b * n_cell + cell];
        n++;
    }
    mean /= n;
    for (int b = 0; b < N; b++) {
        phi[b] = x[(Index)b * n_cell + cell] - mean;
        if (in[b]) square += phi[b] * phi[b];
    }
    for (int b = 0; b < N; b++) phi[b] /= sqrt(square / n);
    return differs;
}

static void plain_gram(double *gram, const double *x, int n_cell, const bool *in)
{
    double phi[N];
    memset(gram, 0, N * N * sizeof *gram);
    for (int c = 0; c < n_cell; c++) {
        if (!plain_phi(phi, x, n_cell, c, in)) continue;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) gram[i * N + j] += use[i] && use[j] ? phi[i] * phi[j] : 0;
    }
}

static void expect_near(const double *a, const double *b, int n, const char *what)
{
    double largest = 0;
    for (int i = 0; i < n; i++) largest = fmax(largest, fabs(b[i]));
    for (int i = 0; i < n; i++)
        cr_assert_float_eq(a[i], b[i], 1e-10 * largest, "%s, place %d: %.17g and plainly %.17g", what, i, a[i], b[i]);
}

/* ---- a row at work ---- */

typedef struct {
    Rival rival;
    const BagKernel *kernel;
    KmerProfile profile;
    void *state;
    double gram[N_SET][N * N];
} Work;

static void begin(Work *w, int row, bool by_counts)
{
    const RivalBags bags = {.cohort = &kmer_case.cohort, .use = use, .by_counts = by_counts};
    *w = (Work){.rival = {.name = rows[row].name, .detail = rows[row].detail}, .kernel = rows[row].detail->kernel};
    w->profile = kmerprofile_new(rows[row].detail->views);
    cr_assert_eq(w->kernel->open(&w->state, &w->rival, &bags), OK, "%s", status_sentence());
}

static void make_grams(Work *w)
{
    BagKernelSet set[N_SET];
    memset(w->gram, 0, sizeof w->gram);
    for (int k = 0; k < N_SET; k++) set[k] = (BagKernelSet){.member = member[k], .gram = w->gram[k]};
    cr_assert_eq(w->kernel->grams(w->state, set, N_SET), OK, "%s", status_sentence());
}

Test(SUITE, grams_are_those_of_plain_loops)
{
    static Work w;
    for (int row = 0; row < N_ROW; row++)
        for (int by_counts = 0; by_counts < 2; by_counts++) {
            double gram[N * N];
            begin(&w, row, by_counts);
            make_grams(&w);
            double *x = plain_x(rows[row].detail->views, w.profile.n_cell, by_counts);
            for (int k = 0; k < N_SET; k++) {
                plain_gram(gram, x, w.profile.n_cell, member[k]);
                expect_near(w.gram[k], gram, N * N, rows[row].name);
            }
            cr_assert_gt(gram[0], 1000);
            free(x);
            w.kernel->close(w.state);
        }
}

/* Φ has mean 0 over the members of its set. */
Test(SUITE, grams_are_centred)
{
    static Work w;
    begin(&w, 0, false);
    make_grams(&w);
    for (int k = 0; k < N_SET; k++)
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int j = 0; j < N; j++) sum += member[k][j] ? w.gram[k][i * N + j] : 0;
            cr_assert_float_eq(sum, 0, 1e-6);
        }
    w.kernel->close(w.state);
}

Test(SUITE, bits_do_not_depend_on_threads)
{
    static Work one, three;
    begin(&one, 3, false);
    make_grams(&one);
    cr_assert_eq(parallel_start(3), OK);
    begin(&three, 3, false);
    make_grams(&three);
    cr_assert_eq(memcmp(one.gram, three.gram, sizeof one.gram), 0);
    make_grams(&three); /* and once more from counts that are there */
    cr_assert_eq(memcmp(one.gram, three.gram, sizeof one.gram), 0);
    cr_assert_eq(memcmp(one.gram[0], one.gram[2], sizeof one.gram[0]), 0);
    one.kernel->close(one.state);
    three.kernel->close(three.state);
}

/* ---- models ---- */

static double weight[N_SET][N_OUT * N];

static void make_models(RivalModel **model, Work *w)
{
    BagKernelWeights weights[N_SET];
    Rng rng = rng_stream(3, "weights of bags", 0);
    for (int k = 0; k < N_SET; k++) {
        for (int j = 0; j < N_OUT * N; j++) weight[k][j] = member[k][j % N] ? rng_normal(&rng) : 0;
        cr_assert_eq(rival_model_new(&model[k], &w->rival), OK);
        weights[k] = (BagKernelWeights){.member = member[k], .n_out = N_OUT, .weight = weight[k], .model = model[k]};
    }
    cr_assert_eq(w->kernel->weigh(w->state, weights, N_SET), OK, "%s", status_sentence());
}

static void check_products(const Work *w, RivalModel *const *model)
{
    void *applier;
    cr_assert_eq(w->kernel->apply_open(&applier, model, N_SET, &kmer_case.cohort), OK, "%s", status_sentence());
    for (int b = 0; b < N; b++) {
        double product[N_SET * N_OUT], plain[N_SET * N_OUT] = {0}, size = 0;
        if (!use[b]) continue;
        cr_assert_eq(w->kernel->product(product, &size, applier, b), OK, "%s", status_sentence());
        cr_assert_eq(size, 1);
        for (int k = 0; k < N_SET; k++)
            for (int o = 0; o < N_OUT; o++)
                for (int i = 0; i < N; i++) plain[k * N_OUT + o] += weight[k][o * N + i] * w->gram[k][i * N + b];
        expect_near(product, plain, N_SET * N_OUT, w->rival.name);
    }
    w->kernel->apply_close(applier);
}

/* weight · variance less its mean of the view, in units of the root mean square of all cells: [n_cell], to be freed. */
static double *plain_values(const KmerProfile *profile, const double *w, const float *variance)
{
    double *value = calloc((size_t)profile->n_cell, sizeof *value), square = 0;
    for (int v = 0; v < profile->n_view; v++) {
        const int from = profile->view[v].first, to = from + profile->view[v].n_cell;
        double sum = 0;
        for (int c = from; c < to; c++) sum += value[c] = w[c] * (double)variance[c];
        for (int c = from; c < to; c++) value[c] -= sum / (to - from);
        for (int c = from; c < to; c++) square += value[c] * value[c] / profile->n_cell;
    }
    for (int c = 0; c < profile->n_cell; c++) value[c] /= sqrt(square);
    return value;
}

static void check_ranks(const Work *w, RivalModel *const *model, const KmerViewText *views)
{
    void *applier;
    double score[CASE_SEQUENCES], plain[CASE_SEQUENCES] = {0};
    const Tensor *t[N_SET], *variance[N_SET];
    const int b = 2, output = 1;
    for (int k = 0; k < N_SET; k++) {
        cr_assert_eq(rival_model_tensor(&t[k], model[k], "weight", TENSOR_F64, 2, (const int64_t[]){N_OUT, -1}), OK);
        cr_assert_eq(rival_model_tensor(&variance[k], model[k], "variance", TENSOR_F32, 1, (const int64_t[]){-1}),
                     OK);
    }
    cr_assert_eq(w->kernel->apply_open(&applier, model, N_SET, &kmer_case.cohort), OK);
    for (int o = 0; o <= output; o++)
        cr_assert_eq(w->kernel->rank(score, applier, b, o), OK, "%s", status_sentence());
    for (int k = 0; k < N_SET; k++) {
        const double *own = (const double *)t[k]->data + output * w->profile.n_cell;
        double *value = plain_values(&w->profile, own, variance[k]->data);
        for (int v = 0; v < w->profile.n_view; v++) {
            const int span = w->profile.view[v].span;
            for (int i = 0; i < kmer_case.n[b]; i++)
                for (int p = 0; p + span <= (int)kmer_case.len[b][i]; p++) {
                    const int8_t *code = kmer_case.codes[b] + i * CASE_LENGTH + p;
                    if (plain_in_section(views[v].section, p, span, (int)kmer_case.len[b][i]))
                        plain[i] += value[w->profile.view[v].first + plain_cell(code, views[v].mask)] / N_SET;
                }
        }
        free(value);
    }
    expect_near(score, plain, kmer_case.n[b], w->rival.name);
    w->kernel->apply_close(applier);
}

/* Of x over the members; 0 where the cell is left out. */
static void check_variances(const Work *w, RivalModel *const *model, const double *x)
{
    for (int k = 0; k < N_SET; k++) {
        const Tensor *t;
        cr_assert_eq(rival_model_tensor(&t, model[k], "variance", TENSOR_F32, 1, (const int64_t[]){-1}), OK);
        for (int c = 0; c < w->profile.n_cell; c++) {
            double phi[N], n = 0, sum = 0, square = 0;
            for (int b = 0; b < N; b++) {
                if (!member[k][b]) continue;
                const double own = x[(Index)b * w->profile.n_cell + c];
                n++;
                sum += own;
                square += own * own;
            }
            const bool kept = plain_phi(phi, x, w->profile.n_cell, c, member[k]);
            const double plain = kept ? square / n - sum / n * sum / n : 0, found = ((const float *)t->data)[c];
            cr_assert_float_eq(found, plain, 1e-6 * (1 + plain), "%s, set %d, cell %d", w->rival.name, k, c);
        }
    }
}

Test(SUITE, models_give_the_products)
{
    static Work w;
    RivalModel *model[N_SET];
    for (int row = 0; row < N_ROW; row++)
        for (int by_counts = 0; by_counts < 2; by_counts++) {
            begin(&w, row, by_counts);
            make_grams(&w);
            make_models(model, &w);
            double *x = plain_x(rows[row].detail->views, w.profile.n_cell, by_counts);
            check_variances(&w, model, x);
            free(x);
            w.kernel->close(w.state);
            cr_assert_eq(parallel_start(1 + by_counts), OK);
            check_products(&w, model);
            check_ranks(&w, model, rows[row].detail->views);
            for (int k = 0; k < N_SET; k++) rival_model_free(model[k]);
        }
}

Test(SUITE, models_that_do_not_fit_are_refused)
{
    static Work w, other;
    RivalModel *model[N_SET], *mixed[2];
    void *applier;
    begin(&w, 0, false);
    make_models(model, &w);
    begin(&other, 3, false);
    mixed[0] = model[0];
    mixed[1] = model[1];
    model[0]->rival = &other.rival; /* cells of another profile */
    cr_assert_eq(w.kernel->apply_open(&applier, mixed, 1, &kmer_case.cohort), ERR_MODEL);
    cr_assert_null(applier);
    model[0]->rival = &w.rival;
    json_object_set_new(model[1]->facts, "by_counts", json_true());
    cr_assert_eq(w.kernel->apply_open(&applier, mixed, 2, &kmer_case.cohort), ERR_MODEL);
    cr_assert_str_eq(status_sentence(), "some models of kmer-3 count a sequence once, some by its count");
    json_object_del(model[1]->facts, "by_counts");
    cr_assert_eq(w.kernel->apply_open(&applier, mixed, 2, &kmer_case.cohort), ERR_MODEL);
    for (int k = 0; k < N_SET; k++) rival_model_free(model[k]);
    w.kernel->close(w.state);
    other.kernel->close(other.state);
}
