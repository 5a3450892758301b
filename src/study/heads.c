/* SPDX-License-Identifier: MIT */
#include "study/heads.h"
#include "data/arrays/arrayreader.h"
#include "study/headmask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLACK 1e-3 /* of the sum of a row, beside the rounding of its numbers */

/* A layer on its way. */
typedef struct {
    const HeadOptions *o;
    const ArrayFile *file;
    const Array *first, *keys; /* keys NULL: `first` has weights, else queries */
    int n_dim;
    int64_t shape[ARRAY_DIMS]; /* of the weights */
    HeadView view;
    HeadLayer *layer;
    double *p;     /* [n_key] */
    double *at;    /* [n_query] place of a query among the keys */
    uint8_t *seen; /* [n_key] */
    double *q, *k; /* [d], [n_key, d] */
    double beta;
} HeadsLayer;

static Status no_memory(const HeadsLayer *l)
{
    return fail(ERR_MEMORY, "%s: no memory for '%s'", l->o->path, l->first->name);
}

/* ---- what is in the file ---- */

/* "layer0.k", of "layer0.q", with the endings .q and .k; NULL: there is none. */
static const Array *beside(const ArrayFile *file, const Array *a, const char *own, const char *other)
{
    char name[1024];
    const size_t n = strlen(a->name), end = strlen(own);
    if (n <= end || n >= sizeof name || strcmp(a->name + n - end, own) != 0) return NULL;
    memcpy(name, a->name, n - end);
    strcpy(name + n - end, other);
    return arrayfile_find(file, name);
}

static bool is_layer(const ArrayFile *file, const Array *a, const char *mask)
{
    if (mask && strcmp(a->name, mask) == 0) return false;
    if (beside(file, a, ".k", ".q") || beside(file, a, ".v", ".q")) return false;
    return arrayfile_is_real(a) && a->n_dim >= 2;
}

/* ---- shapes ---- */

static Status check_pair(const HeadsLayer *l)
{
    const Array *q = l->first, *k = l->keys;
    bool fits = q->n_dim == k->n_dim && arrayfile_is_real(k) && q->shape[q->n_dim - 1] == k->shape[q->n_dim - 1];
    for (int d = 0; fits && d < q->n_dim - 2; d++) fits = q->shape[d] == k->shape[d];
    if (fits) return OK;
    return fail(ERR_FORMAT,
                "%s: '%s' and '%s' do not fit; wanted are [samples, head, query, d] and [samples, head, key, d]",
                l->o->path, q->name, k->name);
}

static Status set_shape(HeadsLayer *l)
{
    l->n_dim = l->first->n_dim;
    memcpy(l->shape, l->first->shape, sizeof l->shape);
    if (l->keys) TRY(check_pair(l));
    if (l->keys) l->shape[l->n_dim - 1] = l->keys->shape[l->n_dim - 2];
    HeadLayer *out = l->layer;
    out->n_key = l->shape[l->n_dim - 1], out->n_query = l->shape[l->n_dim - 2];
    out->n_head = l->n_dim > 2 ? l->shape[l->n_dim - 3] : 1;
    out->n_sample = 1;
    for (int d = 0; d < l->n_dim - 3; d++) out->n_sample *= l->shape[d];
    if (l->first->n == 0 || out->n_key == 0) return fail(ERR_FORMAT, "%s: '%s' is empty", l->o->path, l->first->name);
    const double size = (double)out->n_head * (double)out->n_query * (double)out->n_key;
    const double keys = l->keys ? (double)out->n_key * (double)l->first->shape[l->n_dim - 1] : 0;
    if (size > (double)HEADROWS_MOST || keys > (double)HEADROWS_MOST || out->n_key > INT32_MAX ||
        out->n_head > INT32_MAX)
        return fail(
            ERR_FORMAT, "%s: '%s' has %lld heads, %lld queries and %lld keys, which is too much at once; save fewer",
            l->o->path, l->first->name, (long long)out->n_head, (long long)out->n_query, (long long)out->n_key);
    return OK;
}

