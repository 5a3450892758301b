/* SPDX-License-Identifier: MIT
 *
 * test_bagkernel_clones.c: clones and clones-1 on a small cohort against plain loops over its texts.
 */
#include "core/parallel.h"
#include "rival/bagkernel.h"
#include "cohort/fisher.h"
#include "support/clones.h"

#include <math.h>

#define SUITE rival_bagkernel_clones
TestSuite(rival_bagkernel_clones, .init = scratch_make, .fini = clones_close);

enum { FORMS = CLONES_BAGS * CLONES_SEQUENCES * CLONES_LONGEST, N = CLONES_BAGS };

/* All sequences, or patterns, of bags in use. */
typedef struct {
    bool patterns;
    int n;
    char text[FORMS][CLONES_LONGEST + 1];
    bool held[FORMS][N];
} Plain;
static Plain plain;
static bool member[N]; /* of a training part */

static void add_form(const char *text, int bag)
{
    int k = 0;
    while (k < plain.n && strcmp(plain.text[k], text) != 0) k++;
    if (k == plain.n) strcpy(plain.text[plain.n++], text);
    plain.held[k][bag] = true;
}

static void list_plain(bool patterns)
{
    plain = (Plain){.patterns = patterns};
    for (int b = 0; b < N; b++)
        for (int i = 0; i < clones_n[b] && clones_use[b]; i++) {
            char text[CLONES_LONGEST + 1];
            strcpy(text, clones_text[b][i]);
            if (!patterns && *text) add_form(text, b);
            for (int t = 0; patterns && text[t]; t++) {
                const char was = text[t];
                text[t] = '.';
                add_form(text, b);
                text[t] = was;
            }
        }
}

static double plain_weight(int form)
{
    int n = 0, n_set = 0;
    for (int i = 0; i < N; i++) {
        n_set += member[i];
        n += member[i] && plain.held[form][i];
    }
    return n < 2 ? 0 : log((double)n_set / n);
}

static double plain_product(int i, int j)
{
    double sum = 0;
    for (int k = 0; k < plain.n; k++)
        if (plain.held[k][i] && plain.held[k][j]) sum += plain_weight(k) * plain_weight(k);
    return sum;
}

/* ---- the kernel at work ---- */

static const RivalBags bags = {.cohort = &clones, .use = clones_use};
static const BagKernel *kernel;
static const Rival *rival;
static void *state;

static void open_kernel(const char *name)
{
    clones_open();
    rival = rival_find(name);
    cr_assert(rival && rival->holds_residues);
    kernel = *(const BagKernel *const *)rival->detail;
    cr_assert(kernel->inner);
    list_plain(strcmp(name, "clones-1") == 0);
    cr_assert_eq(kernel->open(&state, rival, &bags), OK, "%s", status_sentence());
    for (int i = 0; i < N; i++) member[i] = clones_use[i] && i % 4 != 1;
}

static void check_sizes(void)
{
    list_plain(false);
    for (int b = 0; b < N; b++) {
        int n = 0;
        for (int k = 0; k < plain.n; k++) n += plain.held[k][b];
        cr_assert_eq(kernel->sizes(state)[b], n);
    }
}

static void check_gram(void)
{
    static double gram[N * N];
    BagKernelSet set = {.member = member, .gram = gram};
    cr_assert_eq(kernel->grams(state, &set, 1), OK, "%s", status_sentence());
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) cr_assert_float_eq(gram[i * N + j], plain_product(i, j), 1e-9);
}

/* Training bags 0, 2, 4 … are of the class; a second output has it the other way round for a third of them. */
static void make_weights(double *weight)
{
    Rng rng = rng_stream(1, "weights", 0);
    for (int i = 0; i < 2 * N; i++) {
        const double size = 0.1 + rng_uniform(&rng);
        weight[i] = !member[i % N] ? 0 : (i % N + (i >= N && i % 3 == 0)) % 2 ? -size : size;
    }
}

static RivalModel *make_model(const double *weight)
{
    RivalModel *model;
    cr_assert_eq(rival_model_new(&model, rival), OK);
    BagKernelWeights weights = {.member = member, .n_out = 2, .weight = weight, .model = model};
    cr_assert_eq(kernel->weigh(state, &weights, 1), OK, "%s", status_sentence());
    return model;
}

static void check_products(void *applier, const double *weight)
{
    for (int x = 0; x < N; x++) {
        double product[4], size;
        if (!clones_use[x]) continue;
        cr_assert_eq(kernel->product(product, &size, applier, x), OK, "%s", status_sentence());
        cr_assert_eq(size, kernel->sizes(state)[x]);
        for (int o = 0; o < 2; o++) {
            double sum = 0;
            for (int i = 0; i < N; i++)
                if (member[i]) sum += weight[o * N + i] * plain_product(i, x);
            cr_assert_float_eq(product[o], sum, 1e-9);
            cr_assert_eq(product[2 + o], product[o]);
        }
    }
}

