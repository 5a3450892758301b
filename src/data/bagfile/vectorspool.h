/* SPDX-License-Identifier: MIT
 *
 * vectorspool.h: instances of vector bags on their way into a dataset. They come in any order and in unknown number, so
 * they wait in a nameless file beside the target, each as its numbers other than 0; memory holds a few words an instance.
 * Bags keep the order in which they were met, instances of a bag theirs.
 */
#ifndef HOPSACK_VECTORSPOOL_H
#define HOPSACK_VECTORSPOOL_H

#include "core/bag.h"
#include "core/status.h"
#include "data/text/names.h"

#include <stdint.h>
#include <stdio.h>

#define VECTORSPOOL_FEATURES (1 << 24) /* the most */

typedef struct {
    int64_t at; /* byte of the file */
    int n;      /* numbers listed with their features; -1: all of them, without */
    int width;  /* then how many */
    int bag;
} SpooledRow;

typedef struct {
    const char *path; /* of the target, for messages; borrowed */
    FILE *file;
    int64_t bytes; /* of the file */
    Names keys;    /* of the bags */
    int n_feat;    /* most features of a row so far; the importer may raise it */
    Names feature; /* names of the features; n 0: none, else n_feat */
    bool sparse;   /* how the dataset is to hold them */

    int64_t n, room;  /* instances */
    SpooledRow *row;  /* [n] as they came */
    int64_t n_number; /* numbers other than 0 */

    int64_t *first; /* [n_bag + 1] after vectorspool_sort: instances of a bag are first[b] … first[b + 1] - 1 … */
    int64_t *order; /* [n] … of these */
    int32_t *scratch_at; /* [n_feat] of the row read last */
    float *scratch;      /* [n_feat] */
    uint64_t *hash;      /* [n_bag] of the bags' content (baghash.h), after vectorspool_walk; NULL before */
} VectorSpool;           /* starts as {0} */

Status vectorspool_open(VectorSpool *s, const char *path, const char *temporary);
void vectorspool_free(VectorSpool *s);

/* The number of the bag of that key; a new one is the last. */
Status vectorspool_bag(int *bag, VectorSpool *s, const char *key);
Status vectorspool_dense(VectorSpool *s, int bag, const float *x, int n_feat);
Status vectorspool_sparse(VectorSpool *s, int bag, const int32_t *feature, const float *value,
                          int n); /* ascending; no 0 */

/* Rows first[k] … first[k + 1] - 1 hold features of part k of n_part, one for each bag: from now on a bag is one row of all of
 * them. ERR_FORMAT: `part` k [n_part] (a file, for messages) has a bag twice, or lacks it. */
Status vectorspool_join(VectorSpool *s, const int64_t *first, int n_part, const char *const *part);

/* After the last one: puts instances of a bag together. */
Status vectorspool_sort(VectorSpool *s);
/* Instance i of the sorted ones: its numbers other than 0, borrowed until the next call. */
Status vectorspool_read(SparseRow *out, VectorSpool *s, int64_t i);

typedef void VectorVisit(void *context, int bag, const SparseRow *row, uint64_t hash);
/* Walks once over the sorted instances, bag by bag, and hashes the bags. `visit` gets each instance; NULL: nobody does. */
Status vectorspool_walk(VectorSpool *s, VectorVisit *visit, void *context);

#endif