/* The last query stands at the last key if causal; else queries are spread over the keys. */
static void place_queries(HeadsLayer *l)
{
    const int64_t n_query = l->layer->n_query, n_key = l->layer->n_key;
    const double step = n_query > 1 ? (double)(n_key - 1) / (double)(n_query - 1) : 0;
    for (int64_t i = 0; i < n_query; i++) l->at[i] = l->o->causal ? (double)(i + n_key - n_query) : (double)i * step;
}

static Status make_room(HeadsLayer *l)
{
    const HeadLayer *out = l->layer;
    const size_t d = l->keys ? (size_t)l->first->shape[l->n_dim - 1] : 0, n_key = (size_t)out->n_key;
    l->p = malloc(n_key * sizeof *l->p);
    l->seen = malloc(n_key * sizeof *l->seen);
    l->at = malloc((size_t)out->n_query * sizeof *l->at);
    l->q = malloc((d + 1) * sizeof *l->q);
    l->k = malloc((n_key * d + 1) * sizeof *l->k);
    l->layer->head = calloc((size_t)out->n_head, sizeof *l->layer->head);
    l->layer->name = strndup(l->first->name, strlen(l->first->name) - (l->keys ? 2 : 0));
    return l->p && l->seen && l->at && l->q && l->k && l->layer->head && l->layer->name ? OK : no_memory(l);
}

/* ---- rows ---- */

static Status bad_row(const HeadsLayer *l, int64_t row, const char *what)
{
    const int64_t n_query = l->layer->n_query, n_head = l->layer->n_head;
    return fail(ERR_FORMAT, "%s: '%s', sample %lld, head %lld, query %lld: %s", l->o->path, l->first->name,
                (long long)(row / n_query / n_head), (long long)(row / n_query % n_head), (long long)(row % n_query),
                what);
}

static Status check_weights(const HeadsLayer *l, int64_t row)
{
    char what[160];
    double visible = 0, hidden = 0;
    int64_t n = 0;
    for (int64_t j = 0; j < l->layer->n_key; j++) {
        if (!(l->p[j] >= 0)) return bad_row(l, row, isnan(l->p[j]) ? "a weight is NaN" : "a weight is negative");
        *(l->seen[j] ? &visible : &hidden) += l->p[j];
        n += l->seen[j];
    }
    const double most = SLACK + 2 * l->first->rounding;
    if (n == 0 || fabs(visible - 1) <= most) return OK;
    if (fabs(visible + hidden - 1) <= most)
        snprintf(what, sizeof what, "keys that %s hides have %.3g of the weight",
                 l->o->mask ? "the mask" : "--causal", hidden);
    else
        snprintf(what, sizeof what,
                 "weights sum to %.4g, not 1; wanted is attention after the softmax, or NAME.q and NAME.k",
                 visible + hidden);
    return bad_row(l, row, what);
}

/* p = softmax(β q·k) over the visible keys. */
static Status softmax(HeadsLayer *l, int64_t row, int64_t d)
{
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < l->layer->n_key; j++) {
        l->p[j] = 0;
        for (int64_t f = 0; f < d; f++) l->p[j] += l->q[f] * l->k[j * d + f];
        l->p[j] = l->seen[j] ? l->beta * l->p[j] : -INFINITY;
        if (isnan(l->p[j]) || l->p[j] == INFINITY) return bad_row(l, row, "q·k is not a number");
        max = fmax(max, l->p[j]);
    }
    for (int64_t j = 0; j < l->layer->n_key; j++) sum += l->p[j] = l->p[j] > -INFINITY ? exp(l->p[j] - max) : 0;
    for (int64_t j = 0; j < l->layer->n_key && sum > 0; j++) l->p[j] /= sum;
    return OK;
}

static Status read_row(HeadsLayer *l, int64_t row, ArrayReader *first, ArrayReader *keys)
{
    const int64_t d = l->first->shape[l->n_dim - 1];
    headmask_row(l->seen, &l->view, row);
    if (!keys) {
        TRY(arrayreader_next(l->p, first, l->layer->n_key));
        return check_weights(l, row);
    }
    if (row % l->layer->n_query == 0) TRY(arrayreader_next(l->k, keys, l->layer->n_key * d));
    TRY(arrayreader_next(l->q, first, d));
    return softmax(l, row, d);
}

