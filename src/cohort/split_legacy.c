/* SPDX-License-Identifier: MIT
 *
 * NumPy's legacy permutation, which DeepRC's folds are cut from: MT19937 (Matsumoto and Nishimura 1998) seeded with one
 * integer, then Fisher–Yates from the last place down. A place below or at i is an output masked to the bits of i,
 * drawn again until it is small enough.
 */
#include "cohort/split.h"

#include <stdint.h>

#define N_STATE 624
#define MIDDLE  397

typedef struct {
    uint32_t state[N_STATE];
    int next;
} Twister;

static void twister_seed(Twister *t, uint32_t seed)
{
    t->state[0] = seed;
    for (uint32_t i = 1; i < N_STATE; i++)
        t->state[i] = 1812433253u * (t->state[i - 1] ^ (t->state[i - 1] >> 30)) + i;
    t->next = N_STATE;
}

static void twist(Twister *t)
{
    for (int i = 0; i < N_STATE; i++) {
        const uint32_t y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % N_STATE] & 0x7fffffffu);
        t->state[i] = t->state[(i + MIDDLE) % N_STATE] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    t->next = 0;
}

static uint32_t twister_u32(Twister *t)
{
    if (t->next == N_STATE) twist(t);
    uint32_t y = t->state[t->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

void split_numpy_permutation(int *p, int n, uint32_t seed)
{
    Twister t;
    twister_seed(&t, seed);
    for (int i = 0; i < n; i++) p[i] = i;
    for (int i = n - 1; i > 0; i--) {
        const uint32_t mask = UINT32_MAX >> __builtin_clz((uint32_t)i);
        uint32_t j = twister_u32(&t) & mask;
        while (j > (uint32_t)i) j = twister_u32(&t) & mask;
        const int kept = p[i];
        p[i] = p[j];
        p[j] = kept;
    }
}
