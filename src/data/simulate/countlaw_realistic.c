/* SPDX-License-Identifier: MIT
 *
 * One exponent does not fit body and tail of real repertoires: 70 to 91 % of the clones are singletons, and the largest clone
 * has 0.2 to 8 % of the cells. Hence two parts, with a share of expanded clones that differs between people.
 */
#include "data/simulate/countlaw.h"

#include <math.h>

#define BODY_ALPHA     2.9
#define EXPANDED_SHARE 0.003 /* median */
#define EXPANDED_SD    0.9   /* of its logarithm */
#define EXPANDED_MOST  0.05

static void fill(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng)
{
    ZetaTable zeta;
    (void)law;
    const double q = fmin(EXPANDED_MOST, exp(log(EXPANDED_SHARE) + effect + EXPANDED_SD * rng_normal(rng)));
    const int64_t most = countlaw_most(n);
    countlaw_zeta(&zeta, BODY_ALPHA);
    for (int i = 0; i < n; i++) {
        count[i] = rng_uniform(rng) < q ? countlaw_expanded(n, rng) : countlaw_zeta_draw(&zeta, rng);
        if (count[i] > most) count[i] = most;
    }
}

const CountLawType countlaw_realistic = {.name = "realistic", .fill = fill};