/* Largest signed -log10 p of what row i of bag b makes and the model has. */
static double plain_rank(int b, int i, const double *weight, const Fisher *fisher)
{
    double best = NAN;
    for (int k = 0; k < plain.n; k++) {
        int in_class = 0, others = 0;
        double v = 0;
        if (plain_weight(k) == 0 || !clones_makes(b, i, plain.text[k], plain.patterns, false)) continue;
        for (int q = 0; q < N; q++) {
            if (!member[q] || !plain.held[k][q]) continue;
            v += weight[q];
            in_class += weight[q] > 0;
            others += weight[q] < 0;
        }
        const double score = fisher_signed(fisher, in_class, others);
        if (v != 0 && !(score <= best)) best = score;
    }
    return isnan(best) ? 0 : best;
}

static void check_ranks(void *applier, const double *weight)
{
    for (int o = 0; o < 2; o++) {
        Fisher fisher;
        int n1 = 0, n0 = 0;
        for (int i = 0; i < N; i++) {
            n1 += member[i] && weight[o * N + i] > 0;
            n0 += member[i] && weight[o * N + i] < 0;
        }
        cr_assert_eq(fisher_open(&fisher, n1, n0), OK);
        for (int b = 0; b < N; b += 5) {
            double score[CLONES_SEQUENCES];
            cr_assert_eq(kernel->rank(score, applier, b, o), OK, "%s", status_sentence());
            for (int i = 0; i < clones_n[b]; i++)
                cr_assert_float_eq(score[i], plain_rank(b, i, weight + o * N, &fisher), 1e-6, "bag %d row %d", b, i);
        }
        fisher_close(&fisher);
    }
}

static void check_all(const char *name)
{
    double weight[2 * N];
    void *applier;
    open_kernel(name);
    check_gram();
    make_weights(weight);
    RivalModel *model = make_model(weight);
    RivalModel *const twice[] = {model, model};
    cr_assert_eq(kernel->apply_open(&applier, twice, 2, &clones), OK, "%s", status_sentence());
    check_products(applier, weight);
    check_ranks(applier, weight);
    check_sizes();
    kernel->apply_close(applier);
    rival_model_free(model);
    kernel->close(state);
}

Test(SUITE, sequences)
{
    check_all("clones");
}

Test(SUITE, patterns)
{
    check_all("clones-1");
}

/* ---- the whole rival ---- */

Test(SUITE, a_model_repeats_the_outputs_of_its_fit)
{
    static const char *const name[] = {"clones", "clones-1", "public", "public-vj"};
    clones_open();
    for (int r = 0; r < 4; r++) {
        int train[N], inner[N], test[N], n = 0, n_test = 0;
        double label[N], test_output[N], inner_output[N], output;
        void *applier;
        rival = rival_find(name[r]);
        for (int i = 0; i < N; i++) {
            if (!clones_use[i] || i == 3) continue;
            if (i % 4 == 1) {
                test[n_test++] = i;
                continue;
            }
            label[n] = i % 2;
            inner[n] = i / 2 % 3;
            train[n++] = i;
        }
        RivalFit fit = {.n_train = n,
                        .n_inner = 3,
                        .n_test = n_test,
                        .train = train,
                        .inner = inner,
                        .test = test,
                        .n_class = 2,
                        .n_out = 1,
                        .label = label,
                        .keep = true,
                        .test_output = test_output,
                        .inner_output = inner_output};
        if (rival->check) cr_assert_eq(rival->check(rival, &clones, 2), OK, "%s", status_sentence());
        cr_assert_eq(rival->open(&state, rival, &bags), OK, "%s", status_sentence());
        cr_assert_eq(rival->fit(state, &fit, 1), OK, "%s", status_sentence());
        cr_assert_eq(rival->apply_open(&applier, &fit.model, 1, &clones), OK, "%s", status_sentence());
        for (int i = 0; i < n_test; i++) {
            cr_assert_eq(rival->apply(&output, applier, test[i]), OK, "%s", status_sentence());
            cr_assert_float_eq(output, test_output[i], 1e-8, "%s: %g, not %g", name[r], output, test_output[i]);
        }
        for (int i = 0; i < n; i++) cr_assert(isfinite(inner_output[i]));
        rival->apply_close(applier);
        rival_model_free(fit.model);
        json_decref(fit.choice);
        rival->close(state);
    }
}

Test(SUITE, a_model_that_does_not_fit)
{
    double weight[2 * N];
    void *applier;
    open_kernel("clones");
    make_weights(weight);
    RivalModel *model = make_model(weight);
    json_object_set_new(model->facts, "region", json_string("another"));
    strcpy(((BagSpec *)(size_t)bagfile_spec(clones.file))->region, "CDR3");
    cr_assert_eq(kernel->apply_open(&applier, &model, 1, &clones), ERR_MODEL);
    cr_assert(strstr(status_sentence(), "of the region CDR3"), "%s", status_sentence());
    kernel->apply_close(applier);
    json_object_del(model->facts, "region");
    for (int k = 0; k < model->n_tensor; k++)
        if (strcmp(model->tensor[k].name, "sequences") == 0) model->tensor[k].shape[0]--;
    cr_assert_eq(kernel->apply_open(&applier, &model, 1, &clones), ERR_MODEL);
    kernel->apply_close(applier);
    rival_model_free(model);
    kernel->close(state);
}
