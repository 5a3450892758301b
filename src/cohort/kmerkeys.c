/* SPDX-License-Identifier: MIT */
#include "cohort/kmerkeys.h"

/* Loops over plain arrays of integers: the same on every level. */
#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

VECTOR void kmerkeys_three(uint16_t *restrict key, const uint8_t *restrict code, const int *offset, int n)
{
    const uint8_t *restrict second = code + offset[1], *restrict third = code + offset[2];
    for (int j = 0; j < n; j++) {
        const uint16_t left = (uint16_t)(code[j] * 20 + second[j]);
        key[j] = (uint16_t)(left * 20 + third[j]);
    }
}

VECTOR void kmerkeys_four(uint32_t *restrict key, const uint8_t *restrict code, const int *offset, int n)
{
    const uint8_t *restrict second = code + offset[1], *restrict third = code + offset[2],
                            *restrict fourth = code + offset[3];
    for (int j = 0; j < n; j++) {
        const uint16_t left = (uint16_t)(code[j] * 20 + second[j]), right = (uint16_t)(third[j] * 20 + fourth[j]);
        key[j] = (uint32_t)left * 400u + right;
    }
}
