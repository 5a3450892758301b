/* SPDX-License-Identifier: MIT */
#include "study/operating.h"
#include "core/number.h"
#include "model/pooling.h"

#include <math.h>
#include <stdlib.h>

#define SHARE 0.9     /* of the weight, as in the paper */
#define WHOLE 1048576 /* a bag, for the class of a share */

const char *const operating_class[] = {"", "I", "II", "III", "IV"};

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

/* ---- bags ---- */

static Status no_memory(int n_bag)
{
    return fail(ERR_MEMORY, "no memory for what the heads do in %d bags", n_bag);
}

Status operating_open(OperatingTally *t, int n_column)
{
    const size_t columns = (size_t)n_column + 1;
    *t = (OperatingTally){.n_column = n_column};
    t->entropy = calloc(columns, sizeof *t->entropy);
    t->even = calloc(columns, sizeof *t->even);
    t->most = calloc(columns, sizeof *t->most);
    return t->entropy && t->even && t->most ? OK : no_memory(1);
}

void operating_close(OperatingTally *t)
{
    free(t->n), free(t->k), free(t->share);
    free(t->entropy), free(t->even), free(t->most);
    *t = (OperatingTally){0};
}

static Status grow(OperatingTally *t)
{
    const int room = 2 * t->room + 64;
    const size_t values = (size_t)room * (size_t)t->n_column + 1;
    double *n = realloc(t->n, (size_t)room * sizeof *n);
    if (n) t->n = n;
    double *k = realloc(t->k, values * sizeof *k);
    if (k) t->k = k;
    double *share = realloc(t->share, values * sizeof *share);
    if (share) t->share = share;
    if (!n || !k || !share) return no_memory(room);
    t->room = room;
    return OK;
}

Status operating_add(OperatingTally *t, const real *w, int n, double *scratch)
{
    if (t->n_bag == t->room) TRY(grow(t));
    const Index row = (Index)t->n_bag * t->n_column;
    t->n[t->n_bag++] = n;
    t->n_even += n > 1;
    for (Index column = 0; column < t->n_column; column++) {
        double largest = 0, *p = scratch;
        for (Index i = 0; i < n; i++) {
            p[i] = (double)w[i * t->n_column + column];
            largest = fmax(largest, p[i]);
        }
        const double entropy = dynamics_entropy(p, n);
        t->k[row + column] = dynamics_k(p, n, SHARE, scratch + n);
        t->share[row + column] = t->k[row + column] / n;
        t->entropy[column] += entropy;
        t->most[column] += largest;
        if (n > 1) t->even[column] += entropy / log(n);
    }
    return OK;
}

/* ---- heads ---- */

/* Of a column of x [n_bag, n_column]; scratch [n_bag]. */
static Quartiles column_quartiles(const double *x, const OperatingTally *t, Index column, double *scratch)
{
    for (Index b = 0; b < t->n_bag; b++) scratch[b] = x[b * t->n_column + column];
    return quartiles(scratch, t->n_bag);
}

static OperatingHead head_of(const OperatingTally *t, const Mil *mil, int column, double *scratch)
{
    const double n = t->n_bag ? t->n_bag : 1;
    const MilColumn what = mil ? mil_column(mil, column) : (MilColumn){.head = column};
    OperatingHead h = {.pooling = what.pooling,
                       .query = what.query,
                       .head = what.head,
                       .k = column_quartiles(t->k, t, column, scratch),
                       .share = column_quartiles(t->share, t, column, scratch),
                       .entropy = t->entropy[column] / n,
                       .evenness = t->n_even ? t->even[column] / t->n_even : 1,
                       .largest = t->most[column] / n};
    h.kind = dynamics_class(h.share.median * WHOLE, WHOLE);
    return h;
}

Status operating_conclude(Operating *out, const OperatingTally *t, const Mil *mil)
{
    double *scratch = malloc(((size_t)t->n_bag + 1) * sizeof *scratch);
    *out = (Operating){.n_bag = t->n_bag, .n_pooling = mil ? mil_n_pooling(mil) : 1};
    out->head = calloc((size_t)t->n_column + 1, sizeof *out->head);
    if (!scratch || !out->head) {
        free(scratch);
        return no_memory(t->n_bag);
    }
    for (; out->n_head < t->n_column; out->n_head++) out->head[out->n_head] = head_of(t, mil, out->n_head, scratch);
    for (int b = 0; b < t->n_bag; b++) scratch[b] = t->n[b];
    out->n = quartiles(scratch, t->n_bag);
    free(scratch);
    return OK;
}

void operating_free(Operating *o)
{
    free(o->head);
    *o = (Operating){0};
}

/* ---- the bags of a cohort ---- */

Status operating_measure(Operating *out, Apply *a, const Cohort *cohort)
{
    const ModelFile *m = &a->model[0];
    Status status = OK;
    OperatingTally t = {0};
    *out = (Operating){0};
    if (!mil_ranks(&m->config.model))
        return fail(ERR_MODEL, "%s: pooling %s has no attention whose dynamics could be told", m->path,
                    pooling_types[m->config.model.pooling]->name);
    const size_t most = (size_t)bagfile_n_max(cohort->file) + 1, n_column = (size_t)mil_n_column(m->mil);
    real *output = calloc((size_t)a->n_out, sizeof *output), *w = calloc(most * n_column, sizeof *w);
    double *scratch = calloc(2 * most, sizeof *scratch);
    if (!output || !w || !scratch) TRY_DONE(no_memory(cohort->n));
    TRY_DONE(operating_open(&t, (int)n_column));
    for (int i = 0; i < cohort->n; i++) {
        TRY_DONE(apply_bag(output, a, cohort->bag[i], NULL));
        apply_next(a, cohort, i + 1);
        const int n = mil_weights(m->mil, w);
        if (n > 0) TRY_DONE(operating_add(&t, w, n, scratch));
    }
    if (t.n_bag == 0) TRY_DONE(fail(ERR_FORMAT, "%s: all bags are empty", bagfile_path(cohort->file)));
    TRY_DONE(operating_conclude(out, &t, m->mil));
done:
    free(output), free(w), free(scratch);
    operating_close(&t);
    return status;
}
