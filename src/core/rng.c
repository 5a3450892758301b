/* SPDX-License-Identifier: MIT */
#include "core/rng.h"

#include <assert.h>
#include <math.h>

#define GAMMA 0x9e3779b97f4a7c15u

uint64_t rng_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

Rng rng_stream(uint64_t seed, const char *purpose, uint64_t index)
{
    uint64_t key = rng_mix(seed + GAMMA);
    for (; *purpose; purpose++) key = rng_mix(key ^ (uint8_t)*purpose) + GAMMA;
    return (Rng){.key = rng_mix(key ^ rng_mix(index + GAMMA))};
}

uint64_t rng_u64(Rng *rng)
{
    return rng_mix(rng->key + ++rng->n * GAMMA);
}

double rng_uniform(Rng *rng)
{
    return (double)(rng_u64(rng) >> 11) * 0x1p-53;
}

/* Lemire (2019): the high word of a product, and a rejection that hardly ever happens. */
uint64_t rng_below(Rng *rng, uint64_t n)
{
    assert(n > 0);
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)rng_u64(rng) * n;
    if ((uint64_t)product < n) {
        const uint64_t least = (0 - n) % n;
        while ((uint64_t)product < least) product = (u128)rng_u64(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

double rng_normal(Rng *rng)
{
    const double radius = sqrt(-2 * log(1 - rng_uniform(rng)));
    return radius * cos(6.283185307179586477 * rng_uniform(rng));
}

void rng_shuffle(Rng *rng, int *x, int n)
{
    for (int i = n - 1; i > 0; i--) {
        const int j = (int)rng_below(rng, (uint64_t)i + 1), t = x[i];
        x[i] = x[j];
        x[j] = t;
    }
}
