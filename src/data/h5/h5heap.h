/* SPDX-License-Identifier: MIT
 *
 * h5heap.h: strings of variable length, read without HDF5. The library's own reader of the global heap, where they lie,
 * trusts the sizes it finds there and hangs or crashes on a damaged file. No HDF5 call here.
 *
 *   reference   length u32, address of a collection u64, index of an object in it u32       (16 bytes, little-endian)
 *   collection  "GCOL", version 1, 3 unused, size u64, then objects
 *   object      index u16 (0: the rest is free), references u16, 4 unused, size u64, bytes padded to a multiple of 8
 */
#ifndef HOPSACK_H5HEAP_H
#define HOPSACK_H5HEAP_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

#define H5HEAP_REFERENCE 16
#define H5HEAP_MOST      (256u << 20) /* bytes of all strings of a dataset, and of a collection */

/* The n strings that `reference` [n, 16] points at, each NUL-ended, in one block; text [n] points into it. The caller frees
 * *store. `where` begins every sentence: file and dataset. */
Status h5heap_read(char **store, const char **text, const uint8_t *reference, int64_t n, const char *path,
                   const char *where);

#endif
