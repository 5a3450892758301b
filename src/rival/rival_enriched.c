/* SPDX-License-Identifier: MIT
 *
 * rival_enriched.c: k-mers that occur in more training bags of one class than of the other (enrichscan.h), added up.
 *
 *     s(x) = Σ_m w_m [x has mark m]      w_m = ln((a + ½) / (n₊ - a + ½)) - ln((b + ½) / (n₋ - b + ½))
 *
 * over the marks of largest |z|: all beyond the level of 5 % over all tests (Bonferroni), or a number of them, as inner folds
 * choose; the inner training parts look for marks of their own. Weights are not fitted together: the marks were chosen by the
 * same labels, and a joint fit learns the chosen noise by heart.
 *
 * Outputs are a · s + b, calibrated on the outputs of the inner fits, so that they are logits.
 */
#include "cohort/platt.h"
#include "core/parallel.h"
#include "rival/enrichmodel.h"
#include "rival/kmerreader.h"
#include "rival/rivalchoice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL      0.05                /* of chance marks over all tests */
#define SCAN_BYTES ((size_t)256 << 20) /* of marks found at once */
#define TIE        1e-9

static const int candidates[] = {0, 8, 32, 128, 512}; /* marks; 0: those beyond the level */
#define N_CANDIDATE ((int)(sizeof candidates / sizeof *candidates))

typedef struct {
    const Rival *rival;
    RivalBags bags;
    KmerProfile profile;
    KmerBlocks *blocks;
    int *place; /* [cohort n] number among the bags in use */
} EnrichedState;

static void close_state(void *state)
{
    EnrichedState *s = state;
    if (!s) return;
    kmerblocks_close(s->blocks);
    free(s->place);
    free(s);
}

static Status open_state(void **out, const Rival *rival, const RivalBags *bags)
{
    EnrichedState *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return fail(ERR_MEMORY, "no memory for %s", rival->name);
    *s = (EnrichedState){.rival = rival, .bags = *bags, .profile = kmerprofile_new(enrichmodel_views)};
    KmerBlocksSetup setup = kmerreader_blocks(bags);
    setup.by_counts = false;        /* a k-mer is there or not */
    setup.bytes = KMERBLOCKS_BYTES; /* of one walk nothing is kept for the next */
    TRY(kmerblocks_open(&s->blocks, &s->profile, &setup));
    s->place = malloc(((size_t)bags->cohort->n + 1) * sizeof *s->place);
    if (!s->place) return fail(ERR_MEMORY, "no memory for %d bags", bags->cohort->n);
    for (int i = 0; i < kmerblocks_n(s->blocks); i++) s->place[kmerblocks_member(s->blocks)[i]] = i;
    return OK;
}

/* ---- problems of a batch of fits ---- */

typedef struct {
    EnrichedState *state;
    RivalFit *fit;
    int n_fit;
    EnrichScan scan;
    int *first; /* [n_fit] its first problem: output by output, of the training part, then without each inner fold */
    Status *status; /* [n_fit] */
} FitGroup;

static int problems_of(const RivalFit *f)
{
    return f->n_out * (1 + f->n_inner);
}

static int class_of(const RivalFit *f, int output)
{
    return f->n_class == 2 ? 1 : output;
}

static void add_problems(FitGroup *g, int number)
{
    const RivalFit *f = &g->fit[number];
    for (int o = 0; o < f->n_out; o++)
        for (int q = -1; q < f->n_inner; q++)
            for (int i = 0; i < f->n_train; i++)
                if (q < 0 || f->inner[i] != q)
                    enrichscan_add(&g->scan, g->first[number] + o * (1 + f->n_inner) + q + 1,
                                   g->state->place[f->train[i]], f->label[i] == class_of(f, o));
}

/* ---- one fit ---- */

/* |z| that the marks of LEVEL of all scans pass by chance: two-sided normal, by bisection. */
static double level_of(double n_tested)
{
    double low = 0, high = 40;
    for (int step = 0; step < 100; step++) {
        const double middle = (low + high) / 2;
        if (erfc(middle / sqrt(2)) * n_tested > LEVEL)
            low = middle;
        else
            high = middle;
    }
    return high;
}

typedef struct {
    const EnrichScan *scan;
    const int *place;
    RivalFit *fit;
    const EnrichProblem *problem; /* [n_out, 1 + n_inner] */
    double level;
    double weight[ENRICHSCAN_KEPT]; /* of the problem at hand */
    int limit[N_CANDIDATE];         /* marks of each candidate there */
    double *held;                   /* [N_CANDIDATE, n_train, n_out] sums of bags held out */
    MetricRank *rank;               /* [n_train] */
    double *column;                 /* [n_train] */
    int *label;                     /* [n_train] */
} EnrichFit;

