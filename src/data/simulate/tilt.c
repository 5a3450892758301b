/* SPDX-License-Identifier: MIT
 *
 * Prefixes are drawn before transitions, all of them, whatever is shifted: a cohort with one kind has the signs of a
 * cohort with both.
 */
#include "data/simulate/tilt.h"
#include "data/bagfile/alphabet.h"

#include <math.h>

enum { N_PREFIX_RESIDUE = 4, N_LETTER = BACKGROUND_N_LETTER };

void tilt_plan(Tilt *tilt, Arena *arena, const BackgroundType *background)
{
    tilt->prefix = ARENA_TAKE(arena, double, (size_t)background->n_prefix);
    tilt->transition = ARENA_TAKE(arena, double, BACKGROUND_N_TRANSITION);
}

static void draw_signs(double *tilt, int n, double size, Rng *rng)
{
    for (int k = 0; k < n; k++) tilt[k] = rng_below(rng, 2) ? size : -size;
}

void tilt_shift(Tilt *out, const BackgroundType *background, const TiltShift *shift, Rng *rng)
{
    draw_signs(out->prefix, background->n_prefix, shift->prefix ? shift->size : 0, rng);
    draw_signs(out->transition, BACKGROUND_N_TRANSITION, shift->transition ? shift->size : 0, rng);
}

void tilt_spread(Tilt *out, const BackgroundType *background, const Tilt *base, double spread, Rng *rng)
{
    for (int k = 0; k < background->n_prefix; k++)
        out->prefix[k] = (base ? base->prefix[k] : 0) + spread * rng_normal(rng);
    for (int k = 0; k < BACKGROUND_N_TRANSITION; k++)
        out->transition[k] = (base ? base->transition[k] : 0) + spread * rng_normal(rng);
}

/* Both probabilities of k among the alternatives first … first + n - 1. */
static void set_probabilities(TiltRow *row, double (*p)(int k), const double *tilt, int first, int n, int k)
{
    double sum = 0, tilted_sum = 0;
    for (int i = first; i < first + n; i++) {
        sum += p(i);
        tilted_sum += p(i) * exp(tilt[i]);
    }
    row->factor = exp(tilt[k]);
    row->negative = p(k) / sum;
    row->positive = p(k) * row->factor / tilted_sum;
}

TiltRow tilt_prefix(const Tilt *tilt, const BackgroundType *background, int k)
{
    TiltRow row = {0};
    const int8_t *codes = background->prefix(k);
    for (int t = 0; t < N_PREFIX_RESIDUE; t++) row.name[t] = ALPHABET_AMINO[codes[t]];
    set_probabilities(&row, background->prefix_p, tilt->prefix, 0, background->n_prefix, k);
    return row;
}

TiltRow tilt_transition(const Tilt *tilt, const BackgroundType *background, int k)
{
    const int before = k / N_LETTER;
    TiltRow row = {
        .name = {before == BACKGROUND_START ? '^' : ALPHABET_AMINO[before], '>', ALPHABET_AMINO[k % N_LETTER]}};
    set_probabilities(&row, background->transition_p, tilt->transition, before * N_LETTER, N_LETTER, k);
    return row;
}
