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
 * A fit goes through the list of sequences and counts k of all bags at all thresholds.
 */
#include "cohort/metric.h"
#include "core/parallel.h"
#include "cohort/fisher.h"
#include "rival/publicmodel.h"
#include "rival/publicparts.h"

#include <math.h>
#include <stdlib.h>

#define THRESHOLDS 4
#define TIE        1e-9 /* areas that differ less are equal */
#define FITS       64   /* at a time */

static const double thresholds[THRESHOLDS] = {2, 3, 4, 5}; /* -log10 p, ascending */

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the tests of shared sequences");
}

/* ---- one fit ---- */

typedef struct {
    PublicParts parts;
    const CloneReader *r;
    Fisher *fisher;                          /* [n_part] */
    int *k;                                  /* [n_part, THRESHOLDS, n] associated sequences of each bag */
    BetaBinomial (*of_class)[THRESHOLDS][2]; /* [n_part] */
    int chosen;                              /* threshold */
    double figure;                           /* its area by inner folds */
    int *bag_k;                              /* [n_train] scratch */
    double *bag_n;
    MetricRank *rank;
    PublicKept kept; /* all at the first threshold */
} PublicFit;

static int *counts_of(const PublicFit *f, int part, int threshold)
{
    return f->k + ((size_t)part * THRESHOLDS + (size_t)threshold) * (size_t)f->parts.p->bags->cohort->n;
}

static void fit_free(PublicFit *f)
{
    for (int q = 0; f->fisher && q < f->parts.n_part; q++) fisher_close(&f->fisher[q]);
    free(f->fisher), free(f->k), free(f->of_class);
    free(f->bag_k), free(f->bag_n), free(f->rank);
    publicparts_free(&f->parts);
}

static Status fit_new(PublicFit *f, const Public *p, RivalFit *fit, const CloneReader *r)
{
    const size_t n = (size_t)p->bags->cohort->n + 1, n_part = (size_t)fit->n_inner + 1;
    *f = (PublicFit){.r = r};
    TRY(publicparts_new(&f->parts, p, fit));
    f->fisher = calloc(n_part, sizeof *f->fisher);
    f->k = calloc(n_part * THRESHOLDS * n, sizeof *f->k);
    f->of_class = calloc(n_part, sizeof *f->of_class);
    f->bag_k = malloc(n * sizeof *f->bag_k);
    f->bag_n = malloc(n * sizeof *f->bag_n);
    f->rank = malloc(n * sizeof *f->rank);
    if (!f->fisher || !f->k || !f->of_class || !f->bag_k || !f->bag_n || !f->rank) return no_memory();
    for (int q = 0; q < f->parts.n_part; q++) TRY(fisher_open(&f->fisher[q], f->parts.n[q][1], f->parts.n[q][0]));
    return OK;
}

/* ---- tests ---- */

static void count_sequence(PublicFit *f, int i, const int *holders)
{
    const int *member = clonelist_members(f->r, i);
    for (int q = 0; q < f->parts.n_part; q++) {
        const double log_p = fisher_enriched(&f->fisher[q], holders[2 * q + 1], holders[2 * q]);
        for (int t = 0; t < THRESHOLDS && log_p >= thresholds[t]; t++) {
            int *count = counts_of(f, q, t);
            for (int k = 0; k < clonelist_n(f->r, i); k++) count[member[k]]++;
        }
    }
}

static void keep_sequence(PublicFit *f, int i, const int *holders)
{
    const int last = f->parts.n_part - 1;
    const double log_p = fisher_enriched(&f->fisher[last], holders[2 * last + 1], holders[2 * last]);
    if (log_p >= thresholds[0]) publicparts_keep(&f->kept, f->parts.p, f->r, i, log_p);
}

static void test_batch(void *context, int number, int thread)
{
    PublicFit *f = (PublicFit *)context + number;
    int holders[2 * PUBLICPARTS_MOST];
    (void)thread;
    if (f->kept.writes && !f->parts.fit->keep) return;
    for (int i = 0; i < f->r->n; i++) {
        publicparts_holders(holders, &f->parts, f->r, i);
        if (!f->kept.writes) count_sequence(f, i, holders);
        if (f->parts.fit->keep) keep_sequence(f, i, holders);
    }
}

static Status go_through(PublicFit *f, int n, CloneReader *r)
{
    clonelist_rewind(r);
    for (;;) {
        TRY(stop_check(f->parts.p->bags->stop, " while testing sequences"));
        TRY(clonelist_next(r));
        if (r->n == 0) return OK;
        parallel_for(n, test_batch, f);
    }
}

/* ---- outputs ---- */

