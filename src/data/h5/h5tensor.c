/* SPDX-License-Identifier: MIT
 *
 * Rows of the last two dimensions are read some at a time, through HDF5: no chunk has the shape that h5chunk.h wants.
 */
#include "data/h5/h5tensor.h"
#include "data/h5/h5base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST   8    /* of groups in groups */
#define OBJECTS_MOST 4096 /* looked at */
#define NAME_ROOM    512
#define PIECE_BYTES  (1ll << 20)
#define CACHE_MOST   (256.0 * (1 << 20))
#define DEFLATE_MOST 1040.0 /* deflate shrinks at most 1032 : 1 */

/* ---- the list ---- */

typedef struct {
    H5TensorList *list;
    const char *path;
    int n_object;
} TensorWalk;

static Status no_memory(const char *path)
{
    return fail(ERR_MEMORY, "%s: no memory for its list of datasets", path);
}

static Status add(TensorWalk *w, const H5TensorInfo *info, const char *name)
{
    H5TensorInfo *grown = realloc(w->list->info, ((size_t)w->list->n + 1) * sizeof *grown);
    if (!grown) return no_memory(w->path);
    w->list->info = grown;
    H5TensorInfo *added = &grown[w->list->n];
    *added = *info;
    added->name = strdup(name);
    if (!added->name) return no_memory(w->path);
    w->list->n++;
    return OK;
}

/* false: no array of numbers. Booleans of h5py are an enumeration. */
static bool describe(H5TensorInfo *out, hid_t set)
{
    hsize_t dim[H5S_MAX_RANK];
    const hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    const int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    *out = (H5TensorInfo){.rank = rank, .is_real = class == H5T_FLOAT, .element = type < 0 ? 0 : H5Tget_size(type)};
    bool good = (class == H5T_FLOAT || class == H5T_INTEGER || class == H5T_ENUM) && out->element > 0 &&
                out->element <= 8 && rank > 0 && rank <= H5TENSOR_RANK &&
                H5Sget_simple_extent_dims(space, dim, NULL) == rank;
    for (int d = 0; good && d < rank; d++) {
        out->shape[d] = (int64_t)dim[d];
        good = dim[d] < INT64_MAX / 16;
    }
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    return good;
}

static Status add_set(TensorWalk *w, hid_t group, const char *link, const char *name)
{
    H5TensorInfo info;
    const hid_t set = H5Dopen2(group, link, H5P_DEFAULT);
    if (set < 0) return h5base_fail(ERR_FORMAT, w->path, name, "read");
    const Status status = describe(&info, set) ? add(w, &info, name) : OK;
    H5Dclose(set);
    return status;
}

static Status walk(TensorWalk *w, hid_t group, const char *prefix, int depth);

static Status walk_group(TensorWalk *w, hid_t group, const char *link, const char *name, int depth)
{
    char prefix[NAME_ROOM + 1];
    if (depth == DEPTH_MOST)
        return fail(ERR_FORMAT, "%s: has groups in groups, %d and more deep, at %s", w->path, DEPTH_MOST, name);
    const hid_t inner = H5Gopen2(group, link, H5P_DEFAULT);
    if (inner < 0) return h5base_fail(ERR_FORMAT, w->path, name, "read");
    snprintf(prefix, sizeof prefix, "%s/", name);
    const Status status = walk(w, inner, prefix, depth + 1);
    H5Gclose(inner);
    return status;
}

static Status visit(TensorWalk *w, hid_t group, const char *prefix, hsize_t k, int depth)
{
    H5L_info_t link;
    H5O_info_t object;
    char own[NAME_ROOM], name[NAME_ROOM];
    if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, k, own, sizeof own, H5P_DEFAULT) < 0 ||
        H5Lget_info(group, own, &link, H5P_DEFAULT) < 0)
        return h5base_fail(ERR_FORMAT, w->path, prefix, "list");
    if ((size_t)snprintf(name, sizeof name, "%s%s", prefix, own) >= sizeof name)
        return fail(ERR_FORMAT, "%s: the name of a dataset has more than %d characters", w->path, NAME_ROOM - 1);
    if (link.type != H5L_TYPE_HARD) return OK;
    if (++w->n_object > OBJECTS_MOST)
        return fail(ERR_FORMAT, "%s: has more than %d datasets and groups", w->path, OBJECTS_MOST);
    if (H5Oget_info_by_name(group, own, &object, H5P_DEFAULT) < 0)
        return h5base_fail(ERR_FORMAT, w->path, name, "read");
    if (object.type == H5O_TYPE_GROUP) return walk_group(w, group, own, name, depth);
    return object.type == H5O_TYPE_DATASET ? add_set(w, group, own, name) : OK;
}

