/* SPDX-License-Identifier: MIT
 *
 * rng.h: counter-based random numbers. A stream is named by (seed, purpose, index), so a draw never depends on how
 * many others were made before it, in which order, or by which thread.
 *
 *     value n of a stream = mix(key + (n + 1) · 0x9e3779b97f4a7c15)      SplitMix64 (Steele, Lea, Flood 2014)
 *
 * with a key hashed from seed, purpose and index.
 */
#ifndef HOPSACK_RNG_H
#define HOPSACK_RNG_H

#include <stdint.h>

typedef struct {
    uint64_t key, n; /* n: values taken so far. Both together are the whole state */
} Rng;

Rng rng_stream(uint64_t seed, const char *purpose, uint64_t index);

uint64_t rng_u64(Rng *rng);
double rng_uniform(Rng *rng);              /* in [0, 1), 53 bits */
uint64_t rng_below(Rng *rng, uint64_t n);  /* uniform in 0 … n-1, unbiased; n > 0 */
double rng_normal(Rng *rng);               /* mean 0, standard deviation 1 (Box–Muller, one of the pair) */
void rng_shuffle(Rng *rng, int *x, int n); /* Fisher–Yates from the last place down */

uint64_t rng_mix(uint64_t x); /* the finaliser alone, for hashes */

#endif
