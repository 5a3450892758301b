/* SPDX-License-Identifier: MIT */
#include "data/bagfile/baghash.h"
#include "core/rng.h"

#include <endian.h>
#include <string.h>

#define GAMMA 0x9e3779b97f4a7c15u

/* Little-endian whatever the machine: the hash is kept in files. */
static uint64_t word_of(const int8_t *codes, int64_t n)
{
    uint64_t word = 0;
    for (int64_t t = 0; t < n; t++) word |= (uint64_t)(uint8_t)codes[t] << (8 * t);
    return word;
}

/* The same of eight. */
static uint64_t whole_word(const int8_t *codes)
{
    uint64_t word;
    memcpy(&word, codes, sizeof word);
    return le64toh(word);
}

uint64_t baghash_sequence(const int8_t *codes, int64_t len, int64_t count)
{
    uint64_t h = rng_mix((uint64_t)len + GAMMA);
    int64_t t = 0;
    for (; t + 8 <= len; t += 8) h = rng_mix(h ^ (whole_word(codes + t) + GAMMA));
    if (t > 0 && t < len) /* the last eight residues, without those of the word before */
        h = rng_mix(h ^ ((whole_word(codes + len - 8) >> (8 * (t + 8 - len))) + GAMMA));
    else if (t < len)
        h = rng_mix(h ^ (word_of(codes, len) + GAMMA));
    return rng_mix(h ^ ((uint64_t)count + GAMMA));
}

static uint64_t chain_number(uint64_t h, int feature, float value)
{
    uint32_t bits;
    if (value == 0) return h;
    memcpy(&bits, &value, sizeof bits);
    return rng_mix(h ^ (((uint64_t)(uint32_t)feature << 32 | bits) + GAMMA));
}

uint64_t baghash_dense(const float *x, int n_feat)
{
    uint64_t h = rng_mix((uint64_t)n_feat + GAMMA);
    for (int f = 0; f < n_feat; f++) h = chain_number(h, f, x[f]);
    return h;
}

uint64_t baghash_sparse(const int32_t *feature, const float *value, int n, int n_feat)
{
    uint64_t h = rng_mix((uint64_t)n_feat + GAMMA);
    for (int k = 0; k < n; k++) h = chain_number(h, feature[k], value[k]);
    return h;
}

uint64_t baghash_bag(uint64_t sum_of_rows, int64_t n)
{
    return rng_mix(sum_of_rows + (uint64_t)n * GAMMA);
}

int baghash_order(const void *a, const void *b)
{
    const BagHash *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->bag > y->bag) - (x->bag < y->bag);
}
