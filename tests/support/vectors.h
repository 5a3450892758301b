/* SPDX-License-Identifier: MIT
 *
 * vectors.h: bags of random feature vectors for tests, the same numbers dense and sparse. Header only, as bags.h.
 */
#ifndef HOPSACK_TEST_VECTORS_H
#define HOPSACK_TEST_VECTORS_H

#include "core/bag.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Bag dense, sparse;
    float *x; /* [n, n_feat], two thirds of them 0 */
    int *row;
    SparseRow *rows;
    int32_t *feature;
    float *value;
} VectorBag;

static inline void vector_bag_free(VectorBag *b)
{
    free(b->x), free(b->row), free(b->rows), free(b->feature), free(b->value);
}

static inline void vector_bag(VectorBag *b, int n, int n_feat, uint64_t seed)
{
    Rng rng = rng_stream(seed, "test vectors", 0);
    const size_t size = (size_t)n * (size_t)n_feat;
    *b = (VectorBag){.x = malloc((size + 1) * sizeof(float)),
                     .row = malloc(((size_t)n + 1) * sizeof(int)),
                     .rows = malloc(((size_t)n + 1) * sizeof(SparseRow)),
                     .feature = malloc((size + 1) * sizeof(int32_t)),
                     .value = malloc((size + 1) * sizeof(float))};
    int at = 0;
    for (int i = 0; i < n; i++) {
        const int first = at;
        b->row[i] = i;
        for (int k = 0; k < n_feat; k++) {
            const float x = rng_below(&rng, 3) ? 0 : (float)rng_normal(&rng);
            b->x[(size_t)i * (size_t)n_feat + (size_t)k] = x;
            if (x == 0) continue;
            b->feature[at] = k;
            b->value[at++] = x;
        }
        b->rows[i] = (SparseRow){.n = at - first, .feature = b->feature + first, .value = b->value + first};
    }
    b->dense = (Bag){.n = n, .row = b->row, .x = b->x, .inv_std = 1};
    b->sparse = (Bag){.n = n, .row = b->row, .sparse = b->rows, .inv_std = 1};
}

#endif