static double odds(double n, double of)
{
    return log((n + 0.5) / (of - n + 0.5));
}

static void set_weights(EnrichFit *e, const EnrichProblem *p)
{
    const int n_word = e->scan->n_word;
    for (int m = 0; m < p->n_mark; m++) {
        const uint64_t *bits = p->bits + (size_t)p->mark[m].slot * (size_t)n_word;
        int n[2] = {0};
        for (int c = 0; c < 2; c++)
            for (int w = 0; w < n_word; w++) n[c] += __builtin_popcountll(bits[w] & p->member[c][w]);
        e->weight[m] = odds(n[1], p->n_member[1]) - odds(n[0], p->n_member[0]);
    }
    for (int c = 0; c < N_CANDIDATE; c++) {
        e->limit[c] = candidates[c] < p->n_mark ? candidates[c] : p->n_mark;
        if (candidates[c] > 0) continue;
        while (e->limit[c] < p->n_mark && fabs(p->mark[e->limit[c]].z) > e->level) e->limit[c]++;
    }
}

static double sum_marks(const EnrichFit *e, const EnrichProblem *p, int candidate, int member)
{
    double sum = 0;
    for (int m = 0; m < e->limit[candidate]; m++)
        if (enrichscan_has(e->scan, p, &p->mark[m], e->place[member])) sum += e->weight[m];
    return sum;
}

static double *held_at(const EnrichFit *e, int candidate, int i)
{
    return e->held + ((size_t)candidate * (size_t)e->fit->n_train + (size_t)i) * (size_t)e->fit->n_out;
}

static void hold_out(EnrichFit *e)
{
    const RivalFit *f = e->fit;
    for (int o = 0; o < f->n_out; o++)
        for (int q = 0; q < f->n_inner; q++) {
            const EnrichProblem *p = &e->problem[o * (1 + f->n_inner) + q + 1];
            set_weights(e, p);
            for (int i = 0; i < f->n_train; i++)
                for (int c = 0; c < N_CANDIDATE && f->inner[i] == q; c++)
                    held_at(e, c, i)[o] = sum_marks(e, p, c, f->train[i]);
        }
}

/* The first of the best; 0 where nothing can be chosen. */
static int choose(EnrichFit *e, double *area)
{
    int best = 0;
    *area = NAN;
    for (int c = 0; c < N_CANDIDATE && e->fit->n_inner > 0; c++) {
        const double value = rivalchoice_area(e->fit, held_at(e, c, 0), e->rank);
        if (isnan(value) || (!isnan(*area) && value <= *area + TIE)) continue;
        best = c;
        *area = value;
    }
    return best;
}

/* Of output o by the sums of bags held out. */
static void calibrate(double *a, double *b, EnrichFit *e, int candidate, int o)
{
    const RivalFit *f = e->fit;
    *a = 1;
    *b = 0;
    if (f->n_inner == 0) return;
    for (int i = 0; i < f->n_train; i++) {
        e->column[i] = held_at(e, candidate, i)[o];
        e->label[i] = f->label[i] == class_of(f, o);
    }
    platt_fit(a, b, e->column, e->label, f->n_train);
}

static Status keep_model(EnrichFit *e, const EnrichModelPart *part)
{
    const EnrichProblem *p = &e->problem[part->output * (1 + e->fit->n_inner)];
    for (int m = 0; m < part->n; m++) e->weight[m] *= part->slope;
    return enrichmodel_add(e->fit->model, part, p->mark, e->weight);
}

static Status finish(EnrichFit *e, int best, const Rival *rival)
{
    RivalFit *f = e->fit;
    if (f->keep) TRY(rival_model_new(&f->model, rival));
    if (f->keep) TRY(enrichmodel_begin(f->model, e->scan->scale, f->n_out));
    for (int o = 0; o < f->n_out; o++) {
        double a, b;
        const EnrichProblem *p = &e->problem[o * (1 + f->n_inner)];
        calibrate(&a, &b, e, best, o);
        for (int i = 0; i < f->n_train; i++)
            f->inner_output[i * f->n_out + o] = f->n_inner ? a * held_at(e, best, i)[o] + b : (double)NAN;
        set_weights(e, p);
        for (int i = 0; i < f->n_test; i++)
            f->test_output[i * f->n_out + o] = a * sum_marks(e, p, best, f->test[i]) + b;
        const EnrichModelPart part = {.output = o, .n = e->limit[best], .slope = a, .intercept = b};
        if (f->keep) TRY(keep_model(e, &part));
    }
    return OK;
}