static Status walk(TensorWalk *w, hid_t group, const char *prefix, int depth)
{
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0) return h5base_fail(ERR_FORMAT, w->path, prefix, "list");
    for (hsize_t k = 0; k < info.nlinks; k++) TRY(visit(w, group, prefix, k, depth));
    return OK;
}

Status h5tensor_list(H5TensorList *out, H5Id file, const char *path)
{
    TensorWalk w = {.list = out, .path = path};
    *out = (H5TensorList){0};
    h5base_start();
    const hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    if (root < 0) return h5base_fail(ERR_FORMAT, path, "/", "read");
    const Status status = walk(&w, root, "", 0);
    H5Gclose(root);
    return status;
}

void h5tensor_list_free(H5TensorList *list)
{
    for (int k = 0; k < list->n; k++) free(list->info[k].name);
    free(list->info);
    *list = (H5TensorList){0};
}

/* ---- a dataset ---- */

struct H5Tensor {
    const char *path;
    const H5TensorInfo *info;
    hid_t id;
    hid_t memory_type;
    int64_t n_row, width; /* of the last two dimensions: a plane; rank 1 is a row */
    int64_t per_piece;    /* rows read at a time */
    int64_t row;          /* the next to be read, of all planes */
    int64_t rows;         /* of all planes */
    int64_t at, held;     /* bytes handed out of the piece, bytes in it */
    unsigned char *piece; /* [per_piece, width] */
};

static Status damaged(const H5Tensor *t)
{
    return h5base_fail(ERR_FORMAT, t->path, t->info->name, "read");
}

static Status check_filters(const H5Tensor *t, hid_t list)
{
    const int n = H5Pget_nfilters(list);
    if (n < 0 || n > H5_FILTERS) return fail(ERR_FORMAT, "%s: %s has %d filters", t->path, t->info->name, n);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t n_value = 0;
        const H5Z_filter_t id = H5Pget_filter2(list, (unsigned)i, &flags, &n_value, NULL, 0, NULL, &config);
        if (id != H5Z_FILTER_DEFLATE && id != H5Z_FILTER_SHUFFLE && id != H5Z_FILTER_FLETCHER32)
            return fail(ERR_FORMAT,
                        "%s: %s is stored with filter %d; only gzip, shuffle and fletcher32 are read. Write the file "
                        "again with one of these",
                        t->path, t->info->name, (int)id);
    }
    return OK;
}

/* Bytes of the chunks beside a plane, so that none is inflated once for each plane of it. 0: not chunked. */
static Status check_chunks(double *cache, const H5Tensor *t, hid_t list)
{
    hsize_t chunk[H5TENSOR_RANK];
    unsigned unusual = 0;
    double bytes = (double)t->info->element, beside = bytes;
    if (H5Pget_chunk(list, H5TENSOR_RANK, chunk) != t->info->rank || H5Pget_chunk_opts(list, &unusual) < 0 || unusual)
        return fail(ERR_FORMAT, "%s: %s has odd chunks", t->path, t->info->name);
    for (int d = 0; d < t->info->rank; d++) {
        bytes *= (double)chunk[d];
        beside *= d < t->info->rank - 2 ? (double)chunk[d] : (double)t->info->shape[d] + (double)chunk[d];
    }
    if (bytes > H5_CHUNK_MOST || bytes == 0)
        return fail(ERR_FORMAT, "%s: %s has chunks of more than 64 MB", t->path, t->info->name);
    *cache = beside < CACHE_MOST ? beside : CACHE_MOST;
    return check_filters(t, list);
}

static Status check_storage(double *cache, const H5Tensor *t, hid_t list, double size)
{
    const H5D_layout_t layout = H5Pget_layout(list);
    *cache = 0;
    if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS && layout != H5D_COMPACT)
        return fail(ERR_FORMAT, "%s: %s is a virtual dataset, whose numbers lie in other files", t->path,
                    t->info->name);
    if (H5Pget_external_count(list) != 0)
        return fail(ERR_FORMAT, "%s: %s is stored in another file, which is not followed", t->path, t->info->name);
    if (layout == H5D_CHUNKED) TRY(check_chunks(cache, t, list));
    const double claim = (double)t->rows * (double)t->width * (double)t->info->element;
    if (claim > size * (layout == H5D_CHUNKED ? DEFLATE_MOST : 1))
        return fail(ERR_FORMAT, "%s: %s claims %.3g bytes, more than a file of %.3g can hold; it is damaged", t->path,
                    t->info->name, claim, size);
    return OK;
}

