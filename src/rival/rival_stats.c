/* SPDX-License-Identifier: MIT
 *
 * rival_stats.c: classifiers with fixed settings on mean, max and min of every feature of a bag of vectors. Nothing is
 * chosen; inner folds are run for the outputs on bags that their fits have not seen.
 */
#include "cohort/bagstats.h"
#include "cohort/metric.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "rival/statsmodel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scaled rows and the library's own copy of them. */
#define BYTES_A_NUMBER 28.0

typedef struct {
    const Classifier *classifier;
    double cost;
    double clip; /* of the scaled numbers; 0: none */
} StatsDetail;

typedef struct {
    const Rival *rival;
    const StatsDetail *detail;
    const Cohort *cohort;
    const StopFlag *stop;
    FeatureRows rows;
} StatsState;

static void close_state(void *state)
{
    StatsState *s = state;
    if (s) featurerows_free(&s->rows);
    free(s);
}

static Status open_state(void **out, const Rival *rival, const RivalBags *bags)
{
    StatsState *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return fail(ERR_MEMORY, "no memory for the baseline %s", rival->name);
    *s = (StatsState){.rival = rival, .detail = rival->detail, .cohort = bags->cohort, .stop = bags->stop};
    if (s->detail->classifier->start) s->detail->classifier->start();
    return bagstats_make(&s->rows, bags->cohort, bags->use);
}

/* ---- one fit ---- */

typedef struct {
    const StatsState *state;
    RivalFit *fit;
    int *train, *label, *test, *place; /* [n_train] of the part at work, but test: [n_train + n_test] */
    double *score;                     /* [n_train + n_test] */
    int n_train, n_test;
    FeatureRows scaled;
} StatsWork;

static void work_free(StatsWork *w)
{
    free(w->train), free(w->label), free(w->test), free(w->place), free(w->score);
    featurerows_free(&w->scaled);
}

static Status work_new(StatsWork *w, const StatsState *s, RivalFit *fit)
{
    const size_t n = (size_t)fit->n_train + (size_t)fit->n_test + 1;
    *w = (StatsWork){.state = s,
                     .fit = fit,
                     .train = malloc(n * sizeof *w->train),
                     .label = malloc(n * sizeof *w->label),
                     .test = malloc(n * sizeof *w->test),
                     .place = malloc(n * sizeof *w->place),
                     .score = malloc(n * sizeof *w->score)};
    return w->train && w->label && w->test && w->place && w->score
               ? OK
               : fail(ERR_MEMORY, "no memory for %zu bags", n - 1);
}

static void add_training(StatsWork *w, int i)
{
    w->label[w->n_train] = w->fit->label[i] > 0.5;
    w->train[w->n_train++] = w->fit->train[i];
}

/* All of the training part, or all but an inner fold. */
static void divide(StatsWork *w, int inner)
{
    const RivalFit *f = w->fit;
    w->n_train = w->n_test = 0;
    for (int i = 0; i < f->n_train; i++) {
        if (inner < 0 || f->inner[i] != inner) {
            add_training(w, i);
            continue;
        }
        w->place[w->n_test] = i;
        w->test[w->n_test++] = f->train[i];
    }
    for (int i = 0; inner < 0 && i < f->n_test; i++) w->test[w->n_test++] = f->test[i];
}

static bool has_both(const StatsWork *w)
{
    for (int i = 1; i < w->n_train; i++)
        if (w->label[i] != w->label[0]) return true;
    return false;
}

static void cut(FeatureRows *rows, double clip)
{
    for (size_t e = 0; clip > 0 && e < rows->start[rows->n]; e++)
        rows->value[e] = fmin(fmax(rows->value[e], -clip), clip);
}

static Status learn(StatsWork *w, ClassifierModel *model)
{
    int n_used;
    const StatsDetail *d = w->state->detail;
    featurerows_free(&w->scaled);
    TRY(featurerows_scale(&w->scaled, &n_used, &w->state->rows, w->train, w->n_train));
    cut(&w->scaled, d->clip);
    const ClassifierFold fold = {.rows = &w->scaled,
                                 .n_used = n_used,
                                 .train = w->train,
                                 .label = w->label,
                                 .test = w->test,
                                 .n_train = w->n_train,
                                 .n_test = w->n_test};
    return classifier_learn(w->score, model, d->classifier, &fold, d->cost);
}

