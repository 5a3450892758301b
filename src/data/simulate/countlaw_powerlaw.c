/* SPDX-License-Identifier: MIT */
#include "data/simulate/countlaw.h"

#define ALPHA_LEAST 1.05 /* an effect leads no further down */

static void fill(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng)
{
    ZetaTable zeta;
    const double alpha = law->number - effect;
    const int64_t most = countlaw_most(n);
    countlaw_zeta(&zeta, alpha < ALPHA_LEAST ? ALPHA_LEAST : alpha);
    for (int i = 0; i < n; i++) {
        count[i] = countlaw_zeta_draw(&zeta, rng);
        if (count[i] > most) count[i] = most;
    }
}

const CountLawType countlaw_powerlaw = {
    .name = "powerlaw", .standard = 2.2, .least = ALPHA_LEAST, .most = 20, .fill = fill};
