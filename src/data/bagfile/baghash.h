/* SPDX-License-Identifier: MIT
 *
 * baghash.h: a number for a bag's content, whatever the order of its rows. Bags that are equal under two names are
 * found by it, and a model knows by it which bags it has seen.
 *
 *     row  = mix of length, residues in words of eight, count, each chained onto the last      (core/rng.h: rng_mix)
 *            or of the number of features and each number other than 0 with its place, dense or sparse
 *     bag  = mix(Σ row + n · 0x9e3779b97f4a7c15), sums modulo 2^64
 */
#ifndef HOPSACK_BAGHASH_H
#define HOPSACK_BAGHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t baghash_sequence(const int8_t *codes, int64_t len, int64_t count);             /* codes [len] */
uint64_t baghash_dense(const float *x, int n_feat);                                     /* x [n_feat] */
uint64_t baghash_sparse(const int32_t *feature, const float *value, int n, int n_feat); /* [n] feature ascending */
uint64_t baghash_bag(uint64_t sum_of_rows, int64_t n);

/* A content and a bag that has it: what is equal stands together once sorted. */
typedef struct {
    uint64_t hash; /* of the bag, an instance or a clone */
    int bag;
} BagHash;

int baghash_order(const void *a, const void *b); /* for qsort: by hash, then bag */

#endif
