/* SPDX-License-Identifier: MIT
 *
 * rival_public.c: sequences that are more frequent in one of two classes, after
 *   Emerson et al., Immunosequencing identifies signatures of cytomegalovirus exposure history and HLA-mediated effects on
 *   the T cell repertoire, Nature Genetics 49, 2017
 *
 * A sequence is associated if p of Fisher's exact test on the training bags is at most a threshold. Of a bag's n distinct
 * sequences k are associated; the output is the log odds of the two classes,
 *
 *     ln (N1 + 1) / (N0 + 1) + ln p(k | n, class 1) - ln p(k | n, class 0)
 *
 * of N1 and N0 training bags, with a beta-binomial distribution for each class. Inner folds choose the threshold; each has
 * tests and distributions of its own.
 *
 * A list of which bags hold which sequences is made once. A fit goes through it and counts k of all bags at all thresholds.
 */
#include "cohort/clonecount.h"
#include "cohort/metric.h"
#include "core/parallel.h"
#include "rival/clonemodel.h"
#include "rival/fisher.h"
#include "rival/publicmodel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THRESHOLDS 4
#define TIE        1e-9 /* areas that differ less are equal */
#define PARTS_MOST 256  /* inner folds and one */
#define FITS       64   /* at a time */

static const double thresholds[THRESHOLDS] = {2, 3, 4, 5}; /* -log10 p, ascending */

typedef struct {
    const Rival *rival;
    const RivalBags *bags;
    bool genes;
    CloneList list;
    double *size; /* [n] distinct sequences */
} Public;

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the tests of shared sequences");
}

/* ---- the cohort ---- */

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    if (n_class != 2)
        return fail(ERR_CONFIG, "%s tells two classes apart; this task has %s", rival->name,
                    n_class ? "more" : "numbers as labels");
    const PublicDetail *detail = rival->detail;
    if (!detail->genes || bagfile_has_genes(cohort->file)) return OK;
    return fail(ERR_FORMAT, "%s: has no genes, which %s needs; import a table that has them",
                bagfile_path(cohort->file), rival->name);
}

static void close_public(void *state)
{
    Public *p = state;
    if (!p) return;
    clonelist_free(&p->list);
    free(p->size);
    free(p);
}

static Status open_public(void **state, const Rival *rival, const RivalBags *bags)
{
    const PublicDetail *detail = rival->detail;
    const int n = bags->cohort->n;
    Public *p = calloc(1, sizeof *p);
    *state = p;
    if (!p) return no_memory();
    *p = (Public){.rival = rival, .bags = bags, .genes = detail->genes};
    int *n_distinct = calloc((size_t)n + 1, sizeof *n_distinct);
    p->size = calloc((size_t)n + 1, sizeof *p->size);
    const CloneSetup setup = {.cohort = bags->cohort,
                              .use = bags->use,
                              .genes = detail->genes,
                              .budget = clonecount_budget,
                              .stop = bags->stop};
    Status status = n_distinct && p->size ? clonecount_list(&p->list, n_distinct, &setup) : no_memory();
    for (int i = 0; status == OK && i < n; i++) p->size[i] = n_distinct[i];
    free(n_distinct);
    return status;
}

/* ---- one fit ---- */

/* Part q: the training bags without inner fold q; the last part: all of them. */
typedef struct {
    const Public *p;
    const CloneReader *r;
    RivalFit *fit;
    int n_part;
    int *side;      /* [n] 2 · inner fold + class of a training bag; -1: of no training part */
    Fisher *fisher; /* [n_part] */
    int *k;         /* [n_part, THRESHOLDS, n] associated sequences of each bag */
    BetaBinomial (*of_class)[THRESHOLDS][2]; /* [n_part] */
    double *odds;                            /* [n_part, THRESHOLDS] of the classes' sizes, as a logarithm */
    int chosen;                              /* threshold */
    double figure;                           /* its area by inner folds */
    int *bag_k;                              /* [n_train] scratch */
    double *bag_n;
    MetricRank *rank;

    int64_t n_kept; /* sequences of the model: all at the first threshold */
    size_t n_text;
    bool writes;
    CloneTensors tensors;
    double *log_p; /* [n_kept] */
} PublicFit;

static int *counts_of(const PublicFit *f, int part, int threshold)
{
    return f->k + ((size_t)part * THRESHOLDS + (size_t)threshold) * (size_t)f->p->bags->cohort->n;
}

static void fit_free(PublicFit *f)
{
    for (int q = 0; f->fisher && q < f->n_part; q++) fisher_close(&f->fisher[q]);
    free(f->fisher), free(f->side), free(f->k), free(f->of_class), free(f->odds);
    free(f->bag_k), free(f->bag_n), free(f->rank);
}

static bool in_part(const PublicFit *f, int i, int part)
{
    return part == f->n_part - 1 || f->fit->inner[i] != part;
}

static Status fit_tests(PublicFit *f)
{
    for (int q = 0; q < f->n_part; q++) {
        int n[2] = {0};
        for (int i = 0; i < f->fit->n_train; i++)
            if (in_part(f, i, q)) n[f->fit->label[i] == 1]++;
        TRY(fisher_open(&f->fisher[q], n[1], n[0]));
        f->odds[q] = log((n[1] + 1.0) / (n[0] + 1.0));
    }
    return OK;
}

