/* SPDX-License-Identifier: MIT
 *
 * Bags of vectors, which come as one range of rows. A sparse file lists for each row its non-zero numbers: those at
 * indptr[row] … indptr[row + 1] - 1 of indices and values, features ascending. It is never made dense.
 */
#include "data/bagfile/baghash.h"
#include "data/bagfile/bagparts.h"
#include "data/bagfile/featureorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FEATURES (1 << 24)

/* ---- both ---- */

static Status check_width(const BagFile *file, const char *name, int64_t n_feat)
{
    if (n_feat >= 1 && n_feat <= MOST_FEATURES) return OK;
    return fail(ERR_FORMAT, "%s: %s: %lld features; 1 to %d are possible", file->path, name, (long long)n_feat,
                MOST_FEATURES);
}

static Status read_names(BagFile *file)
{
    H5Texts *names = &file->feature_name;
    TRY(bagparts_texts(names, file, "/metadata/feature_names", 1, false, NULL));
    if (names->n < 0 || names->n == file->spec.n_feat) return OK;
    return fail(ERR_FORMAT, "%s: /metadata/feature_names has %lld names for %d features", file->path,
                (long long)names->n, file->spec.n_feat);
}

static const int *list_rows(Arena *arena, int n)
{
    int *row = ARENA_TAKE(arena, int, (size_t)n);
    for (int i = 0; row && i < n; i++) row[i] = i;
    return row;
}

static Status not_finite(const BagFile *file, int bag, int instance, int feature)
{
    return fail(ERR_FORMAT, "%s: bag '%s' instance %d feature %d is not a finite number; import the data again",
                file->path, file->keys.text[bag], instance, feature);
}

/* Bag and its hash in memory that is given back at once. */
static Status hash_rows(uint64_t *out, BagFile *file, int bag)
{
    Bag content;
    Arena arena = {0};
    Status status = OK;
    uint64_t sum = 0;
    TRY(file->layout->room(&arena, file, bag, COUNTS_NONE));
    TRY_DONE(arena_reserve(&arena, "a bag"));
    TRY_DONE(file->layout->read(&content, &arena, file, bag, COUNTS_NONE));
    for (int i = 0; i < content.n; i++)
        sum += content.x ? baghash_dense(content.x + (size_t)i * (size_t)file->spec.n_feat, file->spec.n_feat)
                         : baghash_sparse(content.sparse[i].feature, content.sparse[i].value, content.sparse[i].n,
                                          file->spec.n_feat);
    *out = baghash_bag(sum, content.n);
done:
    arena_free(&arena);
    return status;
}

/* ---- dense ---- */

static Status open_dense(BagFile *file)
{
    H5Set *x = &file->part[PART_X];
    TRY(h5_need(x, file->file, file->path, "/sampledata/features", H5_REAL, 2));
    TRY(check_width(file, x->name, x->width));
    file->n_total = x->n;
    file->spec = (BagSpec){.kind = BAG_VECTORS, .n_feat = (int)x->width};
    return read_names(file);
}

static Status read_dense(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    const int n = bagfile_n(file, bag), n_feat = file->spec.n_feat;
    (void)counts;
    const int *row = list_rows(arena, n);
    float *x = ARENA_TAKE(arena, float, (size_t)n *(size_t)n_feat);
    TRY(h5_read(x, &file->part[PART_X], H5_FLOAT32, bagparts_first(file, bag), n));
    for (size_t i = 0; i < (size_t)n * (size_t)n_feat; i++)
        if (!isfinite(x[i])) return not_finite(file, bag, (int)(i / (size_t)n_feat), (int)(i % (size_t)n_feat));
    *out = (Bag){.n = n, .row = row, .x = x, .inv_std = 1};
    return featureorder_dense(x, file, n);
}

static Status dense_room(Arena *arena, BagFile *file, int bag, CountScale counts)
{
    const size_t n = (size_t)bagfile_n(file, bag);
    (void)counts;
    (void)ARENA_TAKE(arena, int, n);
    (void)ARENA_TAKE(arena, float, n *(size_t)file->spec.n_feat);
    return OK;
}

/* ---- sparse ---- */

static Status check_indptr(const BagFile *file, const H5Set *set, int64_t n_number)
{
    const int64_t *at = file->indptr, n = file->n_total;
    for (int64_t i = 0; i < n; i++)
        if (at[i] < 0 || at[i + 1] < at[i] || at[i + 1] - at[i] > file->spec.n_feat)
            return fail(ERR_FORMAT, "%s: %s row %lld: %lld … %lld is no range of up to %d numbers", file->path,
                        set->name, (long long)i, (long long)at[i], (long long)at[i + 1], file->spec.n_feat);
    if (at[0] == 0 && at[n] == n_number) return OK;
    return fail(ERR_FORMAT, "%s: %s goes from %lld to %lld, but there are %lld numbers", file->path, set->name,
                (long long)at[0], (long long)at[n], (long long)n_number);
}

