/* SPDX-License-Identifier: MIT */
#include "study/checktogether.h"
#include "cohort/roc.h"
#include "cohort/split.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "rival/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLDS   5
#define LEAST   4   /* units of a class */
#define COST    0.1 /* C of the logistic regression */
#define CLASSES 10  /* of a column; more are left out */
#define AT_ONCE 16  /* permutations, whatever the number of threads */

/* ---- rows ---- */

typedef struct {
    const Traits *traits;
    const ConfoundUnits *u;
    double *value, *rank; /* [n] */
    double *cell;         /* [n, room] */
    int n_column, room;
} Design;

static double *column_of(Design *d)
{
    return d->cell + (size_t)d->n_column++ * (size_t)d->u->n;
}

static Status add_number(Design *d)
{
    int known;
    double mean = 0, *cell = column_of(d);
    TRY(roc_ranks(d->rank, &known, d->value, d->u->n));
    mean = (known + 1) / 2.0; /* of the ranks: what stands for missing ones */
    for (int i = 0; i < d->u->n; i++) cell[i] = isnan(d->rank[i]) ? mean : d->rank[i];
    return OK;
}

static void add_classes(Design *d, int n_class)
{
    for (int k = 0; k < n_class; k++) {
        double *cell = column_of(d);
        for (int i = 0; i < d->u->n; i++) cell[i] = d->value[i] == k;
    }
}

static Status fill_design(Design *d)
{
    for (int k = 0; k < d->traits->n_trait; k++) {
        const Trait *trait = &d->traits->trait[k];
        if (trait->n_class > CLASSES) continue;
        confound_values(d->value, d->u, trait, d->traits->n);
        if (trait->n_class)
            add_classes(d, trait->n_class);
        else
            TRY(add_number(d));
    }
    return OK;
}

static Status make_rows(FeatureRows *out, const Design *d)
{
    TRY(featurerows_new(out, d->n_column, true));
    for (int i = 0; i < d->u->n; i++) {
        for (int k = 0; k < d->n_column; k++)
            TRY(featurerows_add(out, k, d->cell[(size_t)k * (size_t)d->u->n + (size_t)i]));
        TRY(featurerows_end(out));
    }
    return OK;
}

static Status design_rows(FeatureRows *out, const Traits *traits, const ConfoundUnits *u)
{
    const size_t n = (size_t)u->n + 1;
    Design d = {.traits = traits, .u = u};
    Status status;
    *out = (FeatureRows){0};
    for (int k = 0; k < traits->n_trait; k++) {
        const int n_class = traits->trait[k].n_class;
        if (n_class <= CLASSES) d.room += n_class ? n_class : 1;
    }
    d.value = malloc(n * sizeof *d.value);
    d.rank = malloc(n * sizeof *d.rank);
    d.cell = malloc((n * (size_t)d.room + 1) * sizeof *d.cell);
    if (!d.value || !d.rank || !d.cell) TRY_DONE(fail(ERR_MEMORY, "no memory for %d columns", d.room));
    TRY_DONE(fill_design(&d));
    TRY_DONE(make_rows(out, &d));
done:
    free(d.value);
    free(d.rank);
    free(d.cell);
    return status;
}

/* ---- one cross-validation ---- */

typedef struct {
    int *use, *fold, *train, *train_label, *test; /* [n] */
    double *score, *of_fold;                      /* [n] */
} FoldRoom;

static void room_free(FoldRoom *r)
{
    free(r->use), free(r->fold), free(r->train), free(r->train_label), free(r->test);
    free(r->score), free(r->of_fold);
}

static Status room_new(FoldRoom *r, int n_unit)
{
    const size_t n = (size_t)n_unit + 1;
    *r = (FoldRoom){.use = malloc(n * sizeof(int)),
                    .fold = malloc(n * sizeof(int)),
                    .train = malloc(n * sizeof(int)),
                    .train_label = malloc(n * sizeof(int)),
                    .test = malloc(n * sizeof(int)),
                    .score = malloc(n * sizeof(double)),
                    .of_fold = malloc(n * sizeof(double))};
    return r->use && r->fold && r->train && r->train_label && r->test && r->score && r->of_fold
               ? OK
               : fail(ERR_MEMORY, "no memory for the folds of %d bags", n_unit);
}