static Status fit_new(PublicFit *f, const Public *p, RivalFit *fit, const CloneReader *r)
{
    const size_t n = (size_t)p->bags->cohort->n + 1, n_part = (size_t)fit->n_inner + 1;
    assert(fit->n_inner < PARTS_MOST && fit->n_out == 1);
    *f = (PublicFit){.p = p, .r = r, .fit = fit, .n_part = fit->n_inner + 1};
    f->side = malloc(n * sizeof *f->side);
    f->fisher = calloc(n_part, sizeof *f->fisher);
    f->k = calloc(n_part * THRESHOLDS * n, sizeof *f->k);
    f->of_class = calloc(n_part, sizeof *f->of_class);
    f->odds = calloc(n_part, sizeof *f->odds);
    f->bag_k = malloc(n * sizeof *f->bag_k);
    f->bag_n = malloc(n * sizeof *f->bag_n);
    f->rank = malloc(n * sizeof *f->rank);
    if (!f->side || !f->fisher || !f->k || !f->of_class || !f->odds || !f->bag_k || !f->bag_n || !f->rank)
        return no_memory();
    for (size_t i = 0; i < n; i++) f->side[i] = -1;
    for (int i = 0; i < fit->n_train; i++)
        f->side[fit->train[i]] = 2 * (fit->n_inner ? fit->inner[i] : 0) + (fit->label[i] == 1);
    return fit_tests(f);
}

/* ---- tests ---- */

/* holders [n_part, 2] of sequence i in each part, by class. */
static void count_holders(int *holders, const PublicFit *f, int i)
{
    const int *member = clonelist_members(f->r, i);
    int *all = holders + 2 * (f->n_part - 1);
    memset(holders, 0, 2 * (size_t)f->n_part * sizeof *holders);
    for (int k = 0; k < clonelist_n(f->r, i); k++) {
        const int side = f->side[member[k]];
        if (side < 0) continue;
        all[side % 2]++;
        if (f->n_part > 1) holders[side]--;
    }
    for (int k = 0; k < 2 * (f->n_part - 1); k++) holders[k] += all[k % 2];
}

static void count_sequence(PublicFit *f, int i, const int *holders)
{
    const int *member = clonelist_members(f->r, i);
    for (int q = 0; q < f->n_part; q++) {
        const double log_p = fisher_enriched(&f->fisher[q], holders[2 * q + 1], holders[2 * q]);
        for (int t = 0; t < THRESHOLDS && log_p >= thresholds[t]; t++) {
            int *count = counts_of(f, q, t);
            for (int k = 0; k < clonelist_n(f->r, i); k++) count[member[k]]++;
        }
    }
}

static void keep_sequence(PublicFit *f, int i, const int *holders)
{
    const int *all = holders + 2 * (f->n_part - 1);
    const double log_p = fisher_enriched(&f->fisher[f->n_part - 1], all[1], all[0]);
    if (log_p < thresholds[0]) return;
    if (!f->writes) {
        f->n_kept++;
        f->n_text += clonemodel_bytes(f->r, i, f->p->genes);
        return;
    }
    f->log_p[f->tensors.n] = log_p;
    clonemodel_put(&f->tensors, f->r, i, bagfile_spec(f->p->bags->cohort->file)->alphabet);
}

static void test_batch(void *context, int number, int thread)
{
    PublicFit *f = (PublicFit *)context + number;
    int holders[2 * PARTS_MOST];
    (void)thread;
    for (int i = 0; i < f->r->n; i++) {
        if (f->writes && !f->fit->keep) return;
        count_holders(holders, f, i);
        if (!f->writes) count_sequence(f, i, holders);
        if (f->fit->keep) keep_sequence(f, i, holders);
    }
}

static Status go_through(PublicFit *f, int n, CloneReader *r)
{
    clonelist_rewind(r);
    for (;;) {
        TRY(stop_check(f->p->bags->stop, " while testing sequences"));
        TRY(clonelist_next(r));
        if (r->n == 0) return OK;
        parallel_for(n, test_batch, f);
    }
}

/* ---- outputs ---- */

static void fit_class(PublicFit *f, int part, int threshold, int class)
{
    const RivalFit *fit = f->fit;
    const int *count = counts_of(f, part, threshold);
    int n = 0;
    for (int i = 0; i < fit->n_train; i++) {
        if (!in_part(f, i, part) || (fit->label[i] == 1) != class) continue;
        f->bag_k[n] = count[fit->train[i]];
        f->bag_n[n++] = f->p->size[fit->train[i]];
    }
    f->of_class[part][threshold][class] = betabinomial_fit(f->bag_k, f->bag_n, n);
}

static PublicOdds odds_of(const PublicFit *f, int part, int threshold)
{
    const BetaBinomial *of_class = f->of_class[part][threshold];
    return (PublicOdds){
        .threshold = thresholds[threshold], .prior = f->odds[part], .of_class = {of_class[0], of_class[1]}};
}

