/* SPDX-License-Identifier: MIT */
#include "study/operating.h"
#include "core/number.h"
#include "model/pooling.h"

#include <math.h>
#include <stdlib.h>

#define SHARE 0.9     /* of the weight, as in the paper */
#define WHOLE 1048576 /* a bag, for the class of a share */

typedef struct {
    int n_column, n_bag;
    double *n;                     /* [bags] */
    double *k, *share;             /* [columns, bags] */
    double *entropy, *even, *most; /* [columns] sums */
    int n_even;                    /* bags of more than one instance */
    double *p, *scratch;           /* [largest bag] */
    real *output, *w;              /* [n_out]; [largest bag, columns] */
} WeightTally;

/* Of x [n], sorted in place; between two of them by distance. */
static double quantile(const double *x, int n, double q)
{
    const double at = q * (n - 1);
    const int low = (int)at, high = low + 1 < n ? low + 1 : low;
    return x[low] + (at - low) * (x[high] - x[low]);
}

static Quartiles quartiles(double *x, int n)
{
    if (n == 0) return (Quartiles){0};
    qsort(x, (size_t)n, sizeof *x, number_ascending);
    return (Quartiles){quantile(x, n, 0.25), quantile(x, n, 0.5), quantile(x, n, 0.75)};
}

static Status tally_new(WeightTally *t, const Mil *mil, int n_out, int n_bag, int n_most)
{
    const size_t bags = (size_t)n_bag + 1, columns = (size_t)mil_n_column(mil), most = (size_t)n_most + 1;
    *t = (WeightTally){.n_column = (int)columns};
    t->n = calloc(bags, sizeof *t->n);
    t->k = calloc(columns * bags, sizeof *t->k);
    t->share = calloc(columns * bags, sizeof *t->share);
    t->entropy = calloc(columns, sizeof *t->entropy);
    t->even = calloc(columns, sizeof *t->even);
    t->most = calloc(columns, sizeof *t->most);
    t->p = calloc(most, sizeof *t->p);
    t->scratch = calloc(most, sizeof *t->scratch);
    t->output = calloc((size_t)n_out, sizeof *t->output);
    t->w = calloc(most * columns, sizeof *t->w);
    if (t->w && t->n && t->k && t->share && t->entropy && t->even && t->most && t->p && t->scratch && t->output)
        return OK;
    return fail(ERR_MEMORY, "no memory for what the heads do in %d bags", n_bag);
}

static void tally_free(WeightTally *t)
{
    free(t->n), free(t->k), free(t->share);
    free(t->entropy), free(t->even), free(t->most);
    free(t->p), free(t->scratch), free(t->output), free(t->w);
}

/* w [n, n_column] of one bag. */
static void add_bag(WeightTally *t, const real *w, int n, int n_most)
{
    t->n[t->n_bag] = n;
    for (int column = 0; column < t->n_column; column++) {
        const size_t at = (size_t)column * (size_t)n_most + (size_t)t->n_bag;
        double largest = 0;
        for (int i = 0; i < n; i++) {
            t->p[i] = (double)w[(size_t)i * (size_t)t->n_column + (size_t)column];
            largest = fmax(largest, t->p[i]);
        }
        const double entropy = dynamics_entropy(t->p, n);
        t->k[at] = dynamics_k(t->p, n, SHARE, t->scratch);
        t->share[at] = t->k[at] / n;
        t->entropy[column] += entropy;
        t->most[column] += largest;
        if (n > 1) t->even[column] += entropy / log(n);
    }
    t->n_even += n > 1;
    t->n_bag++;
}

static void conclude(Operating *out, WeightTally *t, const Mil *mil, int n_most)
{
    const double n = t->n_bag;
    for (int column = 0; column < t->n_column; column++) {
        const size_t at = (size_t)column * (size_t)n_most;
        OperatingHead *h = &out->head[column];
        const MilColumn what = mil_column(mil, column);
        *h = (OperatingHead){.pooling = what.pooling,
                             .query = what.query,
                             .head = what.head,
                             .k = quartiles(t->k + at, t->n_bag),
                             .share = quartiles(t->share + at, t->n_bag),
                             .entropy = t->entropy[column] / n,
                             .evenness = t->n_even ? t->even[column] / t->n_even : 1,
                             .largest = t->most[column] / n};
        h->kind = dynamics_class(h->share.median * WHOLE, WHOLE);
    }
    out->n_head = t->n_column;
    out->n_bag = t->n_bag;
    out->n = quartiles(t->n, t->n_bag);
}

Status operating_measure(Operating *out, Apply *a, const Cohort *cohort)
{
    const ModelFile *m = &a->model[0];
    Status status = OK;
    WeightTally t = {0};
    *out = (Operating){0};
    if (!mil_ranks(&m->config.model))
        return fail(ERR_MODEL, "%s: pooling %s has no attention whose dynamics could be told", m->path,
                    pooling_types[m->config.model.pooling]->name);
    TRY_DONE(tally_new(&t, m->mil, a->n_out, cohort->n, bagfile_n_max(cohort->file)));
    out->head = calloc((size_t)t.n_column, sizeof *out->head);
    if (!out->head) TRY_DONE(fail(ERR_MEMORY, "no memory for %d heads", t.n_column));
    for (int i = 0; i < cohort->n; i++) {
        TRY_DONE(apply_bag(t.output, a, cohort->bag[i], NULL));
        const int n = mil_weights(m->mil, t.w);
        if (n > 0) add_bag(&t, t.w, n, cohort->n);
    }
    if (t.n_bag == 0) TRY_DONE(fail(ERR_FORMAT, "%s: all bags are empty", bagfile_path(cohort->file)));
    conclude(out, &t, m->mil, cohort->n);
    out->n_pooling = mil_n_pooling(m->mil);
done:
    tally_free(&t);
    return status;
}

void operating_free(Operating *o)
{
    free(o->head);
    *o = (Operating){0};
}
