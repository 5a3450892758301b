/* SPDX-License-Identifier: MIT
 *
 * rival_public_eb.c: the odds of all sequences that bags share. rival_public.c counts the sequences that pass a test, all
 * alike; where many sequences differ a little, none passes it. Here each sequence j has a weight w_j, the log odds ratio that
 * the training bags let one expect beyond their depth (oddsprior.h). The output for a bag of n distinct sequences is
 *
 *     ln (N1 + 1) / (N0 + 1)  +  sum of w_j over its sequences  -  n / n0 · sum over all j of p_1j - p_0j
 *
 * The last term is what the sequences tell that the bag does not hold; p_cj, the share of bags of class c that hold j if they
 * have n0 sequences, the mean of the other class, is small, so that ln (1 - p) is -p, and grows with n. Nothing is chosen;
 * inner folds give the outputs of `inner`.
 */
#include "core/parallel.h"
#include "rival/oddsprior.h"
#include "rival/publicmodel.h"
#include "rival/publicparts.h"
#include "rival/rivalchoice.h"

#include <math.h>
#include <stdlib.h>

#define TABLES 48 /* of counts at a time, one for each part of a fit: 1.6 MB each */

typedef enum { COUNT, SUM, WRITE } Pass;

typedef struct {
    PublicParts parts;
    const CloneReader *r;
    Pass pass;
    OddsPrior *prior;  /* [n_part] */
    double *sum;       /* [n_part, n] weights of a bag's sequences */
    double (*size)[2]; /* [n_part] mean size of a bag of the other class, of the class */
    double *excess;    /* [n_part] sum of p_1j - p_0j */
    PublicBase *base;  /* [n_part] */
    PublicKept kept;
    double figure;    /* area by inner folds */
    MetricRank *rank; /* scratch */
    Status status;
} EbFit;

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the odds of shared sequences");
}

static double *sums_of(const EbFit *f, int part)
{
    return f->sum + (size_t)part * (size_t)f->parts.p->bags->cohort->n;
}

static void fit_free(EbFit *f)
{
    for (int q = 0; f->prior && q < f->parts.n_part; q++) oddsprior_close(&f->prior[q]);
    free(f->prior), free(f->sum), free(f->size), free(f->excess), free(f->base), free(f->rank);
    publicparts_free(&f->parts);
}

/* Of the bags of a part; at least 1, so that their ratio is a number. */
static void find_sizes(double mean[2], const PublicParts *parts, int part)
{
    const RivalFit *fit = parts->fit;
    for (int i = 0; i < fit->n_train; i++)
        if (publicparts_has(parts, i, part)) mean[fit->label[i] == 1] += parts->p->share->size[fit->train[i]];
    for (int class = 0; class < 2; class ++) mean[class] = fmax(mean[class] / fmax(parts->n[part][class], 1), 1);
}

static Status fit_new(EbFit *f, const Public *p, RivalFit *fit, const CloneReader *r)
{
    const size_t n = (size_t)p->bags->cohort->n + 1, n_part = (size_t)fit->n_inner + 1;
    *f = (EbFit){.r = r, .pass = COUNT, .figure = NAN};
    TRY(publicparts_new(&f->parts, p, fit));
    f->prior = calloc(n_part, sizeof *f->prior);
    f->sum = calloc(n_part * n, sizeof *f->sum);
    f->size = calloc(n_part, sizeof *f->size);
    f->excess = calloc(n_part, sizeof *f->excess);
    f->base = calloc(n_part, sizeof *f->base);
    f->rank = malloc(n * sizeof *f->rank);
    if (!f->prior || !f->sum || !f->size || !f->excess || !f->base || !f->rank) return no_memory();
    for (int q = 0; q < f->parts.n_part; q++) {
        find_sizes(f->size[q], &f->parts, q);
        TRY(oddsprior_open(&f->prior[q], f->parts.n[q][1], f->parts.n[q][0]));
    }
    return OK;
}

/* ---- passes over the list ---- */

static void sum_sequence(EbFit *f, int i, int part, const int held[2])
{
    const OddsPrior *prior = &f->prior[part];
    const double weight = oddsprior_weight(prior, held[1], held[0]);
    const int *member = clonelist_members(f->r, i);
    double *sum = sums_of(f, part);
    if (weight == 0) return;
    for (int k = 0; k < clonelist_n(f->r, i); k++) sum[member[k]] += weight;
    f->excess[part] += oddsprior_excess(prior, held[1], held[0], weight);
}

static void keep_sequence(EbFit *f, int i, const int held[2])
{
    const double weight = oddsprior_weight(&f->prior[f->parts.n_part - 1], held[1], held[0]);
    if (weight != 0) publicparts_keep(&f->kept, f->parts.p, f->r, i, weight);
}

static void take_sequence(EbFit *f, int i)
{
    int holders[2 * PUBLICPARTS_MOST];
    const int last = f->parts.n_part - 1;
    publicparts_holders(holders, &f->parts, f->r, i);
    for (int q = 0; q <= last; q++) {
        const int *held = holders + 2 * q;
        if (f->pass == COUNT) oddsprior_add(&f->prior[q], held[1], held[0]);
        if (f->pass == SUM) sum_sequence(f, i, q, held);
    }
    if (f->pass != COUNT && f->parts.fit->keep) keep_sequence(f, i, holders + 2 * last);
}

