/* SPDX-License-Identifier: MIT */
#include "data/bagfile/vectorspool.h"
#include "data/bagfile/baghash.h"
#include "data/bagfile/spoolfile.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Status no_memory(const VectorSpool *s)
{
    return fail(ERR_MEMORY, "%s: no memory for %lld instances of %d features", s->path, (long long)s->n, s->n_feat);
}

static Status write_fail(const VectorSpool *s)
{
    return fail(ERR_IO, "%s: cannot write: %s", s->path, strerror(errno));
}

Status vectorspool_open(VectorSpool *s, const char *path, const char *temporary)
{
    *s = (VectorSpool){.path = path, .file = spoolfile_open(temporary)};
    return s->file ? OK : write_fail(s);
}

void vectorspool_free(VectorSpool *s)
{
    if (s->file) fclose(s->file);
    names_free(&s->keys);
    names_free(&s->feature);
    free(s->row);
    free(s->first);
    free(s->order);
    free(s->scratch_at);
    free(s->scratch);
    free(s->hash);
    *s = (VectorSpool){0};
}

/* ---- adding ---- */

Status vectorspool_bag(int *bag, VectorSpool *s, const char *key)
{
    *bag = names_number(&s->keys, key, strlen(key));
    return *bag < 0 ? no_memory(s) : OK;
}

static Status add_row(VectorSpool *s, int bag, int n, int width)
{
    if (s->n == s->room) {
        const int64_t room = s->room ? 2 * s->room : 1024;
        SpooledRow *grown = realloc(s->row, (size_t)room * sizeof *grown);
        if (!grown) return no_memory(s);
        s->row = grown;
        s->room = room;
    }
    s->row[s->n++] = (SpooledRow){.at = s->bytes, .n = n, .width = width, .bag = bag};
    if (width > s->n_feat) s->n_feat = width;
    return OK;
}

static Status put(VectorSpool *s, const void *bytes, size_t n)
{
    if (n == 0) return OK;
    s->bytes += (int64_t)n;
    return fwrite(bytes, 1, n, s->file) == n ? OK : write_fail(s);
}

Status vectorspool_sparse(VectorSpool *s, int bag, const int32_t *feature, const float *value, int n)
{
    TRY(add_row(s, bag, n, n > 0 ? feature[n - 1] + 1 : 0));
    s->n_number += n;
    TRY(put(s, feature, (size_t)n * sizeof *feature));
    return put(s, value, (size_t)n * sizeof *value);
}

Status vectorspool_dense(VectorSpool *s, int bag, const float *x, int n_feat)
{
    TRY(add_row(s, bag, -1, n_feat));
    for (int f = 0; f < n_feat; f++) s->n_number += x[f] != 0;
    return put(s, x, (size_t)n_feat * sizeof *x);
}

/* ---- reading ---- */

Status vectorspool_sort(VectorSpool *s)
{
    const int n_bag = s->keys.n;
    assert(!s->order && s->n > 0);
    s->first = calloc((size_t)n_bag + 2, sizeof *s->first);
    s->order = malloc((size_t)s->n * sizeof *s->order);
    s->scratch_at = malloc(((size_t)s->n_feat + 1) * sizeof *s->scratch_at);
    s->scratch = malloc(((size_t)s->n_feat + 1) * sizeof *s->scratch);
    if (!s->first || !s->order || !s->scratch_at || !s->scratch) return no_memory(s);
    if (fflush(s->file) != 0) return write_fail(s);
    for (int64_t i = 0; i < s->n; i++) s->first[s->row[i].bag + 2]++; /* two on: first[b + 1] walks to bag b's end */
    for (int b = 0; b < n_bag; b++) s->first[b + 2] += s->first[b + 1];
    for (int64_t i = 0; i < s->n; i++) s->order[s->first[s->row[i].bag + 1]++] = i;
    for (int b = 0; b < n_bag; b++)
        if (s->first[b + 1] - s->first[b] > INT_MAX / 2)
            return fail(ERR_FORMAT, "%s: bag '%s' has %lld instances; that is more than a bag may have", s->path,
                        s->keys.text[b], (long long)(s->first[b + 1] - s->first[b]));
    return OK;
}

