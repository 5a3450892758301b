/* SPDX-License-Identifier: MIT
 *
 * test_rival_stats.c: models of the statistics of vector bags give the outputs of the fits that they come from, in cohorts
 * whose features have another order too.
 */
#include "core/parallel.h"
#include "core/rng.h"
#include "rival/rival.h"
#include "support/scratch.h"

#include <criterion/criterion.h>
#include <math.h>

#define SUITE rival_rival_stats

enum { BAGS = 30, N_FEAT = 5 };

static const char *const names[] = {"stats-logistic", "stats-svm1", "stats-svm10", "stats-svm-cut"};
static const char *const feature[N_FEAT] = {"alpha", "beta", "gamma", "delta", "one"};
static const int turned[N_FEAT] = {3, 0, 4, 1, 2}; /* feature turned[f] stands at place f of the other file */

/* The first feature is larger in positive bags, the last is constant; a third of the numbers are 0. */
static void draw_instance(float *x, Rng *rng, int bag)
{
    for (int f = 0; f < N_FEAT - 1; f++)
        x[f] = rng_below(rng, 3) ? (float)(rng_normal(rng) + (f == 0 && bag % 2)) : 0;
    x[1] *= 5 * x[1] * x[1]; /* of a few bags enormous: above three standard deviations */
    x[N_FEAT - 1] = 7.5F;
}

static void write_file(const char *path, bool sparse, bool other)
{
    const BagWriterOptions o = {.spec = {.kind = BAG_VECTORS, .n_feat = N_FEAT}};
    BagWriter *w;
    cr_assert_eq(bagwriter_open(&w, path, &o), OK, "%s", status_sentence());
    VectorSpool *spool = bagwriter_vectors(w);
    for (int b = 0; b < BAGS; b++) {
        Rng rng = rng_stream(2, "test stats", (uint64_t)b);
        int number;
        char key[16];
        snprintf(key, sizeof key, "b%d", b);
        cr_assert_eq(vectorspool_bag(&number, spool, key), OK);
        for (int i = 1 + (int)rng_below(&rng, 5); i > 0; i--) {
            float x[N_FEAT], y[N_FEAT];
            draw_instance(x, &rng, b);
            for (int f = 0; f < N_FEAT; f++) y[f] = x[other ? turned[f] : f];
            cr_assert_eq(vectorspool_dense(spool, number, y, N_FEAT), OK);
        }
    }
    spool->sparse = sparse;
    for (int f = 0; f < N_FEAT; f++) {
        const char *name = feature[other ? turned[f] : f];
        cr_assert_eq(names_number(&spool->feature, name, strlen(name)), f);
    }
    cr_assert_eq(bagwriter_finish(w, NULL, "{}"), OK, "%s", status_sentence());
}

static void set_up(void)
{
    scratch_make();
    cr_assert_eq(parallel_start(1), OK);
    write_file(in_scratch("dense.h5"), false, false);
    write_file(in_scratch("sparse.h5"), true, false);
    write_file(in_scratch("other.h5"), false, true);
}

TestSuite(SUITE, .init = set_up, .fini = scratch_remove);

static void open_cohort(Cohort *c, const char *name)
{
    cr_assert_eq(cohort_open(c, in_scratch(name), NULL, "auto", false), OK, "%s", status_sentence());
    cr_assert_eq(c->n, BAGS);
}

typedef struct {
    Cohort cohort;
    bool use[BAGS];
    void *state;
    int train[BAGS], inner[BAGS], test[BAGS];
    double label[BAGS], test_output[BAGS], inner_output[BAGS];
    RivalFit fit;
} Fitted;

static void fit_rival(Fitted *f, const Rival *rival, const char *file)
{
    *f = (Fitted){.fit = {.n_inner = 3, .n_class = 2, .n_out = 1, .keep = true}};
    open_cohort(&f->cohort, file);
    f->fit.train = f->train, f->fit.inner = f->inner, f->fit.test = f->test, f->fit.label = f->label;
    f->fit.test_output = f->test_output, f->fit.inner_output = f->inner_output;
    for (int b = 0; b < BAGS; b++) {
        f->use[b] = true;
        if (b % 5 == 0) {
            f->test[f->fit.n_test++] = b;
            continue;
        }
        f->inner[f->fit.n_train] = b / 2 % 3;
        f->label[f->fit.n_train] = b % 2;
        f->train[f->fit.n_train++] = b;
    }
    const RivalBags bags = {.cohort = &f->cohort, .use = f->use};
    cr_assert_eq(rival->open(&f->state, rival, &bags), OK, "%s", status_sentence());
    cr_assert_eq(rival->fit(f->state, &f->fit, 1), OK, "%s", status_sentence());
}

