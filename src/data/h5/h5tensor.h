/* SPDX-License-Identifier: MIT
 *
 * h5tensor.h: datasets of numbers of any rank in files of other programs: which there are, behind hard links, and their numbers
 * in row-major order. The same is refused as by h5.h: storage outside the file, other filters, chunks of more than 64 MB, more
 * numbers than the file can hold.
 */
#ifndef HOPSACK_H5TENSOR_H
#define HOPSACK_H5TENSOR_H

#include "data/h5/h5.h"

#define H5TENSOR_RANK 8

typedef struct {
    char *name;                   /* from the root, without the first slash: encoder/layer0 */
    int rank;                     /* 1 … H5TENSOR_RANK */
    int64_t shape[H5TENSOR_RANK]; /* [rank] */
    bool is_real;                 /* floating point, else integers */
    size_t element;               /* bytes of a number in the file */
} H5TensorInfo;

typedef struct {
    H5TensorInfo *info; /* [n] */
    int n;
} H5TensorList;

/* What is no array of numbers is left out. ERR_FORMAT: damaged, or too many objects; ERR_MEMORY. Freed in any case. */
Status h5tensor_list(H5TensorList *out, H5Id file, const char *path);
void h5tensor_list_free(H5TensorList *list);

typedef struct H5Tensor H5Tensor;
/* path and info are borrowed. */
Status h5tensor_open(H5Tensor **out, H5Id file, const char *path, const H5TensorInfo *info);
/* The next n bytes of its numbers as double or int64_t, whole numbers. */
Status h5tensor_read(void *to, H5Tensor *t, size_t n);
void h5tensor_close(H5Tensor *t); /* accepts NULL */

#endif
