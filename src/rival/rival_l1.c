/* SPDX-License-Identifier: MIT
 *
 * rival_l1.c: logistic regression with an L1 penalty on log frequencies of k-mers, ln(1 + 100 000 · frequency), divided by
 * their standard deviation over the training bags. K-mers of fewer than LEAST training bags are left out, and few of the
 * others get a weight. Rows are sparse, but there are many numbers: memory and time are far beyond those of the kernels, so
 * these rivals run by name only.
 *
 * C is one of a grid, by inner folds; a model is one of k-mers (bagkernel_kmers.h).
 */
#include "cohort/featurerows.h"
#include "cohort/kmerblocks.h"
#include "cohort/metric.h"
#include "core/memory.h"
#include "data/bagfile/cache.h"
#include "rival/bagkernel_kmers.h"
#include "rival/classifier.h"
#include "rival/kmerapply.h"
#include "rival/kmername.h"
#include "rival/kmerscale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a number in the rows, beside itself: scaled, in the rows of the library, and in their transpose. */
#define BYTES_A_NUMBER 60.0
#define LEAST          2    /* a k-mer of one training bag alone tells of that bag only */
#define TIE            1e-9 /* areas nearer than this are equal, and the smaller C is taken */

enum { N_COST = 7 };
static const double grid[N_COST] = {10.5, 3.9, 1.45, 0.537, 0.2, 0.0741, 0.0275};

typedef struct {
    const Rival *rival;
    const StopFlag *stop;
    bool by_counts;
    KmerProfile profile;
    FeatureRows rows; /* [cohort->n] */
} SparseState;

static void close_state(void *state)
{
    SparseState *s = state;
    if (s) featurerows_free(&s->rows);
    free(s);
}

/* ---- rows ---- */

static Status add_view(SparseState *s, uint32_t *count, const KmerView *view, const Bag *bag)
{
    const double total = kmerprofile_total(view, bag);
    kmerprofile_count(count, 0, view->n_cell, view, bag);
    for (int c = 0; c < view->n_cell; c++)
        if (count[c] > 0) TRY(featurerows_add(&s->rows, view->first + c, kmerscale_x(count[c], total)));
    return OK;
}

/* The machine would rather begin to swap than say no. */
static Status check_room(const SparseState *s, const Cohort *c)
{
    const double bytes = BYTES_A_NUMBER * (double)s->rows.start[s->rows.n], have = (double)memory_available();
    if (bytes <= have) return OK;
    return fail(
        ERR_MEMORY,
        "%s: the k-mers of %d bags take %.1f GB for %s and %.1f GB are free; rarefy the bags (--data.rarefy), or "
        "name the method without -l1",
        bagfile_path(c->file), s->rows.n, bytes / 1e9, s->rival->name, have / 1e9);
}

static Status read_rows(SparseState *s, const RivalBags *bags)
{
    Status status;
    Cache *cache = NULL;
    const Bag *bag;
    uint32_t *count = malloc((size_t)s->profile.n_cell * sizeof *count);
    if (!count) TRY_DONE(fail(ERR_MEMORY, "no memory for %d k-mers", s->profile.n_cell));
    TRY_DONE(featurerows_new(&s->rows, s->profile.n_cell, false));
    TRY_DONE(cache_open(&cache, bags->cohort->file, s->by_counts ? COUNTS_RAW : COUNTS_NONE, 0));
    for (int i = 0; i < bags->cohort->n; i++) {
        TRY_DONE(stop_check(bags->stop, "; nothing was written"));
        if (bags->use[i]) TRY_DONE(cache_bag(cache, &bag, bags->cohort->bag[i], 0));
        cache_next_of(cache, bags->cohort->bag + i + 1, bags->cohort->n - i - 1);
        for (int v = 0; bags->use[i] && v < s->profile.n_view; v++)
            TRY_DONE(add_view(s, count, &s->profile.view[v], bag));
        TRY_DONE(featurerows_end(&s->rows));
        TRY_DONE(check_room(s, bags->cohort));
    }
done:
    cache_close(cache);
    free(count);
    return status;
}

static Status open_state(void **out, const Rival *rival, const RivalBags *bags)
{
    const KmerDetail *detail = rival->detail;
    SparseState *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return fail(ERR_MEMORY, "no memory for %s", rival->name);
    *s = (SparseState){
        .rival = rival, .stop = bags->stop, .by_counts = bags->by_counts, .profile = kmerprofile_new(detail->views)};
    classifier_l1.start();
    return read_rows(s, bags);
}

