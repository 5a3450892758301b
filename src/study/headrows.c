/* SPDX-License-Identifier: MIT */
#include "study/headrows.h"
#include "core/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE 0.9     /* of the weight, as in the paper */
#define SLACK 1e-12   /* rounding of the sum */
#define WHOLE 1048576 /* keys, for the class of a share */

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the rows of a layer's attention");
}

Status headrows_open(HeadRows *t, int64_t n_head, int64_t n_query, int64_t n_key)
{
    const size_t heads = (size_t)n_head, plane = (size_t)(n_query * n_key);
    *t = (HeadRows){.n_head = n_head, .n_query = n_query, .n_key = n_key};
    t->sum = calloc(heads * plane, sizeof *t->sum);
    t->seen = calloc(plane, sizeof *t->seen);
    t->entropy = calloc(heads, sizeof *t->entropy);
    t->largest = calloc(heads, sizeof *t->largest);
    t->n_used = calloc(heads * (size_t)n_query, sizeof *t->n_used);
    t->sorted = calloc(2 * (size_t)n_key, sizeof *t->sorted);
    return t->sum && t->seen && t->entropy && t->largest && t->n_used && t->sorted ? OK : no_memory();
}

void headrows_close(HeadRows *t)
{
    free(t->row), free(t->sum), free(t->seen), free(t->entropy), free(t->largest), free(t->n_used), free(t->sorted);
    *t = (HeadRows){0};
}

static Status grow(HeadRows *t)
{
    const int64_t room = 2 * t->room + 1024;
    HeadRow *row = realloc(t->row, (size_t)room * sizeof *row);
    if (!row) return no_memory();
    t->row = row;
    t->room = room;
    return OK;
}

/* The visible weights side by side, summing to 1: *n of them. */
static void gather(double *visible, int *n, const double *p, const uint8_t *seen, int64_t n_key)
{
    double sum = 0;
    *n = 0;
    for (int64_t j = 0; j < n_key; j++)
        if (seen[j]) sum += visible[(*n)++] = p[j];
    for (int j = 0; j < *n; j++) visible[j] /= sum;
}

/* Mean attention of a head is summed where its keys stand. */
static void add_weights(HeadRows *t, int64_t cell, const double *visible, const uint8_t *seen)
{
    double *sum = t->sum + cell * t->n_key;
    uint8_t *all_seen = t->seen + cell % t->n_query * t->n_key;
    for (int64_t j = 0; j < t->n_key; j++) {
        if (!seen[j]) continue;
        sum[j] += *visible++;
        all_seen[j] = 1;
    }
    t->n_used[cell]++;
}

Status headrows_add(HeadRows *t, const double *p, const uint8_t *seen)
{
    double *visible = t->sorted, *scratch = t->sorted + t->n_key, largest = 0;
    if (t->n == t->room) TRY(grow(t));
    const int64_t cell = t->n % (t->n_head * t->n_query), head = cell / t->n_query;
    HeadRow *row = &t->row[t->n++];
    gather(visible, &row->n, p, seen, t->n_key);
    row->k = 0;
    if (row->n == 0) return OK;
    row->k = dynamics_k(visible, row->n, SHARE - SLACK, scratch);
    for (int j = 0; j < row->n; j++) largest = fmax(largest, visible[j]);
    t->largest[head] += largest;
    t->entropy[head] += dynamics_entropy(visible, row->n);
    add_weights(t, cell, visible, seen);
    return OK;
}

/* ---- numbers of a head ---- */

static double quantile(const double *x, int64_t n, double q)
{
    const double at = q * (double)(n - 1);
    const int64_t low = (int64_t)at, high = low + 1 < n ? low + 1 : low;
    return x[low] + (at - (double)low) * (x[high] - x[low]);
}

static void quantiles(double out[3], double *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, number_ascending);
    out[0] = quantile(x, n, 0.1);
    out[1] = quantile(x, n, 0.5);
    out[2] = quantile(x, n, 0.9);
}

/* k or k/n of the rows of a head; returns how many. */
static int64_t collect(double *x, const HeadRows *t, int64_t head, bool share)
{
    int64_t n = 0;
    for (int64_t r = 0; r < t->n; r++) {
        const HeadRow *row = &t->row[r];
        if (r / t->n_query % t->n_head == head && row->n > 0) x[n++] = share ? (double)row->k / row->n : row->k;
    }
    return n;
}

/* Sums become means. */
static HeadGauss fit(HeadRows *t, int64_t head, const double *at)
{
    double *a = t->sum + head * t->n_query * t->n_key;
    for (int64_t i = 0; i < t->n_query; i++) {
        const int64_t n = t->n_used[head * t->n_query + i];
        for (int64_t j = 0; n > 0 && j < t->n_key; j++) a[i * t->n_key + j] /= (double)n;
    }
    return headgauss_fit(&(HeadMean){.a = a, .seen = t->seen, .at = at, .n_query = t->n_query, .n_key = t->n_key},
                         t->sorted);
}

Status headrows_conclude(HeadNumbers *out, HeadRows *t, const double *at)
{
    double *x = malloc((size_t)(t->n / t->n_head + t->n_query) * sizeof *x);
    if (!x) return no_memory();
    for (int64_t h = 0; h < t->n_head; h++) {
        const int64_t n = collect(x, t, h, false);
        if (n == 0) {
            free(x);
            return fail(ERR_FORMAT, "head %lld has no row with a visible key", (long long)h);
        }
        HeadNumbers *head = &out[h];
        *head =
            (HeadNumbers){.head = (int)h, .entropy = t->entropy[h] / (double)n, .largest = t->largest[h] / (double)n};
        quantiles(head->k, x, n);
        collect(x, t, h, true);
        quantiles(head->share, x, n);
        head->kind = dynamics_class(head->share[1] * WHOLE, WHOLE);
        head->gauss = fit(t, h, at);
    }
    free(x);
    return OK;
}
