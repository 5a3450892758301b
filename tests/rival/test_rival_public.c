/* SPDX-License-Identifier: MIT
 *
 * test_rival_public.c: Fisher's test and the log odds against plain loops over texts, for sequences with and without genes.
 */
#include "core/parallel.h"
#include "cohort/fisher.h"
#include "rival/publicmodel.h"
#include "support/clones.h"

#include <math.h>

#define SUITE rival_rival_public
TestSuite(rival_rival_public, .init = scratch_make, .fini = clones_close);

enum { N = CLONES_BAGS, KEYS = CLONES_SEQUENCES };

static const double thresholds[4] = {2, 3, 4, 5};
static const RivalBags bags = {.cohort = &clones, .use = clones_use};
static int train[N], inner[N], test[N], n_train, n_test;
static double label[N], test_output[N], inner_output[N];
static bool genes;

/* Distinct keys of a bag: sequence, and genes where they count. */
static int keys_of(char (*key)[CLONES_LONGEST + 8], int b)
{
    int n = 0;
    for (int i = 0; i < clones_n[b]; i++) {
        char text[CLONES_LONGEST + 8];
        if (!*clones_text[b][i]) continue;
        snprintf(text, sizeof text, "%s", clones_text[b][i]);
        const size_t len = strlen(text);
        const char of_genes[] = {' ', (char)('1' + clones_gene[b][i]),
                                 (char)('1' + clones_gene[b][CLONES_SEQUENCES + i]), '\0'};
        if (genes) strcpy(text + len, of_genes);
        int k = 0;
        while (k < n && strcmp(key[k], text) != 0) k++;
        if (k == n) strcpy(key[n++], text);
    }
    return n;
}

/* Fold q of n_inner left out; -1: none. */
static bool is_in(int i, int q)
{
    return q < 0 || inner[i] != q;
}

static double plain_p(const char *key, int q)
{
    int n[2] = {0}, held[2] = {0};
    Fisher f;
    for (int i = 0; i < n_train; i++) {
        if (!is_in(i, q)) continue;
        n[label[i] == 1]++;
        held[label[i] == 1] += clones_holds(train[i], key, false, genes);
    }
    cr_assert_eq(fisher_open(&f, n[1], n[0]), OK);
    const double p = fisher_enriched(&f, held[1], held[0]);
    fisher_close(&f);
    return p;
}

static int associated(int b, int q, double threshold, int *n)
{
    static char key[KEYS][CLONES_LONGEST + 8];
    int k = 0;
    *n = keys_of(key, b);
    for (int i = 0; i < *n; i++) k += plain_p(key[i], q) >= threshold;
    return k;
}

static double plain_output(int b, int q, double threshold)
{
    int k[2][N], n_bag[2] = {0}, size;
    double n[2][N];
    for (int i = 0; i < n_train; i++) {
        if (!is_in(i, q)) continue;
        const int class = label[i] == 1;
        k[class][n_bag[class]] = associated(train[i], q, threshold, &size);
        n[class][n_bag[class]++] = size;
    }
    const PublicOdds odds = {
        .prior = log((n_bag[1] + 1.0) / (n_bag[0] + 1.0)),
        .of_class = {betabinomial_fit(k[0], n[0], n_bag[0]), betabinomial_fit(k[1], n[1], n_bag[1])}};
    const int own = associated(b, q, threshold, &size);
    return publicmodel_output(&odds, own, size);
}

static void divide(void)
{
    n_train = n_test = 0;
    for (int i = 0; i < N; i++) {
        if (!clones_use[i] || i == 3) continue;
        if (i % 6 == 1) {
            test[n_test++] = i;
            continue;
        }
        label[n_train] = i % 2;
        inner[n_train] = i / 2 % 3;
        train[n_train++] = i;
    }
}

/* Bags of the class share sequences of their own. */
static void plant(void)
{
    for (int b = 1; b < N; b += 2)
        for (int i = 0; i < 6; i++)
            if ((b * 7 + i * 3) % 5)
                snprintf(clones_text[b][i], sizeof clones_text[b][i], "CASSPLANTED%cF", "ACDEFG"[i]);
}

static void check(const char *name, bool with_genes)
{
    const Rival *rival = rival_find(name);
    void *state;
    genes = with_genes;
    clones_planted = plant;
    clones_open();
    divide();
    RivalFit fit = {.n_train = n_train,
                    .n_inner = 3,
                    .n_test = n_test,
                    .train = train,
                    .inner = inner,
                    .test = test,
                    .n_class = 2,
                    .n_out = 1,
                    .label = label,
                    .test_output = test_output,
                    .inner_output = inner_output};
    cr_assert_eq(rival->open(&state, rival, &bags), OK, "%s", status_sentence());
    cr_assert_eq(parallel_start(2), OK);
    cr_assert_eq(rival->fit(state, &fit, 1), OK, "%s", status_sentence());
    const double p = json_real_value(json_object_get(fit.choice, "p"));
    const double threshold = -log10(p);
    cr_assert_float_eq(threshold, round(threshold), 1e-12);
    cr_assert(threshold > thresholds[0] - 0.5 && threshold < thresholds[3] + 0.5);
    for (int i = 0; i < n_test; i++)
        cr_assert_float_eq(test_output[i], plain_output(test[i], -1, round(threshold)), 1e-7);
    for (int i = 0; i < n_train; i += 3)
        cr_assert_float_eq(inner_output[i], plain_output(train[i], inner[i], round(threshold)), 1e-7);
    json_decref(fit.choice);
    rival->close(state);
}

Test(SUITE, sequences)
{
    check("public", false);
}

Test(SUITE, sequences_with_genes)
{
    check("public-vj", true);
}

Test(SUITE, two_classes_alone)
{
    const Rival *rival = rival_find("public");
    clones_open();
    cr_assert_eq(rival->check(rival, &clones, 2), OK);
    cr_assert_eq(rival->check(rival, &clones, 3), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "tells two classes apart"), "%s", status_sentence());
    cr_assert_eq(rival->check(rival, &clones, 0), ERR_CONFIG);
}
