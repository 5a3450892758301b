/* SPDX-License-Identifier: MIT */
#include "data/vectors/slidefile.h"
#include "data/bagfile/bagfile.h"
#include "data/h5/h5.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME       "/features"
#define READ_BYTES (4 << 20) /* of rows at a time */

static bool is_hdf5(const char *path)
{
    char begin[8] = "";
    FILE *in = fopen(path, "rbe");
    const bool read = in && fread(begin, 1, sizeof begin, in) == sizeof begin;
    if (in) fclose(in);
    return read && memcmp(begin, SLIDEFILE_MAGIC, sizeof begin) == 0;
}

/* ---- in a child ---- */

static Status visit_features(H5Id file, const char *path)
{
    H5Set set;
    TRY(h5_find(&set, file, path, NAME, H5_REAL, 3));
    if (set.id < 0) return OK;
    const Status status = set.width > 0 ? h5_visit(&set, H5_FLOAT32) : OK;
    h5_set_close(&set);
    return status;
}

static Status visit(const char *path)
{
    H5Id file;
    TRY(h5_open(&file, path));
    const bool ours = h5_has(file, path, "/sampledata");
    const Status status = ours ? OK : visit_features(file, path);
    (void)h5_close(&file, path);
    TRY(status);
    return ours ? bagfile_visitor.visit(path) : OK;
}

const ChildVisitor slidefile_visitor = {is_hdf5, visit, 2}; /* rows are read in pieces */

/* ---- reading ---- */

Status slidefile_peek(SlideKind *kind, const char *path)
{
    H5Id file;
    *kind = SLIDE_NONE;
    TRY(child_check(path));
    TRY(h5_open(&file, path));
    if (!h5_has(file, path, "/sampledata")) *kind = h5_has(file, path, NAME) ? SLIDE_FEATURES : SLIDE_OTHER;
    return h5_close(&file, path);
}

static Status add_rows(VectorIntake *in, int bag, const float *x, int64_t first, int64_t n, int width)
{
    for (int64_t i = 0; i < n; i++) {
        for (int f = 0; f < width; f++)
            if (!isfinite(x[f]))
                return fail(ERR_FORMAT,
                            "%s: features row %lld column %d (from 0) is not a finite number; mend the file",
                            in->path, (long long)(first + i), f);
        TRY(vectorspool_dense(in->spool, bag, x, width));
        x += width;
    }
    return OK;
}

static Status read_set(VectorIntake *in, const H5Set *set, const char *key)
{
    int bag;
    if (set->n < 1) return fail(ERR_FORMAT, "%s: holds no instance; leave the file out", in->path);
    if (set->width > VECTORSPOOL_FEATURES)
        return fail(ERR_FORMAT, "%s: has %lld features; %d are the most", in->path, (long long)set->width,
                    VECTORSPOOL_FEATURES);
    const int width = (int)set->width;
    TRY(vectorintake_width(in, width));
    TRY(vectorintake_bag(&bag, in, key, NULL, 0));
    const int64_t some = 1 + READ_BYTES / (4 * (int64_t)width);
    float *x = malloc((size_t)(some * width) * sizeof *x);
    Status status = x ? OK : fail(ERR_MEMORY, "%s: no memory to read it", in->path);
    for (int64_t first = 0; first < set->n && status == OK; first += some) {
        const int64_t n = set->n - first < some ? set->n - first : some;
        status = h5_read(x, set, H5_FLOAT32, first, n);
        if (status == OK) status = add_rows(in, bag, x, first, n, width);
    }
    free(x);
    in->n_row += set->n;
    return status;
}

static Status read_features(VectorIntake *in, H5Id file, const char *key)
{
    H5Set set;
    if (h5_has(file, in->path, "/sampledata"))
        return fail(ERR_FORMAT, "%s: is a dataset already, not the features of a slide", in->path);
    TRY(h5_find(&set, file, in->path, NAME, H5_REAL, 3));
    if (set.id < 0)
        return fail(ERR_FORMAT,
                    "%s: is an HDF5 file without a dataset 'features' [instances, features], which TRIDENT and CLAM "
                    "write for each slide; write one, or a text table per bag with an index path,label",
                    in->path);
    const Status status = read_set(in, &set, key);
    h5_set_close(&set);
    return status;
}

Status slidefile_read(VectorIntake *in, const char *path, const char *key)
{
    H5Id file;
    const char *before = in->path;
    TRY(child_check(path));
    TRY(h5_open(&file, path));
    in->path = path;
    Status status = vectorintake_source(in, path);
    if (status == OK) status = read_features(in, file, key);
    (void)h5_close(&file, path);
    in->path = before;
    return status;
}