/* Where an inner part lacks a class, all are of the other. */
static Status run_inner(StatsWork *w, int inner)
{
    divide(w, inner);
    if (has_both(w))
        TRY(learn(w, NULL));
    else
        for (int i = 0; i < w->n_test; i++) w->score[i] = w->n_train > 0 && w->label[0] ? 1 : -1;
    for (int i = 0; i < w->n_test; i++) w->fit->inner_output[w->place[i]] = w->score[i];
    return OK;
}

/* Mean over inner folds, as bagkernel_fit.c has it; NaN: defined in none. */
static Status inner_area(double *out, const RivalFit *f)
{
    double sum = 0;
    int n_area = 0;
    MetricRank *rank = malloc(((size_t)f->n_train + 1) * sizeof *rank);
    if (!rank) return fail(ERR_MEMORY, "no memory for %d outputs", f->n_train);
    for (int q = 0; q < f->n_inner; q++) {
        int n = 0;
        for (int i = 0; i < f->n_train; i++)
            if (f->inner[i] == q) rank[n++] = (MetricRank){f->inner_output[i], f->label[i] > 0.5};
        const double area = metric_auc(rank, n);
        if (!isnan(area)) sum += area, n_area++;
    }
    free(rank);
    *out = n_area ? sum / n_area : NAN;
    return OK;
}

static Status keep_model(const StatsWork *w, const ClassifierModel *learned)
{
    const StatsState *s = w->state;
    const StatsLearned l = {.cohort = s->cohort,
                            .rows = &s->rows,
                            .scaled = &w->scaled,
                            .train = w->train,
                            .n_train = w->n_train,
                            .is_linear = s->detail->classifier->is_linear,
                            .clip = s->detail->clip,
                            .learned = learned};
    return statsmodel_new(&w->fit->model, s->rival, &l);
}

static Status run_outer(StatsWork *w)
{
    Status status;
    const size_t n_column = (size_t)w->state->rows.n_column + 1;
    ClassifierModel model = {.weight = calloc(n_column, sizeof *model.weight),
                             .coefficient = calloc((size_t)w->fit->n_train + 1, sizeof *model.coefficient)};
    if (!model.weight || !model.coefficient) TRY_DONE(fail(ERR_MEMORY, "no memory for %zu features", n_column - 1));
    divide(w, -1);
    if (!has_both(w))
        TRY_DONE(fail(ERR_FORMAT, "all %d training bags are of one class; a classifier needs both", w->n_train));
    TRY_DONE(learn(w, &model));
    for (int i = 0; i < w->n_test; i++) w->fit->test_output[i] = w->score[i];
    if (w->fit->keep) TRY_DONE(keep_model(w, &model));
done:
    free(model.weight);
    free(model.coefficient);
    return status;
}

static Status fit_one(const StatsState *s, RivalFit *fit)
{
    StatsWork w;
    double area = NAN;
    Status status;
    TRY_DONE(work_new(&w, s, fit));
    TRY_DONE(run_outer(&w));
    for (int i = 0; i < fit->n_train; i++) fit->inner_output[i] = NAN;
    for (int q = 0; q < fit->n_inner; q++) TRY_DONE(run_inner(&w, q));
    TRY_DONE(inner_area(&area, fit));
    fit->choice = json_pack("{s:f}", "C", s->detail->cost);
    if (fit->choice && !isnan(area)) json_object_set_new(fit->choice, "inner_auc", json_real(area));
    if (!fit->choice) TRY_DONE(fail(ERR_MEMORY, "no memory for what was chosen"));
done:
    work_free(&w);
    return status;
}

/* ---- all fits ---- */

typedef struct {
    const StatsState *state;
    RivalFit *fit;
    Status *status;  /* [n] */
    char **sentence; /* [n] of what failed; it is the thread's */
} StatsBatch;

static void fit_chunk(void *context, int k, int thread)
{
    StatsBatch *b = context;
    (void)thread;
    b->status[k] = OK;
    if (stop_is_set(b->state->stop)) return;
    b->status[k] = fit_one(b->state, &b->fit[k]);
    if (b->status[k] != OK) b->sentence[k] = strdup(status_sentence());
}

/* Fits at once: all, or as many as the memory allows. */
static int count_fits(const StatsState *s, int n)
{
    const double bytes = BYTES_A_NUMBER * (double)s->rows.start[s->rows.n] + 1;
    const double most = fmax(1, (double)memory_available() / 2 / bytes);
    return most < parallel_threads() ? (int)most : n;
}