/* ---- a fit ---- */

typedef struct {
    SparseState *state;
    RivalFit *fit;
    int *train, *label, *test, *place; /* of the part at work */
    double *score;
    double *output; /* [N_COST, n_train] of held-out bags */
    MetricRank *rank;
    int n_train, n_test;
    int n_column; /* cells seen in LEAST training bags */
    int *cell;    /* [n_column] */
    int *seen;    /* [n_cell] training bags that have it; then its column, -1: none */
    FeatureRows scaled;
} SparseWork;

static void work_free(SparseWork *w)
{
    free(w->train), free(w->label), free(w->test), free(w->place);
    free(w->score), free(w->output), free(w->rank), free(w->cell), free(w->seen);
    featurerows_free(&w->scaled);
}

static Status work_new(SparseWork *w, SparseState *s, RivalFit *fit)
{
    const size_t n = (size_t)fit->n_train + (size_t)fit->n_test + 1;
    *w = (SparseWork){.state = s,
                      .fit = fit,
                      .train = malloc(n * sizeof *w->train),
                      .label = malloc(n * sizeof *w->label),
                      .test = malloc(n * sizeof *w->test),
                      .place = malloc(n * sizeof *w->place),
                      .score = malloc(n * sizeof *w->score),
                      .output = malloc(n * N_COST * sizeof *w->output),
                      .rank = malloc(n * sizeof *w->rank),
                      .cell = malloc((size_t)s->profile.n_cell * sizeof *w->cell),
                      .seen = malloc((size_t)s->profile.n_cell * sizeof *w->seen)};
    const bool good =
        w->train && w->label && w->test && w->place && w->score && w->output && w->rank && w->cell && w->seen;
    return good ? OK : fail(ERR_MEMORY, "no memory for a fit of %zu bags", n - 1);
}

/* Columns of the part at work. */
static void number_columns(SparseWork *w)
{
    const FeatureRows *r = &w->state->rows;
    memset(w->seen, 0, (size_t)r->n_column * sizeof *w->seen);
    for (int i = 0; i < w->n_train; i++)
        for (size_t e = r->start[w->train[i]]; e < r->start[w->train[i] + 1]; e++) w->seen[r->column[e]]++;
    w->n_column = 0;
    for (int k = 0; k < r->n_column; k++) {
        const bool is_kept = w->seen[k] >= LEAST;
        if (is_kept) w->cell[w->n_column] = k;
        w->seen[k] = is_kept ? w->n_column++ : -1;
    }
}

static Status take_columns(FeatureRows *out, const SparseWork *w)
{
    const FeatureRows *r = &w->state->rows;
    TRY(featurerows_new(out, w->n_column, false));
    for (int i = 0; i < r->n; i++) {
        for (size_t e = r->start[i]; e < r->start[i + 1]; e++)
            if (w->seen[r->column[e]] >= 0) TRY(featurerows_add(out, w->seen[r->column[e]], r->value[e]));
        TRY(featurerows_end(out));
    }
    return OK;
}

static Status scale_rows(SparseWork *w)
{
    int n_used;
    FeatureRows taken = {0};
    featurerows_free(&w->scaled);
    number_columns(w);
    Status status = take_columns(&taken, w);
    if (status == OK) status = featurerows_scale(&w->scaled, &n_used, &taken, w->train, w->n_train);
    featurerows_free(&taken);
    return status;
}

/* All of the training part, or all but an inner fold; and its rows, scaled. */
static Status divide(SparseWork *w, int inner)
{
    const RivalFit *f = w->fit;
    w->n_train = w->n_test = 0;
    for (int i = 0; i < f->n_train; i++)
        if (inner >= 0 && f->inner[i] == inner) {
            w->place[w->n_test] = i;
            w->test[w->n_test++] = f->train[i];
        } else {
            w->label[w->n_train] = f->label[i] > 0.5;
            w->train[w->n_train++] = f->train[i];
        }
    for (int i = 0; inner < 0 && i < f->n_test; i++) w->test[w->n_test++] = f->test[i];
    return scale_rows(w);
}

