/* SPDX-License-Identifier: MIT */
#include "data/background.h"

#include <math.h>

enum { LEN_MIN = 8, LEN_MAX = 24, N_LETTER = 20 };

static int draw(int8_t *codes, const void *state, Rng *rng)
{
    (void)state;
    const long normal = lround(14.5 + 1.8 * rng_normal(rng));
    const int len = (int)(normal < LEN_MIN ? LEN_MIN : normal > LEN_MAX ? LEN_MAX : normal);
    for (int t = 0; t < len; t++) codes[t] = (int8_t)rng_below(rng, N_LETTER);
    return len;
}

const BackgroundType background_uniform = {"uniform", LEN_MAX, 0, NULL, draw};
