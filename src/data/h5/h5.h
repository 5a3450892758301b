/* SPDX-License-Identifier: MIT
 *
 * h5.h: the only door to the HDF5 library. Files are damaged, foreign or hostile until shown otherwise, so reading
 * accepts fixed names behind hard links, the class and rank asked for, storage inside the file, the filters deflate,
 * shuffle and fletcher32, chunks of at most 64 MB, and no more elements than a file of that size can hold.
 *
 * Writing gives new-format metadata (which carries checksums), no times, and fletcher32 on every numeric array.
 * Sentences name the file and the dataset.
 */
#ifndef HOPSACK_H5_H
#define HOPSACK_H5_H

#include "core/status.h"
#include "data/h5/h5filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t H5Id; /* HDF5's hid_t; -1: none */

typedef enum { H5_INT8, H5_UINT8, H5_INT16, H5_INT32, H5_INT64, H5_UINT64, H5_FLOAT32, H5_FLOAT64 } H5Type;
typedef enum { H5_WHOLE, H5_REAL, H5_TEXT } H5Class; /* in the file: integers of any size, floating point, strings */

#define H5_CHUNK_MOST (64ll << 20) /* bytes of a chunk */
#define H5_FILTERS    8

typedef struct {
    int64_t index; /* of the chunk held; -1: none */
    uint8_t *bytes;
} H5Held;

typedef struct {
    H5Id id;          /* -1: absent */
    const char *path; /* of the file, borrowed */
    char name[64];    /* for example "/sampledata/sequences" */
    int rank;         /* 0, 1, 2; without `lead` */
    int lead;         /* 1: a first dimension of size 1 stands before these */
    int64_t n, width; /* rows and columns; 1 where there is no such dimension */

    /* how it is stored */
    int64_t chunk, chunk_width; /* rows and columns of a chunk; 0: not chunked */
    int n_filter;
    H5Filter filter[H5_FILTERS]; /* [n_filter] in the order they were applied */
    int level;                   /* writing: of deflate, 1 … 9; 0: it is not applied */
    size_t element;              /* bytes of one number */
    int type;                    /* H5Type if it is exactly that, little-endian; else -1 */
    H5Held *held;                /* reading: the chunk used last; owned; NULL: rows are read by HDF5 */
} H5Set;

typedef struct {
    int64_t n;         /* cells, row-major */
    const char **text; /* [n] */
    char *store;       /* holds them */
} H5Texts;

/* ---- reading ---- */
Status h5_open(H5Id *file, const char *path);
/* OK with out->id = -1 where there is no such dataset; h5_need makes that ERR_FORMAT. rank 3: [n, width] or
 * [1, n, width]. */
Status h5_find(H5Set *out, H5Id file, const char *path, const char *name, H5Class class, int rank);
Status h5_need(H5Set *out, H5Id file, const char *path, const char *name, H5Class class, int rank);
/* Rows first … first+n-1 into out [n, width]; numbers are converted to `type`, values out of its range clipped. */
Status h5_read(void *out, const H5Set *set, H5Type type, int64_t first, int64_t n);
/* Asks HDF5 all that h5_read of every row would, and keeps nothing: finds each chunk, reads what only the library reads. */
Status h5_visit(const H5Set *set, H5Type type);
Status h5_read_texts(H5Texts *out, const H5Set *set);
void h5_texts_free(H5Texts *texts);
bool h5_has(H5Id file, const char *path, const char *name); /* a dataset or group behind hard links */

/* ---- writing ---- */
/* With the groups /sampledata and /metadata. `place` is how the file is opened, and must lead to what `fd` has open; `path` is
 * what it is called. */
Status h5_create(H5Id *file, const char *place, int fd, const char *path);
/* A dataset to be written. */
typedef struct {
    const char *name;
    H5Type type;
    int rank;         /* 1 or 2 */
    int64_t n, width; /* rows, elements of one; rank 1: 1 */
} H5Array;
/* compress: level of deflate, 1 … 9; 0: none, here and below. */
Status h5_make(H5Set *out, H5Id file, const char *path, const H5Array *array, int64_t chunk, int compress);
/* A chunk, packed as the dataset's filters would: rows [chunk, width] in its type. May run on any thread, calls nothing of
 * HDF5; false: no memory. */
typedef struct {
    uint8_t *bytes;
    size_t n;
    bool raw; /* deflate left out */
} H5Packed;
bool h5_pack(H5Packed *out, const H5Set *set, const void *rows);
void h5_packed_free(H5Packed *packed);
Status h5_write_packed(const H5Set *set, const H5Packed *packed,
                       int64_t first); /* first: row where the chunk begins */
/* A whole array, in chunks of at most 1 MB. */
Status h5_write_array(H5Id file, const char *path, const H5Array *array, const void *rows, int compress);
Status h5_write_scalar(H5Id file, const char *path, const char *name, int64_t value);
Status h5_write_texts(H5Id file, const char *path, const char *name, int rank, int64_t n, int64_t width,
                      const char *const *text);

void h5_set_close(H5Set *set);
/* All that was written can be read through the same file, which may have no name any more: `place` is one by which it can be
 * opened all the same. ERR_IO. */
#define H5_PLACE 64
Status h5_flush(char place[H5_PLACE], H5Id file, const char *path);
Status h5_close(H5Id *file, const char *path); /* ERR_IO if what was written cannot be flushed; accepts -1 */
const char *h5_version(void);
bool h5_is_threadsafe(void); /* may several threads call the library at a time? */

#endif
