/* SPDX-License-Identifier: MIT */
#include "cohort/featurerows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* A column whose numbers differ by less than rounding is constant: 1e-12 of the largest. */
#define ROUNDING 1e-12

static Status no_memory(const FeatureRows *r)
{
    return fail(ERR_MEMORY, "no memory for the features of bag %d (%d columns)", r->n, r->n_column);
}

/* ---- building ---- */

Status featurerows_new(FeatureRows *out, int n_column, bool dense)
{
    *out = (FeatureRows){.n_column = n_column, .dense = dense, .room_rows = 64};
    out->start = calloc(out->room_rows + 1, sizeof *out->start);
    return out->start ? OK : no_memory(out);
}

static Status grow(FeatureRows *r)
{
    const size_t room = r->room + r->room / 2 + 1024;
    int *column = realloc(r->column, room * sizeof *column);
    if (column) r->column = column;
    double *value = realloc(r->value, room * sizeof *value);
    if (value) r->value = value;
    if (!column || !value) return no_memory(r);
    r->room = room;
    return OK;
}

Status featurerows_add(FeatureRows *r, int column, double value)
{
    if (r->start[r->n + 1] == r->room) TRY(grow(r));
    const size_t at = r->start[r->n + 1]++;
    r->column[at] = column;
    r->value[at] = value;
    return OK;
}

Status featurerows_end(FeatureRows *r)
{
    r->n++;
    if ((size_t)r->n == r->room_rows) {
        size_t *start = realloc(r->start, (2 * r->room_rows + 1) * sizeof *start);
        if (!start) return no_memory(r);
        r->start = start;
        r->room_rows *= 2;
    }
    r->start[r->n + 1] = r->start[r->n];
    return OK;
}

void featurerows_free(FeatureRows *r)
{
    free(r->start);
    free(r->column);
    free(r->value);
    *r = (FeatureRows){0};
}

/* ---- missing numbers ---- */

/* Rows that do not list a column have a 0 there, which counts. */
static void find_means(double *sum, int *n_missing, const FeatureRows *in, const int *train, int n_train)
{
    for (int i = 0; i < n_train; i++)
        for (size_t e = in->start[train[i]]; e < in->start[train[i] + 1]; e++)
            if (isnan(in->value[e]))
                n_missing[in->column[e]]++;
            else
                sum[in->column[e]] += in->value[e];
    for (int k = 0; k < in->n_column; k++) sum[k] = n_train > n_missing[k] ? sum[k] / (n_train - n_missing[k]) : 0;
}

Status featurerows_fill(FeatureRows *out, const FeatureRows *in, const int *train, int n_train)
{
    Status status;
    double *mean = calloc((size_t)in->n_column + 1, sizeof *mean);
    int *n_missing = calloc((size_t)in->n_column + 1, sizeof *n_missing);
    TRY_DONE(featurerows_new(out, in->n_column, in->dense));
    if (!mean || !n_missing) TRY_DONE(no_memory(in));
    find_means(mean, n_missing, in, train, n_train);
    for (int i = 0; i < in->n; i++) {
        for (size_t e = in->start[i]; e < in->start[i + 1]; e++)
            TRY_DONE(featurerows_add(out, in->column[e], isnan(in->value[e]) ? mean[in->column[e]] : in->value[e]));
        TRY_DONE(featurerows_end(out));
    }
done:
    free(mean);
    free(n_missing);
    if (status != OK) featurerows_free(out);
    return status;
}

/* ---- scaling ---- */

typedef struct {
    double mean, spread; /* spread: sum of squared deviations; afterwards 1 / standard deviation, 0 if constant */
    double largest;      /* |value| */
    int count;           /* rows that list it */
} Moments;

/* Over the training rows; those that do not list a column have a 0 there. */
static void measure(Moments *m, const FeatureRows *in, const int *train, int n_train)
{
    for (int i = 0; i < n_train; i++)
        for (size_t e = in->start[train[i]]; e < in->start[train[i] + 1]; e++) {
            Moments *c = &m[in->column[e]];
            c->mean += in->value[e] / n_train;
            c->largest = fmax(c->largest, fabs(in->value[e]));
            c->count++;
        }
    for (int i = 0; i < n_train; i++)
        for (size_t e = in->start[train[i]]; e < in->start[train[i] + 1]; e++) {
            Moments *c = &m[in->column[e]];
            const double d = in->value[e] - c->mean;
            c->spread += d * d;
        }
    for (int k = 0; k < in->n_column; k++) {
        const double variance = (m[k].spread + (n_train - m[k].count) * m[k].mean * m[k].mean) / n_train;
        const double std = sqrt(variance);
        m[k].spread = std > ROUNDING * m[k].largest ? 1 / std : 0;
    }
}

Status featurerows_moments(double *mean, double *scale, const FeatureRows *in, const int *train, int n_train)
{
    Moments *m = calloc((size_t)in->n_column + 1, sizeof *m);
    if (!m) return no_memory(in);
    measure(m, in, train, n_train);
    for (int k = 0; k < in->n_column; k++) mean[k] = m[k].mean, scale[k] = m[k].spread;
    free(m);
    return OK;
}

Status featurerows_scale(FeatureRows *out, int *n_used, const FeatureRows *in, const int *train, int n_train)
{
    Status status;
    Moments *m = calloc((size_t)in->n_column + 1, sizeof *m);
    *n_used = 0;
    TRY_DONE(featurerows_new(out, in->n_column, in->dense));
    if (!m) TRY_DONE(no_memory(in));
    measure(m, in, train, n_train);
    for (int k = 0; k < in->n_column; k++) *n_used += m[k].spread > 0;
    for (int i = 0; i < in->n; i++) {
        for (size_t e = in->start[i]; e < in->start[i + 1]; e++) {
            const Moments *c = &m[in->column[e]];
            if (c->spread == 0) continue;
            TRY_DONE(featurerows_add(out, in->column[e], (in->value[e] - (in->dense ? c->mean : 0)) * c->spread));
        }
        TRY_DONE(featurerows_end(out));
    }
done:
    free(m);
    if (status != OK) featurerows_free(out);
    return status;
}