static double output_of(const PublicFit *f, int part, int threshold, int member)
{
    const PublicOdds odds = odds_of(f, part, threshold);
    return publicmodel_output(&odds, counts_of(f, part, threshold)[member], f->p->size[member]);
}

/* Mean over inner folds of the area under the ROC curve. */
static double area_of(PublicFit *f, int threshold)
{
    const RivalFit *fit = f->fit;
    double sum = 0;
    int n_area = 0;
    for (int q = 0; q < fit->n_inner; q++) {
        int n = 0;
        for (int i = 0; i < fit->n_train; i++)
            if (fit->inner[i] == q)
                f->rank[n++] = (MetricRank){output_of(f, q, threshold, fit->train[i]), fit->label[i] == 1};
        const double area = metric_auc(f->rank, n);
        if (isnan(area)) continue;
        sum += area;
        n_area++;
    }
    return n_area ? sum / n_area : NAN;
}

/* Of equal ones the first, which has most sequences. */
static void choose(PublicFit *f)
{
    f->chosen = 1;
    f->figure = NAN;
    for (int t = 0; t < THRESHOLDS && f->n_part > 1; t++) {
        const double area = area_of(f, t);
        if (isnan(area) || area <= f->figure + TIE) continue;
        f->chosen = t;
        f->figure = area;
    }
}

static void finish_fit(void *context, int number, int thread)
{
    PublicFit *f = (PublicFit *)context + number;
    RivalFit *fit = f->fit;
    (void)thread;
    for (int q = 0; q < f->n_part; q++)
        for (int t = 0; t < THRESHOLDS; t++)
            for (int class = 0; class < 2; class ++) fit_class(f, q, t, class);
    choose(f);
    for (int i = 0; i < fit->n_test; i++) fit->test_output[i] = output_of(f, f->n_part - 1, f->chosen, fit->test[i]);
    for (int i = 0; i < fit->n_train; i++)
        fit->inner_output[i] = fit->n_inner ? output_of(f, fit->inner[i], f->chosen, fit->train[i]) : NAN;
}

/* ---- models ---- */

static Status describe(PublicFit *f)
{
    RivalFit *fit = f->fit;
    fit->choice = json_pack("{s:f}", "p", pow(10, -thresholds[f->chosen]));
    if (!fit->choice) return no_memory();
    if (!isnan(f->figure)) json_object_set_new(fit->choice, "inner_auc", json_real(f->figure));
    return OK;
}

static Status begin_model(PublicFit *f)
{
    const PublicOdds odds = odds_of(f, f->n_part - 1, f->chosen);
    TRY(rival_model_new(&f->fit->model, f->p->rival));
    RivalModel *m = f->fit->model;
    TRY(clonemodel_describe(m, bagfile_spec(f->p->bags->cohort->file)));
    TRY(clonemodel_add(&f->tensors, m, f->n_kept, f->n_text, f->p->genes));
    return publicmodel_add(&f->log_p, m, f->n_kept, &odds);
}

static Status make_models(PublicFit *f, int n, CloneReader *r)
{
    bool any = false;
    for (int k = 0; k < n; k++) {
        TRY(describe(&f[k]));
        f[k].writes = true;
        if (!f[k].fit->keep) continue;
        any = true;
        TRY(begin_model(&f[k]));
    }
    return any ? go_through(f, n, r) : OK;
}

static Status fit_some(const Public *p, RivalFit *fit, int n)
{
    CloneReader *r = NULL;
    PublicFit *f = calloc((size_t)n + 1, sizeof *f);
    Status status = f ? clonelist_open(&r, &p->list) : no_memory();
    for (int k = 0; k < n && status == OK; k++) status = fit_new(&f[k], p, &fit[k], r);
    if (status == OK) status = go_through(f, n, r);
    if (status == OK) parallel_for(n, finish_fit, f);
    if (status == OK) status = make_models(f, n, r);
    for (int k = 0; f && k < n; k++) fit_free(&f[k]);
    free(f);
    clonelist_close(r);
    return status;
}

static Status fit_public(void *state, RivalFit *fit, int n)
{
    for (int k = 0; k < n; k += FITS) TRY(fit_some(state, fit + k, n - k < FITS ? n - k : FITS));
    return OK;
}

/* ---- rows ---- */

#define COMMON                                                                                                       \
    .bags = BAG_SEQUENCES, .holds_residues = true, .is_logit = true, .check = check, .open = open_public,            \
    .fit = fit_public, .close = close_public, .apply_open = publicmodel_open, .apply = publicmodel_apply,            \
    .apply_close = publicmodel_close, .rank = publicmodel_rank

static const PublicDetail of_sequences = {.genes = false}, of_genes = {.genes = true};

const Rival rival_public = {.name = "public",
                            .line = "sequences associated with a class by Fisher's test, beta-binomial log odds",
                            .standard = true,
                            .detail = &of_sequences,
                            COMMON};

const Rival rival_public_vj = {
    .name = "public-vj",
    .line = "sequences with V and J genes associated with a class by Fisher's test, beta-binomial log odds",
    .detail = &of_genes,
    COMMON};