static bool has_both(const SparseWork *w)
{
    for (int i = 1; i < w->n_train; i++)
        if (w->label[i] != w->label[0]) return true;
    return false;
}

static Status learn(SparseWork *w, ClassifierModel *model, double cost)
{
    const ClassifierFold fold = {.rows = &w->scaled,
                                 .train = w->train,
                                 .label = w->label,
                                 .test = w->test,
                                 .n_train = w->n_train,
                                 .n_test = w->n_test};
    TRY(stop_check(w->state->stop, "; nothing was written"));
    if (has_both(w)) return classifier_learn(w->score, model, &classifier_l1, &fold, cost);
    for (int i = 0; i < w->n_test; i++) w->score[i] = w->n_train > 0 && w->label[0] ? 1 : -1;
    return OK;
}

static Status try_costs(SparseWork *w, int inner)
{
    TRY(divide(w, inner));
    for (int c = 0; c < N_COST; c++) {
        TRY(learn(w, NULL, grid[c]));
        for (int i = 0; i < w->n_test; i++)
            w->output[(size_t)c * (size_t)w->fit->n_train + (size_t)w->place[i]] = w->score[i];
    }
    return OK;
}

/* Mean over inner folds; NaN: defined in none. */
static double area_of(const SparseWork *w, int cost)
{
    double sum = 0;
    int n_area = 0;
    const RivalFit *f = w->fit;
    for (int q = 0; q < f->n_inner; q++) {
        int n = 0;
        for (int i = 0; i < f->n_train; i++)
            if (f->inner[i] == q)
                w->rank[n++] =
                    (MetricRank){w->output[(size_t)cost * (size_t)f->n_train + (size_t)i], f->label[i] > 0.5};
        const double area = metric_auc(w->rank, n);
        if (!isnan(area)) sum += area, n_area++;
    }
    return n_area ? sum / n_area : NAN;
}

/* The last of the best: costs descend. */
static int choose(const SparseWork *w, double *figure)
{
    int best = N_COST / 2;
    *figure = NAN;
    for (int c = 0; c < N_COST; c++) {
        const double area = area_of(w, c);
        if (isnan(area) || (!isnan(*figure) && area < *figure - TIE)) continue;
        best = c;
        *figure = area;
    }
    return best;
}

/* ---- its model ---- */

/* Rows are scaled and not shifted, so the offset is the intercept alone. */
static Status keep_model(const SparseWork *w, const ClassifierModel *learned)
{
    void *weight, *offset, *variance;
    const SparseState *s = w->state;
    const int n = s->rows.n_column;
    double *mean = malloc(((size_t)n + 1) * sizeof *mean), *scale = malloc(((size_t)n + 1) * sizeof *scale);
    Status status;
    if (!mean || !scale) TRY_DONE(fail(ERR_MEMORY, "no memory for a model of %s", s->rival->name));
    TRY_DONE(featurerows_moments(mean, scale, &s->rows, w->train, w->n_train));
    TRY_DONE(rival_model_new(&w->fit->model, s->rival));
    TRY_DONE(rival_model_add(w->fit->model, &weight, "weight", TENSOR_F64, 2, (int64_t[]){1, n}));
    TRY_DONE(rival_model_add(w->fit->model, &offset, "offset", TENSOR_F64, 1, (int64_t[]){1}));
    TRY_DONE(rival_model_add(w->fit->model, &variance, "variance", TENSOR_F32, 1, (int64_t[]){n}));
    for (int k = 0; k < w->n_column; k++) {
        const int cell = w->cell[k];
        ((double *)weight)[cell] = learned->weight[k] * scale[cell];
        if (scale[cell] > 0) ((float *)variance)[cell] = (float)(1 / (scale[cell] * scale[cell]));
    }
    *(double *)offset = -learned->intercept;
    if (json_object_set_new(w->fit->model->facts, "by_counts", json_boolean(s->by_counts)) != 0)
        status = fail(ERR_MEMORY, "no memory for a model of %s", s->rival->name);
done:
    free(mean);
    free(scale);
    return status;
}

static Status record_choice(RivalFit *f, double cost, double figure, const ClassifierModel *m, int n_column)
{
    int n_weight = 0;
    for (int k = 0; k < n_column; k++) n_weight += m->weight[k] != 0;
    f->choice = json_pack("{s:f, s:i}", "C", cost, "n_weights", n_weight);
    if (f->choice && !isnan(figure)) json_object_set_new(f->choice, "inner_auc", json_real(figure));
    return f->choice ? OK : fail(ERR_MEMORY, "no memory for what was chosen");
}