static Status check(double *cache, const H5Tensor *t, hid_t file)
{
    hsize_t size = 0;
    const hid_t list = H5Dget_create_plist(t->id);
    if (list < 0 || H5Fget_filesize(file, &size) < 0) {
        const Status status = damaged(t);
        if (list >= 0) H5Pclose(list);
        return status;
    }
    const Status status = check_storage(cache, t, list, (double)size);
    H5Pclose(list);
    return status;
}

static void set_sizes(H5Tensor *t)
{
    const int rank = t->info->rank;
    const int64_t *shape = t->info->shape;
    t->width = shape[rank - 1];
    t->n_row = rank > 1 ? shape[rank - 2] : 1;
    t->rows = t->n_row;
    for (int d = 0; d < rank - 2; d++) t->rows *= shape[d];
    t->per_piece = t->width > 0 ? PIECE_BYTES / (8 * t->width) + 1 : 1;
    if (t->per_piece > t->n_row) t->per_piece = t->n_row;
}

/* The dataset with room for the chunks that the next planes need again. */
static hid_t open_cached(hid_t file, const char *name, double cache)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    if (cache > 0) H5Pset_chunk_cache(list, 12421, (size_t)cache, 1.0);
    const hid_t id = H5Dopen2(file, name, list);
    H5Pclose(list);
    return id;
}

static Status open_set(H5Tensor *t, hid_t file)
{
    double cache = 0;
    t->id = open_cached(file, t->info->name, 0);
    if (t->id < 0) return damaged(t);
    set_sizes(t);
    TRY(check(&cache, t, file));
    H5Dclose(t->id);
    t->id = open_cached(file, t->info->name, cache);
    if (t->id < 0) return damaged(t);
    t->piece = malloc((size_t)(t->per_piece * t->width) * 8 + 8);
    return t->piece ? OK : fail(ERR_MEMORY, "%s: no memory for %s", t->path, t->info->name);
}

Status h5tensor_open(H5Tensor **out, H5Id file, const char *path, const H5TensorInfo *info)
{
    H5Tensor *t = *out = calloc(1, sizeof *t);
    if (!t) return fail(ERR_MEMORY, "%s: no memory for %s", path, info->name);
    h5base_start();
    *t = (H5Tensor){.path = path, .info = info, .id = -1};
    t->memory_type = h5base_memory_type(info->is_real ? H5_FLOAT64 : H5_INT64);
    const Status status = open_set(t, file);
    if (status == OK) return OK;
    h5tensor_close(t);
    *out = NULL;
    return status;
}

/* Rows from t->row on in its plane, as many as the piece holds. */
static int64_t place_rows(hsize_t *at, hsize_t *count, const H5Tensor *t)
{
    const int rank = t->info->rank;
    int64_t plane = t->row / t->n_row;
    const int64_t inside = t->row % t->n_row;
    const int64_t n = t->n_row - inside < t->per_piece ? t->n_row - inside : t->per_piece;
    for (int d = rank - 3; d >= 0; d--) {
        at[d] = (hsize_t)(plane % t->info->shape[d]);
        plane /= t->info->shape[d];
        count[d] = 1;
    }
    if (rank > 1) at[rank - 2] = (hsize_t)inside, count[rank - 2] = (hsize_t)n;
    at[rank - 1] = 0, count[rank - 1] = (hsize_t)t->width;
    return n;
}

static Status read_piece(H5Tensor *t)
{
    hsize_t at[H5TENSOR_RANK], count[H5TENSOR_RANK];
    const int64_t n = place_rows(at, count, t);
    const hid_t space = H5Dget_space(t->id), memory = H5Screate_simple(t->info->rank, count, NULL);
    const bool done = space >= 0 && memory >= 0 &&
                      H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, count, NULL) >= 0 &&
                      H5Dread(t->id, t->memory_type, memory, space, H5P_DEFAULT, t->piece) >= 0;
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    if (!done) return damaged(t);
    t->row += n;
    t->at = 0;
    t->held = n * t->width * 8;
    return OK;
}

Status h5tensor_read(void *to, H5Tensor *t, size_t n)
{
    h5base_start();
    while (n > 0) {
        if (t->at == t->held) TRY(read_piece(t));
        const size_t left = (size_t)(t->held - t->at), now = left < n ? left : n;
        memcpy(to, t->piece + t->at, now);
        to = (char *)to + now;
        t->at += (int64_t)now;
        n -= now;
    }
    return OK;
}

void h5tensor_close(H5Tensor *t)
{
    if (!t) return;
    if (t->id >= 0) H5Dclose(t->id);
    free(t->piece);
    free(t);
}