static Status read_indptr(BagFile *file, int64_t n_number)
{
    H5Set set;
    TRY(h5_need(&set, file->file, file->path, "/sampledata/indptr", H5_WHOLE, 1));
    Status status = OK;
    if (set.n < 2)
        TRY_DONE(fail(ERR_FORMAT, "%s: %s has %lld entries; at least one instance is needed", file->path, set.name,
                      (long long)set.n));
    file->n_total = set.n - 1;
    file->indptr = malloc((size_t)set.n * sizeof *file->indptr);
    if (!file->indptr)
        TRY_DONE(fail(ERR_MEMORY, "%s: no memory for %lld instances", file->path, (long long)file->n_total));
    TRY_DONE(h5_read(file->indptr, &set, H5_INT64, 0, set.n));
    status = check_indptr(file, &set, n_number);
done:
    h5_set_close(&set);
    return status;
}

static Status open_sparse(BagFile *file)
{
    H5Set *index = &file->part[PART_INDEX], *value = &file->part[PART_VALUE];
    int64_t n_feat = 0;
    TRY(h5_need(index, file->file, file->path, "/sampledata/indices", H5_WHOLE, 1));
    TRY(h5_need(value, file->file, file->path, "/sampledata/values", H5_REAL, 1));
    if (index->n != value->n)
        return fail(ERR_FORMAT, "%s: %s has %lld entries, %s has %lld", file->path, index->name, (long long)index->n,
                    value->name, (long long)value->n);
    TRY(bagparts_number(&n_feat, file, "/metadata/n_features"));
    TRY(check_width(file, "/metadata/n_features", n_feat));
    file->spec = (BagSpec){.kind = BAG_VECTORS, .n_feat = (int)n_feat, .sparse = true};
    TRY(read_indptr(file, index->n));
    return read_names(file);
}

/* The numbers of a bag: how many, and where they begin. */
static int64_t numbers_of(int64_t *first, const BagFile *file, int bag)
{
    const int64_t row = bagparts_first(file, bag);
    *first = file->indptr[row];
    return file->indptr[row + bagfile_n(file, bag)] - *first;
}

static Status check_row(const BagFile *file, int bag, int instance, const SparseRow *row)
{
    for (int k = 0; k < row->n; k++) {
        if (row->feature[k] < 0 || row->feature[k] >= file->spec.n_feat)
            return fail(ERR_FORMAT, "%s: /sampledata/indices: bag '%s' instance %d has feature %d, but there are %d",
                        file->path, file->keys.text[bag], instance, row->feature[k], file->spec.n_feat);
        if (k > 0 && row->feature[k] <= row->feature[k - 1])
            return fail(ERR_FORMAT, "%s: /sampledata/indices: bag '%s' instance %d: feature %d stands behind %d",
                        file->path, file->keys.text[bag], instance, row->feature[k], row->feature[k - 1]);
        if (!isfinite(row->value[k])) return not_finite(file, bag, instance, row->feature[k]);
    }
    return OK;
}

static Status read_sparse(Bag *out, Arena *arena, BagFile *file, int bag, CountScale counts)
{
    int64_t first;
    const int n = bagfile_n(file, bag);
    const int64_t n_number = numbers_of(&first, file, bag), *at = file->indptr + bagparts_first(file, bag);
    (void)counts;
    const int *row = list_rows(arena, n);
    SparseRow *sparse = ARENA_TAKE(arena, SparseRow, (size_t)n);
    int32_t *feature = ARENA_TAKE(arena, int32_t, (size_t)n_number);
    float *value = ARENA_TAKE(arena, float, (size_t)n_number);
    TRY(h5_read(feature, &file->part[PART_INDEX], H5_INT32, first, n_number));
    TRY(h5_read(value, &file->part[PART_VALUE], H5_FLOAT32, first, n_number));
    for (int i = 0; i < n; i++) {
        sparse[i] = (SparseRow){(int)(at[i + 1] - at[i]), feature + (at[i] - first), value + (at[i] - first)};
        TRY(check_row(file, bag, i, &sparse[i]));
        TRY(featureorder_sparse(feature + (at[i] - first), value + (at[i] - first), file, sparse[i].n));
    }
    *out = (Bag){.n = n, .row = row, .sparse = sparse, .inv_std = 1};
    return OK;
}

static Status sparse_room(Arena *arena, BagFile *file, int bag, CountScale counts)
{
    int64_t first;
    const size_t n = (size_t)bagfile_n(file, bag), n_number = (size_t)numbers_of(&first, file, bag);
    (void)counts;
    (void)ARENA_TAKE(arena, int, n);
    (void)ARENA_TAKE(arena, SparseRow, n);
    (void)ARENA_TAKE(arena, int32_t, n_number);
    (void)ARENA_TAKE(arena, float, n_number);
    return OK;
}

const BagLayout bagvectors_dense = {.open = open_dense, .read = read_dense, .room = dense_room, .hash = hash_rows};
const BagLayout bagvectors_sparse = {
    .open = open_sparse, .read = read_sparse, .room = sparse_room, .hash = hash_rows};
