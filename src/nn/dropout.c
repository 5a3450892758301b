/* SPDX-License-Identifier: MIT */
#include "nn/dropout.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

Dropout dropout_of(double p, Rng stream, int layer)
{
    assert(p >= 0 && p < 1);
    const unsigned drop = (unsigned)lround(p * 65536);
    return (Dropout){
        .key = rng_mix(stream.key + (uint64_t)layer), .drop = drop, .scale = (real)(65536. / (65536 - drop))};
}

/* Sixteen bits decide a number; one draw is four of them. Looked up, since no branch could be foreseen. */
void dropout_apply(real *y, const Dropout *d, int row, int n, Index width)
{
    assert(width % 4 == 0);
    const real factor[2] = {d->scale, 0};
    Rng rng = {.key = d->key, .n = (uint64_t)row * (uint64_t)(width / 4)};
    for (Index i = 0; i < n * width; i += 4) {
        const uint64_t bits = rng_u64(&rng);
        for (int j = 0; j < 4; j++) y[i + j] *= factor[(bits >> 16 * j & 0xffff) < d->drop];
    }
}