static Status record_choice(const EnrichFit *e, int best, double area)
{
    json_t *choice = json_pack("{s:i}", "kmers", e->limit[best]);
    if (choice && !isnan(area)) json_object_set_new(choice, "inner_auc", json_real(area));
    e->fit->choice = choice;
    return choice ? OK : fail(ERR_MEMORY, "no memory for what was chosen");
}

static Status fit_one(EnrichFit *e, const Rival *rival)
{
    const size_t n = (size_t)e->fit->n_train + 1;
    double area;
    Status status;
    e->held = calloc(n * (size_t)e->fit->n_out * (size_t)N_CANDIDATE, sizeof *e->held);
    e->rank = malloc(n * sizeof *e->rank);
    e->column = malloc(n * sizeof *e->column);
    e->label = malloc(n * sizeof *e->label);
    if (!e->held || !e->rank || !e->column || !e->label) TRY_DONE(fail(ERR_MEMORY, "no memory for %zu bags", n));
    hold_out(e);
    const int best = choose(e, &area);
    TRY_DONE(finish(e, best, rival));
    TRY_DONE(record_choice(e, best, area));
done:
    free(e->held), free(e->rank), free(e->column), free(e->label);
    return status;
}

static void fit_chunk(void *context, int number, int thread)
{
    FitGroup *g = context;
    EnrichFit e = {.scan = &g->scan,
                   .place = g->state->place,
                   .fit = &g->fit[number],
                   .problem = &g->scan.problem[g->first[number]],
                   .level = level_of((double)g->scan.n_tested)};
    (void)thread;
    g->status[number] = fit_one(&e, g->state->rival);
}

/* ---- batches ---- */

static Status fit_group(FitGroup *g)
{
    int n_problem = 0;
    Status status;
    g->first = malloc(((size_t)g->n_fit + 1) * sizeof *g->first);
    g->status = calloc((size_t)g->n_fit + 1, sizeof *g->status);
    if (!g->first || !g->status) TRY_DONE(fail(ERR_MEMORY, "no memory for %d fits", g->n_fit));
    for (int k = 0; k < g->n_fit; k++) {
        g->first[k] = n_problem;
        n_problem += problems_of(&g->fit[k]);
    }
    TRY_DONE(enrichscan_new(&g->scan, kmerblocks_n(g->state->blocks), n_problem));
    for (int k = 0; k < g->n_fit; k++) add_problems(g, k);
    TRY_DONE(enrichscan_run(&g->scan, g->state->blocks));
    parallel_for(g->n_fit, fit_chunk, g);
    for (int k = 0; k < g->n_fit; k++)
        if (g->status[k] != OK) TRY_DONE(fail(g->status[k], "no memory for a fit of %d bags", g->fit[k].n_train));
done:
    enrichscan_free(&g->scan);
    free(g->first), free(g->status);
    return status;
}

static Status fit_all(void *state, RivalFit *fit, int n)
{
    EnrichedState *s = state;
    const size_t of_problem =
        sizeof(EnrichProblem) + (size_t)(kmerblocks_n(s->blocks) / 64 + 3) * 8 * ENRICHSCAN_KEPT;
    for (int at = 0, end; at < n; at = end) {
        size_t bytes = 0;
        for (end = at; end < n && (end == at || bytes < SCAN_BYTES); end++)
            bytes += (size_t)problems_of(&fit[end]) * of_problem;
        FitGroup group = {.state = s, .fit = fit + at, .n_fit = end - at};
        TRY(fit_group(&group));
    }
    return OK;
}

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    if (n_class == 0) return fail(ERR_CONFIG, "the baseline %s tells classes apart; labels are numbers", rival->name);
    return kmerblocks_check(cohort->file);
}

const Rival rival_enriched = {.name = "enriched",
                              .line = "k-mers with gaps that occur in more bags of one class, added up",
                              .cost = {86, 13.3, 0.94, 0, 13.7, 0, 0, 20, 3.3, 710},
                              .bags = BAG_SEQUENCES,
                              .standard = true,
                              .holds_residues = true,
                              .reads_counts = true,
                              .shares_bags = true,
                              .is_logit = true,
                              .check = check,
                              .open = open_state,
                              .fit = fit_all,
                              .close = close_state,
                              .apply_open = enrichmodel_open,
                              .apply = enrichmodel_apply,
                              .apply_close = enrichmodel_close,
                              .rank = enrichmodel_rank};
