/* SPDX-License-Identifier: MIT
 *
 * arrayfile.h: arrays of numbers by name in the files that other programs write: npy, npz, safetensors, HDF5. A file is
 * damaged, foreign or hostile until shown otherwise: no shape is believed before the file is seen to hold its bytes.
 * arrayreader.h reads them.
 */
#ifndef HOPSACK_ARRAYFILE_H
#define HOPSACK_ARRAYFILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>

#define ARRAY_DIMS 8
#define ARRAY_MOST ((int64_t)1 << 44) /* numbers of an array */

typedef enum {
    ARRAY_F16,
    ARRAY_BF16,
    ARRAY_F32,
    ARRAY_F64,
    ARRAY_BOOL,
    ARRAY_I8,
    ARRAY_U8,
    ARRAY_I16,
    ARRAY_U16,
    ARRAY_I32,
    ARRAY_U32,
    ARRAY_I64,
    ARRAY_U64
} ArrayType;

typedef struct {
    char *name;
    ArrayType type;  /* as it is read */
    double rounding; /* relative error of a number by its type in the file: 2^-11 of F16; integers 0 */
    int n_dim;
    int64_t shape[ARRAY_DIMS]; /* [n_dim] row-major */
    int64_t n;                 /* numbers in all */
    int place;                 /* in the file's own list */
} Array;

struct ArrayFormat;

typedef struct {
    const char *path; /* borrowed */
    const struct ArrayFormat *format;
    Array *array; /* [n] by name, numbers in names by value: layer2 before layer10 */
    int n;
    void *inside; /* of the format */
} ArrayFile;

/* ERR_FORMAT: none of the formats, or damaged; ERR_IO, ERR_MEMORY. Of HDF5 and npz, what is no array of numbers is left out. */
Status arrayfile_open(ArrayFile *out, const char *path);
const Array *arrayfile_find(const ArrayFile *file, const char *name); /* NULL: none */
void arrayfile_close(ArrayFile *file);                                /* accepts {0} and half-built ones */

bool arrayfile_is_real(const Array *a); /* floating point */

#endif
