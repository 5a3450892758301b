/* SPDX-License-Identifier: MIT */
#include "data/h5/h5base.h"
#include "data/h5/h5filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Is it the file that `fd` has open? */
static bool is_same(hid_t file, int fd)
{
    void *handle;
    struct stat own, there;
    return H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && fstat(fd, &own) == 0 &&
           fstat(*(int *)handle, &there) == 0 && own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

Status h5_create(H5Id *file, const char *place, int fd, const char *path)
{
    h5base_start();
    const hid_t access = h5base_access();
    const hid_t group = H5Pcreate(H5P_GROUP_CREATE), plain = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_obj_track_times(group, false);
    H5Pset_obj_track_times(plain, false);
    *file = H5Fcreate(place, H5F_ACC_TRUNC, plain, access);
    bool done = *file >= 0 && is_same(*file, fd);
    for (int i = 0; done && i < 2; i++) {
        const hid_t made = H5Gcreate2(*file, i ? "/metadata" : "/sampledata", H5P_DEFAULT, group, H5P_DEFAULT);
        done = made >= 0 && H5Gclose(made) >= 0;
    }
    const Status status = done ? OK : h5base_fail(ERR_IO, path, "", "create");
    H5Pclose(access);
    H5Pclose(group);
    H5Pclose(plain);
    return status;
}

static hid_t creation_list(const H5Set *set)
{
    const hsize_t block[2] = {(hsize_t)set->chunk, (hsize_t)set->chunk_width};
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(list, false);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    H5Pset_chunk(list, set->rank, block);
    for (int i = 0; i < set->n_filter; i++) {
        if (set->filter[i] == H5FILTER_SHUFFLE) H5Pset_shuffle(list);
        if (set->filter[i] == H5FILTER_DEFLATE) H5Pset_deflate(list, (unsigned)set->level);
        if (set->filter[i] == H5FILTER_FLETCHER) H5Pset_fletcher32(list);
    }
    return list;
}

Status h5_make(H5Set *out, H5Id file, const char *path, const H5Array *a, int64_t chunk, int compress)
{
    const hsize_t dim[2] = {(hsize_t)a->n, (hsize_t)a->width};
    *out = (H5Set){.id = -1,
                   .path = path,
                   .rank = a->rank,
                   .n = a->n,
                   .width = a->width,
                   .chunk = chunk,
                   .type = (int)a->type,
                   .level = compress};
    snprintf(out->name, sizeof out->name, "%s", a->name);
    out->chunk_width = a->width > 0 ? a->width : 1;
    out->element = H5Tget_size(h5base_file_type(a->type));
    if (compress && out->element > 1) out->filter[out->n_filter++] = H5FILTER_SHUFFLE;
    if (compress) out->filter[out->n_filter++] = H5FILTER_DEFLATE;
    out->filter[out->n_filter++] = H5FILTER_FLETCHER; /* last, so that a damaged chunk never reaches inflate */
    const hid_t list = creation_list(out), space = H5Screate_simple(a->rank, dim, NULL);
    out->id = H5Dcreate2(file, a->name, h5base_file_type(a->type), space, H5P_DEFAULT, list, H5P_DEFAULT);
    const Status status = out->id < 0 ? h5base_fail(ERR_IO, path, a->name, "create") : OK;
    H5Pclose(list);
    H5Sclose(space);
    return status;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed chunks hold numbers as the machine does");

bool h5_pack(H5Packed *out, const H5Set *set, const void *rows)
{
    const size_t n = (size_t)(set->chunk * set->width) * set->element;
    uint8_t *scratch = malloc(n + 1);
    *out = (H5Packed){.bytes = malloc(h5filter_room(n))};
    if (scratch && out->bytes)
        out->n = h5filter_pack(out->bytes, &out->raw, scratch, rows, n, set->element, set->level);
    free(scratch);
    if (out->n == 0) h5_packed_free(out);
    return out->n > 0;
}

void h5_packed_free(H5Packed *packed)
{
    free(packed->bytes);
    *packed = (H5Packed){0};
}

Status h5_write_packed(const H5Set *set, const H5Packed *packed, int64_t first)
{
    const hsize_t at[2] = {(hsize_t)first, 0};
    const bool left_out = packed->raw && set->n_filter > 1;
    const uint32_t mask = left_out ? 1u << (set->n_filter - 2) : 0; /* deflate stands before the checksum */
    if (H5Dwrite_chunk(set->id, H5P_DEFAULT, mask, at, packed->n, packed->bytes) < 0)
        return h5base_fail(ERR_IO, set->path, set->name, "write");
    return OK;
}

static Status write_rows(const H5Set *set, const void *rows)
{
    const size_t row = (size_t)set->width * set->element;
    uint8_t *chunk = malloc((size_t)set->chunk * row + 1);
    Status status = chunk ? OK : h5base_no_memory(set);
    for (int64_t first = 0; first < set->n && status == OK; first += set->chunk) {
        const int64_t n = set->n - first < set->chunk ? set->n - first : set->chunk;
        H5Packed packed;
        memset(chunk, 0, (size_t)set->chunk * row);
        memcpy(chunk, (const uint8_t *)rows + (size_t)first * row, (size_t)n * row);
        status = h5_pack(&packed, set, chunk) ? h5_write_packed(set, &packed, first) : h5base_no_memory(set);
        h5_packed_free(&packed);
    }
    free(chunk);
    return status;
}

Status h5_write_array(H5Id file, const char *path, const H5Array *a, const void *rows, int compress)
{
    H5Set set;
    const int64_t max = (1ll << 20) / ((int64_t)H5Tget_size(h5base_file_type(a->type)) * a->width);
    const int64_t chunk = a->n < max ? a->n : max;
    TRY(h5_make(&set, file, path, a, chunk > 0 ? chunk : 1, compress));
    const Status status = write_rows(&set, rows);
    h5_set_close(&set);
    return status;
}

/* Strings and scalars cannot carry fletcher32, so they lie contiguous; their checksums are the caller's to keep. */
static Status write_plain(H5Id file, const char *path, const char *name, hid_t stored, hid_t memory, int rank,
                          const hsize_t *dim, const void *data)
{
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dim, NULL);
    H5Pset_obj_track_times(list, false);
    const hid_t id = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    const bool done = id >= 0 && H5Dwrite(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    Status status = done ? OK : h5base_fail(ERR_IO, path, name, "write");
    if (id >= 0 && H5Dclose(id) < 0 && status == OK) status = h5base_fail(ERR_IO, path, name, "write");
    H5Pclose(list);
    H5Sclose(space);
    return status;
}

Status h5_write_scalar(H5Id file, const char *path, const char *name, int64_t value)
{
    return write_plain(file, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 0, NULL, &value);
}

Status h5_write_texts(H5Id file, const char *path, const char *name, int rank, int64_t n, int64_t width,
                      const char *const *text)
{
    const hsize_t dim[2] = {(hsize_t)n, (hsize_t)width};
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const Status status = write_plain(file, path, name, type, type, rank, dim, text);
    H5Tclose(type);
    return status;
}
