/* SPDX-License-Identifier: MIT */
#include "data/simulate/variate.h"

#include <math.h>

/* Waiting times: how many exponential ones of mean 1 fit into `mean`. */
int variate_poisson(double mean, int most, Rng *rng)
{
    double time = 0;
    for (int n = 0; n < most; n++) {
        time -= log(1 - rng_uniform(rng));
        if (time > mean) return n;
    }
    return most;
}

/* Successes by the geometric gaps between them. */
int variate_binomial(int n, double p, Rng *rng)
{
    if (p > 0.5) return n - variate_binomial(n, 1 - p, rng);
    if (p <= 0 || n <= 0) return 0;
    const double scale = log1p(-p);
    double at = 0;
    for (int k = 0;; k++) {
        at += 1 + floor(log(1 - rng_uniform(rng)) / scale);
        if (at > n) return k;
    }
}

/* Marsaglia and Tsang (2000); below 1 by the boost of its section 6. */
static double draw_gamma(double shape, Rng *rng)
{
    if (shape < 1) {
        const double power = pow(1 - rng_uniform(rng), 1 / shape);
        return draw_gamma(shape + 1, rng) * power;
    }
    const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = rng_normal(rng), v = pow(1 + c * x, 3);
        if (v <= 0) continue;
        if (log(1 - rng_uniform(rng)) < 0.5 * x * x + d * (1 - v + log(v))) return d * v;
    }
}

double variate_beta(double a, double b, Rng *rng)
{
    const double x = draw_gamma(a, rng);
    return x / (x + draw_gamma(b, rng));
}

double variate_pareto(double least, double exponent, Rng *rng)
{
    return least * pow(1 - rng_uniform(rng), -1 / exponent);
}