static Status read_rows(HeadRows *t, HeadsLayer *l, ArrayReader *first, ArrayReader *keys)
{
    const int64_t n = l->layer->n_sample * l->layer->n_head * l->layer->n_query;
    for (int64_t row = 0; row < n; row++) {
        TRY(read_row(l, row, first, keys));
        TRY(headrows_add(t, l->p, l->seen));
        l->layer->n_blind += t->row[t->n - 1].n == 0;
    }
    TRY(arrayreader_finish(first));
    return keys ? arrayreader_finish(keys) : OK;
}

/* ---- layers ---- */

static Status measure(HeadsLayer *l, const HeadMask *mask)
{
    Status status = OK;
    HeadRows rows = {0};
    ArrayReader *first = NULL, *keys = NULL;
    TRY(set_shape(l));
    TRY(make_room(l));
    if (headmask_view(&l->view, mask, l->layer->name, l->shape, l->n_dim) != OK)
        return fail_at(ERR_FORMAT, "%s", l->o->path);
    l->beta = l->o->beta > 0 ? l->o->beta : 1 / sqrt((double)l->first->shape[l->n_dim - 1]);
    place_queries(l);
    TRY_DONE(headrows_open(&rows, l->layer->n_head, l->layer->n_query, l->layer->n_key));
    TRY_DONE(arrayreader_open(&first, l->file, l->first));
    if (l->keys) TRY_DONE(arrayreader_open(&keys, l->file, l->keys));
    TRY_DONE(read_rows(&rows, l, first, keys));
    status = headrows_conclude(l->layer->head, &rows, l->at);
    if (status == ERR_FORMAT) fail_at(status, "%s: '%s'", l->o->path, l->first->name);
done:
    arrayreader_close(first), arrayreader_close(keys);
    headrows_close(&rows);
    return status;
}

static Status measure_layer(Heads *out, const HeadOptions *o, const ArrayFile *file, const HeadMask *mask,
                            const Array *a)
{
    HeadsLayer l = {
        .o = o, .file = file, .first = a, .keys = beside(file, a, ".q", ".k"), .layer = &out->layer[out->n++]};
    const Status status = measure(&l, mask);
    free(l.p), free(l.at), free(l.seen), free(l.q), free(l.k);
    return status;
}

static Status measure_all(Heads *out, const HeadOptions *o, const ArrayFile *file, const HeadMask *mask)
{
    out->layer = calloc((size_t)file->n + 1, sizeof *out->layer);
    if (!out->layer) return fail(ERR_MEMORY, "%s: no memory for its layers", o->path);
    for (int k = 0; k < file->n; k++) {
        const Array *a = &file->array[k];
        if (is_layer(file, a, o->mask))
            TRY(measure_layer(out, o, file, mask, a));
        else if (!o->mask || strcmp(a->name, o->mask) != 0)
            out->n_other += !beside(file, a, ".k", ".q");
    }
    if (out->n > 0) return OK;
    return fail(
        ERR_FORMAT,
        "%s: has no attention; wanted is an array [samples, head, query, key] of real numbers, or NAME.q and NAME.k",
        o->path);
}

Status heads_measure(Heads *out, const HeadOptions *o)
{
    Status status = OK;
    ArrayFile file = {0};
    HeadMask mask = {0};
    *out = (Heads){0};
    TRY_DONE(arrayfile_open(&file, o->path));
    TRY_DONE(headmask_open(&mask, &file, o->mask, o->causal));
    TRY_DONE(measure_all(out, o, &file, &mask));
done:
    headmask_close(&mask);
    arrayfile_close(&file);
    return status;
}

void heads_free(Heads *heads)
{
    for (int k = 0; k < heads->n; k++) free(heads->layer[k].name), free(heads->layer[k].head);
    free(heads->layer);
    *heads = (Heads){0};
}
