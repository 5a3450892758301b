/* SPDX-License-Identifier: MIT
 *
 * h5chunk.h: chunks of a dataset as they are stored, unpacked by h5filter. HDF5 only hands the bytes over. Within the files
 * of h5.h.
 */
#ifndef HOPSACK_H5CHUNK_H
#define HOPSACK_H5CHUNK_H

#include "data/h5/h5.h"

#include <stddef.h>

/* The chunk that begins at (row, column) into bytes [chunk, chunk_width] of `element` bytes each. *there false: it was never
 * written, and `bytes` is zero. */
Status h5chunk_read(uint8_t *bytes, bool *there, const H5Set *set, int64_t row, int64_t column, size_t element);

/* Rows of a dataset whose chunks are as wide as it is, in the type it is stored in. Keeps the last chunk, since the next
 * bag often begins in it. *there false: a chunk was never written, and nothing is said about `out`. */
Status h5chunk_rows(void *out, bool *there, const H5Set *set, int64_t first, int64_t n);

#endif
