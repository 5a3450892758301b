/* SPDX-License-Identifier: MIT */
#include "data/bagfile/vectorcolumns.h"
#include "data/h5/h5stream.h"

#include <stdlib.h>

static Status write_dense(H5Id file, VectorSpool *spool, int compress)
{
    H5Stream x;
    SparseRow row;
    Status status;
    const H5Array array = {"/sampledata/features", H5_FLOAT32, 2, spool->n, spool->n_feat};
    TRY_DONE(h5stream_open(&x, file, spool->path, &array, compress));
    for (int64_t i = 0; i < spool->n; i++) {
        TRY_DONE(vectorspool_read(&row, spool, i));
        float *to = h5stream_next(&x, &status);
        if (!to) goto done;
        for (int k = 0; k < row.n; k++) to[row.feature[k]] = row.value[k];
    }
done:;
    const Status closed = h5stream_close(&x);
    return status == OK ? closed : status;
}

static Status write_row(H5Stream *index, H5Stream *value, const SparseRow *row)
{
    Status status = OK;
    for (int k = 0; k < row->n; k++) {
        int32_t *feature = h5stream_next(index, &status);
        if (!feature) return status;
        float *number = h5stream_next(value, &status);
        if (!number) return status;
        *feature = row->feature[k];
        *number = row->value[k];
    }
    return OK;
}

/* Fills indptr [n + 1] on the way. */
static Status write_numbers(int64_t *indptr, H5Id file, VectorSpool *spool, int compress)
{
    H5Stream index, value = {.set = {.id = -1}};
    SparseRow row;
    Status status;
    const int64_t n = spool->n_number;
    const H5Array indices = {"/sampledata/indices", H5_INT32, 1, n, 1};
    const H5Array values = {"/sampledata/values", H5_FLOAT32, 1, n, 1};
    TRY_DONE(h5stream_open(&index, file, spool->path, &indices, compress));
    TRY_DONE(h5stream_open(&value, file, spool->path, &values, compress));
    for (int64_t i = 0; i < spool->n; i++) {
        TRY_DONE(vectorspool_read(&row, spool, i));
        TRY_DONE(write_row(&index, &value, &row));
        indptr[i + 1] = indptr[i] + row.n;
    }
done:;
    const Status a = h5stream_close(&index), b = h5stream_close(&value);
    return status != OK ? status : a != OK ? a : b;
}

static Status write_sparse(H5Id file, VectorSpool *spool, int compress)
{
    if (spool->n_number == 0) return fail(ERR_FORMAT, "%s: all numbers are 0; there is nothing to keep", spool->path);
    int64_t *indptr = calloc((size_t)spool->n + 1, sizeof *indptr);
    if (!indptr) return fail(ERR_MEMORY, "%s: no memory for %lld instances", spool->path, (long long)spool->n);
    Status status = write_numbers(indptr, file, spool, compress);
    const H5Array array = {"/sampledata/indptr", H5_INT64, 1, spool->n + 1, 1};
    if (status == OK) status = h5_write_array(file, spool->path, &array, indptr, compress);
    free(indptr);
    return status;
}

Status vectorcolumns_write(H5Id file, VectorSpool *spool, int compress)
{
    return (spool->sparse ? write_sparse : write_dense)(file, spool, compress);
}