static Status run_outer(SparseWork *w, double cost, double figure)
{
    Status status;
    ClassifierModel model = {.weight = calloc((size_t)w->state->rows.n_column + 1, sizeof *model.weight)};
    if (!model.weight) TRY_DONE(fail(ERR_MEMORY, "no memory for %d k-mers", w->state->rows.n_column));
    TRY_DONE(divide(w, -1));
    TRY_DONE(learn(w, &model, cost));
    for (int i = 0; i < w->n_test; i++) w->fit->test_output[i] = w->score[i];
    TRY_DONE(record_choice(w->fit, cost, figure, &model, w->n_column));
    if (w->fit->keep) TRY_DONE(keep_model(w, &model));
done:
    free(model.weight);
    return status;
}

static Status fit_one(SparseState *s, RivalFit *fit)
{
    SparseWork w;
    double figure;
    Status status;
    TRY_DONE(work_new(&w, s, fit));
    for (int q = 0; q < fit->n_inner; q++) TRY_DONE(try_costs(&w, q));
    const int best = choose(&w, &figure);
    for (int i = 0; i < fit->n_train; i++)
        fit->inner_output[i] = fit->n_inner > 0 ? w.output[(size_t)best * (size_t)fit->n_train + (size_t)i] : NAN;
    TRY_DONE(run_outer(&w, grid[best], figure));
done:
    work_free(&w);
    return status;
}

/* One after the other (classifier_linear.c). */
static Status fit_all(void *state, RivalFit *fit, int n)
{
    for (int k = 0; k < n; k++) TRY(fit_one(state, &fit[k]));
    return OK;
}

static Status apply_open(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    const Tensor *weight;
    *applier = NULL;
    for (int k = 0; k < n_model; k++)
        TRY(rival_model_tensor(&weight, model[k], "weight", TENSOR_F64, 2, (int64_t[]){1, -1}));
    return kmerapply_open(applier, model, n_model, cohort);
}

static Status apply(double *output, void *applier, int member)
{
    double size;
    return kmerapply_product(output, &size, applier, member);
}

/* ---- the rivals ---- */

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    if (n_class != 2)
        return fail(ERR_CONFIG, "the baseline %s is for tasks of two classes; this one has %s", rival->name,
                    n_class ? "more" : "numbers as labels");
    if (!classifier_l1.is_built)
        return fail(ERR_USAGE,
                    "the baseline %s needs liblinear, which was not there when hopsack was built: install "
                    "liblinear-dev and build again, or name other methods (--method)",
                    rival->name);
    return kmerblocks_check(cohort->file);
}

#define ROW(symbol, word, words, views, ...)                                                                         \
    const Rival rival_##symbol = {.name = word,                                                                      \
                                  .line = words,                                                                     \
                                  .bags = BAG_SEQUENCES,                                                             \
                                  .holds_residues = true,                                                            \
                                  .reads_counts = true,                                                              \
                                  .is_logit = true,                                                                  \
                                  .detail = &(views),                                                                \
                                  .cost = {__VA_ARGS__},                                                             \
                                  .check = check,                                                                    \
                                  .open = open_state,                                                                \
                                  .fit = fit_all,                                                                    \
                                  .close = close_state,                                                              \
                                  .apply_open = apply_open,                                                          \
                                  .apply = apply,                                                                    \
                                  .apply_close = kmerapply_close,                                                    \
                                  .rank = kmerapply_rank,                                                            \
                                  .name_feature = kmername_feature}

ROW(kmer3_l1, "kmer-3-l1", "logistic regression with an L1 penalty on 3 residues in a row", bagkernel_kmers_3, 30, 0,
    0.1, 0, 0, 620, 0, 8, 0.1);
ROW(kmer4_l1, "kmer-4-l1", "logistic regression with an L1 penalty on 4 residues in a row", bagkernel_kmers_4, 60, 0,
    1, 0, 0, 2800, 0, 10, 0.4);
ROW(gapped_l1, "gapped-l1", "logistic regression with an L1 penalty on 3 and 4 residues with gaps",
    bagkernel_kmers_gapped, 300, 0, 5, 0, 0, 12000, 0, 40, 1.4);