static Status fit_fold(FoldRoom *r, const FeatureRows *rows, const int *label, int fold)
{
    FeatureRows scaled;
    ClassifierFold in = {.rows = &scaled, .train = r->train, .label = r->train_label, .test = r->test};
    for (int i = 0; i < rows->n; i++) {
        if (r->fold[i] == fold) {
            r->test[in.n_test++] = i;
            continue;
        }
        r->train_label[in.n_train] = label[i];
        r->train[in.n_train++] = i;
    }
    TRY(featurerows_scale(&scaled, &in.n_used, rows, r->train, in.n_train));
    const Status status = classifier_run(r->of_fold, &classifier_logistic, &in, COST);
    for (int i = 0; i < in.n_test && status == OK; i++) r->score[r->test[i]] = r->of_fold[i];
    featurerows_free(&scaled);
    return status;
}

/* The pooled area of labels [n], with folds of their own. */
static Status cross_validate(double *area, double interval[2], const FeatureRows *rows, const int *label,
                             uint64_t seed)
{
    FoldRoom r;
    const SplitOptions options = {.kind = SPLIT_STRATIFIED, .n_fold = FOLDS, .n_repeat = 1};
    Status status;
    TRY_DONE(room_new(&r, rows->n));
    for (int i = 0; i < rows->n; i++) r.use[i] = 1;
    TRY_DONE(split_folds(r.fold, rows->n, &options, seed, 0, r.use, label, NULL));
    for (int fold = 0; fold < FOLDS; fold++) TRY_DONE(fit_fold(&r, rows, label, fold));
    TRY_DONE(roc_area(area, interval, r.score, label, rows->n));
done:
    room_free(&r);
    return status;
}

/* ---- permutations ---- */

typedef struct {
    const FeatureRows *rows;
    const int *label;
    uint64_t seed;
    int first;
    double area[AT_ONCE];
    Status status[AT_ONCE];
} Permutations;

static void run_permutation(void *context, int chunk, int thread)
{
    Permutations *p = context;
    const int n = p->rows->n;
    double interval[2];
    Rng rng = rng_stream(p->seed, "check together", (uint64_t)(p->first + chunk));
    int *label = malloc(((size_t)n + 1) * sizeof *label);
    (void)thread;
    p->status[chunk] = label ? OK : ERR_MEMORY;
    if (!label) return;
    memcpy(label, p->label, (size_t)n * sizeof *label);
    rng_shuffle(&rng, label, n);
    p->status[chunk] = cross_validate(&p->area[chunk], interval, p->rows, label, rng_u64(&rng));
    free(label);
}

static Status permute(CheckTogether *out, const FeatureRows *rows, const int *label, uint64_t seed)
{
    Permutations p = {.rows = rows, .label = label, .seed = seed};
    out->tested = true;
    for (p.first = 0; p.first < CHECKTOGETHER_PERMUTATIONS; p.first += AT_ONCE) {
        const int left = CHECKTOGETHER_PERMUTATIONS - p.first, n = left < AT_ONCE ? left : AT_ONCE;
        parallel_for(n, run_permutation, &p);
        for (int k = 0; k < n; k++) {
            if (p.status[k] != OK) return fail(ERR_MEMORY, "no memory for a permutation of %d labels", rows->n);
            out->p = 1.0 / (p.first + k + 1);
            if (p.area[k] >= out->auc - 1e-9) return OK;
        }
    }
    out->p = 1.0 / (CHECKTOGETHER_PERMUTATIONS + 1);
    return OK;
}

/* ---- all of it ---- */

static bool possible(const ConfoundUnits *u, const FeatureRows *rows)
{
    int count[2] = {0};
    for (int i = 0; i < u->n && u->n_class == 2; i++) count[u->class[i]]++;
    return classifier_logistic.is_built && rows->n_column > 0 && count[0] >= LEAST && count[1] >= LEAST &&
           u->n >= 2 * FOLDS;
}

Status checktogether_run(CheckTogether *out, const Traits *traits, const ConfoundUnits *u, uint64_t seed, bool test)
{
    FeatureRows rows;
    Status status;
    *out = (CheckTogether){.n_fold = FOLDS, .auc = NAN, .interval = {NAN, NAN}, .p = NAN};
    TRY_DONE(design_rows(&rows, traits, u));
    out->n_column = rows.n_column;
    out->known = possible(u, &rows);
    if (!out->known) goto done;
    classifier_logistic.start();
    TRY_DONE(cross_validate(&out->auc, out->interval, &rows, u->class, seed));
    if (test && out->auc > 0.5) TRY_DONE(permute(out, &rows, u->class, seed));
done:
    featurerows_free(&rows);
    return status;
}
