/* SPDX-License-Identifier: MIT
 *
 * Without tilt a residue takes one random number and no table, as it did before there were tilts: the same seed gives
 * the same sequences. With tilt the residues are a first-order chain.
 */
#include "core/alias.h"
#include "data/simulate/background.h"

#include <math.h>
#include <stdbool.h>

enum { LEN_MIN = 8, LEN_MAX = 24, N_LETTER = BACKGROUND_N_LETTER, START = BACKGROUND_START };

typedef struct {
    bool tilted;
    AliasCell next[N_LETTER + 1][N_LETTER]; /* if tilted */
} Uniform;

static void init(void *state, const void *source, const double *prefix_tilt, const double *transition_tilt)
{
    (void)source;
    (void)prefix_tilt;
    Uniform *uniform = state;
    uniform->tilted = false;
    for (int k = 0; transition_tilt && k < BACKGROUND_N_TRANSITION; k++) uniform->tilted |= transition_tilt[k] != 0;
    if (!uniform->tilted) return;
    for (int a = 0; a <= N_LETTER; a++) {
        double weight[N_LETTER];
        for (int b = 0; b < N_LETTER; b++) weight[b] = exp(transition_tilt[a * N_LETTER + b]);
        alias_build(uniform->next[a], weight, N_LETTER);
    }
}

static int draw(int8_t *codes, int16_t gene[2], const void *state, Rng *rng)
{
    const Uniform *uniform = state;
    (void)gene;
    const long normal = lround(14.5 + 1.8 * rng_normal(rng));
    const int len = (int)(normal < LEN_MIN ? LEN_MIN : normal > LEN_MAX ? LEN_MAX : normal);
    for (int t = 0, before = START; t < len; t++) {
        before = uniform->tilted ? alias_draw(uniform->next[before], N_LETTER, rng) : (int)rng_below(rng, N_LETTER);
        codes[t] = (int8_t)before;
    }
    return len;
}

static double transition_p(int k)
{
    (void)k;
    return 1.0 / N_LETTER;
}

const BackgroundType background_uniform = {
    .name = "uniform",
    .max_len = LEN_MAX,
    .size = sizeof(Uniform),
    .init = init,
    .draw = draw,
    .transition_p = transition_p,
};