static void fit_class(PublicFit *f, int part, int threshold, int class)
{
    const RivalFit *fit = f->parts.fit;
    const int *count = counts_of(f, part, threshold);
    int n = 0;
    for (int i = 0; i < fit->n_train; i++) {
        if (!publicparts_has(&f->parts, i, part) || (fit->label[i] == 1) != class) continue;
        f->bag_k[n] = count[fit->train[i]];
        f->bag_n[n++] = f->parts.p->share->size[fit->train[i]];
    }
    f->of_class[part][threshold][class] = betabinomial_fit(f->bag_k, f->bag_n, n);
}

static PublicOdds odds_of(const PublicFit *f, int part, int threshold)
{
    const BetaBinomial *of_class = f->of_class[part][threshold];
    return (PublicOdds){.threshold = thresholds[threshold],
                        .prior = publicparts_prior(&f->parts, part),
                        .of_class = {of_class[0], of_class[1]}};
}

static double output_of(const PublicFit *f, int part, int threshold, int member)
{
    const PublicOdds odds = odds_of(f, part, threshold);
    return publicmodel_output(&odds, counts_of(f, part, threshold)[member], f->parts.p->share->size[member]);
}

/* Mean over inner folds of the area under the ROC curve. */
static double area_of(PublicFit *f, int threshold)
{
    const RivalFit *fit = f->parts.fit;
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
    for (int t = 0; t < THRESHOLDS && f->parts.n_part > 1; t++) {
        const double area = area_of(f, t);
        if (isnan(area) || area <= f->figure + TIE) continue;
        f->chosen = t;
        f->figure = area;
    }
}

static void finish_fit(void *context, int number, int thread)
{
    PublicFit *f = (PublicFit *)context + number;
    RivalFit *fit = f->parts.fit;
    (void)thread;
    for (int q = 0; q < f->parts.n_part; q++)
        for (int t = 0; t < THRESHOLDS; t++)
            for (int class = 0; class < 2; class ++) fit_class(f, q, t, class);
    choose(f);
    for (int i = 0; i < fit->n_test; i++)
        fit->test_output[i] = output_of(f, f->parts.n_part - 1, f->chosen, fit->test[i]);
    for (int i = 0; i < fit->n_train; i++)
        fit->inner_output[i] = fit->n_inner ? output_of(f, fit->inner[i], f->chosen, fit->train[i]) : NAN;
}

/* ---- models ---- */

static Status describe(PublicFit *f)
{
    RivalFit *fit = f->parts.fit;
    fit->choice = json_pack("{s:f}", "p", pow(10, -thresholds[f->chosen]));
    if (!fit->choice) return no_memory();
    if (!isnan(f->figure)) json_object_set_new(fit->choice, "inner_auc", json_real(f->figure));
    return OK;
}

static Status begin_model(PublicFit *f)
{
    const PublicOdds odds = odds_of(f, f->parts.n_part - 1, f->chosen);
    TRY(publicparts_model(&f->kept, f->parts.p, f->parts.fit));
    return publicmodel_add(&f->kept.value, f->parts.fit->model, f->kept.n, &odds);
}

static Status make_models(PublicFit *f, int n, CloneReader *r)
{
    bool any = false;
    for (int k = 0; k < n; k++) {
        TRY(describe(&f[k]));
        f[k].kept.writes = true;
        if (!f[k].parts.fit->keep) continue;
        any = true;
        TRY(begin_model(&f[k]));
    }
    return any ? go_through(f, n, r) : OK;
}

static Status fit_some(const Public *p, RivalFit *fit, int n)
{
    CloneReader *r = NULL;
    PublicFit *f = calloc((size_t)n + 1, sizeof *f);
    Status status = f ? clonelist_open(&r, &p->share->list) : no_memory();
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
    .bags = BAG_SEQUENCES, .holds_residues = true, .shares_clones = true, .is_logit = true,                          \
    .check = publicparts_check, .open = publicparts_open, .fit = fit_public, .close = publicparts_close,             \
    .apply_open = publicmodel_open, .apply = publicmodel_apply, .apply_close = publicmodel_close,                    \
    .rank = publicmodel_rank

static const PublicDetail of_sequences = {.genes = false}, of_genes = {.genes = true};

const Rival rival_public = {.name = "public",
                            .line = "sequences associated with a class by Fisher's test, beta-binomial log odds",
                            .standard = true,
                            .cost = {12, 0, 0.16, 0.2, 0.25, 0, 0, 5, 0.09},
                            .detail = &of_sequences,
                            COMMON};

const Rival rival_public_vj = {
    .name = "public-vj",
    .line = "sequences with V and J genes associated with a class by Fisher's test, beta-binomial log odds",
    .standard = true,
    .cost = {12, 0, 0.16, 0.2, 0.25, 0, 0, 5, 0.09},
    .detail = &of_genes,
    COMMON};
