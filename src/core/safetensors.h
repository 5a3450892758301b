/* SPDX-License-Identifier: MIT
 *
 * safetensors.h: tensors by name in one file that is data, never code: 8 bytes header length, a JSON header, the bytes.
 * Readable from Python by the library of that name.
 *
 * Our files carry two metadata strings: "hopsack", a JSON text with sorted keys, and "crc32", eight hex digits over the
 * whole file with each of those digits set to '0'. Foreign files without either are accepted. Before a tensor is
 * handed out, header length, JSON, dtype, shape, offsets, overlaps, gaps and size have been checked against the file.
 */
#ifndef HOPSACK_SAFETENSORS_H
#define HOPSACK_SAFETENSORS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_I64,
    TENSOR_U64,
    TENSOR_U8,
    /* of foreign files: only safetensors_read_foreign gives them */
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_BOOL,
    TENSOR_I8,
    TENSOR_I16,
    TENSOR_U16,
    TENSOR_I32,
    TENSOR_U32
} TensorType;

typedef struct {
    const char *name;
    TensorType type;
    int n_dim;
    int64_t shape[8];
    const void *data; /* row-major, little-endian */
} Tensor;

typedef struct {
    int n;
    Tensor *tensor;      /* [n], in the order of the file's offsets; names and data belong to the file */
    const char *hopsack; /* metadata "hopsack", NULL in foreign files */
    char *bytes;         /* the tensors' data, each aligned to 64 bytes */
    void *names;
} TensorFile;

/* Writes whole or not at all, tensors of wide types first. Without `hopsack` (NULL) the file has no metadata at all. */
Status safetensors_write(const char *path, const Tensor *tensor, int n, const char *hopsack, bool force);
Status safetensors_read(TensorFile *out, const char *path); /* ERR_MODEL: malformed, and how; ERR_IO: unreadable */
/* The same for data of other programs, whose tensors may have any type above. ERR_FORMAT in place of ERR_MODEL. */
Status safetensors_read_foreign(TensorFile *out, const char *path);
const Tensor *safetensors_find(const TensorFile *file, const char *name);
void safetensors_free(TensorFile *file);

#endif