static Status run_batch(StatsBatch *b, int n)
{
    parallel_for(n, fit_chunk, b);
    TRY(stop_check(b->state->stop, "; nothing was written"));
    for (int k = 0; k < n; k++)
        if (b->status[k] != OK)
            return fail(b->status[k], "%s", b->sentence[k] ? b->sentence[k] : "no memory for a fit");
    return OK;
}

static Status fit_all(void *state, RivalFit *fit, int n)
{
    const StatsState *s = state;
    StatsBatch b = {.state = s,
                    .status = malloc(((size_t)n + 1) * sizeof *b.status),
                    .sentence = calloc((size_t)n + 1, sizeof *b.sentence)};
    Status status = b.status && b.sentence ? OK : fail(ERR_MEMORY, "no memory for %d fits", n);
    for (int at = 0, many; at < n && status == OK; at += many) {
        many = count_fits(s, n - at);
        b.fit = fit + at;
        status = run_batch(&b, many);
    }
    for (int k = 0; b.sentence && k < n; k++) free(b.sentence[k]);
    free(b.sentence);
    free(b.status);
    return status;
}

/* ---- the rivals ---- */

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    const StatsDetail *d = rival->detail;
    if (n_class != 2)
        return fail(ERR_CONFIG, "the baseline %s is for tasks of two classes; this one has %s", rival->name,
                    n_class ? "more" : "numbers as labels");
    if (d->clip > 0 && bagfile_spec(cohort->file)->sparse) /* there 0 stays 0, which a cut would move */
        return fail(ERR_CONFIG, "the baseline %s is for dense vectors, and %s holds sparse ones; take stats-svm10",
                    rival->name, bagfile_path(cohort->file));
    if (d->classifier->is_built) return OK;
    return fail(ERR_USAGE,
                "the baseline %s needs %s, which was not there when hopsack was built: install %s-dev and build "
                "again, or name other methods (--method)",
                rival->name, d->classifier->library, d->classifier->library);
}

#define STATS_FUNCTIONS                                                                                              \
    .check = check, .open = open_state, .fit = fit_all, .close = close_state, .apply_open = statsmodel_apply_open,   \
    .apply = statsmodel_apply, .apply_close = statsmodel_apply_close

static const StatsDetail logistic = {&classifier_logistic, 0.01, 0}, svm1 = {&classifier_svm, 1, 0},
                         svm10 = {&classifier_svm, 10, 0}, svm_cut = {&classifier_svm, 10, 3};

const Rival rival_stats_logistic = {
    .name = "stats-logistic",
    .line = "logistic regression, C = 0.01, on mean, max and min of every feature",
    .bags = BAG_VECTORS,
    .standard = true,
    .is_logit = true,
    .cost = {2, 0, 0.002, 0.1, 1, 0, 100, 3, 0.02},
    .detail = &logistic,
    STATS_FUNCTIONS,
};

const Rival rival_stats_svm1 = {
    .name = "stats-svm1",
    .line = "SVM with RBF kernel, C = 1, on mean, max and min of every feature",
    .bags = BAG_VECTORS,
    .standard = true,
    .cost = {2, 0, 0.002, 0.3, 1, 0, 60, 3, 0.02},
    .detail = &svm1,
    STATS_FUNCTIONS,
};

const Rival rival_stats_svm10 = {
    .name = "stats-svm10",
    .line = "SVM with RBF kernel, C = 10, on mean, max and min of every feature",
    .bags = BAG_VECTORS,
    .standard = true,
    .cost = {2, 0, 0.002, 0.3, 1, 0, 60, 3, 0.02},
    .detail = &svm10,
    STATS_FUNCTIONS,
};

/* A few bags with enormous numbers stretch the standard deviation that all others are measured by. */
const Rival rival_stats_svm_cut = {
    .name = "stats-svm-cut",
    .line = "SVM with RBF kernel, C = 10, on mean, max and min of every feature, cut at 3 standard deviations",
    .bags = BAG_VECTORS,
    .standard = true,
    .cost = {2, 0, 0.002, 0.3, 1, 0, 60, 3, 0.02},
    .detail = &svm_cut,
    STATS_FUNCTIONS,
};