static void release(Fitted *f, const Rival *rival)
{
    rival->close(f->state);
    rival_model_free(f->fit.model);
    json_decref(f->fit.choice);
    cohort_close(&f->cohort);
}

static void expect_same_outputs(Fitted *f, const char *file, const Rival *rival)
{
    Cohort other;
    void *applier;
    open_cohort(&other, file);
    RivalModel *model[2] = {f->fit.model, f->fit.model};
    cr_assert_eq(rival->apply_open(&applier, model, 2, &other), OK, "%s", status_sentence());
    for (int i = 0; i < f->fit.n_test; i++) {
        double output[2];
        cr_assert_eq(rival->apply(output, applier, f->test[i]), OK, "%s", status_sentence());
        cr_assert_float_eq(output[0], f->test_output[i], 1e-9, "%s, %s: %.17g, was %.17g", rival->name, file,
                           output[0], f->test_output[i]);
        cr_assert_eq(output[0], output[1]);
    }
    rival->apply_close(applier);
    cohort_close(&other);
}

static bool is_built(const Rival *rival)
{
    Cohort cohort;
    open_cohort(&cohort, "dense.h5");
    const Status status = rival->check(rival, &cohort, 2);
    cohort_close(&cohort);
    return status == OK;
}

Test(SUITE, models_give_the_outputs_of_their_fits)
{
    for (int k = 0; k < 4; k++) {
        Fitted f;
        const Rival *rival = rival_find(names[k]);
        if (!is_built(rival)) continue;
        fit_rival(&f, rival, "dense.h5");
        expect_same_outputs(&f, "dense.h5", rival);
        expect_same_outputs(&f, "sparse.h5", rival);
        expect_same_outputs(&f, "other.h5", rival);
        release(&f, rival);
        if (k == 3) continue; /* for dense vectors */
        fit_rival(&f, rival, "sparse.h5");
        expect_same_outputs(&f, "sparse.h5", rival);
        expect_same_outputs(&f, "dense.h5", rival);
        release(&f, rival);
    }
}

/* The outputs of an inner fit are those of a fit whose test bags are the inner fold. */
Test(SUITE, inner_outputs_are_of_bags_not_seen)
{
    Fitted f, g;
    const Rival *rival = rival_find("stats-svm1");
    if (!is_built(rival)) return;
    fit_rival(&f, rival, "dense.h5");
    cr_assert(json_is_number(json_object_get(f.fit.choice, "inner_auc")));
    fit_rival(&g, rival, "dense.h5");
    rival_model_free(g.fit.model), json_decref(g.fit.choice);
    int n = 0;
    g.fit.n_test = 0;
    for (int i = 0; i < f.fit.n_train; i++) {
        if (f.inner[i] == 1) {
            g.test[g.fit.n_test++] = f.train[i];
            continue;
        }
        g.train[n] = f.train[i];
        g.label[n++] = f.label[i];
    }
    g.fit.n_train = n, g.fit.n_inner = 0, g.fit.keep = false, g.fit.model = NULL;
    cr_assert_eq(rival->fit(g.state, &g.fit, 1), OK, "%s", status_sentence());
    for (int i = 0, t = 0; i < f.fit.n_train; i++)
        if (f.inner[i] == 1) cr_assert_eq(f.inner_output[i], g.test_output[t++]);
    for (int i = 0; i < g.fit.n_train; i++) cr_assert(isnan(g.inner_output[i]), "without inner folds");
    release(&g, rival);
    release(&f, rival);
}

Test(SUITE, what_does_not_fit_is_said)
{
    Fitted f;
    Cohort cohort;
    void *applier;
    const Rival *rival = rival_find("stats-svm1");
    if (!is_built(rival)) return;
    open_cohort(&cohort, "dense.h5");
    cr_assert_eq(rival->check(rival, &cohort, 0), ERR_CONFIG);
    cr_assert(strstr(status_sentence(), "tasks of two classes; this one has numbers"), "%s", status_sentence());
    cr_assert_eq(rival->check(rival, &cohort, 3), ERR_CONFIG);
    cohort_close(&cohort);
    fit_rival(&f, rival, "dense.h5");
    json_object_set_new(f.fit.model->facts, "n_feat", json_integer(4));
    json_object_set_new(f.fit.model->facts, "features", json_null());
    cr_assert_eq(rival->apply_open(&applier, &f.fit.model, 1, &f.cohort), ERR_MODEL);
    cr_assert(strstr(status_sentence(), "have 5 features, and those that stats-svm1 was trained on had 4"), "%s",
              status_sentence());
    rival->apply_close(applier);
    release(&f, rival);
}