static void take_batch(void *context, int number, int thread)
{
    EbFit *f = (EbFit *)context + number;
    (void)thread;
    if (f->pass == WRITE && !f->parts.fit->keep) return;
    for (int i = 0; i < f->r->n; i++) take_sequence(f, i);
}

static Status go_through(EbFit *f, int n, CloneReader *r, Pass pass)
{
    clonelist_rewind(r);
    for (int k = 0; k < n; k++) f[k].pass = pass;
    for (;;) {
        TRY(stop_check(f->parts.p->bags->stop, " while weighing sequences"));
        TRY(clonelist_next(r));
        if (r->n == 0) return OK;
        parallel_for(n, take_batch, f);
    }
}

/* ---- between the passes ---- */

static void learn(void *context, int number, int thread)
{
    EbFit *f = (EbFit *)context + number;
    (void)thread;
    for (int q = 0; q < f->parts.n_part && f->status == OK; q++)
        f->status = oddsprior_learn(&f->prior[q], f->size[q][1] / f->size[q][0]);
}

static Status learn_all(EbFit *f, int n)
{
    parallel_for(n, learn, f);
    for (int k = 0; k < n; k++)
        if (f[k].status != OK) return no_memory();
    return OK;
}

static double output_of(const EbFit *f, int part, int member)
{
    return publicmodel_weighed(&f->base[part], sums_of(f, part)[member], f->parts.p->share->size[member]);
}

static void finish_fit(EbFit *f)
{
    RivalFit *fit = f->parts.fit;
    const int last = f->parts.n_part - 1;
    for (int q = 0; q <= last; q++)
        f->base[q] = (PublicBase){publicparts_prior(&f->parts, q), f->excess[q] / f->size[q][0]};
    for (int i = 0; i < fit->n_test; i++) fit->test_output[i] = output_of(f, last, fit->test[i]);
    for (int i = 0; i < fit->n_train; i++)
        fit->inner_output[i] = fit->n_inner ? output_of(f, fit->inner[i], fit->train[i]) : NAN;
    if (fit->n_inner) f->figure = rivalchoice_area(fit, fit->inner_output, f->rank);
}

/* ---- models ---- */

static Status describe(const EbFit *f)
{
    RivalFit *fit = f->parts.fit;
    fit->choice = json_object();
    if (!fit->choice) return no_memory();
    if (!isnan(f->figure)) json_object_set_new(fit->choice, "inner_auc", json_real(f->figure));
    return OK;
}

static Status make_models(EbFit *f, int n, CloneReader *r)
{
    bool any = false;
    for (int k = 0; k < n; k++) {
        RivalFit *fit = f[k].parts.fit;
        TRY(describe(&f[k]));
        if (!fit->keep) continue;
        any = true;
        f[k].kept.writes = true;
        TRY(publicparts_model(&f[k].kept, f[k].parts.p, fit));
        TRY(publicmodel_add_weights(&f[k].kept.value, fit->model, f[k].kept.n, &f[k].base[f[k].parts.n_part - 1]));
    }
    return any ? go_through(f, n, r, WRITE) : OK;
}

static Status fit_with(EbFit *f, int n, CloneReader *r)
{
    TRY(go_through(f, n, r, COUNT));
    TRY(learn_all(f, n));
    TRY(go_through(f, n, r, SUM));
    for (int k = 0; k < n; k++) finish_fit(&f[k]);
    return make_models(f, n, r);
}

static Status fit_some(const Public *p, RivalFit *fit, int n)
{
    CloneReader *r = NULL;
    EbFit *f = calloc((size_t)n + 1, sizeof *f);
    Status status = f ? clonelist_open(&r, &p->share->list) : no_memory();
    for (int k = 0; k < n && status == OK; k++) status = fit_new(&f[k], p, &fit[k], r);
    if (status == OK) status = fit_with(f, n, r);
    for (int k = 0; f && k < n; k++) fit_free(&f[k]);
    free(f);
    clonelist_close(r);
    return status;
}

static Status fit_eb(void *state, RivalFit *fit, int n)
{
    for (int k = 0; k < n;) {
        int n_fit = TABLES / (fit[k].n_inner + 1);
        if (n_fit < 1) n_fit = 1;
        if (n_fit > n - k) n_fit = n - k;
        TRY(fit_some(state, fit + k, n_fit));
        k += n_fit;
    }
    return OK;
}

/* ---- rows ---- */

#define COMMON                                                                                                       \
    .bags = BAG_SEQUENCES, .standard = true, .holds_residues = true, .shares_clones = true, .is_logit = true,        \
    .check = publicparts_check, .open = publicparts_open, .fit = fit_eb, .close = publicparts_close,                 \
    .apply_open = publicmodel_open, .apply = publicmodel_apply, .apply_close = publicmodel_close,                    \
    .rank = publicmodel_rank

static const PublicDetail of_sequences = {.weighs = true}, of_genes = {.weighs = true, .genes = true};

const Rival rival_public_eb = {.name = "public-eb",
                               .line = "all shared sequences, weighed by empirical-Bayes log odds",
                               .cost = {12, 0, 0.1, 0.2, 0.1, 0, 0, 5, 0.09},
                               .detail = &of_sequences,
                               COMMON};

const Rival rival_public_eb_vj = {.name = "public-eb-vj",
                                  .line =
                                      "all shared sequences with V and J genes, weighed by empirical-Bayes log odds",
                                  .cost = {12, 0, 0.1, 0.2, 0.1, 0, 0, 5, 0.09},
                                  .detail = &of_genes,
                                  COMMON};
