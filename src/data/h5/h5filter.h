/* SPDX-License-Identifier: MIT
 *
 * h5filter.h: the three filters a chunk of a dataset goes through, in our own code: byte shuffle, deflate, Fletcher's
 * checksum. Used where HDF5's own reader cannot be trusted with a damaged file, and to pack chunks on several threads,
 * which HDF5 with its global lock cannot. No HDF5 call here.
 *
 *   stored = [deflate(shuffle(bytes))] [sum2 << 16 | sum1, little-endian]
 *   sum1 = Σ w_i mod 65535, sum2 = Σ of the sum1 after each w_i; w: big-endian 16-bit words, the last padded with 0
 */
#ifndef HOPSACK_H5FILTER_H
#define HOPSACK_H5FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t h5filter_fletcher(const uint8_t *bytes, size_t n);

/* Byte k of all elements, then byte k + 1 of all: to [n]. What is left over a multiple of `element` stays last. */
void h5filter_shuffle(uint8_t *to, const uint8_t *from, size_t n, size_t element);
void h5filter_unshuffle(uint8_t *to, const uint8_t *from, size_t n, size_t element);

/* Packs n bytes: shuffle if element > 1 and deflate at `level`, both only if level > 0, and the checksum. `to` has
 * h5filter_room(n) bytes, `scratch` n. Returns the bytes written; *stored_raw: deflate was left out, since it would not
 * have shortened them. 0: zlib failed. */
size_t h5filter_room(size_t n);
size_t h5filter_pack(uint8_t *to, bool *stored_raw, uint8_t *scratch, const uint8_t *from, size_t n, size_t element,
                     int level);

/* Undoes the filters of one chunk: `filter` [n_filter] in the order they were applied, bit i of `mask`: the i-th was left
 * out. to [n] gets exactly n bytes; false: damaged, or no memory. */
typedef enum { H5FILTER_SHUFFLE, H5FILTER_DEFLATE, H5FILTER_FLETCHER } H5Filter;
bool h5filter_unpack(uint8_t *to, size_t n, size_t element, const uint8_t *from, size_t n_from,
                     const H5Filter *filter, int n_filter, unsigned mask);

#endif