static Status get(void *out, const VectorSpool *s, int64_t at, size_t n)
{
    char *to = out;
    while (n > 0) {
        const ssize_t got = pread(fileno(s->file), to, n, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(ERR_IO, "%s: cannot read back what was written beside it", s->path);
        to += got;
        at += got;
        n -= (size_t)got;
    }
    return OK;
}

Status vectorspool_read(SparseRow *out, VectorSpool *s, int64_t i)
{
    const SpooledRow *row = &s->row[s->order[i]];
    int n = row->n;
    if (n >= 0) {
        TRY(get(s->scratch_at, s, row->at, (size_t)n * sizeof *s->scratch_at));
        TRY(get(s->scratch, s, row->at + (int64_t)((size_t)n * sizeof *s->scratch_at),
                (size_t)n * sizeof *s->scratch));
    } else {
        TRY(get(s->scratch, s, row->at, (size_t)row->width * sizeof *s->scratch));
        n = 0;
        for (int f = 0; f < row->width; f++)
            if (s->scratch[f] != 0) {
                s->scratch_at[n] = f;
                s->scratch[n++] = s->scratch[f];
            }
    }
    *out = (SparseRow){n, s->scratch_at, s->scratch};
    return OK;
}

/* row [n_bag, n_part], -1: none yet. */
static Status list_parts(int64_t *row, const VectorSpool *s, const int64_t *first, int n_part,
                         const char *const *part)
{
    for (int k = 0; k < n_part; k++)
        for (int64_t i = first[k]; i < first[k + 1]; i++) {
            int64_t *at = &row[(int64_t)s->row[i].bag * n_part + k];
            if (*at >= 0)
                return fail(ERR_FORMAT, "%s: bag '%s' stands twice; a row is a bag here", part[k],
                            s->keys.text[s->row[i].bag]);
            *at = i;
        }
    for (int b = 0; b < s->keys.n; b++)
        for (int k = 0; k < n_part; k++)
            if (row[(int64_t)b * n_part + k] < 0)
                return fail(ERR_FORMAT, "%s: lacks bag '%s' of another table; give all tables the same bags", part[k],
                            s->keys.text[b]);
    return OK;
}

static Status join_rows(VectorSpool *s, const int64_t *row, int n_part, float *x)
{
    const SpooledRow *old = s->row;
    s->row = NULL;
    s->n = s->room = s->n_number = 0;
    s->n_feat = 0;
    Status status = fflush(s->file) == 0 ? OK : write_fail(s);
    for (int b = 0; b < s->keys.n && status == OK; b++) {
        int width = 0;
        for (int k = 0; k < n_part && status == OK; k++) {
            const SpooledRow *from = &old[row[(int64_t)b * n_part + k]];
            status = get(x + width, s, from->at, (size_t)from->width * sizeof *x);
            width += from->width;
        }
        if (status == OK) status = vectorspool_dense(s, b, x, width);
    }
    free((void *)(size_t)old);
    return status;
}

Status vectorspool_join(VectorSpool *s, const int64_t *first, int n_part, const char *const *part)
{
    int64_t width = 0;
    for (int k = 0; k < n_part; k++) width += first[k] < first[k + 1] ? s->row[first[k]].width : 0;
    if (width > VECTORSPOOL_FEATURES)
        return fail(ERR_FORMAT, "%s: the tables have %lld features; %d are the most", s->path, (long long)width,
                    VECTORSPOOL_FEATURES);
    const size_t n = (size_t)s->keys.n * (size_t)n_part;
    int64_t *row = malloc((n + 1) * sizeof *row);
    float *x = malloc(((size_t)width + 1) * sizeof *x);
    for (size_t i = 0; row && i < n; i++) row[i] = -1;
    Status status = row && x ? list_parts(row, s, first, n_part, part) : no_memory(s);
    if (status == OK) status = join_rows(s, row, n_part, x);
    free(row);
    free(x);
    return status;
}

Status vectorspool_walk(VectorSpool *s, VectorVisit *visit, void *context)
{
    assert(s->order && !s->hash);
    s->hash = calloc((size_t)s->keys.n + 1, sizeof *s->hash);
    if (!s->hash) return no_memory(s);
    for (int b = 0; b < s->keys.n; b++) {
        uint64_t sum = 0;
        for (int64_t i = s->first[b]; i < s->first[b + 1]; i++) {
            SparseRow row;
            TRY(vectorspool_read(&row, s, i));
            const uint64_t hash = baghash_sparse(row.feature, row.value, row.n, s->n_feat);
            sum += hash;
            if (visit) visit(context, b, &row, hash);
        }
        s->hash[b] = baghash_bag(sum, s->first[b + 1] - s->first[b]);
    }
    return OK;
}
